// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/watch"
)

// keptHistory bounds the history of all alarms together.
const keptHistory = 10_000

// evaluateAlarms gives every alarm the state that follows from the metrics that
// can be read now.
func (c *Cloud) evaluateAlarms(now time.Time) {
	for _, a := range c.watching.alarms {
		if a.metric != nil {
			c.evaluateMetric(a, now)
		}
	}
	c.evaluateComposites()
}

// evaluateMetric looks at whole periods that end with the last whole minute. A
// period that is still running is taken as well when it can end only in breach:
// CloudWatch would say the same at its end, which in a fast world is far away.
func (c *Cloud) evaluateMetric(a *alarm, now time.Time) {
	q := a.queries[a.result]
	end := now.Truncate(time.Minute)
	points := c.datapoints(a, end.Add(time.Minute))
	if last := points[len(points)-1].Value; last == nil || !a.rule.Breaches(*last) || !a.rule.Certain(q.statistic) {
		points = c.datapoints(a, end)
	}
	if value(a.metric.EvaluateLowSampleCountPercentile) == "ignore" && !watch.Significant(q.statistic, c.samples(a, end)) {
		return
	}
	state, reason := a.rule.Evaluate(a.state, points)
	if reason == "" || state == a.state && a.reason != unchecked {
		return
	}
	recent := []float64{}
	for _, p := range points {
		if p.Value != nil {
			recent = append(recent, *p.Value)
		}
	}
	data := map[string]any{
		"version": "1.0", "queryDate": stamp(now), "startDate": stamp(points[0].At), "period": int(q.period.Seconds()),
		"recentDatapoints": recent, "threshold": a.rule.Threshold,
	}
	if q.statistic != "" {
		data["statistic"] = q.statistic
	}
	c.setState(a, state, reason, encodeJSON(data))
}

// datapoints are the values in the alarm's evaluation range up to a time.
func (c *Cloud) datapoints(a *alarm, end time.Time) []watch.Datapoint {
	period := a.queries[a.result].period
	periods := periodsOf(end.Add(-time.Duration(a.rule.Range())*period), end, period)
	values := c.compute(a.queries, a.result, periods)
	points := make([]watch.Datapoint, len(periods))
	for i, at := range periods {
		points[i].At = at
		if v, ok := values[at.Unix()]; ok {
			points[i].Value = &v
		}
	}
	return points
}

// samples counts the measurements in an alarm's evaluation periods up to a time.
func (c *Cloud) samples(a *alarm, end time.Time) float64 {
	q := a.queries[a.result]
	q.statistic = "SampleCount"
	periods := periodsOf(end.Add(-time.Duration(a.rule.EvaluationPeriods)*q.period), end, q.period)
	total := 0.0
	for _, n := range c.compute(map[string]query{a.result: q}, a.result, periods) {
		total += n
	}
	return total
}

// evaluateComposites goes on until no state changes any more: composite alarms
// can be over each other. Those that are so in a circle are left as they are
// after as many rounds as there are alarms.
func (c *Cloud) evaluateComposites() {
	for range c.watching.alarms {
		changed := false
		for _, a := range c.watching.alarms {
			if a.composite == nil {
				continue
			}
			state := watch.OK
			if a.over.Holds(c.stateOf) {
				state = watch.Alarming
			}
			if state != a.state {
				changed = true
				reason := fmt.Sprintf("%s transitioned to %s: its rule %s is %v", a.arn, state, *a.composite.AlarmRule, state == watch.Alarming)
				c.setState(a, state, reason, encodeJSON(map[string]any{"triggeringAlarms": c.triggers(a)}))
			}
		}
		if !changed {
			return
		}
	}
}

// stateOf is the state of an alarm given by name or ARN; one that has been
// deleted has insufficient data.
func (c *Cloud) stateOf(name string) watch.State {
	if a := c.alarm(alarmName(name)); a != nil {
		return a.state
	}
	return watch.InsufficientData
}

// triggers describes the alarms that a composite alarm is over.
func (c *Cloud) triggers(a *alarm) []map[string]any {
	triggers := []map[string]any{}
	for _, name := range a.over.Alarms() {
		if child := c.alarm(alarmName(name)); child != nil {
			triggers = append(triggers, map[string]any{
				"arn": child.arn, "state": map[string]string{"value": string(child.state), "timestamp": stamp(child.transitioned)},
			})
		}
	}
	return triggers
}

// setState writes down a state; a change of it goes into the history.
func (c *Cloud) setState(a *alarm, state watch.State, reason, data string) {
	now, before := c.now(), a.state
	old := map[string]any{"stateValue": before, "stateReason": a.reason}
	a.state, a.reason, a.reasonData, a.updated = state, reason, data, now
	if before == state {
		return
	}
	a.transitioned = now
	c.chronicle(a, types.HistoryItemTypeStateUpdate, fmt.Sprintf("Alarm updated from %s to %s", before, state), encodeJSON(map[string]any{
		"version": "1.0", "oldState": old, "newState": map[string]any{"stateValue": state, "stateReason": reason},
	}))
}

// chronicle adds to the history of alarms.
func (c *Cloud) chronicle(a *alarm, kind types.HistoryItemType, summary, data string) {
	w := &c.watching
	w.history = append(w.history, types.AlarmHistoryItem{
		AlarmName: ptr(a.name), AlarmType: a.kind(), HistoryItemType: kind, HistorySummary: &summary, HistoryData: &data, Timestamp: ptr(c.now()),
	})
	w.history = w.history[max(0, len(w.history)-keptHistory):]
}

// SetAlarmState sets a state until the next evaluation that has a reason for
// another one; one with missing data that are ignored has none.
func (s monitoring) SetAlarmState(_ context.Context, in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	a := s.alarm(*in.AlarmName)
	if a == nil {
		return nil, &types.ResourceNotFound{Message: ptr("Alarm " + *in.AlarmName + " does not exist")}
	}
	if in.StateReasonData != nil && !json.Valid([]byte(*in.StateReasonData)) {
		return nil, &types.InvalidFormatFault{Message: ptr("StateReasonData is not JSON")}
	}
	s.setState(a, watch.State(in.StateValue), *in.StateReason, value(in.StateReasonData))
	s.evaluateComposites()
	return &cloudwatch.SetAlarmStateOutput{}, nil
}

// stamp is a time as CloudWatch writes it in JSON.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

func encodeJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("cloud: an alarm's data did not marshal: " + err.Error())
	}
	return string(b)
}
