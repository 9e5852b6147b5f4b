// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// A configuration as in production, with bakes of minutes and a retention of two
// hours, is lived through in seconds where AWS's clock runs quicker: the provider
// counts by that clock.
func TestRealConfigurationOnAQuickClock(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 300})
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(10, "10m"), step(50, "5m"), step(100, "10m")})
	ws.set("rollout.healthy_within", "1h") // which is 12 seconds on a busy machine
	ws.set("retention.keep_for", "2h")
	ws.apply()
	ws.set("version", "1.1.0")
	plan, _ := ws.planned()
	if plan.MinimumDuration != "25m" {
		t.Errorf("the plan says %s", plan.MinimumDuration)
	}
	ws.apply()
	s := ws.show()
	if s.Version != "1.1.0" || len(s.Environments) != 2 || s.Environments[0].Expires == nil {
		t.Fatalf("state %+v", s)
	}
	w.until("the two hours are over", func() bool {
		r := ws.terraform("plan", "-detailed-exitcode")
		return r.code == 2 && strings.Contains(r.out, "its retention of 2h is over")
	})
	var moved []time.Time
	for _, e := range w.trail() {
		if e.Type == endpoint.TrafficMoved && e.Version == "1.1.0" {
			moved = append(moved, e.Time)
		}
	}
	if len(moved) != 3 || moved[1].Sub(moved[0]) < 10*time.Minute || moved[2].Sub(moved[1]) < 5*time.Minute {
		t.Errorf("the steps were set at %v", moved)
	}
	ws.apply()
	if s := ws.show(); len(s.Environments) != 1 {
		t.Errorf("after the retention: %+v", s.Environments)
	}
}
