// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/balancer"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

var balancerContracts = []contract{
	{"balancer: weights move step by step and are read back", weightsMove},
	{"balancer: a rule that the record does not know is adopted by its tags", ruleAdopted},
	{"balancer: another owner's rule is not ours", otherOwnersRule},
	{"balancer: hosts and priority change in place", routingChanges},
	{"balancer: a rule is removed, and made anew", ruleRemoved},
	{"balancer: a priority that is taken is refused", priorityTaken},
	{"balancer: a new rule goes behind all others", behindAll},
	{"balancer: a priority and hosts that are taken are problems", routingChecked},
	{"balancer: a listener that does not exist is a problem", listenerChecked},
	{"balancer: stickiness set by hand is seen and put off", stickinessPutOff},
	{"balancer: foreign rules that use a group are seen", foreignUse},
}

// scene is an endpoint that wants a rule, with two environments.
type scene struct {
	*world
	*balancer.Balancer
	record *endpoint.Record
	groups map[string]string
}

func newScene(w *world) *scene {
	s := &scene{world: w, Balancer: balancer.New(w.clients(), balancer.Options{Owner: owner, Tags: map[string]string{"team": "payments"}})}
	s.record = &endpoint.Record{Endpoint: w.name, Owner: owner, Desired: endpoint.Spec{
		Release: endpoint.Release{Beanstalk: endpoint.Beanstalk{VPCID: w.vpc}},
		Routing: endpoint.Routing{ListenerARN: w.listener(), Hosts: []string{"checkout.acme.com"}, Paths: []string{"/shop/*"}},
	}}
	s.groups = map[string]string{"old": w.group("old"), "new": w.group("new")}
	return s
}

// shift sets weights and reads them back.
func (s *scene) shift(weights map[string]int) string {
	arn, err := s.Shift(s.ctx, s.record, s.groups, weights)
	s.ok(err)
	s.same("traffic", rollout.Traffic{RuleARN: arn, Weights: weights, Routed: true}, s.see())
	return arn
}

func (s *scene) see() rollout.Traffic {
	traffic, _, err := s.Observe(s.ctx, s.record, s.groups)
	s.ok(err)
	return traffic
}

// foreign makes a rule that is not ours.
func (s *scene) foreign(priority int32, host string) string {
	out, err := s.elb.CreateRule(s.ctx, &elbv2.CreateRuleInput{
		ListenerArn: &s.front, Priority: &priority, Conditions: forHosts(host), Actions: forward(share(s.groups["old"], 1)),
	})
	s.ok(err)
	return *out.Rules[0].RuleArn
}

func weightsMove(w *world) {
	s := newScene(w)
	s.same("traffic before there is a rule", "", s.see().RuleARN)
	s.record.RuleARN = s.shift(map[string]int{"old": 100})
	for _, weights := range []map[string]int{
		{"old": 95, "new": 5}, {"old": 50, "new": 50}, {"old": 1, "new": 99}, {"new": 100}, {"old": 100}, {"old": 99, "new": 1},
	} {
		s.same("rule", s.record.RuleARN, s.shift(weights))
	}
	_, err := s.Shift(s.ctx, s.record, s.groups, map[string]int{"old": 100, "new": 0})
	s.ok(err)
	s.same("weights", map[string]int{"old": 100}, s.see().Weights) // what has no share is not in the action
}

func ruleAdopted(w *world) {
	s := newScene(w)
	arn := s.shift(map[string]int{"old": 100})
	s.same("rule", arn, s.shift(map[string]int{"old": 95, "new": 5}))
	rules, _ := s.priorities(nil)
	s.same("rules, with the default", 2, len(rules))
}

func otherOwnersRule(w *world) {
	s := newScene(w)
	s.shift(map[string]int{"old": 100})
	s.Owner = "acme/other"
	s.same("traffic", "", s.see().RuleARN)
}

