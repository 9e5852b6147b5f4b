// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/balancer"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

const owner = "acme/infra//prod"

// world is a sandbox with two target groups and an endpoint that wants a rule.
type world struct {
	*testing.T
	sandbox *sandbox.Sandbox
	info    sandbox.Info
	elb     *elasticloadbalancingv2.Client
	*balancer.Balancer
	record *endpoint.Record
	groups map[string]string
}

func newWorld(t *testing.T, quotas cloud.Quotas) *world {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Config{Quotas: quotas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{T: t, sandbox: s, info: s.Info(), groups: map[string]string{}}
	t.Setenv("AWS_ENDPOINT_URL", w.info.EndpointURL)
	t.Setenv("AWS_ACCESS_KEY_ID", w.info.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", w.info.SecretAccessKey)
	clients, err := awsclient.New(t.Context(), awsclient.Config{Region: w.info.Region})
	w.ok(err)
	w.elb = clients.LoadBalancing
	w.Balancer = balancer.New(clients, balancer.Options{Owner: owner, Tags: map[string]string{"team": "payments"}})
	w.record = &endpoint.Record{Endpoint: "checkout", Owner: owner, Desired: endpoint.Spec{
		Release: endpoint.Release{Beanstalk: endpoint.Beanstalk{VPCID: w.info.VPCID}},
		Routing: endpoint.Routing{ListenerARN: w.info.ListenerARN, Hosts: []string{"checkout.acme.com"}, Paths: []string{"/shop/*"}},
	}}
	for _, name := range []string{"old", "new"} {
		w.groups[name] = w.group(name)
	}
	return w
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) group(name string) string {
	w.Helper()
	out, err := w.elb.CreateTargetGroup(w.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &w.info.VPCID,
	})
	w.ok(err)
	return *out.TargetGroups[0].TargetGroupArn
}

// foreign makes a rule that is not ours.
func (w *world) foreign(listener string, priority int32, host, group string) string {
	w.Helper()
	out, err := w.elb.CreateRule(w.Context(), &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &listener, Priority: &priority,
		Conditions: []types.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{host}}}},
		Actions:    []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &group}},
	})
	w.ok(err)
	return *out.Rules[0].RuleArn
}

// shift sets weights, looks at them again, and returns what changed AWS.
func (w *world) shift(weights map[string]int) []string {
	w.Helper()
	before := len(w.sandbox.Calls())
	arn, err := w.Shift(w.Context(), w.record, w.groups, weights)
	w.ok(err)
	var calls []string
	for _, c := range w.sandbox.Calls()[before:] {
		if c.Changing {
			calls = append(calls, c.Operation)
		}
	}
	traffic := w.see()
	if !traffic.Is(weights) || !traffic.Routed || traffic.RuleARN != arn {
		w.Errorf("after a shift to %v of rule %s: %+v", weights, arn, traffic)
	}
	return calls
}

func (w *world) see() rollout.Traffic {
	w.Helper()
	traffic, _, err := w.Observe(w.Context(), w.record, w.groups)
	w.ok(err)
	return traffic
}

func (w *world) is(got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("called %v, not %v", got, want)
	}
}

func TestShift(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.foreign(w.info.ListenerARN, 40, "search.acme.com", w.group("search"))
	if traffic := w.see(); traffic.RuleARN != "" {
		t.Errorf("before there is a rule: %+v", traffic)
	}
	w.is(w.shift(map[string]int{"old": 100}), "CreateRule")
	w.is(w.shift(map[string]int{"old": 95, "new": 5}), "ModifyRule") // found by its tags: the record does not know it
	w.record.RuleARN = w.see().RuleARN
	w.is(w.shift(map[string]int{"new": 100}), "ModifyRule")

	w.record.Desired.Routing.Hosts = []string{"Checkout.acme.com", "pay.acme.com"}
	if w.see().Routed {
		t.Error("routed although the hosts differ")
	}
	w.is(w.shift(map[string]int{"new": 100}), "ModifyRule")
	w.record.Desired.Routing.Priority = 17
	if w.see().Routed {
		t.Error("routed although the priority differs")
	}
	w.is(w.shift(map[string]int{"new": 100}), "ModifyRule", "SetRulePriorities")

	_, err := w.Shift(t.Context(), w.record, w.groups, map[string]int{"old": 100, "new": 0})
	w.ok(err)
	if traffic := w.see(); !traffic.Is(map[string]int{"old": 100}) {
		t.Errorf("a group without a share is in the action: %+v", traffic)
	}
	if _, err := w.Shift(t.Context(), w.record, w.groups, map[string]int{"unknown": 100}); err == nil {
		t.Error("shifted to an environment without a target group")
	}
	w.ok(w.Unroute(t.Context(), w.record.RuleARN))
	w.ok(w.Unroute(t.Context(), w.record.RuleARN))
	w.is(w.shift(map[string]int{"old": 100}), "CreateRule") // the record still names the rule that is gone
}

