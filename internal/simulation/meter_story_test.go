// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

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
