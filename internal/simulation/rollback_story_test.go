// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

func (s story) rollback(version string) error {
	return s.w.Roller("command").Rollback(context.Background(), "checkout", version, "errors at the till", func(rollout.World) {})
}

// Nothing leads back from a removal that was begun: a rollback does not go on with it.
func TestRollbackOfWhatIsBeingRemoved(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	ctx, cancel := context.WithCancel(context.Background())
	s.w.Fault = func(call string, after bool) error {
		if call == "Commit" && after && s.w.Records["checkout"].Phase == endpoint.Deleting {
			cancel()
		}
		return nil
	}
	if err := s.w.Roller("destroy").Remove(ctx, "checkout"); err == nil {
		t.Fatal("it was not interrupted")
	}
	s.w.Fault = nil
	s.wantErr(s.rollback("1.0.0"), "endpoint checkout is being removed")
	s.wantShares("1.1.0", 100)
	if n := len(s.w.Environments); n != 2 {
		t.Errorf("%d environments are left", n)
	}
}

func TestRollback(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0", "1.2.0")
	before := s.w.Now
	if err := s.rollback(""); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.1.0", 100)
	if took := s.w.Now.Sub(before); took > 0 {
		t.Errorf("it waited %s", took)
	}
	if s.w.Calls[0] != s.w.Calls[slices.IndexFunc(s.w.Calls, func(c string) bool { return strings.HasPrefix(c, "Shift") })] {
		t.Errorf("traffic did not come first: %v", s.w.Calls)
	}
	r := s.w.Records["checkout"]
	if r.Pin == nil || r.Pin.Version != "1.1.0" || r.Pin.Left != "1.2.0" || r.Accepted.Release.Version != "1.1.0" {
		t.Errorf("pin %+v, accepted %s", r.Pin, r.Accepted.Release.Version)
	}
	// The next apply does not undo it unasked.
	var rejected *roller.Rejected
	err := s.try(spec("1.2.0"))
	if !errors.As(err, &rejected) {
		t.Fatalf("err = %v", err)
	}
	s.wantErr(err, "is pinned", "errors at the till", "ionroller unpin checkout")
	s.wantQuiet(spec("1.1.0"))

	// To one that is named, from there.
	if err := s.rollback("1.0.0"); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.0.0", 100)
	s.wantErr(s.rollback("0.9.0"), "keeps no healthy environment of release 0.9.0")

	s.order(endpoint.OrderUnpin)
	if _, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout"); err != nil {
		t.Fatal(err)
	}
	s.update(spec("1.2.0"))
	s.wantShares("1.2.0", 100)
}

func TestRollbackIsUndoneByAnotherRelease(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	if err := s.rollback(""); err != nil {
		t.Fatal(err)
	}
	s.update(spec("1.2.0"))
	if r := s.w.Records["checkout"]; r.Pin != nil {
		t.Errorf("still pinned: %+v", r.Pin)
	}
	s.wantErr(s.try(spec("1.1.0")), "is pinned")
}

// In the middle of somebody's rollout: its run loses the lease, traffic is back, and
// stays back.
func TestRollbackPreemptsARun(t *testing.T) {
	s := begin(t, "1.0.0")
	s.atShare("1.1.0", 50, func() {
		s.w.Watch = nil
		if err := s.rollback(""); err != nil {
			t.Error(err)
		}
	})
	s.wantErr(s.try(spec("1.1.0")), "was ended by ", "all traffic goes back to an earlier release, and the endpoint is pinned there")
	s.wantShares("1.0.0", 100)
	s.wantErr(s.try(spec("1.1.0")), "is pinned")
	s.wantQuiet(spec("1.0.0"))
}

