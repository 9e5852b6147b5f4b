// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// group makes a target group of IP addresses.
func (w *world) group(name string) string {
	w.Helper()
	out := must[*elbv2.CreateTargetGroupOutput](w)(w.elb.CreateTargetGroup(w.Context(), &elbv2.CreateTargetGroupInput{
		Name: &name, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, VpcId: &w.info.VPCID, TargetType: elbtypes.TargetTypeEnumIp,
		HealthCheckIntervalSeconds: aws.Int32(10), HealthyThresholdCount: aws.Int32(2),
	}))
	return *out.TargetGroups[0].TargetGroupArn
}

func fixed() []elbtypes.Action {
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("200")}}}
}

// TestRulesRefused goes through what ELB does not take.
func TestRulesRefused(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Quotas.RulesPerLoadBalancer, c.Quotas.TargetGroupsPerBalancer = 2, 2 })
	var groups []string
	for i := range 6 {
		groups = append(groups, w.group(fmt.Sprint("group-", i)))
	}
	six := map[string]int{}
	for _, g := range groups {
		six[g] = 1
	}
	unweighted := forward(map[string]int{groups[0]: 1, groups[1]: 1})
	unweighted[0].ForwardConfig.TargetGroups[0].Weight = nil
	two := append(hosts("a"), hosts("b")...)
	for _, bad := range []struct {
		code, text string
		priority   int
		conditions []elbtypes.RuleCondition
		actions    []elbtypes.Action
	}{
		{"ValidationError", "must be between 1 and 50000", 0, hosts("a"), fixed()},
		{"ValidationError", "must be between 1 and 50000", 50001, hosts("a"), fixed()},
		{"ValidationError", "can only have '5' condition values", 1, hosts("a", "b", "c", "d", "e", "f"), fixed()},
		{"ValidationError", "can only have one 'host-header' condition", 1, two, fixed()},
		{"ValidationError", "Condition field 'host'", 1, []elbtypes.RuleCondition{{Field: aws.String("host"), Values: []string{"a"}}}, fixed()},
		{"ValidationError", "is not a CIDR block", 1, []elbtypes.RuleCondition{{Field: aws.String("source-ip"), SourceIpConfig: &elbtypes.SourceIpConditionConfig{Values: []string{"10.0.0.1"}}}}, fixed()},
		{"TooManyTargetGroups", "at most '5'", 1, hosts("a"), forward(six)},
		{"ValidationError", "must be between 0 and 999", 1, hosts("a"), forward(map[string]int{groups[0]: 1000})},
		{"InvalidLoadBalancerAction", "A weight must be specified", 1, hosts("a"), unweighted},
		{"TargetGroupNotFound", "", 1, hosts("a"), forward(map[string]int{"arn:x": 1})},
		{"TooManyUniqueTargetGroupsPerLoadBalancer", "", 1, hosts("a"), forward(map[string]int{groups[0]: 1, groups[1]: 1, groups[2]: 1})},
		{"ValidationError", "is not a status code", 1, hosts("a"), []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("301")}}}},
	} {
		_, err := w.createRule(bad.priority, bad.conditions, bad.actions)
		w.wantCode(err, bad.code, bad.text)
	}
	first := must[*elbv2.CreateRuleOutput](w)(w.createRule(10, hosts("a"), fixed())).Rules[0]
	_, err := w.createRule(10, hosts("b"), fixed())
	w.wantCode(err, "PriorityInUse", "Priority '10' is currently in use")
	second := must[*elbv2.CreateRuleOutput](w)(w.createRule(5, hosts("b"), fixed())).Rules[0]
	_, err = w.createRule(30, hosts("c"), fixed())
	w.wantCode(err, "TooManyRules", "")
	_, err = w.elb.SetRulePriorities(t.Context(), &elbv2.SetRulePrioritiesInput{RulePriorities: []elbtypes.RulePriorityPair{{RuleArn: first.RuleArn, Priority: aws.Int32(5)}}})
	w.wantCode(err, "PriorityInUse", "'5'")
	must[*elbv2.SetRulePrioritiesOutput](w)(w.elb.SetRulePriorities(t.Context(), &elbv2.SetRulePrioritiesInput{RulePriorities: []elbtypes.RulePriorityPair{
		{RuleArn: first.RuleArn, Priority: aws.Int32(5)}, {RuleArn: second.RuleArn, Priority: aws.Int32(10)},
	}}))
	rules := must[*elbv2.DescribeRulesOutput](w)(w.elb.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: &w.info.ListenerARN})).Rules
	var order []string
	for _, r := range rules {
		order = append(order, *r.Priority)
	}
	if got := strings.Join(order, " "); got != "5 10 default" || *rules[0].RuleArn != *first.RuleArn {
		t.Errorf("priorities %s", got)
	}
	_, err = w.elb.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: rules[2].RuleArn})
	w.wantCode(err, "OperationNotPermitted", "cannot be deleted")
	_, err = w.elb.DeleteRule(t.Context(), &elbv2.DeleteRuleInput{RuleArn: aws.String("arn:x")})
	w.wantCode(err, "RuleNotFound", "")
	_, err = w.elb.DescribeRules(t.Context(), &elbv2.DescribeRulesInput{ListenerArn: aws.String("arn:x")})
	w.wantCode(err, "ListenerNotFound", "")

	// A forward to one group comes back in both forms.
	one := must[*elbv2.ModifyRuleOutput](w)(w.elb.ModifyRule(t.Context(), &elbv2.ModifyRuleInput{RuleArn: first.RuleArn, Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &groups[0]}}})).Rules[0]
	a := one.Actions[0]
	if *a.TargetGroupArn != groups[0] || len(a.ForwardConfig.TargetGroups) != 1 || *a.ForwardConfig.TargetGroups[0].Weight != 1 || *a.ForwardConfig.TargetGroupStickinessConfig.Enabled {
		t.Errorf("the action came back as %+v", a)
	}
	if c := one.Conditions[0]; c.Values[0] != "a" || c.HostHeaderConfig.Values[0] != "a" {
		t.Errorf("the condition came back as %+v", c)
	}
}

