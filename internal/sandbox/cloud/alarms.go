// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/watch"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// An alarm is a metric or a composite one. Its actions are kept and never taken.
type alarm struct {
	name, arn             string
	state                 watch.State
	reason, reasonData    string
	updated, transitioned time.Time
	tags                  tags

	metric  *types.MetricAlarm // settings of a metric alarm, nil for a composite one
	rule    watch.Alarm
	queries map[string]query
	result  string // the id of the query that the alarm watches

	composite *types.CompositeAlarm // settings of a composite alarm
	over      *watch.Rule
}

// unchecked is the reason of the state of an alarm that has never been evaluated.
const unchecked = "Unchecked: Initial alarm creation"

func (a *alarm) kind() types.AlarmType {
	if a.metric != nil {
		return types.AlarmTypeMetricAlarm
	}
	return types.AlarmTypeCompositeAlarm
}

// alarm finds an alarm by name; nil when there is none.
func (c *Cloud) alarm(name string) *alarm {
	for _, a := range c.watching.alarms {
		if a.name == name {
			return a
		}
	}
	return nil
}

// PutMetricAlarm makes an alarm or changes one, which keeps its state.
func (s monitoring) PutMetricAlarm(_ context.Context, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	if in.EvaluationCriteria != nil || in.EvaluationWindow != nil || in.EvaluationInterval != nil || in.WarmUpConfiguration != nil ||
		in.ThresholdMetricId != nil {
		return nil, wire.Errorf("ValidationError", "The sandbox serves alarms with a static threshold over metrics and metric math only.")
	}
	if low := value(in.EvaluateLowSampleCountPercentile); !slices.Contains([]string{"", "evaluate", "ignore"}, low) {
		return nil, wire.Errorf("ValidationError", "The value '%s' for parameter EvaluateLowSampleCountPercentile is not supported.", low)
	}
	rule, err := alarmRule(in)
	if err != nil {
		return nil, err
	}
	queries, result, err := alarmQueries(in)
	if err != nil {
		return nil, err
	}
	period := queries[result].period
	if span := time.Duration(rule.EvaluationPeriods) * period; span > 24*time.Hour && (period < time.Hour || span > 7*24*time.Hour) {
		return nil, wire.Errorf("ValidationError", "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).")
	}
	a, err := s.putAlarm(*in.AlarmName, types.AlarmTypeMetricAlarm, in.Tags)
	if err != nil {
		return nil, err
	}
	a.rule, a.queries, a.result = rule, queries, result
	a.metric = &types.MetricAlarm{
		ActionsEnabled: ptr(in.ActionsEnabled == nil || *in.ActionsEnabled), AlarmActions: present(in.AlarmActions), OKActions: present(in.OKActions),
		InsufficientDataActions: present(in.InsufficientDataActions), AlarmArn: &a.arn, AlarmName: &a.name, AlarmDescription: in.AlarmDescription,
		AlarmConfigurationUpdatedTimestamp: ptr(s.now()), ComparisonOperator: in.ComparisonOperator, DatapointsToAlarm: in.DatapointsToAlarm,
		Dimensions: present(in.Dimensions), EvaluateLowSampleCountPercentile: in.EvaluateLowSampleCountPercentile, EvaluationPeriods: in.EvaluationPeriods,
		ExtendedStatistic: in.ExtendedStatistic, MetricName: in.MetricName, Metrics: in.Metrics, Namespace: in.Namespace, Period: in.Period,
		Statistic: in.Statistic, Threshold: in.Threshold, TreatMissingData: in.TreatMissingData, Unit: in.Unit,
	}
	return &cloudwatch.PutMetricAlarmOutput{}, nil
}

