// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"errors"
	"slices"
	"strings"
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
	old := s.w.Environments[s.w.Records["checkout"].Active]
	var ended time.Time
	s.w.Watch = func(w *simulation.World) {
		if ended.IsZero() && slices.ContainsFunc(w.Calls, func(c string) bool { return strings.HasPrefix(c, "Retire ") }) {
			ended = w.Now
		}
	}
	next := spec("1.1.0")
	next.Retention.Max = 0
	s.update(next)
	if waited := ended.Sub(old.LastShare); waited < rollout.DrainDeadline {
		t.Errorf("it was ended %s after it left traffic", waited)
	}
}
