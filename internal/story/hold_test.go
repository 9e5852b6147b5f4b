// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// What an alarm says of a capped release is in the plan, and an apply heeds it.
func TestAlarmEndsCappedRollout(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	w.alarmByHand("orders")
	ws.set("rollout.steps", []any{step(10, "1m"), step(100, "1m")})
	ws.set("rollout.alarms", []string{"orders"})
	ws.set("rollout.max_weight", 10)
	ws.set("retention.failed_for", "24h")
	ws.apply()
	_, end := w.traffic()
	ws.set("version", "1.1.0")
	ws.apply()
	ws.wantEmptyPlan()

	w.setAlarm("orders", types.StateValueAlarm)
	ws.wantSays(ws.plan(true), "traffic goes back: alarm orders is in state ALARM")
	ws.refused("The rollout of checkout to 1.1.0 failed", "10 % of traffic", "1.1.0 is rejected")
	s := ws.show()
	if s.Version != "1.0.0" || s.Status != "live" || !s.LastRollout.Rejected {
		t.Errorf("state %+v", s)
	}
	if kept := s.Environments[1]; kept.Role != "failed" || kept.Weight != 0 || kept.Expires == nil {
		t.Errorf("what failed is not kept for a look: %+v", kept)
	}
	ws.wantSays(ws.plan(true), "Release was rejected")
	ws.set("version", "1.0.0")
	ws.wantEmptyPlan()
	end()
	w.wantExplained()
}

// A frozen rollout leaves traffic as it is, and goes back when it is asked to.
func TestFrozenRolloutGoesBack(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	w.alarmByHand("orders")
	ws.set("rollout.steps", []any{step(50, "1h"), step(100, "1m")})
	ws.set("rollout.alarms", []string{"orders"})
	ws.set("rollout.on_failure", "freeze")
	ws.set("retention.keep_for", "24h")
	ws.apply()
	_, end := w.traffic()
	ws.set("version", "1.1.0")
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("1.1.0 has traffic", w.bakes)
	w.setAlarm("orders", types.StateValueAlarm)
	r := applying.end()
	if r.code != 1 {
		t.Fatalf("apply ended with code %d:\n%s", r.code, r.out)
	}
	ws.wantSays(r, "The rollout of checkout to 1.1.0 is frozen since", "50 % of it on 1.1.0", "alarm orders", "set the version to 1.0.0")
	if s := ws.show(); s.Version != "1.0.0" || s.Status != "frozen" || s.Environments[1].Weight != 50 {
		t.Errorf("state %+v", s)
	}

	ws.set("version", "1.0.0")
	ws.plan(true)
	ws.apply()
	if s := ws.show(); s.Version != "1.0.0" || s.Status != "live" || len(s.Rejections) > 0 {
		t.Errorf("state %+v", s)
	}
	for range 20 {
		if status, version := w.get(); status != 200 || version != "1.0.0" {
			t.Fatalf("the endpoint answers %d, version %s", status, version)
		}
	}
	ws.wantEmptyPlan()
	end()
	w.wantExplained()
}

// A step with a pause waits for somebody, and goes on at its deadline when that is said.
func TestPausedRollout(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	held := step(50, "1m")
	held["pause"] = map[string]any{"deadline": "10m", "then": "promote"}
	ws.set("rollout.steps", []any{held, step(100, "1m")})
	ws.set("retention.keep_for", "24h")
	ws.apply()
	other := ws.clone()
	if r := other.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	_, end := w.traffic()

	ws.set("version", "1.1.0")
	if plan, _ := ws.planned(); !strings.Contains(strings.Join(plan.Steps, "\n"), "then paused until it is promoted, at most for 10m (then promote)") {
		t.Errorf("plan %+v", plan)
	}
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("the rollout is paused", func() bool {
		if r := other.terraform("refresh"); r.code != 0 {
			t.Fatalf("refresh failed:\n%s", r.out)
		}
		return other.show().Status == "paused" || applying.ProcessState != nil
	})
	if r := applying.end(); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	if s := ws.show(); s.Version != "1.1.0" || s.Status != "live" {
		t.Errorf("state %+v", s)
	}
	ws.wantEmptyPlan()

	end()
	w.wantExplained()
}

// An apply that does not wait leaves the rest to ionroller reconcile.
func TestRolloutLeftToReconcile(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "5m"), step(100, "0s")})
	ws.set("rollout.wait", false)
	ws.set("retention.keep_for", "24h")
	ws.apply()
	_, end := w.traffic()
	ws.set("version", "1.1.0")
	ws.wantSays(ws.plan(true), "Nobody goes on with the rollout", "no daemon has been seen at work on it")
	ws.apply()
	if s := ws.show(); s.Version != "1.1.0" || s.Status != "rolling_out" {
		t.Errorf("state %+v", s)
	}
	ws.wantSays(ws.plan(false), "Nobody goes on with the rollout", "The rollout to 1.1.0 is at step 1 of 2, with 50 % of traffic")
	if r := ws.ionroller("reconcile", "--once", "checkout"); r.code != 0 {
		t.Fatalf("reconcile failed:\n%s", r.out)
	}
	ws.wantEmptyPlan()
	if r := ws.terraform("refresh"); r.code != 0 {
		t.Fatalf("refresh failed:\n%s", r.out)
	}
	if s := ws.show(); s.Version != "1.1.0" || s.Status != "live" {
		t.Errorf("state %+v", s)
	}
	end()
	w.wantExplained()
}