// A run that began while the rollback looked around is preempted too, and its calls
// are outlasted.
func TestRollbackOutlastsARunThatJustBegan(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	before := s.w.Now
	s.w.Fault = func(call string, _ bool) error {
		if call == "Observe" {
			s.w.Fault = nil
			if _, err := s.w.Roller("apply").Journal.Acquire(context.Background(), "checkout", endpoint.Who{Run: "apply"}, false); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	if err := s.rollback(""); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.0.0", 100)
	if took := s.w.Now.Sub(before); took < 30*time.Second {
		t.Errorf("it was over after %s, and a call of the other may take effect later", took)
	}
}

// An environment that lost an instance takes at once what it can carry; when the
// live one is down, all.
func TestRollbackWithLessCapacity(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	for _, e := range s.w.Environments {
		if e.Release.Version == "1.0.0" {
			e.Instances = e.Instances[:1]
		}
	}
	s.w.Unhealthy["1.1.0"] = true
	if err := s.rollback(""); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.0.0", 100)
	if !strings.HasPrefix(s.w.Calls[0], "Shift") {
		t.Errorf("traffic did not come first: %v", s.w.Calls)
	}
}

// A rollback that was cut short is not undone by the next apply of what it left.
func TestInterruptedRollback(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	s.w.Fault = func(call string, after bool) error {
		if !after && strings.HasPrefix(call, "Shift") {
			return context.Canceled
		}
		return nil
	}
	if err := s.rollback(""); err == nil {
		t.Fatal("it was not cut short")
	}
	s.w.Fault = nil
	s.wantErr(s.try(spec("1.1.0")), "is pinned")
	s.update(spec("1.2.0"))
	s.wantShares("1.2.0", 100)
}

// Somebody terminates what traffic has just gone back to: that is no rollback that ended well,
// and it is told at once.
func TestRollbackWhoseTargetGoes(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	s.atShare("1.0.0", 100, func() {
		for _, e := range s.w.Environments {
			e.Gone = e.Gone || e.Release.Version == "1.0.0"
		}
	})
	told := false
	err := s.w.Roller("command").Rollback(context.Background(), "checkout", "", "", func(rollout.World) { told = true })
	s.wantErr(err, "was terminated outside ionroller", "Release 1.1.0 is live")
	if told {
		t.Error("it told that traffic is back")
	}
	if n := len(s.w.Environments); n != 2 {
		t.Errorf("there are %d environments: who is in a hurry makes none", n)
	}
	s.wantShares("1.1.0", 100)
}

// A rollback that was cut short can be asked for again, with its version and without.
func TestRollbackAgain(t *testing.T) {
	for _, version := range []string{"", "1.0.0"} {
		s := begin(t, "1.0.0", "1.1.0", "1.2.0")
		s.w.Fault = func(call string, after bool) error {
			if !after && strings.HasPrefix(call, "Shift") {
				return context.Canceled
			}
			return nil
		}
		if err := s.rollback("1.0.0"); err == nil {
			t.Fatal("it was not cut short")
		}
		s.w.Fault = nil
		if err := s.rollback(version); err != nil {
			t.Fatalf("again to %q: %v", version, err)
		}
		s.wantShares("1.0.0", 100)
		if pin := s.w.Records["checkout"].Pin; pin == nil || pin.Version != "1.0.0" || pin.Left != "1.2.0" {
			t.Errorf("again to %q: pin %+v", version, pin)
		}
		s.wantErr(s.try(spec("1.2.0")), "is pinned")
	}
}

// An operator who changes his mind while a rollback is under way has left two releases:
// neither gets more traffic on the way to the third, also where that is small.
func TestRollbackElsewhereOnTheWay(t *testing.T) {
	for name, small := range map[string]bool{"with all its capacity": false, "with a part of it": true} {
		for cut, after := range map[string]bool{"before the first was sent": false, "after it was sent": true} {
			t.Run(name+", "+cut, func(t *testing.T) {
				s := begin(t, "1.0.0", "1.1.0", "1.2.0")
				s.w.Fault = func(call string, answered bool) error {
					if answered == after && strings.HasPrefix(call, "Shift") {
						return context.Canceled
					}
					return nil
				}
				if err := s.rollback("1.1.0"); err == nil {
					t.Fatal("it was not cut short")
				}
				s.w.Fault, s.w.Calls = nil, nil
				for _, e := range s.w.Environments {
					if small && e.Release.Version == "1.0.0" {
						e.Instances = e.Instances[:1]
					}
				}
				if err := s.rollback("1.0.0"); err != nil {
					t.Fatal(err)
				}
				if first := s.calls()[0]; first != "Shift map[1.0.0:100]" {
					t.Errorf("its first call is %s", first)
				}
				s.wantShares("1.0.0", 100)
				for _, left := range []string{"1.1.0", "1.2.0"} {
					s.wantErr(s.try(spec(left)), "is pinned")
				}
				s.wantQuiet(spec("1.0.0"))
			})
		}
	}
}

// What others did to the weights is not put right on the way: that would send users to
// what the operator leaves.
func TestRollbackRepairsNothingFirst(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	weights := map[string]int{}
	for name, e := range s.w.Environments {
		if e.Release.Version == "1.0.0" {
			weights[name] = 13
		}
	}
	s.w.Rule.Weights = weights
	if err := s.rollback(""); err != nil {
		t.Fatal(err)
	}
	for _, call := range s.calls() {
		if strings.HasPrefix(call, "Shift") && call != "Shift map[1.0.0:100]" {
			t.Errorf("it sent %s", call)
		}
	}
	s.wantShares("1.0.0", 100)
}

// What never carried all traffic would go through steps: it is no way back.
func TestNoRollbackToWhatIsNotProven(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	for i := range s.w.Records["checkout"].Environments {
		s.w.Records["checkout"].Environments[i].Proven = false
	}
	s.wantErr(s.rollback("1.0.0"), "carried all traffic before")
	s.wantShares("1.1.0", 100)
}

func TestNothingToGoBackTo(t *testing.T) {
	s := begin(t, "1.0.0")
	s.wantErr(s.rollback(""), "no healthy environment to go back to")
	s.want()
	if s.w.Records["checkout"].Pin != nil {
		t.Error("it is pinned")
	}
	empty := story{t, simulation.New()}
	empty.wantErr(empty.rollback(""), "there is no endpoint checkout")
}

func TestDrop(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	order := func(release string) {
		o := endpoint.NewOrder(endpoint.OrderDrop, release, "", endpoint.Who{}, s.w.Now)
		if err := s.w.Roller("command").Journal.Order(context.Background(), "checkout", o); err != nil {
			t.Fatal(err)
		}
		if _, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout"); err != nil {
			t.Fatal(err)
		}
	}
	order("1.1.0")
	if len(s.w.Environments) != 2 {
		t.Error("the live environment was dropped")
	}
	order("1.0.0")
	if len(s.w.Environments) != 1 {
		t.Errorf("left: %v", s.w.Environments)
	}
	s.wantShares("1.1.0", 100)
}

// What carries traffic is dropped when that is forced: its traffic leaves it first.
func TestForcedDrop(t *testing.T) {
	drop := func(s story, release string, force bool) error {
		o := endpoint.NewOrder(endpoint.OrderDrop, release, "too dear", endpoint.Who{Caller: "ann"}, s.w.Now)
		o.Force = force
		if err := s.w.Roller("command").Journal.Order(context.Background(), "checkout", o); err != nil {
			t.Fatal(err)
		}
		_, err := s.w.Roller("command").Tend(context.Background(), "checkout")
		return err
	}
	finish := func(s story) {
		if _, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout"); err != nil {
			t.Fatal(err)
		}
	}
	gone := func(s story, version string) bool {
		for _, e := range s.w.Environments {
			if e.Release.Version == version {
				return false
			}
		}
		return true
	}
	declined := func(s story, words string) {
		t.Helper()
		if !slices.ContainsFunc(s.w.Trail, func(e endpoint.Event) bool {
			return e.Type == endpoint.OrderDeclined && strings.Contains(e.Message, words)
		}) {
			t.Errorf("no order was declined because %s", words)
		}
	}
	t.Run("what is live, with something to go back to", func(t *testing.T) {
		s := begin(t, "1.0.0", "1.1.0")
		if err := drop(s, "1.1.0", false); err != nil {
			t.Fatal(err)
		}
		declined(s, "active, with 100 % of traffic")
		if err := drop(s, "1.1.0", true); err != nil {
			t.Fatal(err)
		}
		finish(s)
		s.wantShares("1.0.0", 100)
		if !gone(s, "1.1.0") {
			t.Error("1.1.0 is there")
		}
		s.wantErr(s.try(spec("1.1.0")), "is pinned", "too dear")
		s.wantQuiet(spec("1.0.0"))
	})
	t.Run("all that serves", func(t *testing.T) {
		s := begin(t, "1.0.0")
		if err := drop(s, "1.0.0", true); err != nil {
			t.Fatal(err)
		}
		finish(s)
		declined(s, "it is all that serves")
		s.wantShares("1.0.0", 100)
	})
	t.Run("a candidate", func(t *testing.T) {
		s := begin(t, "1.0.0")
		keep := guarded("1.1.0", noWait)
		keep.Rollout.Alarms = nil
		keep.Retention.FailedFor = endpoint.Duration(24 * time.Hour)
		s.update(keep)
		if err := drop(s, "1.1.0", false); err != nil {
			t.Fatal(err)
		}
		declined(s, "candidate, with 10 % of traffic")
		s.wantErr(drop(s, "1.1.0", true), "it was dropped by ann")
		finish(s)
		s.wantShares("1.0.0", 100)
		if !gone(s, "1.1.0") {
			t.Error("1.1.0 is kept")
		}
		s.wantErr(s.try(spec("1.1.0")), "was rejected")
	})
	t.Run("from which a rollout comes", func(t *testing.T) {
		s := begin(t, "1.0.0")
		unguarded := guarded("1.1.0", noWait)
		unguarded.Rollout.Alarms = nil
		s.update(unguarded)
		if err := drop(s, "1.0.0", true); err != nil {
			t.Fatal(err)
		}
		declined(s, "abort it, or wait for its end")
	})
	t.Run("what somebody else gave traffic", func(t *testing.T) {
		s := begin(t, "1.0.0", "1.1.0")
		weights := map[string]int{}
		for name, e := range s.w.Environments {
			weights[name] = map[string]int{"1.0.0": 30, "1.1.0": 70}[e.Release.Version]
		}
		s.w.Rule.Weights = weights
		if err := drop(s, "1.0.0", false); err != nil {
			t.Fatal(err)
		}
		declined(s, "has 30 % of traffic, which somebody else gave it")
		s.w.Rule.Weights = weights
		if err := drop(s, "1.0.0", true); err != nil {
			t.Fatal(err)
		}
		finish(s)
		s.wantShares("1.1.0", 100)
		if !gone(s, "1.0.0") {
			t.Error("1.0.0 is there")
		}
	})
}