// Whoever changes the rule by hand is seen.
func TestDrift(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.shift(map[string]int{"old": 100})
	arn := w.see().RuleARN
	stranger := w.group("stranger")
	tuple := func(group string, weight int32) types.TargetGroupTuple {
		return types.TargetGroupTuple{TargetGroupArn: &group, Weight: &weight}
	}
	forward := func(c types.ForwardActionConfig) types.Action {
		return types.Action{Type: types.ActionTypeEnumForward, ForwardConfig: &c}
	}
	for name, c := range map[string]struct {
		action types.Action
		want   rollout.Traffic
	}{
		"weights": {
			forward(types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{tuple(w.groups["old"], 1), tuple(w.groups["new"], 3)}}),
			rollout.Traffic{RuleARN: arn, Weights: map[string]int{"old": 1, "new": 3}, Routed: true},
		},
		"a group without a share": {
			forward(types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{tuple(w.groups["old"], 1), tuple(w.groups["new"], 0)}}),
			rollout.Traffic{RuleARN: arn, Weights: map[string]int{"old": 1, "new": 0}, Routed: true},
		},
		"a foreign group": {
			forward(types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{tuple(w.groups["old"], 1), tuple(stranger, 1)}}),
			rollout.Traffic{RuleARN: arn, Weights: map[string]int{"old": 1}, Foreign: []string{stranger}, Routed: true},
		},
		"stickiness": {
			forward(types.ForwardActionConfig{
				TargetGroups:                []types.TargetGroupTuple{tuple(w.groups["old"], 1)},
				TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)},
			}),
			rollout.Traffic{RuleARN: arn, Weights: map[string]int{"old": 1}, Unlike: "it has stickiness, or more than forwarding"},
		},
		"a fixed response": {
			types.Action{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("503")}},
			rollout.Traffic{RuleARN: arn, Weights: map[string]int{}, Unlike: "it has stickiness, or more than forwarding"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.elb.ModifyRule(t.Context(), &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &arn, Actions: []types.Action{c.action}})
			w.ok(err)
			if d := cmp.Diff(c.want, w.see()); d != "" {
				t.Error(d)
			}
		})
	}
	w.shift(map[string]int{"old": 100})
}

func TestRuleOfAnotherOwner(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.shift(map[string]int{"old": 100})
	w.Owner = "acme/other"
	if traffic := w.see(); traffic.RuleARN != "" {
		t.Errorf("another owner's rule counts as ours: %+v", traffic)
	}
}

func TestUsedBy(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.shift(map[string]int{"new": 100})
	other, err := w.elb.CreateListener(t.Context(), &elasticloadbalancingv2.CreateListenerInput{
		LoadBalancerArn: &w.info.LoadBalancerARN, Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(w.groups["old"])}},
	})
	w.ok(err)
	here := w.foreign(w.info.ListenerARN, 500, "beta.acme.com", w.groups["old"])
	there := w.foreign(*other.Listeners[0].ListenerArn, 5, "gamma.acme.com", w.groups["old"])
	w.foreign(w.info.ListenerARN, 600, "old.eba-x.us-east-1.elasticbeanstalk.com", w.groups["old"]) // the platform's own
	_, used, err := w.Observe(t.Context(), w.record, w.groups)
	w.ok(err)
	if got := used["old"]; len(used) != 1 || len(got) != 3 || !slices.Contains(got, here) || !slices.Contains(got, there) {
		t.Errorf("used by %v", used)
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		quotas  cloud.Quotas
		prepare func(*world)
		want    []string // beginnings of the problems
	}{
		"nothing wrong": {cloud.Quotas{}, func(*world) {}, nil},
		"our own rule": {cloud.Quotas{}, func(w *world) {
			w.record.Desired.Routing.Priority = 9
			w.shift(map[string]int{"old": 100})
		}, nil},
		"no listener": {cloud.Quotas{}, func(w *world) {
			w.record.Desired.Routing.ListenerARN = strings.TrimSuffix(w.info.ListenerARN, w.info.ListenerARN[len(w.info.ListenerARN)-4:]) + "0000"
		}, []string{"routing.listener_arn: there is no listener"}},
		"no ARN":      {cloud.Quotas{}, func(w *world) { w.record.Desired.Routing.ListenerARN = "front" }, []string{"routing.listener_arn: there is no listener"}},
		"network":     {cloud.Quotas{}, (*world).network, []string{"routing.listener_arn: it is on arn:"}},
		"another VPC": {cloud.Quotas{}, func(w *world) { w.record.Desired.Release.Beanstalk.VPCID = "vpc-other" }, []string{`beanstalk.vpc_id: "vpc-other"`}},
		"priority and hosts": {cloud.Quotas{}, func(w *world) {
			w.record.Desired.Routing.Priority = 9
			w.foreign(w.info.ListenerARN, 9, "search.acme.com", w.groups["old"])
			w.foreign(w.info.ListenerARN, 8, "*.acme.com", w.groups["old"])
		}, []string{"routing.hosts: host \"checkout.acme.com\" with path \"/shop/*\" is served already", "routing.priority: 9 is taken by listener rule arn:"}},
		"full of rules": {cloud.Quotas{RulesPerLoadBalancer: 2}, func(w *world) {
			w.foreign(w.info.ListenerARN, 1, "search.acme.com", w.groups["old"])
		}, []string{"routing.listener_arn: load balancer arn:"}},
		"full of groups": {cloud.Quotas{TargetGroupsPerBalancer: 1}, func(w *world) {
			w.foreign(w.info.ListenerARN, 1, "search.acme.com", w.groups["old"])
		}, []string{"routing.listener_arn: load balancer arn:"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.quotas)
			c.prepare(w)
			problems, err := w.Check(t.Context(), w.record, true)
			w.ok(err)
			if len(problems) != len(c.want) {
				t.Fatalf("%v, wanted %v", problems, c.want)
			}
			for i, p := range problems {
				if !strings.HasPrefix(p.Error(), c.want[i]) {
					t.Errorf("%v, wanted %s", p, c.want[i])
				}
			}
		})
	}
}

