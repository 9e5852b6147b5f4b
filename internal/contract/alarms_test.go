// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var alarmContracts = []contract{
	{"an alarm is read back by its name as it was put", alarmReadBack},
	{"alarms that do not exist are left out", unknownAlarms},
	{"a new alarm has insufficient data", newAlarm},
	{"a state that is set is seen, with its reason", stateSet},
	{"composite alarms are described only when asked for", compositesLeftOut},
}

// putAlarm makes an alarm on a metric without data. One that ignores missing data
// keeps the state that it has.
func (w *world) putAlarm(name, missing string) {
	_, err := w.cw.PutMetricAlarm(w.ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("HTTPCode_Target_5XX_Count"),
		Dimensions: []types.Dimension{
			{Name: aws.String("LoadBalancer"), Value: aws.String("app/" + w.name + "/0123456789abcdef")},
			{Name: aws.String("TargetGroup"), Value: aws.String("targetgroup/" + w.name + "/0123456789abcdef")},
		},
		Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2),
		Threshold: aws.Float64(10), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData: &missing, ActionsEnabled: aws.Bool(false),
	})
	w.ok(err)
}

func (w *world) setState(name string, state types.StateValue, reason string) {
	_, err := w.cw.SetAlarmState(w.ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: &reason})
	w.ok(err)
}

// alarms describes alarms by name, of both kinds.
func (w *world) alarms(names ...string) *cloudwatch.DescribeAlarmsOutput {
	out, err := w.cw.DescribeAlarms(w.ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	w.ok(err)
	return out
}

func (w *world) alarm(name string) types.MetricAlarm {
	out := w.alarms(name)
	if len(out.MetricAlarms) != 1 {
		w.fatalf("%d alarms are called %s", len(out.MetricAlarms), name)
	}
	return out.MetricAlarms[0]
}

func alarmReadBack(w *world) {
	w.putAlarm(w.name, "notBreaching")
	a := w.alarm(w.name)
	w.same("name", w.name, *a.AlarmName)
	w.same("metric", "AWS/ApplicationELB HTTPCode_Target_5XX_Count", *a.Namespace+" "+*a.MetricName)
	w.same("dimensions", 2, len(a.Dimensions))
	w.same("statistic", types.StatisticSum, a.Statistic)
	w.same("period, evaluation periods and datapoints", [3]int32{60, 3, 2}, [3]int32{*a.Period, *a.EvaluationPeriods, *a.DatapointsToAlarm})
	w.same("threshold", 10.0, *a.Threshold)
	w.same("comparison", types.ComparisonOperatorGreaterThanThreshold, a.ComparisonOperator)
	w.same("missing data", "notBreaching", aws.ToString(a.TreatMissingData))
	w.that(a.AlarmArn != nil && a.StateUpdatedTimestamp != nil, "it has no ARN, or no time of its state")
}

func unknownAlarms(w *world) {
	w.putAlarm(w.name, "ignore")
	out := w.alarms(w.name, w.name+"-nothing")
	w.same("alarms", 1, len(out.MetricAlarms))
	w.same("composite alarms", 0, len(out.CompositeAlarms))
}

func newAlarm(w *world) {
	w.putAlarm(w.name, "ignore")
	w.same("state", types.StateValueInsufficientData, w.alarm(w.name).StateValue)
}

func stateSet(w *world) {
	w.putAlarm(w.name, "ignore")
	for _, state := range []types.StateValue{types.StateValueAlarm, types.StateValueOk, types.StateValueInsufficientData} {
		w.setState(w.name, state, "because it is "+string(state))
		a := w.alarm(w.name)
		w.same("state", state, a.StateValue)
		w.same("reason", "because it is "+string(state), aws.ToString(a.StateReason))
	}
	_, err := w.cw.SetAlarmState(w.ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(w.name + "-nothing"), StateValue: types.StateValueAlarm, StateReason: aws.String("because"),
	})
	w.refused(err, "ResourceNotFound")
}

func compositesLeftOut(w *world) {
	w.putAlarm(w.name+"-part", "ignore")
	whole := w.name + "-whole"
	_, err := w.cw.PutCompositeAlarm(w.ctx, &cloudwatch.PutCompositeAlarmInput{
		AlarmName: &whole, AlarmRule: aws.String(`ALARM("` + w.name + `-part")`),
	})
	w.ok(err)
	out, err := w.cw.DescribeAlarms(w.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{whole}})
	w.ok(err)
	w.same("composite alarms when not asked for", 0, len(out.CompositeAlarms))
	w.same("composite alarms when asked for", 1, len(w.alarms(whole).CompositeAlarms))
}