// TestNetworkLoadBalancer: its listeners have no rules.
func TestNetworkLoadBalancer(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	lb := must[*elbv2.CreateLoadBalancerOutput](w)(w.elb.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("net"), Type: elbtypes.LoadBalancerTypeEnumNetwork, Subnets: w.info.Subnets})).LoadBalancers[0]
	group := must[*elbv2.CreateTargetGroupOutput](w)(w.elb.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("tcp"), Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumTcp, VpcId: &w.info.VPCID})).TargetGroups[0]
	l := must[*elbv2.CreateListenerOutput](w)(w.elb.CreateListener(ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancerArn, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumTcp,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: group.TargetGroupArn}},
	})).Listeners[0]
	_, err := w.elb.CreateRule(ctx, &elbv2.CreateRuleInput{ListenerArn: l.ListenerArn, Priority: aws.Int32(1), Conditions: hosts("a"), Actions: fixed()})
	w.wantCode(err, "OperationNotPermitted", "Network Load Balancer")
	_, err = w.createRule(1, hosts("a"), forward(map[string]int{*group.TargetGroupArn: 1}))
	w.wantCode(err, "IncompatibleProtocols", "")
	_, err = w.elb.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("app"), Subnets: w.info.Subnets[:1]})
	w.wantCode(err, "ValidationError", "At least two subnets")
	_, err = w.elb.DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{Names: []string{"none"}})
	w.wantCode(err, "LoadBalancerNotFound", "")
}

