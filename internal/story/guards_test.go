// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// hurried is a clock of which a minute is half a second.
const hurried = 120

// guarded is a workspace with a release live and users on it. The returned
// function ends their requests.
func guarded(t *testing.T, change func(*workspace)) (*workspace, func() load.Summary) {
	t.Helper()
	w := start(t, sandbox.Config{TimeScale: hurried})
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "5m"), step(100, "5m")})
	ws.set("rollout.healthy_within", "2h")
	ws.set("retention.keep_for", "24h")
	change(ws)
	ws.apply()
	stream, err := load.Start(context.WithoutCancel(t.Context()), load.Config{URL: w.info.LoadBalancerURL, Host: host, Rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Stop() })
	return ws, func() load.Summary { return load.Summarize(stream.Stop()) }
}

// cloudwatch is a client of whoever sets alarms up.
func (w *world) cloudwatch() *cloudwatch.Client {
	return cloudwatch.New(cloudwatch.Options{Region: w.info.Region, BaseEndpoint: &w.info.EndpointURL, Credentials: w.eb.Options().Credentials})
}

// alarmOnErrors goes off when the load balancer's targets answered a minute with
// more than a few 5xx codes.
func (w *world) alarmOnErrors(name string) {
	w.Helper()
	_, balancer, _ := strings.Cut(w.info.LoadBalancerARN, "loadbalancer/")
	_, err := w.cloudwatch().PutMetricAlarm(w.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("HTTPCode_Target_5XX_Count"),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("LoadBalancer"), Value: &balancer}},
		Statistic:  cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(3),
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"),
	})
	if err != nil {
		w.Fatal(err)
	}
	w.until("alarm "+name+" is OK", func() bool { return w.alarmIs(name, cwtypes.StateValueOk) })
}

func (w *world) alarmIs(name string, state cwtypes.StateValue) bool {
	w.Helper()
	out := must[*cloudwatch.DescribeAlarmsOutput](w)(w.cloudwatch().DescribeAlarms(w.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}}))
	return len(out.MetricAlarms) == 1 && out.MetricAlarms[0].StateValue == state
}

// failing makes the version answer some requests with 500.
func (ws *workspace) failing(version string) {
	ws.set("version", version)
	ws.set("container.environment", map[string]string{"DEMO_FAIL_RATE": "0.5"})
}

func (ws *workspace) mended(version string) {
	ws.set("version", version)
	ws.set("container.environment", nil)
}

// A release that makes an alarm go off is taken back, with the evidence, and is
// not tried again before somebody says so.
func TestAlarmTakesAReleaseBack(t *testing.T) {
	ws, end := guarded(t, func(ws *workspace) {
		ws.alarmOnErrors("checkout-5xx")
		ws.set("rollout.alarms", []string{"checkout-5xx"})
	})
	ws.failing("1.1.0")
	r := ws.terraform("apply", "-auto-approve")
	for _, words := range []string{"guard alarm checkout-5xx", "seen ALARM", "50 % of traffic", "Release 1.0.0 is live", "Release 1.1.0 is rejected", "raise rollout.retry above 0"} {
		if r.code != 1 || !r.says(words) {
			t.Errorf("apply ended with code %d and does not say %q:\n%s", r.code, words, r.out)
		}
	}
	s := ws.show()
	last := s.LastRollout
	if s.Version != "1.0.0" || s.Status != "live" || last.Outcome != "failed" || !last.Rejected || last.Evidence == nil || last.Evidence.Subject != "checkout-5xx" || last.Evidence.Share == 0 {
		t.Errorf("state %+v, last rollout %+v", s, last)
	}
	if len(s.Rejections) != 1 || s.Rejections[0].Version != "1.1.0" {
		t.Errorf("rejections %+v", s.Rejections)
	}
	ws.until("the alarm is OK again", func() bool { return ws.alarmIs("checkout-5xx", cwtypes.StateValueOk) })

	before := len(ws.changes())
	if plan := ws.plan(true); !plan.says("Release was rejected") {
		t.Errorf("the plan does not warn:\n%s", plan.out)
	}
	if r := ws.terraform("apply", "-auto-approve"); r.code != 1 || !r.says("was rejected at") || !r.says("Nothing was changed") {
		t.Errorf("the next apply ended with code %d:\n%s", r.code, r.out)
	}
	for _, c := range ws.changes()[before:] {
		if c.Service != "s3" {
			t.Errorf("the refused apply called %s", c.Operation)
		}
	}
	ws.mended("1.2.0")
	// People read this rollout alone, not how it differs from the one before.
	if plan := ws.plan(true); !plan.says("+ rollout_plan = {") || plan.says(`- "create an environment`) {
		t.Errorf("the plan shows:\n%s", plan.out)
	}
	ws.apply()
	ws.failing("1.1.0")
	if r := ws.terraform("apply", "-auto-approve"); r.code != 1 || !r.says("was rejected at") {
		t.Errorf("after another release it ended with code %d:\n%s", r.code, r.out)
	}
	sum := end()
	if sum.Versions["1.1.0"] == 0 || sum.Versions["1.2.0"] == 0 {
		t.Errorf("answers by version: %v", sum.Versions)
	}
	ws.wantExplained()
}

