// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// DescribeAlarms leaves composite alarms out unless AlarmTypes asks for them,
// and says nothing of names that do not exist.
func (s monitoring) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	if err := checkDescribeAlarms(in); err != nil {
		return nil, err
	}
	var found []*alarm
	for _, a := range s.watching.alarms {
		wanted := len(in.AlarmTypes) == 0 && a.metric != nil || slices.Contains(in.AlarmTypes, a.kind())
		if in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil {
			wanted = s.related(a, in.ChildrenOfAlarmName, in.ParentsOfAlarmName)
		}
		if wanted && (len(in.AlarmNames) == 0 || slices.Contains(in.AlarmNames, a.name)) &&
			strings.HasPrefix(a.name, value(in.AlarmNamePrefix)) &&
			(in.StateValue == "" || string(in.StateValue) == string(a.state)) && a.hasAction(value(in.ActionPrefix)) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b *alarm) int { return strings.Compare(a.name, b.name) })
	size := in.MaxRecords
	if size == nil {
		size = ptr[int32](50)
	}
	found, next, err := page(found, in.NextToken, size, 100)
	if err != nil {
		return nil, &types.InvalidNextToken{Message: ptr(wire.Message(err))}
	}
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}, NextToken: next}
	for _, a := range found {
		if a.metric != nil {
			out.MetricAlarms = append(out.MetricAlarms, a.describeMetric())
		} else {
			out.CompositeAlarms = append(out.CompositeAlarms, a.describeComposite())
		}
	}
	return out, nil
}

func checkDescribeAlarms(in *cloudwatch.DescribeAlarmsInput) error {
	relatives := in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil
	switch {
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil:
		return wire.Errorf("ValidationError", "Specifying both AlarmNames and AlarmNamePrefix is not permitted.")
	case len(in.AlarmNames) > 100:
		return wire.Errorf("ValidationError", "The collection AlarmNames must not have a size greater than 100.")
	case relatives && (len(in.AlarmNames) > 0 || in.AlarmNamePrefix != nil || len(in.AlarmTypes) > 0 || in.StateValue != "" || in.ActionPrefix != nil ||
		in.ChildrenOfAlarmName != nil && in.ParentsOfAlarmName != nil):
		return wire.Errorf("ValidationError", "ChildrenOfAlarmName and ParentsOfAlarmName permit no other filter.")
	case in.MaxRecords != nil && (*in.MaxRecords < 1 || *in.MaxRecords > 100):
		return wire.Errorf("ValidationError", "Value '%d' at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and 100", *in.MaxRecords)
	}
	return nil
}

// related tells whether an alarm is a child or a parent of another one.
func (c *Cloud) related(a *alarm, childOf, parentOf *string) bool {
	refers := func(parent *alarm, child string) bool {
		return parent != nil && parent.over != nil && slices.ContainsFunc(parent.over.Alarms(), func(n string) bool { return alarmName(n) == child })
	}
	return childOf != nil && refers(c.alarm(*childOf), a.name) || parentOf != nil && refers(a, *parentOf)
}

// hasAction tells whether an action for any of the states begins with a prefix.
func (a *alarm) hasAction(prefix string) bool {
	if prefix == "" {
		return true
	}
	var actions []string
	if a.metric != nil {
		actions = slices.Concat(a.metric.AlarmActions, a.metric.OKActions, a.metric.InsufficientDataActions)
	} else {
		actions = slices.Concat(a.composite.AlarmActions, a.composite.OKActions, a.composite.InsufficientDataActions)
	}
	return slices.ContainsFunc(actions, func(action string) bool { return strings.HasPrefix(action, prefix) })
}

func (a *alarm) describeMetric() types.MetricAlarm {
	d := *a.metric
	d.StateValue, d.StateReason = types.StateValue(a.state), ptr(a.reason)
	d.StateUpdatedTimestamp, d.StateTransitionedTimestamp = ptr(a.updated), ptr(a.transitioned)
	if a.reasonData != "" {
		d.StateReasonData = ptr(a.reasonData)
	}
	return d
}

func (a *alarm) describeComposite() types.CompositeAlarm {
	d := *a.composite
	d.StateValue, d.StateReason = types.StateValue(a.state), ptr(a.reason)
	d.StateUpdatedTimestamp, d.StateTransitionedTimestamp = ptr(a.updated), ptr(a.transitioned)
	if a.reasonData != "" {
		d.StateReasonData = ptr(a.reasonData)
	}
	return d
}

// DescribeAlarmsForMetric finds the alarms on exactly one metric. Those on
// metric math are on none.
func (s monitoring) DescribeAlarmsForMetric(_ context.Context, in *cloudwatch.DescribeAlarmsForMetricInput) (*cloudwatch.DescribeAlarmsForMetricOutput, error) {
	key := metricKey(&types.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions})
	out := &cloudwatch.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	for _, a := range s.watching.alarms {
		if a.metric == nil || a.metric.MetricName == nil ||
			metricKey(&types.Metric{Namespace: a.metric.Namespace, MetricName: a.metric.MetricName, Dimensions: a.metric.Dimensions}) != key {
			continue
		}
		if (in.Statistic == "" || in.Statistic == a.metric.Statistic) && is(in.ExtendedStatistic, a.metric.ExtendedStatistic) &&
			(in.Period == nil || *in.Period == *a.metric.Period) && (in.Unit == "" || in.Unit == a.metric.Unit) {
			out.MetricAlarms = append(out.MetricAlarms, a.describeMetric())
		}
	}
	return out, nil
}

// DescribeAlarmHistory gives what happened to alarms, deleted ones included,
// the newest first. Unless AlarmTypes asks for it, nothing of composite alarms.
func (s monitoring) DescribeAlarmHistory(_ context.Context, in *cloudwatch.DescribeAlarmHistoryInput) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	var found []types.AlarmHistoryItem
	for _, h := range s.watching.history {
		wanted := len(in.AlarmTypes) == 0 && h.AlarmType == types.AlarmTypeMetricAlarm || slices.Contains(in.AlarmTypes, h.AlarmType)
		if wanted && is(in.AlarmName, h.AlarmName) && (in.HistoryItemType == "" || in.HistoryItemType == h.HistoryItemType) &&
			(in.StartDate == nil || !h.Timestamp.Before(*in.StartDate)) && (in.EndDate == nil || !h.Timestamp.After(*in.EndDate)) {
			found = append(found, h)
		}
	}
	if in.ScanBy != types.ScanByTimestampAscending {
		slices.Reverse(found)
	}
	found, next, err := page(found, in.NextToken, in.MaxRecords, 100)
	if err != nil {
		return nil, &types.InvalidNextToken{Message: ptr(wire.Message(err))}
	}
	return &cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: present(found), NextToken: next}, nil
}