// present makes an absent list an empty one, as in CloudWatch's answers.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func alarmRule(in *cloudwatch.PutMetricAlarmInput) (watch.Alarm, error) {
	rule := watch.Alarm{
		Comparison: string(in.ComparisonOperator), Threshold: value(in.Threshold), EvaluationPeriods: int(*in.EvaluationPeriods),
		DatapointsToAlarm: int(cmp.Or(value(in.DatapointsToAlarm), *in.EvaluationPeriods)), Missing: cmp.Or(value(in.TreatMissingData), "missing"),
	}
	switch {
	case !slices.Contains([]string{"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"}, rule.Comparison):
		return rule, wire.Errorf("ValidationError", "The value '%s' at 'comparisonOperator' is not one that a static threshold can have.", rule.Comparison)
	case in.Threshold == nil:
		return rule, wire.Errorf("ValidationError", "The parameter Threshold is required for alarms with a static threshold.")
	case rule.EvaluationPeriods < 1:
		return rule, wire.Errorf("ValidationError", "Value '%d' at 'evaluationPeriods' failed to satisfy constraint: Member must have value greater than or equal to 1", rule.EvaluationPeriods)
	case rule.DatapointsToAlarm < 1 || rule.DatapointsToAlarm > rule.EvaluationPeriods:
		return rule, wire.Errorf("ValidationError", "DatapointsToAlarm must be between 1 and EvaluationPeriods (%d).", rule.EvaluationPeriods)
	case !slices.Contains([]string{"missing", "ignore", "breaching", "notBreaching"}, rule.Missing):
		return rule, wire.Errorf("ValidationError", "The value '%s' for parameter TreatMissingData is not supported.", rule.Missing)
	}
	return rule, nil
}

// alarmQueries gives what an alarm watches as queries, and which one it is.
func alarmQueries(in *cloudwatch.PutMetricAlarmInput) (queries map[string]query, result string, err error) {
	if len(in.Metrics) == 0 {
		statistic := cmp.Or(value(in.ExtendedStatistic), string(in.Statistic))
		if in.MetricName == nil || in.Namespace == nil || in.Period == nil || (in.Statistic == "") == (in.ExtendedStatistic == nil) {
			return nil, "", wire.Errorf("ValidationError", "MetricName, Namespace, Period and exactly one of Statistic and ExtendedStatistic must be given unless Metrics is.")
		}
		queries, err = parseQueries([]types.MetricDataQuery{{Id: ptr("metric"), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions}, Period: in.Period, Stat: &statistic, Unit: in.Unit,
		}}})
		return queries, "metric", err
	}
	if in.MetricName != nil || in.Namespace != nil || in.Period != nil || in.Statistic != "" || in.ExtendedStatistic != nil || len(in.Dimensions) > 0 {
		return nil, "", wire.Errorf("ValidationError", "The parameters MetricName, Namespace, Dimensions, Period, Statistic and ExtendedStatistic must not be given with Metrics.")
	}
	if queries, err = parseQueries(in.Metrics); err != nil {
		return nil, "", err
	}
	returned := 0
	for _, q := range in.Metrics {
		if q.ReturnData == nil || *q.ReturnData {
			returned++
			result = *q.Id
		}
	}
	if returned != 1 {
		return nil, "", wire.Errorf("ValidationError", "Exactly one element of the metrics list should return data.")
	}
	return queries, result, nil
}

// PutCompositeAlarm makes an alarm over others or changes one, which keeps its state.
func (s monitoring) PutCompositeAlarm(_ context.Context, in *cloudwatch.PutCompositeAlarmInput) (*cloudwatch.PutCompositeAlarmOutput, error) {
	if in.ActionsSuppressor != nil {
		return nil, wire.Errorf("ValidationError", "The sandbox does not serve ActionsSuppressor.")
	}
	over, err := watch.ParseRule(*in.AlarmRule)
	if err != nil {
		return nil, wire.Errorf("ValidationError", "AlarmRule is not valid: %s", err)
	}
	for _, name := range over.Alarms() {
		if s.alarm(alarmName(name)) == nil {
			return nil, wire.Errorf("ValidationError", "AlarmRule refers to the alarm %s, which does not exist.", name)
		}
	}
	a, err := s.putAlarm(*in.AlarmName, types.AlarmTypeCompositeAlarm, in.Tags)
	if err != nil {
		return nil, err
	}
	a.over = over
	a.composite = &types.CompositeAlarm{
		ActionsEnabled: ptr(in.ActionsEnabled == nil || *in.ActionsEnabled), AlarmActions: present(in.AlarmActions), OKActions: present(in.OKActions),
		InsufficientDataActions: present(in.InsufficientDataActions), AlarmArn: &a.arn, AlarmName: &a.name, AlarmDescription: in.AlarmDescription,
		AlarmConfigurationUpdatedTimestamp: ptr(s.now()), AlarmRule: in.AlarmRule,
	}
	return &cloudwatch.PutCompositeAlarmOutput{}, nil
}

