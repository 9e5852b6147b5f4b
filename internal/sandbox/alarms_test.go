// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// putMetric measures the same value in the present minute and the four before it.
func (w *world) putMetric(name string, v float64) {
	w.Helper()
	w.putMetrics(name, v, 1)
}

// putMetrics measures it so many times each minute.
func (w *world) putMetrics(name string, v, times float64) {
	w.Helper()
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("Acme")}
	for i := range 5 {
		in.MetricData = append(in.MetricData, types.MetricDatum{
			MetricName: &name, Values: []float64{v}, Counts: []float64{times}, Timestamp: aws.Time(time.Now().Add(-time.Duration(i) * time.Minute)),
		})
	}
	must[*cloudwatch.PutMetricDataOutput](w)(w.cw.PutMetricData(w.Context(), in))
}

func alarmOn(metric string, change func(*cloudwatch.PutMetricAlarmInput)) *cloudwatch.PutMetricAlarmInput {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("on-" + metric), Namespace: aws.String("Acme"), MetricName: &metric, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Statistic: types.StatisticMaximum, Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	}
	if change != nil {
		change(in)
	}
	return in
}

func (w *world) putAlarm(in *cloudwatch.PutMetricAlarmInput) {
	w.Helper()
	must[*cloudwatch.PutMetricAlarmOutput](w)(w.cw.PutMetricAlarm(w.Context(), in))
}

func (w *world) describeAlarms(in *cloudwatch.DescribeAlarmsInput) *cloudwatch.DescribeAlarmsOutput {
	w.Helper()
	return must[*cloudwatch.DescribeAlarmsOutput](w)(w.cw.DescribeAlarms(w.Context(), in))
}

func (w *world) alarm(name string) types.MetricAlarm {
	w.Helper()
	found := w.describeAlarms(&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}}).MetricAlarms
	if len(found) != 1 {
		w.Fatalf("%d alarms are called %s", len(found), name)
	}
	return found[0]
}

func (w *world) untilAlarm(name string, state types.StateValue) {
	w.Helper()
	w.until(name+" is "+string(state), func() bool { return w.alarm(name).StateValue == state })
}

func TestAlarmStates(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	w.putMetric("high", 9)
	w.putMetric("low", 1)
	w.putAlarm(alarmOn("high", nil))
	w.putAlarm(alarmOn("low", nil))
	w.putAlarm(alarmOn("none", nil))
	w.putMetrics("many", 9, 100)
	w.putMetrics("few", 9, 99)
	percentile := func(in *cloudwatch.PutMetricAlarmInput) {
		in.Statistic, in.ExtendedStatistic, in.EvaluateLowSampleCountPercentile = "", aws.String("p90"), aws.String("ignore")
	}
	w.putAlarm(alarmOn("few", percentile))
	w.putAlarm(alarmOn("many", percentile))
	w.putAlarm(alarmOn("silent", func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("notBreaching") }))
	w.putAlarm(alarmOn("kept", func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("ignore") }))
	w.putAlarm(alarmOn("gone", func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("breaching") }))
	w.putAlarm(alarmOn("math", func(in *cloudwatch.PutMetricAlarmInput) {
		in.Namespace, in.MetricName, in.Period, in.Statistic = nil, nil, nil, ""
		stat := func(id, metric string) types.MetricDataQuery {
			return types.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String("Acme"), MetricName: &metric}, Period: aws.Int32(60), Stat: aws.String("p90"),
			}}
		}
		in.Metrics = []types.MetricDataQuery{stat("a", "high"), stat("b", "low"), {Id: aws.String("ratio"), Expression: aws.String("a / b"), ReturnData: aws.Bool(true)}}
	}))
	w.untilAlarm("on-high", types.StateValueAlarm)
	w.untilAlarm("on-low", types.StateValueOk)
	w.untilAlarm("on-silent", types.StateValueOk)
	w.untilAlarm("on-gone", types.StateValueAlarm)
	w.untilAlarm("on-math", types.StateValueAlarm)
	w.untilAlarm("on-many", types.StateValueAlarm)
	high := w.alarm("on-high")
	if !strings.HasPrefix(*high.StateReason, "Threshold Crossed: 1 out of the last 1 datapoints [9 (") || !strings.Contains(*high.StateReasonData, `"threshold":5`) ||
		*high.AlarmArn != "arn:aws:cloudwatch:us-east-1:123456789012:alarm:on-high" || !*high.ActionsEnabled {
		t.Errorf("%+v %s", high, *high.StateReason)
	}
	for _, name := range []string{"on-none", "on-kept", "on-few"} {
		if a := w.alarm(name); a.StateValue != types.StateValueInsufficientData {
			t.Errorf("%s is %s", name, a.StateValue)
		}
	}

	// A state set by hand stays while nothing speaks against it.
	for _, name := range []string{"on-kept", "on-low"} {
		must[*cloudwatch.SetAlarmStateOutput](w)(w.cw.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: &name, StateValue: types.StateValueAlarm, StateReason: aws.String("by hand"),
		}))
	}
	w.untilAlarm("on-low", types.StateValueOk)
	if a := w.alarm("on-kept"); a.StateValue != types.StateValueAlarm || *a.StateReason != "by hand" {
		t.Errorf("%+v", a)
	}
	history := must[*cloudwatch.DescribeAlarmHistoryOutput](w)(w.cw.DescribeAlarmHistory(ctx, &cloudwatch.DescribeAlarmHistoryInput{
		AlarmName: aws.String("on-low"), HistoryItemType: types.HistoryItemTypeStateUpdate, ScanBy: types.ScanByTimestampAscending,
	})).AlarmHistoryItems
	var summaries []string
	for _, h := range history {
		summaries = append(summaries, *h.HistorySummary)
	}
	if want := []string{"Alarm updated from INSUFFICIENT_DATA to OK", "Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK"}; !slices.Equal(summaries, want) {
		t.Errorf("history %q", summaries)
	}
	// A changed alarm follows its new settings.
	w.putAlarm(alarmOn("high", func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = aws.Float64(10) }))
	w.untilAlarm("on-high", types.StateValueOk)
}

