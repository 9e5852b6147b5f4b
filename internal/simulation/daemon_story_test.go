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

// watched visits the endpoint as a daemon does, until nothing is waited for or a time
// is over, and returns how often.
func (s story) watched(during time.Duration) (visits int, err error) {
	s.Helper()
	daemon, ward := s.w.Roller("daemon"), &roller.Ward{Name: "checkout"}
	for end := s.w.Now.Add(during); s.w.Now.Before(end); visits++ {
		v, err := daemon.Visit(context.Background(), ward, len(s.w.Orders) > 0)
		if lease := s.w.Records["checkout"].Lease; lease != nil {
			s.Fatalf("after a visit %s holds the lease", lease.Who.Run)
		}
		if err != nil || v.Again.IsZero() {
			return visits, err
		}
		if wait := v.Again.Sub(s.w.Now); wait <= 0 {
			s.Fatalf("it is to be visited again at %s, and it is %s", v.Again, s.w.Now)
		}
		s.w.Now = v.Again
	}
	return visits, nil
}

func noWait(p *endpoint.RolloutPolicy) { p.NoWait = true }

// A rollout that nobody drives comes to its end in visits, and its endpoint is free in
// between.
func TestDaemonGoesOn(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.update(guarded("1.1.0", noWait))
	s.wantShares("1.1.0", 10)
	visits, err := s.watched(24 * time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.1.0", 100)
	if r := s.w.Records["checkout"]; r.Rollout != nil || r.ActiveVersion() != "1.1.0" {
		t.Errorf("rollout %+v, active %s", r.Rollout, r.ActiveVersion())
	}
	// Guards are asked through the bakes of 20 minutes at least every 15 seconds, and
	// not all the time.
	if visits < 80 || visits > 200 {
		t.Errorf("%d visits", visits)
	}
	s.wantQuiet(guarded("1.1.0", noWait))
}

// What a visit finds as it should be costs no write.
func TestDaemonLeavesAlone(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	s.w.Calls = nil
	epoch := s.w.Records["checkout"].Epoch
	if _, err := s.watched(5 * time.Minute); err != nil {
		t.Fatal(err)
	}
	s.want()
	if r := s.w.Records["checkout"]; r.Epoch != epoch {
		t.Error("the lease was taken for nothing")
	}
	// Retention ends while it looks on.
	if _, err := s.watched(48 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if len(s.w.Environments) != 1 {
		t.Errorf("left: %v", s.w.Environments)
	}
}

// In the bake that a daemon watches, whoever wants something else finds the endpoint free.
func TestDaemonMakesRoom(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.update(guarded("1.1.0", noWait))
	if _, err := s.watched(3 * time.Minute); err != nil {
		t.Fatal(err)
	}
	s.update(guarded("1.2.0", noWait))
	s.wantShares("1.2.0", 10)
	if _, err := s.watched(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.2.0", 100)
}

// An alarm that goes off while the daemon watches, or before it came, takes traffic back.
func TestDaemonRollsBack(t *testing.T) {
	for name, quiet := range map[string]bool{"while it watches": false, "before it came, and is quiet again": true} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, "1.0.0")
			s.alarm(rollout.AlarmOK)
			s.update(guarded("1.1.0", noWait))
			s.w.Now = s.w.Now.Add(time.Minute)
			s.alarm(rollout.AlarmFiring)
			if quiet {
				fired := s.w.Now
				s.w.Now = s.w.Now.Add(time.Hour)
				s.w.Alarms["checkout-5xx"] = rollout.Alarm{State: rollout.AlarmOK, Fired: fired}
			}
			_, err := s.watched(24 * time.Hour)
			var failed *roller.Failed
			if !errors.As(err, &failed) || !failed.Outcome.Rejected || failed.Live != "1.0.0" {
				t.Fatalf("err = %v", err)
			}
			s.wantShares("1.0.0", 100)
			s.alarm(rollout.AlarmOK)
			if _, err := s.watched(time.Hour); err != nil {
				t.Errorf("the next visit: %v", err)
			}
			s.wantErr(s.try(guarded("1.1.0", noWait)), "was rejected")
		})
	}
}