// The load balancer's own metrics say the same without any alarm.
func TestAnalysisTakesAReleaseBack(t *testing.T) {
	ws, _ := guarded(t, func(ws *workspace) {
		ws.set("rollout.analysis", map[string]any{"error_rate": map[string]any{"max": 5}, "latency": map[string]any{"max": "5s"}, "minimum_requests": 20})
	})
	ws.failing("1.1.0")
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 1 || !r.says("guard error rate") || !r.says("allowed at most 5 %") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	if s := ws.show(); s.Version != "1.0.0" || s.LastRollout.Evidence == nil || s.LastRollout.Evidence.Guard != "error rate" || s.LastRollout.Evidence.Exposed == 0 {
		t.Errorf("state %+v, last rollout %+v", s, s.LastRollout)
	}
	ws.mended("1.2.0")
	ws.apply()
	if s := ws.show(); s.Version != "1.2.0" || s.Status != "live" {
		t.Errorf("state %+v", s)
	}
}

// One pull request brings the canary, the next lifts the cap.
func TestCanaryByPullRequest(t *testing.T) {
	ws, end := guarded(t, func(*workspace) {})
	ws.set("version", "1.1.0")
	ws.set("rollout.max_weight", 10)
	plan, _ := ws.planned()
	if last := plan.Steps[len(plan.Steps)-1]; !strings.Contains(last, "capped at 10 %") {
		t.Errorf("plan %+v", plan)
	}
	ws.apply()
	s := ws.show()
	if s.Status != "capped" || s.Version != "1.1.0" || len(s.Environments) != 2 || s.Environments[1].Weight != 10 {
		t.Errorf("state %+v", s)
	}
	ws.wantEmptyPlan()
	ws.set("rollout.max_weight", nil)
	ws.apply()
	if s := ws.show(); s.Status != "live" || s.Environments[1].Weight != 100 || s.Environments[0].Role != "retained" {
		t.Errorf("state %+v", s)
	}
	ws.wantEmptyPlan()
	if sum := end(); sum.Failed > 0 {
		t.Errorf("%d of %d requests failed: %v", sum.Failed, sum.Requests, sum.Failures)
	}
	ws.wantExplained()
}

// An alarm that went off while nobody watched, and is quiet again, counts.
func TestAlarmWhileNobodyWatched(t *testing.T) {
	ws, end := guarded(t, func(ws *workspace) {
		ws.alarmOnErrors("checkout-5xx")
		ws.set("rollout.alarms", []string{"checkout-5xx"})
		ws.set("rollout.steps", []any{step(50, "1h"), step(100, "0s")})
	})
	ws.set("version", "1.1.0")
	applying := ws.beginTerraform("apply", "-auto-approve")
	ws.until("1.1.0 has traffic", ws.bakes)
	if err := kill(applying.Cmd); err != nil {
		t.Fatal(err)
	}
	applying.end()
	for _, state := range []cwtypes.StateValue{cwtypes.StateValueAlarm, cwtypes.StateValueOk} {
		_, err := ws.cloudwatch().SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("checkout-5xx"), StateValue: state, StateReason: aws.String("by hand")})
		if err != nil {
			t.Fatal(err)
		}
	}
	if plan, _ := ws.planned(); plan.Kind != "resume" {
		t.Errorf("plan %+v", plan)
	}
	if r := ws.terraform("apply", "-auto-approve"); r.code != 1 || !r.says("guard alarm checkout-5xx") || !r.says("seen ALARM at") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	if s := ws.show(); s.Version != "1.0.0" || s.Status != "live" {
		t.Errorf("state %+v", s)
	}
	if sum := end(); sum.Failed > 0 {
		t.Errorf("%d of %d requests failed: %v", sum.Failed, sum.Requests, sum.Failures)
	}
	ws.wantExplained()
}

