// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

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
	ws.set("retention.keep_for", "1m")
	ws.wantSays(ws.plan(true), "Retention ends with the rollout", "there is nothing hot to go back to")
	ws.set("retention.keep_for", nil)
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