// An alarm that goes off after a rollout has ended is not the rollout's any more: the
// last bake is the watch.
func TestAlarmAfterTheRollout(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.update(guarded("1.1.0"))
	s.w.Calls = nil
	s.alarm(rollout.AlarmFiring)
	if _, err := s.watched(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	s.want()
	s.wantShares("1.1.0", 100)
}

// A capped rollout is watched as long as it rests.
func TestDaemonWatchesACap(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.update(guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.MaxWeight = 10 }))
	visits, err := s.watched(time.Hour)
	if err != nil || visits < 200 {
		t.Fatalf("%d visits in an hour, %v", visits, err)
	}
	s.wantShares("1.1.0", 10)
	s.alarm(rollout.AlarmFiring)
	_, err = s.watched(time.Minute)
	s.wantErr(err, "alarm checkout-5xx")
	s.wantShares("1.0.0", 100)
}

// An order is carried out in a visit, and a rollout that waits for consent goes on.
func TestDaemonObeys(t *testing.T) {
	s := begin(t, "1.0.0")
	s.update(guarded("1.1.0", paused(endpoint.ThenRollback), noWait))
	if _, err := s.watched(time.Hour); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.1.0", 10)
	s.order(endpoint.OrderPromote)
	if _, err := s.watched(time.Hour); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.1.0", 100)
}

// Drift is put right.
func TestDaemonRepairs(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	s.w.Rule = nil
	if _, err := s.watched(time.Minute); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.1.0", 100)
}

// A run at work is left alone, and what a dead one left is taken over.
func TestDaemonAndOtherRuns(t *testing.T) {
	s := begin(t, "1.0.0")
	daemon, ward := s.w.Roller("daemon"), &roller.Ward{Name: "checkout"}
	visited := false
	s.atShare("1.1.0", 10, func() {
		visited = true
		before := s.w.Now
		var held *roller.Held
		if _, err := daemon.Visit(context.Background(), ward, false); !errors.As(err, &held) || s.w.Now.After(before) {
			t.Errorf("a visit to somebody at work, after %s: %v", s.w.Now.Sub(before), err)
		}
	})
	s.update(spec("1.1.0"))
	if !visited {
		t.Fatal("it was not visited")
	}

	s.w.Watch = nil
	s.w.Fault = func(call string, _ bool) error {
		if strings.HasPrefix(call, "Shift") || call == "Release" || call == "Commit" {
			return errors.New("killed")
		}
		return nil
	}
	if err := s.try(spec("1.2.0")); err == nil {
		t.Fatal("it was not killed")
	}
	s.w.Fault = nil
	if s.w.Records["checkout"].Lease == nil {
		t.Fatal("the killed run gave its lease back")
	}
	var held *roller.Held
	if _, err := daemon.Visit(context.Background(), ward, false); !errors.As(err, &held) {
		t.Errorf("a visit to one that may live: %v", err)
	}
	s.w.Now = s.w.Now.Add(time.Minute)
	if _, err := s.watched(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(s.w.Trail, func(e endpoint.Event) bool { return e.Type == endpoint.LeaseTaken }) {
		t.Error("the trail does not tell that the lease was taken over")
	}
}

// There is nothing to look after where no endpoint is, or none any more.
func TestDaemonAndNothing(t *testing.T) {
	s := story{t, simulation.New()}
	v, err := s.w.Roller("daemon").Visit(context.Background(), &roller.Ward{Name: "checkout"}, false)
	if err != nil || !v.Gone {
		t.Errorf("a visit to what is not there: %+v, %v", v, err)
	}
	s = begin(t, "1.0.0")
	if err := s.w.Roller("destroy").Remove(context.Background(), "checkout"); err != nil {
		t.Fatal(err)
	}
	v, err = s.w.Roller("daemon").Visit(context.Background(), &roller.Ward{Name: "checkout"}, false)
	if err != nil || !v.Gone {
		t.Errorf("a visit to what was removed: %+v, %v", v, err)
	}
}