// With nothing to go back to, an alarm leaves traffic as it is and apply fails.
func TestFirstDeploymentFreezes(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: hurried})
	ws := w.workspace()
	w.alarmOnErrors("checkout-5xx")
	ws.set("rollout.alarms", []string{"checkout-5xx"})
	ws.set("rollout.steps", []any{step(100, "4h")})
	ws.set("rollout.healthy_within", "2h")
	ws.set("timeouts", map[string]any{"create": "10h", "update": "10h"})
	ws.failing("1.0.0")
	stream, err := load.Start(context.WithoutCancel(t.Context()), load.Config{URL: w.info.LoadBalancerURL, Host: host, Rate: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Stop() })
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 1 || !r.says("is frozen since") || !r.says("there is no release to go back to") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	if s := ws.show(); s != nil {
		t.Errorf("the failed creation left the state %+v", s)
	}
	ws.wantSays(ws.plan(true), "Rollout is frozen", "bump the version")
	stream.Stop()
	w.until("the alarm is OK again", func() bool { return w.alarmIs("checkout-5xx", cwtypes.StateValueOk) })
	ws.mended("1.0.1")
	ws.set("rollout.steps", nil)
	ws.apply()
	if status, version := w.get(); status != 200 || version != "1.0.1" {
		t.Errorf("the endpoint answers %d, version %s", status, version)
	}
	if s := ws.show(); s.Version != "1.0.1" || s.Status != "live" {
		t.Errorf("state %+v", s)
	}
	w.wantExplained()
}

// Tests reach the new release before users do, and a smoke check must pass first.
func TestTestRoute(t *testing.T) {
	const next = "next.checkout.example.com"
	ws, end := guarded(t, func(ws *workspace) {
		ws.set("test_route.hosts", []string{next})
		ws.set("rollout.smoke", map[string]any{"path": "/healthz", "count": 2})
		ws.env["HTTP_PROXY"] = ws.info.EndpointURL // the sandbox knows the hosts that DNS does not
		ws.env["NO_PROXY"] = "127.0.0.1,localhost"
	})
	if got := ws.attributes()["test_url"]; got != "http://"+next {
		t.Errorf("test_url = %v", got)
	}
	ws.set("version", "1.1.0")
	ws.set("rollout.smoke.status", 418)
	ws.set("rollout.healthy_within", "20m")
	before := len(ws.changes())
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 1 || !r.says("does not pass its smoke check") || !r.says("GET http://"+next+"/healthz is answered 200, not 418") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	for _, c := range ws.changes()[before:] {
		if len(c.weights) > 1 {
			t.Errorf("users' weights were set to %v", c.weights)
		}
	}
	ws.set("rollout.smoke.status", nil)
	ws.set("rollout.healthy_within", "2h")
	applying := ws.beginTerraform("apply", "-auto-approve")
	ws.until("1.1.0 has traffic", ws.bakes)
	if r := ws.record(); ws.testTarget() != r.Environment(r.Rollout.To).TargetGroup {
		t.Error("the test route does not reach the new environment during the rollout")
	}
	if r := applying.end(); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	ws.wantEmptyPlan()
	if sum := end(); sum.Failed > 0 {
		t.Errorf("%d of %d requests failed: %v", sum.Failed, sum.Requests, sum.Failures)
	}
	if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	ws.wantNothingLeft()
}

// testTarget is the target group that the test route's rule forwards to.
func (w *world) testTarget() string {
	w.Helper()
	arn := w.record().TestRuleARN
	rules := must[*elb.DescribeRulesOutput](w)(w.elb.DescribeRules(w.Context(), &elb.DescribeRulesInput{ListenerArn: &w.info.ListenerARN})).Rules
	for _, r := range rules {
		if aws.ToString(r.RuleArn) == arn {
			return aws.ToString(r.Actions[0].ForwardConfig.TargetGroups[0].TargetGroupArn)
		}
	}
	w.Fatalf("there is no rule %q", arn)
	return ""
}

// A step with a pause waits for somebody, and goes back when nobody comes.
func TestPauseThatNobodyLifts(t *testing.T) {
	ws, end := guarded(t, func(ws *workspace) {})
	ws.set("version", "1.1.0")
	ws.set("rollout.steps", []any{map[string]any{"weight": 10, "bake": "1m", "pause": map[string]any{"deadline": "4m"}}})
	begun := time.Now()
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 1 || !r.says("nobody promoted step 1 of 2 within 4m") || !r.says("Release 1.0.0 is live") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	if took := time.Since(begun); took < 5*time.Minute/hurried {
		t.Errorf("it held for %s only", took)
	}
	if sum := end(); sum.Failed > 0 {
		t.Errorf("%d of %d requests failed: %v", sum.Failed, sum.Requests, sum.Failures)
	}
	ws.wantExplained()
}
