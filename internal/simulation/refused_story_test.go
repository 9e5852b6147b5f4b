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
)

// refuse lets calls fail for good whose names begin so.
func (s story) refuse(prefix string) error {
	refusal := errors.New("AccessDenied: " + prefix)
	s.w.Fault = func(call string, after bool) error {
		if !after && strings.HasPrefix(call, prefix) {
			return refusal
		}
		return nil
	}
	return refusal
}

// A termination that is refused is asked for again a while later: its answer may have
// been lost. That does not go on for ever.
func TestRefusedTerminationEndsTheRun(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	refusal := s.refuse("Retire")
	began := s.w.Now
	few := spec("1.1.0")
	few.Retention.Max = 0
	err := s.try(few)
	var broken *roller.Broken
	if !errors.Is(err, refusal) || !errors.As(err, &broken) {
		t.Errorf("it ended with %v", err)
	}
	if took := s.w.Now.Sub(began); took > 10*time.Minute {
		t.Errorf("it took %s", took)
	}
	s.w.Fault = nil
	s.update(few)
	if n := len(s.w.Environments); n != 1 {
		t.Errorf("%d environments", n)
	}
}

// A launch whose answer was lost is refused when it is sent again: what the first made
// may appear later, and is waited for and removed.
func TestRefusalAfterALostAnswer(t *testing.T) {
	s := begin(t, "1.0.0")
	launches := 0
	s.w.Fault = func(call string, after bool) error {
		if !strings.HasPrefix(call, "Launch") {
			return nil
		}
		if !after {
			if launches++; launches == 2 {
				return &roller.Refusal{Err: errors.New("there are too many environments")}
			}
			return nil
		}
		for _, e := range s.w.Environments {
			if e.Release.Version == "1.1.0" {
				e.Launched = s.w.Now.Add(time.Minute) // for reads
			}
		}
		return errors.New("connection reset by peer")
	}
	var failed *roller.Failed
	if err := s.try(spec("1.1.0")); !errors.As(err, &failed) {
		t.Errorf("it ended with %v", err)
	}
	terminated := func(call string) bool { return strings.HasPrefix(call, "Retire checkout-1-1-0-") }
	if !slices.ContainsFunc(s.w.Calls, terminated) {
		t.Errorf("what the first launch made is left behind: %v", s.w.Calls)
	}
}

// Who does not stay until it is tried again says what was refused.
func TestRefusedTerminationIsTold(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	s.w.Now = s.w.Now.Add(10 * time.Minute) // it is drained
	refusal := s.refuse("Retire")
	who := s.w.Roller("command")
	if err := who.Journal.Order(context.Background(), "checkout", endpoint.NewOrder(endpoint.OrderDrop, "1.0.0", "", endpoint.Who{}, s.w.Now)); err != nil {
		t.Fatal(err)
	}
	if _, err := who.Tend(context.Background(), "checkout"); !errors.Is(err, refusal) {
		t.Errorf("it ended with %v", err)
	}
}

// Who steers makes no environment, and so needs no permission to.
func TestSteeringMakesNoEnvironment(t *testing.T) {
	s := begin(t, "1.0.0")
	r := s.w.Records["checkout"]
	r.Desired = spec("1.1.0") // by a run that died then
	s.w.Records["checkout"] = r
	s.order(endpoint.OrderPause)
	if _, err := s.w.Roller("command").Tend(context.Background(), "checkout"); err != nil {
		t.Fatal(err)
	}
	if n := len(s.w.Environments); n != 1 {
		t.Errorf("%d environments", n)
	}
	if f := s.w.Records["checkout"].Rollout; f == nil || f.Back != nil {
		t.Errorf("the rollout was not left to who comes next: %+v", f)
	}
	s.update(spec("1.1.0"))
	s.wantShares("1.1.0", 100)
}
