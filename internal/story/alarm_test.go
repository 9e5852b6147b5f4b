// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/load"
)

// A canary that answers with errors makes an alarm fire: traffic goes back, the
// release is rejected, and only somebody's will brings it again.
func TestAlarmEndsCanary(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	w.alarmOnErrors()
	ws.set("rollout.steps", []any{step(20, "8m"), step(100, "2m")})
	ws.set("rollout.alarms", []string{"checkout-5xx"})
	ws.release("1.3.0", "")
	ws.apply()
	ws.wantEmptyPlan()
	stream, end := w.trafficToBad("1.4.0")

	ws.release("1.4.0", "0.6")
	r := ws.refused("The rollout of checkout to 1.4.0 failed", "Release 1.3.0 is live", "alarm checkout-5xx", "seen ALARM",
		"Threshold Crossed", "20 % of traffic", "1.4.0 is rejected", "raise rollout.retry above 0")
	s := ws.showGuarded()
	if s.Version != "1.3.0" || s.Status != "live" || s.LastRollout.To != "1.4.0" || !s.LastRollout.Rejected {
		t.Errorf("state %+v, last rollout %+v", s, s.LastRollout)
	}
	if e := s.LastRollout.Evidence; e == nil || e.Guard != "alarm" || e.Subject != "checkout-5xx" || e.Share != 20 {
		t.Errorf("evidence %+v; apply said:\n%s", e, r.out)
	}
	if len(s.Rejections) != 1 || s.Rejections[0].Version != "1.4.0" {
		t.Errorf("rejections %+v", s.Rejections)
	}
	back := time.Now()
	w.untilAlarm("checkout-5xx", types.StateValueOk)

	// It is not tried again by anybody who does not mean to.
	plan := ws.plan(true)
	ws.wantSays(plan, "Release was rejected", "refused: 1.4.0 was rejected", `"1.3.0" -> "1.4.0"`)
	before := len(w.changes())
	ws.refused("Release 1.4.0 of endpoint checkout was rejected at", "Nothing was changed")
	if n := len(w.changes()); n != before {
		t.Errorf("a refused apply did %+v", w.changes()[before:])
	}
	if sum := load.Summarize(stream.Since(back)); sum.Failed > 0 || sum.Versions["1.3.0"] != sum.Requests {
		t.Errorf("after traffic had gone back: %+v", sum)
	}

	ws.release("1.4.1", "")
	if plan, _ := ws.planned(); plan.Kind != "new" || plan.From != "1.3.0" {
		t.Errorf("plan %+v", plan)
	}
	// People read this rollout alone, not how it differs from the one before.
	if plan := ws.plan(true); !plan.says("+ rollout_plan = {") || plan.says(`- "create an environment`) {
		t.Errorf("the plan shows:\n%s", plan.out)
	}
	ws.apply()
	if s := ws.showGuarded(); s.Version != "1.4.1" || s.Status != "live" {
		t.Errorf("state %+v", s)
	}
	ws.wantEmptyPlan()

	ws.release("1.4.0", "0.6")
	ws.refused("was rejected at")
	ws.set("rollout.retry", 1)
	ws.refused("The rollout of checkout to 1.4.0 failed", "Release 1.4.1 is live", "raise rollout.retry above 1")
	if n := w.count(endpoint.RolloutStarted, "1.4.0"); n != 2 {
		t.Errorf("%d rollouts to 1.4.0, want the first and the one that was meant", n)
	}
	end()
	w.wantExplained()
}

// An alarm that went off while nobody looked, and is quiet again, still counts.
func TestAlarmWhileNobodyLooked(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	w.alarmByHand("orders")
	ws.set("rollout.steps", []any{step(50, "1h"), step(100, "0s")})
	ws.set("rollout.alarms", []string{"orders"})
	ws.set("retention.failed_for", "24h")
	ws.apply()
	_, end := w.traffic()

	ws.set("version", "1.1.0")
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("1.1.0 has traffic", w.bakes)
	if err := kill(applying.Cmd); err != nil {
		t.Fatal(err)
	}
	applying.end()
	w.setAlarm("orders", types.StateValueAlarm)
	w.setAlarm("orders", types.StateValueOk)

	ws.refused("The rollout of checkout to 1.1.0 failed", "alarm orders", "seen ALARM at", "50 % of traffic", "Release 1.0.0 is live")
	if s := ws.show(); s.Version != "1.0.0" || s.Status != "live" || len(s.Environments) != 2 ||
		s.Environments[1].Role != "failed" || s.Environments[1].Weight != 0 || s.Environments[1].Expires == nil {
		t.Errorf("state %+v", s)
	}
	ws.set("version", "1.0.0")
	ws.wantEmptyPlan()
	if sum := end(); sum.Versions["1.1.0"] == 0 {
		t.Error("1.1.0 had no traffic")
	}
	w.wantExplained()
}

// An alarm that does not exist, or fires already, is told at plan, and going back
// to a proven release heeds none.
func TestAlarmBeforeTheRollout(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "1m"), step(100, "1m")})
	ws.apply()

	ws.set("version", "1.1.0")
	ws.set("rollout.alarms", []string{"orders"})
	if r := ws.terraform("plan"); r.code != 1 || !r.says(`there is no CloudWatch alarm "orders"`) {
		t.Errorf("plan ended with code %d:\n%s", r.code, r.out)
	}
	w.alarmByHand("orders")
	ws.wantSays(ws.plan(true), `alarm "orders" needs 5m of bad data to fire, and the bake of step 1, at 50 %, is 1m`)
	ws.set("retention.for", "1m")
	ws.wantSays(ws.plan(true), "Retention ends with the rollout", "there is nothing hot to go back to")
	ws.set("retention.for", nil)
	w.setAlarm("orders", types.StateValueAlarm)
	ws.wantSays(ws.plan(true), "Alarm fires already", `alarm "orders" is in state ALARM already (the story says so)`)
	before := len(w.changes())
	ws.refused(`alarm "orders" is in state ALARM already`)
	if n := len(w.changes()); n != before {
		t.Errorf("a refused apply did %+v", w.changes()[before:])
	}
	w.setAlarm("orders", types.StateValueOk)
	ws.apply()

	w.setAlarm("orders", types.StateValueAlarm)
	ws.set("version", "1.0.0")
	plan, _ := ws.planned()
	if plan.Kind != "hot" {
		t.Errorf("plan %+v", plan)
	}
	ws.apply()
	if status, version := w.get(); status != 200 || version != "1.0.0" {
		t.Errorf("the endpoint answers %d, version %s", status, version)
	}
	w.wantExplained()
}
