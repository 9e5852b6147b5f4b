// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// namesPerCall is how many names DescribeAlarms takes.
const namesPerCall = 100

// kinds must be said: without them DescribeAlarms leaves composite alarms out.
var kinds = []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}

// Alarms returns alarms by name. One that was in another state than it is now
// after a time is looked up in CloudWatch's history, which keeps 30 days: Fired
// says when it went off after that time.
func (m *Meter) Alarms(ctx context.Context, names []string, since time.Time) (map[string]rollout.Alarm, error) {
	alarms := map[string]rollout.Alarm{}
	for some := range slices.Chunk(names, namesPerCall) {
		pages := cloudwatch.NewDescribeAlarmsPaginator(m.metrics, &cloudwatch.DescribeAlarmsInput{AlarmNames: some, AlarmTypes: kinds})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("reading the alarms %v: %w", some, err)
			}
			for _, a := range page.MetricAlarms {
				alarms[aws.ToString(a.AlarmName)], err = m.alarm(ctx, a.AlarmName, a.StateValue, a.StateReason, a.StateTransitionedTimestamp, needs(a), since)
				if err != nil {
					return nil, err
				}
			}
			for _, a := range page.CompositeAlarms {
				alarms[aws.ToString(a.AlarmName)], err = m.alarm(ctx, a.AlarmName, a.StateValue, a.StateReason, a.StateTransitionedTimestamp, 0, since)
				if err != nil {
					return nil, err
				}
			}
		}
	}
	return alarms, nil
}

// alarm puts together what is known of one.
func (m *Meter) alarm(ctx context.Context, name *string, state types.StateValue, reason *string, changed *time.Time, needs time.Duration, since time.Time) (rollout.Alarm, error) {
	a := rollout.Alarm{State: rollout.AlarmState(state), Reason: aws.ToString(reason), Needs: needs}
	if !since.IsZero() && a.State != rollout.AlarmFiring && (changed == nil || changed.After(since)) {
		var err error
		if a.Fired, err = m.fired(ctx, aws.ToString(name), since); err != nil {
			return a, fmt.Errorf("reading the history of alarm %s: %w", aws.ToString(name), err)
		}
	}
	return a, nil
}

// needs is how long the metric of an alarm must be bad: its datapoints that must
// breach, each of a period. Of an alarm on a formula it is the longest period.
func needs(a types.MetricAlarm) time.Duration {
	period := aws.ToInt32(a.Period)
	for _, q := range a.Metrics {
		if q.MetricStat != nil {
			period = max(period, aws.ToInt32(q.MetricStat.Period))
		}
		period = max(period, aws.ToInt32(q.Period))
	}
	datapoints := aws.ToInt32(a.DatapointsToAlarm)
	if datapoints == 0 {
		datapoints = aws.ToInt32(a.EvaluationPeriods)
	}
	return time.Duration(period) * time.Duration(datapoints) * time.Second
}

// fired is when an alarm last went off after a time; zero when it did not.
func (m *Meter) fired(ctx context.Context, name string, since time.Time) (time.Time, error) {
	pages := cloudwatch.NewDescribeAlarmHistoryPaginator(m.metrics, &cloudwatch.DescribeAlarmHistoryInput{
		AlarmName: &name, AlarmTypes: kinds, HistoryItemType: types.HistoryItemTypeStateUpdate, StartDate: &since,
		ScanBy: types.ScanByTimestampDescending,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return time.Time{}, err
		}
		for _, item := range page.AlarmHistoryItems {
			if wentOff(aws.ToString(item.HistoryData)) && item.Timestamp != nil {
				return item.Timestamp.UTC(), nil
			}
		}
	}
	return time.Time{}, nil
}

// wentOff says that a state update in an alarm's history is one to ALARM.
func wentOff(data string) bool {
	var update struct {
		NewState struct {
			StateValue types.StateValue `json:"stateValue"`
		} `json:"newState"`
	}
	return json.Unmarshal([]byte(data), &update) == nil && update.NewState.StateValue == types.StateValueAlarm
}