func TestCompositeAlarms(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	for _, metric := range []string{"a", "b"} {
		w.putAlarm(alarmOn(metric, func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("ignore") }))
	}
	put := func(name, rule string) error {
		_, err := w.cw.PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule})
		return err
	}
	if err := put("both", "ALARM(on-a) AND ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:on-b)"); err != nil {
		t.Fatal(err)
	}
	if err := put("over", `ALARM("both") OR ALARM("on-a") AND FALSE`); err != nil {
		t.Fatal(err)
	}
	state := func(name string) types.StateValue {
		out := w.describeAlarms(&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}, AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}})
		if len(out.CompositeAlarms) != 1 || len(out.MetricAlarms) != 0 {
			t.Fatalf("%s: %+v", name, out)
		}
		return out.CompositeAlarms[0].StateValue
	}
	w.until("it is OK", func() bool { return state("both") == types.StateValueOk && state("over") == types.StateValueOk })
	set := func(name string, to types.StateValue) {
		must[*cloudwatch.SetAlarmStateOutput](w)(w.cw.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: to, StateReason: aws.String("test")}))
	}
	set("on-a", types.StateValueAlarm)
	if got := state("both"); got != types.StateValueOk {
		t.Errorf("with one of two it is %s", got)
	}
	set("on-b", types.StateValueAlarm)
	if state("both") != types.StateValueAlarm || state("over") != types.StateValueAlarm {
		t.Errorf("with both: %s, %s", state("both"), state("over"))
	}

	// DescribeAlarms leaves them out unless asked.
	both := []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}
	if out := w.describeAlarms(&cloudwatch.DescribeAlarmsInput{}); len(out.MetricAlarms) != 2 || len(out.CompositeAlarms) != 0 {
		t.Errorf("unasked: %+v", out)
	}
	if out := w.describeAlarms(&cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"both", "nobody"}}); len(out.MetricAlarms)+len(out.CompositeAlarms) != 0 {
		t.Errorf("by name only: %+v", out)
	}
	if out := w.describeAlarms(&cloudwatch.DescribeAlarmsInput{AlarmTypes: both, AlarmNames: []string{"both", "on-a", "nobody"}}); len(out.MetricAlarms) != 1 || len(out.CompositeAlarms) != 1 {
		t.Errorf("asked: %+v", out)
	}
	if out := w.describeAlarms(&cloudwatch.DescribeAlarmsInput{ChildrenOfAlarmName: aws.String("over")}); len(out.MetricAlarms) != 1 || len(out.CompositeAlarms) != 1 {
		t.Errorf("children: %+v", out)
	}
	if out := w.describeAlarms(&cloudwatch.DescribeAlarmsInput{ParentsOfAlarmName: aws.String("on-b")}); len(out.CompositeAlarms) != 1 {
		t.Errorf("parents: %+v", out)
	}
	names := 0
	pages := cloudwatch.NewDescribeAlarmsPaginator(w.cw, &cloudwatch.DescribeAlarmsInput{AlarmTypes: both, MaxRecords: aws.Int32(3)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		names += len(out.MetricAlarms) + len(out.CompositeAlarms)
	}
	if names != 4 {
		t.Errorf("%d alarms on all pages", names)
	}

	w.wantCode(put("bad", "ALARM(nobody)"), "ValidationError", "nobody")
	w.wantCode(put("bad", "ALARM(on-a"), "ValidationError", "not valid")
	w.wantCode(put("on-a", "TRUE"), "ValidationError", "already exists")
	_, err := w.cw.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"both", "over"}})
	w.wantCode(err, "ValidationError", "one composite")
	_, err = w.cw.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"on-a", "nobody"}})
	w.wantCode(err, "ResourceNotFound", "nobody")
	must[*cloudwatch.DeleteAlarmsOutput](w)(w.cw.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"on-a", "over"}}))
	w.until("the rule sees that its alarm is gone", func() bool { return state("both") == types.StateValueOk })
}

func TestAlarmsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	for text, change := range map[string]func(*cloudwatch.PutMetricAlarmInput){
		"DatapointsToAlarm":        func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) },
		"exactly one of":           func(in *cloudwatch.PutMetricAlarmInput) { in.ExtendedStatistic = aws.String("p99") },
		"more than a day":          func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(1441) },
		"TreatMissingData":         func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("never") },
		"Threshold is required":    func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = nil },
		"must not be given with":   func(in *cloudwatch.PutMetricAlarmInput) { in.Metrics = []types.MetricDataQuery{{Id: aws.String("a")}} },
		"static threshold can":     func(in *cloudwatch.PutMetricAlarmInput) { in.ComparisonOperator = "GreaterThanUpperThreshold" },
		"greater than or equal to": func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(0) },
	} {
		_, err := w.cw.PutMetricAlarm(ctx, alarmOn("x", change))
		w.wantCode(err, "ValidationError", text)
	}
	_, err := w.cw.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("x"), StateValue: types.StateValueOk, StateReason: aws.String("x")})
	w.wantCode(err, "ResourceNotFound", "x")
	_, err = w.cw.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a"}, AlarmNamePrefix: aws.String("a")})
	w.wantCode(err, "ValidationError", "not permitted")
	for text, expression := range map[string]string{"Undefined variable [m]": "m + 1", "is not served": "RATE(m)", "must refer to a metric": "1 + 1", "refers to itself": "e + 1"} {
		_, err = w.cw.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()),
			MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("e"), Expression: &expression}},
		})
		w.wantCode(err, "ValidationError", text)
	}
	datum := func(change func(*types.MetricDatum)) error {
		d := types.MetricDatum{MetricName: aws.String("x"), Value: aws.Float64(1)}
		change(&d)
		_, err := w.cw.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("Acme"), MetricData: []types.MetricDatum{d}})
		return err
	}
	w.wantCode(datum(func(d *types.MetricDatum) { d.Value = nil }), "MissingParameter", "")
	w.wantCode(datum(func(d *types.MetricDatum) { d.Values = []float64{1} }), "InvalidParameterCombination", "")
	w.wantCode(datum(func(d *types.MetricDatum) { d.Timestamp = aws.Time(time.Now().Add(3 * time.Hour)) }), "InvalidParameterValue", "two hours")
}

// TestErrorsRaiseAlarm: real answers of 500 raise an alarm on the metrics of the
// target group and of the whole load balancer, and no error makes no datapoint.
func TestErrorsRaiseAlarm(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	w.version("1.0.0")
	_, group := w.healthy("checkout-1", "1.0.0", "aws:elasticbeanstalk:application:environment", "DEMO_FAIL_RATE", "1",
		"aws:elasticbeanstalk:environment:process:default", "HealthCheckPath", "/healthz")
	must[*elbv2.CreateRuleOutput](w)(w.elb.CreateRule(ctx, &elbv2.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(10),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), Values: []string{"a.com"}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group}},
	}))
	_, name, _ := strings.Cut(w.info.LoadBalancerARN, ":loadbalancer/")
	balancer := types.Dimension{Name: aws.String("LoadBalancer"), Value: &name}
	_, id, _ := strings.Cut(group, ":targetgroup/")
	target := types.Dimension{Name: aws.String("TargetGroup"), Value: aws.String("targetgroup/" + id)}
	on := func(metric string, dimensions ...types.Dimension) func(*cloudwatch.PutMetricAlarmInput) {
		return func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmName = aws.String("on-" + metric + "-" + *dimensions[0].Name)
			in.Namespace, in.MetricName, in.Dimensions = aws.String("AWS/ApplicationELB"), &metric, dimensions
			in.Statistic, in.Threshold = types.StatisticSum, aws.Float64(0)
		}
	}
	w.putAlarm(alarmOn("", on("HTTPCode_Target_5XX_Count", target, balancer)))
	w.putAlarm(alarmOn("", on("HTTPCode_Target_5XX_Count", balancer)))
	w.putAlarm(alarmOn("", on("HTTPCode_Target_4XX_Count", balancer)))
	for range 8 {
		if status, _ := w.get("a.com"); status != 500 {
			t.Fatalf("status %d", status)
		}
	}
	w.untilAlarm("on-HTTPCode_Target_5XX_Count-TargetGroup", types.StateValueAlarm)
	w.untilAlarm("on-HTTPCode_Target_5XX_Count-LoadBalancer", types.StateValueAlarm)
	if a := w.alarm("on-HTTPCode_Target_4XX_Count-LoadBalancer"); a.StateValue != types.StateValueInsufficientData {
		t.Errorf("no errors at all: %s", a.StateValue)
	}
	for metric, want := range map[string]int{"HTTPCode_Target_4XX_Count": 0, "HTTPCode_Target_5XX_Count": 2, "HealthyHostCount": 1, "UnHealthyHostCount": 1} {
		out := must[*cloudwatch.ListMetricsOutput](w)(w.cw.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: aws.String("AWS/ApplicationELB"), MetricName: &metric}))
		if len(out.Metrics) != want {
			t.Errorf("%d metrics %s: %+v", len(out.Metrics), metric, out.Metrics)
		}
	}
}