func routingChanges(w *world) {
	s := newScene(w)
	s.record.RuleARN = s.shift(map[string]int{"old": 100})
	s.record.Desired.Routing.Hosts = []string{"Checkout.acme.com", "pay.acme.com"}
	s.that(!s.see().Routed, "routed although the hosts differ")
	s.same("rule", s.record.RuleARN, s.shift(map[string]int{"old": 100}))
	s.record.Desired.Routing.Priority = 17
	s.that(!s.see().Routed, "routed although the priority differs")
	s.same("rule", s.record.RuleARN, s.shift(map[string]int{"old": 100}))
	s.same("priority", "17", *s.describe(s.record.RuleARN).Priority)
}

func ruleRemoved(w *world) {
	s := newScene(w)
	s.record.RuleARN = s.shift(map[string]int{"old": 100})
	s.ok(s.Unroute(s.ctx, s.record.RuleARN))
	s.ok(s.Unroute(s.ctx, s.record.RuleARN))
	s.same("traffic", "", s.see().RuleARN)
	s.shift(map[string]int{"new": 100}) // the record still names the rule that is gone
}

func priorityTaken(w *world) {
	s := newScene(w)
	s.foreign(9, "search.acme.com")
	s.record.Desired.Routing.Priority = 9
	_, err := s.Shift(s.ctx, s.record, s.groups, map[string]int{"old": 100})
	var refused *roller.Refusal
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "routing.priority: 9 is taken") {
		s.same("error", "a refusal that names the priority", fmt.Sprint(err))
	}
	s.same("traffic", "", s.see().RuleARN)
}

func behindAll(w *world) {
	s := newScene(w)
	s.foreign(40, "search.acme.com")
	s.foreign(7, "find.acme.com")
	s.same("priority", "41", *s.describe(s.shift(map[string]int{"old": 100})).Priority)
}

func routingChecked(w *world) {
	s := newScene(w)
	s.record.Desired.Routing.Priority = 9
	s.foreign(9, "search.acme.com")
	s.foreign(8, "*.acme.com")
	problems, err := s.Check(s.ctx, s.record, false)
	s.ok(err)
	var attributes []string
	for _, p := range problems {
		attributes = append(attributes, p.Attribute)
	}
	attributes = sorted(attributes)
	s.same("attributes of problems", []string{"routing.hosts", "routing.priority"}, attributes)
}

func listenerChecked(w *world) {
	s := newScene(w)
	s.record.Desired.Routing.ListenerARN = s.front[:len(s.front)-16] + "0123456789abcdef"
	problems, err := s.Check(s.ctx, s.record, false)
	s.ok(err)
	if len(problems) != 1 || !strings.HasPrefix(problems[0].Message, "there is no listener") {
		s.errorf("problems: %v", problems)
	}
}

func stickinessPutOff(w *world) {
	s := newScene(w)
	arn := s.shift(map[string]int{"old": 95, "new": 5})
	sticky := forward(share(s.groups["old"], 95), share(s.groups["new"], 5))
	sticky[0].ForwardConfig.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)}
	s.ok(s.modify(arn, sticky))
	s.that(!s.see().Routed, "stickiness is not seen")
	s.shift(map[string]int{"old": 95, "new": 5})
}

func foreignUse(w *world) {
	s := newScene(w)
	s.shift(map[string]int{"new": 100})
	out, err := s.elb.CreateListener(s.ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: &s.balancer, Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp, DefaultActions: forward(share(s.groups["old"], 1)),
	})
	s.ok(err)
	fallbacks, err := s.elb.DescribeRules(s.ctx, &elbv2.DescribeRulesInput{ListenerArn: out.Listeners[0].ListenerArn})
	s.ok(err)
	want := []string{s.foreign(500, "beta.acme.com"), *fallbacks.Rules[0].RuleArn}
	s.foreign(600, "old.eba-x.us-east-1.elasticbeanstalk.com") // the platform's own
	_, used, err := s.Observe(s.ctx, s.record, s.groups)
	s.ok(err)
	s.same("rules that use the old group", sorted(want), sorted(used["old"]))
	s.same("rules that use the new group", []string(nil), used["new"])
}