// alarmName takes the name out of an alarm's ARN; a name it leaves alone.
func alarmName(name string) string {
	if _, rest, ok := strings.Cut(name, ":alarm:"); ok && strings.HasPrefix(name, "arn:") {
		return rest
	}
	return name
}

// putAlarm finds the alarm of a name or makes one. Tags are for new alarms only.
func (c *Cloud) putAlarm(name string, kind types.AlarmType, given []types.Tag) (*alarm, error) {
	if name == "" || len(name) > 255 {
		return nil, wire.Errorf("ValidationError", "Value '%s' at 'alarmName' failed to satisfy constraint: Member must have a length between 1 and 255", name)
	}
	a := c.alarm(name)
	if a != nil {
		if a.kind() != kind {
			return nil, wire.Errorf("ValidationError", "%s already exists as a %s.", name, a.kind())
		}
		c.chronicle(a, types.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q updated", name), "{}")
		return a, nil
	}
	a = &alarm{
		name: name, arn: c.arn("cloudwatch", "alarm:"+name), state: watch.InsufficientData, reason: unchecked,
		updated: c.now(), transitioned: c.now(),
	}
	if kind == types.AlarmTypeMetricAlarm {
		a.metric = &types.MetricAlarm{}
	}
	for _, t := range given {
		a.tags.set(value(t.Key), value(t.Value))
	}
	c.watching.alarms = append(c.watching.alarms, a)
	c.chronicle(a, types.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q created", name), "{}")
	return a, nil
}

// DeleteAlarms deletes all the alarms named or, when one of them is not there,
// none; only one of them may be composite.
func (s monitoring) DeleteAlarms(_ context.Context, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	if len(in.AlarmNames) > 100 {
		return nil, wire.Errorf("ValidationError", "The collection AlarmNames must not have a size greater than 100.")
	}
	composites := 0
	for _, name := range in.AlarmNames {
		a := s.alarm(name)
		if a == nil {
			return nil, &types.ResourceNotFound{Message: ptr("Alarm " + name + " does not exist")}
		}
		if a.composite != nil {
			composites++
		}
	}
	if composites > 1 {
		return nil, wire.Errorf("ValidationError", "Only one composite alarm can be deleted at a time.")
	}
	for _, name := range in.AlarmNames {
		if a := s.alarm(name); a != nil {
			s.chronicle(a, types.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q deleted", name), "{}")
			s.watching.alarms = slices.DeleteFunc(s.watching.alarms, func(x *alarm) bool { return x == a })
		}
	}
	return &cloudwatch.DeleteAlarmsOutput{}, nil
}

func (s monitoring) EnableAlarmActions(_ context.Context, in *cloudwatch.EnableAlarmActionsInput) (*cloudwatch.EnableAlarmActionsOutput, error) {
	s.setActions(in.AlarmNames, true)
	return &cloudwatch.EnableAlarmActionsOutput{}, nil
}

func (s monitoring) DisableAlarmActions(_ context.Context, in *cloudwatch.DisableAlarmActionsInput) (*cloudwatch.DisableAlarmActionsOutput, error) {
	s.setActions(in.AlarmNames, false)
	return &cloudwatch.DisableAlarmActionsOutput{}, nil
}

// setActions passes over unknown names, as CloudWatch does.
func (c *Cloud) setActions(names []string, enabled bool) {
	for _, name := range names {
		switch a := c.alarm(name); {
		case a == nil:
		case a.metric != nil:
			a.metric.ActionsEnabled = &enabled
		default:
			a.composite.ActionsEnabled = &enabled
		}
	}
}
