// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/gate"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// What package gate makes of alarms.
var meterContracts = []contract{
	{"the meter tells an alarm's state, its reason and the time that it needs", alarmMetered},
	{"the meter leaves out alarms that do not exist", unknownAlarmsMetered},
	{"the meter tells of an alarm that went off and is quiet again", quietAlarmMetered},
	{"the meter tells the state of a composite alarm", compositeMetered},
	{"the meter measures nothing of a group that nothing uses", unusedGroupMetered},
}

func (w *world) metered(since time.Time, names ...string) map[string]rollout.Alarm {
	alarms, err := gate.New(w.clients(), w.clock).Alarms(w.ctx, names, since)
	w.ok(err)
	return alarms
}

func alarmMetered(w *world) {
	w.putAlarm(w.name, "ignore")
	w.setState(w.name, types.StateValueAlarm, "too many errors")
	// Two datapoints of a minute each must breach.
	w.same("alarm", rollout.Alarm{State: rollout.AlarmFiring, Reason: "too many errors", Needs: 2 * time.Minute}, w.metered(time.Time{}, w.name)[w.name])
	w.setState(w.name, types.StateValueOk, "fewer")
	w.same("alarm", rollout.Alarm{State: rollout.AlarmOK, Reason: "fewer", Needs: 2 * time.Minute}, w.metered(time.Time{}, w.name)[w.name])
}

func unknownAlarmsMetered(w *world) {
	w.putAlarm(w.name, "ignore")
	alarms := w.metered(time.Time{}, w.name, w.name+"-nothing")
	_, known := alarms[w.name]
	w.that(known && len(alarms) == 1, "alarms %v", alarms)
}

func quietAlarmMetered(w *world) {
	w.putAlarm(w.name, "ignore")
	w.setState(w.name, types.StateValueOk, "quiet")
	before := time.Now().Add(-time.Minute)
	w.setState(w.name, types.StateValueAlarm, "loud")
	w.setState(w.name, types.StateValueOk, "quiet again")
	a := w.metered(before, w.name)[w.name]
	w.same("state", rollout.AlarmOK, a.State)
	w.that(a.Fired.After(before) && a.Fired.Before(time.Now().Add(time.Minute)), "it fired at %s", a.Fired)
	if a := w.metered(time.Now().Add(time.Minute), w.name)[w.name]; !a.Fired.IsZero() {
		w.errorf("it fired at %s, which is before the time that was asked about", a.Fired)
	}
}

func compositeMetered(w *world) {
	part, whole := w.name+"-part", w.name+"-whole"
	w.putAlarm(part, "ignore")
	w.setState(part, types.StateValueAlarm, "loud")
	_, err := w.cw.PutCompositeAlarm(w.ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: &whole, AlarmRule: aws.String(`ALARM("` + part + `")`)})
	w.ok(err)
	var a rollout.Alarm
	for range 500 {
		if a = w.metered(time.Time{}, whole)[whole]; a.State == rollout.AlarmFiring {
			break
		}
		time.Sleep(10 * time.Millisecond) // it is evaluated by the backend's own clock
	}
	w.same("state", rollout.AlarmFiring, a.State)
	w.same("time that it needs", time.Duration(0), a.Needs)
}

func unusedGroupMetered(w *world) {
	measure, err := gate.New(w.clients(), w.clock).Measure(w.ctx, w.group("unused"), w.clock.Now().Add(-10*time.Minute), 99)
	w.ok(err)
	w.that(measure.Requests == 0 && measure.Errors == 0 && measure.Latency == 0 && measure.To.After(measure.From), "it measured %+v", measure)
}
