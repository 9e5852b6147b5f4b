// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import "testing"

// Analysis also compares the new release with the live one, and looks at latency.
func TestAnalysisComparesAndTimes(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "3m"), step(100, "1m")})
	ws.set("rollout.analysis", map[string]any{
		"error_rate":       map[string]any{"max": 40, "max_ratio": 3},
		"latency":          map[string]any{"percentile": 90, "max": "400ms"},
		"unhealthy_hosts":  0,
		"minimum_requests": 20,
	})
	ws.apply()
	ws.wantEmptyPlan()
	end := w.trafficToBad("1.1.0")

	ws.failing("1.1.0")
	ws.set("container.environment", map[string]string{"DEMO_FAIL_RATE": "0.1"})
	ws.refused("The rollout of checkout to 1.1.0 failed", "at most 3 times the active environment's")
	if e := ws.show().LastRollout.Evidence; e == nil || e.Guard != "error rate" || e.Share != 50 || e.Exposed < 20 || e.Window == "" {
		t.Errorf("evidence %+v", e)
	}

	ws.set("version", "1.2.0")
	ws.set("container.environment", map[string]string{"DEMO_LATENCY": "600ms"})
	ws.refused("The rollout of checkout to 1.2.0 failed", "latency p90", "allowed at most 400ms")
	end()
	w.wantExplained()
}

// Without requests nothing can be concluded, and nothing goes on by itself; with
// them, the rollout does when somebody says so.
func TestTooFewRequests(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "2m"), step(100, "0s")})
	ws.set("retention.keep_for", "24h")
	ws.apply()
	ws.set("rollout.analysis", map[string]any{"error_rate": map[string]any{"max": 5}, "minimum_requests": 30})
	ws.set("rollout.extend_bake", "2m")
	ws.set("version", "1.1.0")
	ws.refused("is frozen since", "50 % of traffic", "answered 0 requests", "rollout.analysis.minimum_requests", "raise rollout.retry above 0", "set the version to 1.0.0")
	if s := ws.show(); s.Version != "1.0.0" || s.Status != "frozen" {
		t.Errorf("state %+v", s)
	}
	ws.wantSays(ws.plan(true), "Rollout is frozen", "frozen at step 1 of 2, at 50 %")
	before := len(w.changes())
	ws.refused("is frozen since")
	if n := len(w.changes()); n != before {
		t.Errorf("an apply of what is frozen did %+v", w.changes()[before:])
	}

	_, end := w.traffic()
	ws.set("rollout.retry", 1)
	if plan, _ := ws.planned(); plan.Kind != "resume" {
		t.Errorf("plan %+v", plan)
	}
	ws.apply()
	if s := ws.show(); s.Version != "1.1.0" || s.Status != "live" {
		t.Errorf("state %+v", s)
	}
	end()
	ws.wantEmptyPlan()
	w.wantExplained()
}