// TestTargetStates follows a target from unused to drained, with traffic and
// its metrics.
func TestTargetStates(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	backend := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(backend.Close)
	var port int
	if _, err := fmt.Sscanf(backend.URL, "http://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	group := w.group("one")
	targets := []elbtypes.TargetDescription{{Id: aws.String("127.0.0.1"), Port: aws.Int32(int32(port))}}
	must[*elbv2.RegisterTargetsOutput](w)(w.elb.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: &group, Targets: targets}))
	health := must[*elbv2.DescribeTargetHealthOutput](w)(w.elb.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &group})).TargetHealthDescriptions[0].TargetHealth
	if health.State != elbtypes.TargetHealthStateEnumUnused || health.Reason != elbtypes.TargetHealthReasonEnumNotInUse {
		t.Errorf("a target of a group without a rule is %s for %s", health.State, health.Reason)
	}
	must[*elbv2.CreateRuleOutput](w)(w.createRule(1, hosts("a.com"), forward(map[string]int{group: 1})))
	w.until("the target is healthy", func() bool { return w.targets(group)["healthy"] == 1 })
	for range 7 {
		if status, _ := w.get("a.com"); status != 200 {
			t.Fatalf("status %d", status)
		}
	}
	answer, err := http.DefaultClient.Do(&http.Request{Method: http.MethodGet, URL: mustURL(w.info.LoadBalancerURL + "/bad"), Host: "a.com"})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	name := func(arn, after string) *string {
		_, n, _ := strings.Cut(arn, after)
		return &n
	}
	dimensions := []cwtypes.Dimension{
		{Name: aws.String("LoadBalancer"), Value: name(w.info.LoadBalancerARN, ":loadbalancer/")},
		{Name: aws.String("TargetGroup"), Value: aws.String("targetgroup/" + *name(group, ":targetgroup/"))},
	}
	stat := func(id, metric, stat string) cwtypes.MetricDataQuery {
		return cwtypes.MetricDataQuery{Id: &id, MetricStat: &cwtypes.MetricStat{
			Metric: &cwtypes.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: &metric, Dimensions: dimensions}, Period: aws.Int32(60), Stat: &stat,
		}}
	}
	var got map[string]float64
	w.until("all requests are counted", func() bool {
		data := must[*cloudwatch.GetMetricDataOutput](w)(w.cw.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(time.Now().Add(-5 * time.Minute)), EndTime: aws.Time(time.Now().Add(5 * time.Minute)),
			MetricDataQueries: []cwtypes.MetricDataQuery{
				stat("requests", "RequestCount", "Sum"), stat("good", "HTTPCode_Target_2XX_Count", "Sum"), stat("bad", "HTTPCode_Target_5XX_Count", "Sum"),
				stat("moved", "HTTPCode_Target_3XX_Count", "Sum"), stat("slow", "TargetResponseTime", "p99"),
			},
		}))
		got = map[string]float64{}
		for _, r := range data.MetricDataResults {
			for _, v := range r.Values {
				got[*r.Id] += v
			}
		}
		return got["requests"] >= 8
	})
	if got["requests"] != 8 || got["good"] != 7 || got["bad"] != 1 || got["moved"] != 0 || got["slow"] <= 0 {
		t.Errorf("metrics %v", got)
	}
	_, err = w.cw.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("RequestCount"), Period: aws.Int32(30),
		StartTime: aws.Time(time.Now().Add(-time.Minute)), EndTime: aws.Time(time.Now()), Statistics: []cwtypes.Statistic{cwtypes.StatisticSum},
	})
	w.wantCode(err, "InvalidParameterValue", "multiple of 60")

	must[*elbv2.DeregisterTargetsOutput](w)(w.elb.DeregisterTargets(ctx, &elbv2.DeregisterTargetsInput{TargetGroupArn: &group, Targets: targets}))
	if states := w.targets(group); states["draining"] != 1 {
		t.Errorf("after its deregistration the target is %v", states)
	}
	w.until("the target is gone", func() bool { return len(w.targets(group)) == 0 })
	if status, _ := w.get("a.com"); status != 503 {
		t.Errorf("an empty group answers %d", status)
	}
}