// network moves the endpoint to a Network Load Balancer's listener.
func (w *world) network() {
	w.Helper()
	lb, err := w.elb.CreateLoadBalancer(w.Context(), &elasticloadbalancingv2.CreateLoadBalancerInput{
		Name: aws.String("straight"), Type: types.LoadBalancerTypeEnumNetwork, Subnets: w.info.Subnets,
	})
	w.ok(err)
	group, err := w.elb.CreateTargetGroup(w.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String("straight"), Protocol: types.ProtocolEnumTcp, Port: aws.Int32(80), VpcId: &w.info.VPCID,
	})
	w.ok(err)
	listener, err := w.elb.CreateListener(w.Context(), &elasticloadbalancingv2.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(80), Protocol: types.ProtocolEnumTcp,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: group.TargetGroups[0].TargetGroupArn}},
	})
	w.ok(err)
	w.record.Desired.Routing.ListenerARN = *listener.Listeners[0].ListenerArn
}

// An endpoint whose first run died before it said what is desired has no traffic, and
// AWS, which would refuse to describe the rules of no listener, is not asked.
func TestNowhere(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.record.Desired, w.groups = endpoint.Spec{}, nil
	before := len(w.sandbox.Calls())
	if traffic := w.see(); traffic.Routed || traffic.RuleARN != "" {
		t.Errorf("%+v", traffic)
	}
	if calls := w.sandbox.Calls()[before:]; len(calls) != 0 {
		t.Errorf("calls %+v", calls)
	}
}

// Where the load balancer was removed by somebody, nothing is routed, and that is no
// error: what else the endpoint has can still be removed.
func TestLoadBalancerIsGone(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.shift(map[string]int{"old": 100})
	lb := endpoint.LoadBalancerOf(w.info.ListenerARN)
	_, err := w.elb.DeleteLoadBalancer(t.Context(), &elasticloadbalancingv2.DeleteLoadBalancerInput{LoadBalancerArn: &lb})
	w.ok(err)
	if traffic := w.see(); traffic.Routed {
		t.Errorf("%+v", traffic)
	}
}

func TestURL(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	if url, err := w.URL(t.Context(), w.record.Desired.Routing); err != nil || url != "http://checkout.acme.com" {
		t.Errorf("%q, %v", url, err)
	}
	if _, err := w.URL(t.Context(), endpoint.Routing{ListenerARN: "front", Hosts: []string{"acme.com"}}); err == nil {
		t.Error("the address of a listener that does not exist")
	}
}

// Elastic Beanstalk takes whatever priority is free for an environment's own rule,
// and nothing depends on which: it makes room for ours.
func TestPriorityOfElasticBeanstalk(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	theirs := w.foreign(w.info.ListenerARN, 9, "old.eba-x.us-east-1.elasticbeanstalk.com", w.groups["old"])
	w.record.Desired.Routing.Priority = 9
	problems, err := w.Check(t.Context(), w.record, true)
	if w.ok(err); len(problems) > 0 {
		t.Error(problems)
	}
	w.is(w.shift(map[string]int{"old": 100}), "SetRulePriorities", "CreateRule")
	if _, err := w.elb.DescribeRules(t.Context(), &elasticloadbalancingv2.DescribeRulesInput{RuleArns: []string{theirs}}); err != nil {
		t.Errorf("its rule is gone: %v", err)
	}
}
