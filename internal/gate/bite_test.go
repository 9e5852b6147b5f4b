// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package gate_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/gate"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// world is a sandbox whose CloudWatch tells the running minute.
type world struct {
	*testing.T
	info    sandbox.Info
	clients *awsclient.Clients
	meter   *gate.Meter
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Config{Speed: 600, MetricsLag: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{T: t, info: s.Info()}
	t.Setenv("AWS_ENDPOINT_URL", w.info.EndpointURL)
	t.Setenv("AWS_ACCESS_KEY_ID", w.info.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", w.info.SecretAccessKey)
	w.clients, err = awsclient.New(t.Context(), awsclient.Config{Region: w.info.Region})
	w.ok(err)
	w.meter = gate.New(w.clients, system{})
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

type system struct{}

func (system) Now() time.Time                                   { return time.Now() }
func (system) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// served makes a target group with a target, and a rule by which the load balancer
// forwards a.com to it.
func (w *world) served() string {
	w.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	w.ok(err)
	port, err := strconv.Atoi(at.Port())
	w.ok(err)
	elb := w.clients.LoadBalancing
	out, err := elb.CreateTargetGroup(w.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String("checkout"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &w.info.VPCID, TargetType: types.TargetTypeEnumIp,
	})
	w.ok(err)
	group := out.TargetGroups[0].TargetGroupArn
	_, err = elb.RegisterTargets(w.Context(), &elasticloadbalancingv2.RegisterTargetsInput{
		TargetGroupArn: group, Targets: []types.TargetDescription{{Id: aws.String(at.Hostname()), Port: aws.Int32(int32(port))}},
	})
	w.ok(err)
	_, err = elb.CreateRule(w.Context(), &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(1),
		Conditions: []types.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"a.com"}}}},
		Actions:    []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: group}},
	})
	w.ok(err)
	return *group
}

func (w *world) until(what string, done func() bool) {
	w.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("waited in vain until %s", what)
		}
	}
}

// get sends one request, and says whether it was answered.
func (w *world) get() bool {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.info.LoadBalancerURL, nil)
	w.ok(err)
	r.Host = "a.com"
	answer, err := http.DefaultClient.Do(r)
	w.ok(err)
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (w *world) requests(group string, since time.Time) float64 {
	w.Helper()
	n, err := w.meter.Requests(w.Context(), group, since)
	w.ok(err)
	return n
}

// CloudWatch counts by the minute: the minute in which something began has
// requests of before, and is left out.
func TestMinuteThatHadBegun(t *testing.T) {
	w := newWorld(t)
	group := w.served()
	w.until("the target answers", w.get)
	before := time.Now()
	w.until("it is counted", func() bool { return w.requests(group, before.Add(-time.Hour)) > 0 })
	if n := w.requests(group, before.Truncate(time.Minute).Add(time.Millisecond)); n > 0 {
		t.Errorf("%v requests of a minute that had begun count", n)
	}
}

// Counts exist only for minutes in which they are not zero: none are none, and not
// an error or a division by them.
func TestQuietGroup(t *testing.T) {
	w := newWorld(t)
	group := w.served()
	m, err := w.meter.Measure(t.Context(), group, time.Now().Add(-time.Hour), 99)
	if w.ok(err); m.Requests != 0 || m.Errors != 0 || m.Latency != 0 || m.Rate() != 0 {
		t.Errorf("measured %+v", m)
	}
	w.until("the target answers", w.get)
	w.until("it is counted", func() bool { return w.requests(group, time.Now().Add(-time.Hour)) > 0 })
	m, err = w.meter.Measure(t.Context(), group, time.Now().Add(-time.Hour), 99)
	if w.ok(err); m.Requests == 0 || m.Errors != 0 || m.Rate() != 0 {
		t.Errorf("measured %+v", m)
	}
}

// alarm makes a metric alarm and a composite one of it.
func (w *world) alarm() {
	w.Helper()
	_, err := w.clients.CloudWatch.PutMetricAlarm(w.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("errors"), Namespace: aws.String("Acme"), MetricName: aws.String("Errors"), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Statistic: cwtypes.StatisticSum, Threshold: aws.Float64(5), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData: aws.String("ignore"),
	})
	w.ok(err)
	_, err = w.clients.CloudWatch.PutCompositeAlarm(w.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String("service"), AlarmRule: aws.String(`ALARM("errors")`),
	})
	w.ok(err)
}

func (w *world) set(state cwtypes.StateValue) {
	w.Helper()
	_, err := w.clients.CloudWatch.SetAlarmState(w.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String("errors"), StateValue: state, StateReason: aws.String("a test"),
	})
	w.ok(err)
}

func (w *world) alarms(since time.Time, names ...string) map[string]rollout.Alarm {
	w.Helper()
	alarms, err := w.meter.Alarms(w.Context(), names, since)
	w.ok(err)
	return alarms
}

// Composite alarms are described only to those who ask for them.
func TestCompositeAlarmIsSeen(t *testing.T) {
	w := newWorld(t)
	w.alarm()
	alarms := w.alarms(time.Time{}, "service", "errors", "nobody")
	if _, unknown := alarms["nobody"]; len(alarms) != 2 || unknown {
		t.Fatalf("there are %+v", alarms)
	}
	w.set(cwtypes.StateValueAlarm)
	w.until("the composite alarm fires", func() bool { return w.alarms(time.Time{}, "service")["service"].State == rollout.AlarmFiring })
}

// DescribeAlarms takes a hundred names.
func TestManyAlarms(t *testing.T) {
	w := newWorld(t)
	w.alarm()
	var names []string
	for i := range 150 {
		names = append(names, "nobody-"+strconv.Itoa(i))
	}
	if alarms := w.alarms(time.Time{}, append(names, "errors")...); len(alarms) != 1 {
		t.Errorf("%d alarms, not 1", len(alarms))
	}
}

// An alarm that fired and is quiet again fired all the same.
func TestAlarmThatFiredMeanwhile(t *testing.T) {
	w := newWorld(t)
	w.alarm()
	began := time.Now().Add(-time.Second)
	w.set(cwtypes.StateValueAlarm)
	w.until("the composite alarm fires", func() bool { return w.alarms(time.Time{}, "service")["service"].State == rollout.AlarmFiring })
	w.set(cwtypes.StateValueOk)
	w.until("it is quiet again", func() bool { return w.alarms(time.Time{}, "service")["service"].State == rollout.AlarmOK })
	for name, a := range w.alarms(began, "service", "errors") {
		if a.State != rollout.AlarmOK || a.Fired.IsZero() {
			t.Errorf("%s is %+v", name, a)
		}
	}
	for name, a := range w.alarms(time.Now().Add(time.Minute), "service", "errors") {
		if !a.Fired.IsZero() {
			t.Errorf("%s fired in the future: %+v", name, a)
		}
	}
}
