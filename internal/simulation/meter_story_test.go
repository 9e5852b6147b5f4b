// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

// CloudWatch out of reach keeps nobody from seeing what runs, from going back in an
// emergency, or from asking for another release.
func TestWaysBackWithoutCloudWatch(t *testing.T) {
	for how, goBack := range map[string]func(s story) error{
		"an operator's rollback": func(s story) error { return s.rollback("") },
		"the release before":     func(s story) error { return s.try(spec("1.0.0")) },
	} {
		t.Run(how, func(t *testing.T) {
			s := begin(t, "1.0.0")
			s.alarm(rollout.AlarmOK)
			s.cutShort(guarded("1.1.0"), 10)
			s.w.Fault = func(call string, after bool) error {
				if call == "Alarms" || call == "Requests" || call == "Measure" {
					return errors.New("access denied")
				}
				return nil
			}
			s.wantShares("1.1.0", 10)
			if seen, err := s.w.Roller("status").Observe(context.Background(), "checkout"); err != nil || seen.Record.Rollout == nil || seen.Guards != nil {
				t.Errorf("status: %+v, %v", seen, err)
			}
			if err := goBack(s); err != nil {
				t.Error(err)
			}
			s.wantShares("1.0.0", 100)
		})
	}
}

// An environment of which nobody can say whether it still answers requests is
// taken to do so, until the drain deadline.
func TestMeterThatCannotTell(t *testing.T) {
	s := begin(t, "1.0.0")
	s.w.Fault = func(call string, after bool) error {
		if call == "Requests" && !after {
			return errors.New("access denied")
		}
		return nil
	}
	old := s.w.Records["checkout"].Active
	var left, ended time.Time
	s.w.Watch = func(w *simulation.World) {
		if ended.IsZero() && slices.Contains(w.Calls, "Retire "+old) {
			left, ended = w.Records["checkout"].Environment(old).OutSince, w.Now
		}
	}
	next := spec("1.1.0")
	next.Retention.Max, next.Rollout.Steps = 0, nil
	s.update(next)
	if waited := ended.Sub(left); waited < rollout.DrainDeadline {
		t.Errorf("it was ended %s after it left traffic", waited)
	}
}
