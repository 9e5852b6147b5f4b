// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// theirs makes a rule for the endpoint's requests that somebody else has made, with
// groups of these weights, and stickiness for a time in seconds.
func (w *world) theirs(sticky int32, weights ...int32) (arn string) {
	w.Helper()
	config := &types.ForwardActionConfig{}
	if sticky > 0 {
		config.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: &sticky}
	}
	for i, weight := range weights {
		config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(w.group(fmt.Sprintf("legacy-%d", i))), Weight: &weight})
	}
	out, err := w.elb.CreateRule(w.Context(), &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(40),
		Conditions: []types.RuleCondition{
			{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"Checkout.acme.com"}}},
			{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/shop/*"}}},
		},
		Actions: []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: config}},
		Tags:    []types.Tag{{Key: aws.String("made-by"), Value: aws.String("hand")}},
	})
	w.ok(err)
	arn = *out.Rules[0].RuleArn
	w.record.Phase, w.record.Desired.Routing.TakeoverRuleARN = endpoint.Creating, arn
	return arn
}

// begin notes what the rule does, as a takeover begins.
func (w *world) begin() {
	w.Helper()
	old := w.see().Old
	if old == nil {
		w.Fatalf("nothing can be taken over: %+v", w.see())
	}
	w.record.Takeover, w.record.Active = old, endpoint.OldGroups
}

// asItIs is all that a rule does, and its tags.
func (w *world) asItIs(arn string) string {
	w.Helper()
	rules, err := w.elb.DescribeRules(w.Context(), &elasticloadbalancingv2.DescribeRulesInput{RuleArns: []string{arn}})
	w.ok(err)
	tags, err := w.elb.DescribeTags(w.Context(), &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{arn}})
	w.ok(err)
	r := rules.Rules[0]
	text := fmt.Sprint("priority ", *r.Priority)
	for _, c := range r.Conditions {
		if c.HostHeaderConfig != nil {
			text += fmt.Sprint(" hosts ", c.HostHeaderConfig.Values)
		}
		if c.PathPatternConfig != nil {
			text += fmt.Sprint(" paths ", c.PathPatternConfig.Values)
		}
	}
	f := r.Actions[0].ForwardConfig
	weights := map[string]int32{}
	for _, g := range f.TargetGroups {
		weights[endpoint.GroupName(*g.TargetGroupArn)] = *g.Weight
	}
	text += fmt.Sprint(" weights ", weights, " sticky ", aws.ToBool(f.TargetGroupStickinessConfig.Enabled), aws.ToInt32(f.TargetGroupStickinessConfig.DurationSeconds), " tags")
	for _, t := range tags.TagDescriptions[0].Tags {
		text += fmt.Sprint(" ", *t.Key, "=", *t.Value)
	}
	return text
}

// Until a takeover is complete, nothing but weights and stickiness is changed; given
// back, the rule is exactly as it was; complete, it is like any of ours.
func TestTakeover(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	arn := w.theirs(60, 90, 10, 0)
	before := w.asItIs(arn)
	if traffic := w.see(); traffic.RuleARN != "" || traffic.Old == nil || traffic.Old.String() != "90 % for legacy-0, 10 % for legacy-1, 0 % for legacy-2" {
		t.Errorf("before anything is noted: %+v, %s", traffic, traffic.Old)
	}
	w.begin()
	if traffic := w.see(); !traffic.Is(map[string]int{endpoint.OldGroups: 100}) || !traffic.Routed || !traffic.Old.Is(*w.record.Takeover) {
		t.Errorf("before anything is changed: %+v", traffic)
	}
	w.record.Desired.Routing.Priority = 7 // a wish for later
	w.is(w.shift(map[string]int{endpoint.OldGroups: 80, "new": 20}), "ModifyRule")
	if traffic := w.see(); traffic.Old != nil {
		t.Errorf("what is noted could be noted anew: %+v", traffic.Old)
	}
	const kept = "priority 40 hosts [Checkout.acme.com] paths [/shop/*] "
	if got := w.asItIs(arn); got != kept+"weights map[legacy-0:18 legacy-1:2 legacy-2:0 new:5] sticky false 0 tags made-by=hand" {
		t.Error(got)
	}
	w.is(w.shift(map[string]int{"new": 100}), "ModifyRule")
	if got := w.asItIs(arn); got != kept+"weights map[legacy-0:0 legacy-1:0 legacy-2:0 new:100] sticky false 0 tags made-by=hand" {
		t.Error(got)
	}
	w.is(w.shift(map[string]int{endpoint.OldGroups: 100}), "ModifyRule")
	if got := w.asItIs(arn); got != before {
		t.Errorf("given back it is\n%s, and it was\n%s", got, before)
	}
	w.shift(map[string]int{"new": 100})

	w.record.Active = "new"
	if traffic := w.see(); traffic.Is(map[string]int{"new": 100}) || len(traffic.Foreign) != 3 || traffic.RuleARN != arn {
		t.Errorf("the old groups are not seen in what is the endpoint's now: %+v", traffic)
	}
	w.is(w.shift(map[string]int{"new": 100}), "AddTags", "ModifyRule", "SetRulePriorities")
	if got := w.asItIs(arn); !strings.HasPrefix(got, "priority 7 hosts [checkout.acme.com] paths [/shop/*] weights map[new:100] sticky false 0") ||
		!strings.Contains(got, "ionroller:endpoint=checkout") || !strings.Contains(got, "made-by=hand") {
		t.Error(got)
	}
}

// What others do to the rule meanwhile is seen, and a rule that they removed is made
// again where it was.
func TestTakeoverIsMeddledWith(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	arn := w.theirs(0, 1, 1)
	w.begin()
	w.shift(map[string]int{endpoint.OldGroups: 50, "new": 50})
	stranger := w.group("stranger")
	for name, c := range map[string]struct {
		groups map[string]int32
		want   rollout.Traffic
	}{
		"other weights": {map[string]int32{w.record.Takeover.Groups[0].ARN: 1, w.record.Takeover.Groups[1].ARN: 3, w.groups["new"]: 4},
			rollout.Traffic{RuleARN: arn, Weights: map[string]int{endpoint.OldGroups: 4, "new": 4}, Unlike: "its weights are not those of the takeover"}},
		"a stranger": {map[string]int32{stranger: 1, w.groups["new"]: 4},
			rollout.Traffic{RuleARN: arn, Weights: map[string]int{"new": 4}, Foreign: []string{stranger}, Unlike: "its weights are not those of the takeover"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := &types.ForwardActionConfig{}
			for group, weight := range c.groups {
				config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{TargetGroupArn: &group, Weight: &weight})
			}
			_, err := w.elb.ModifyRule(t.Context(), &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &arn, Actions: []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: config}}})
			w.ok(err)
			if d := cmp.Diff(c.want, w.see()); d != "" {
				t.Error(d)
			}
		})
	}
	w.ok(w.Unroute(t.Context(), arn))
	w.is(w.shift(map[string]int{endpoint.OldGroups: 50, "new": 50}), "CreateRule")
	if got := w.asItIs(w.see().RuleARN); !strings.HasPrefix(got, "priority 40 ") {
		t.Error(got)
	}
	w.ok(w.Unroute(t.Context(), w.see().RuleARN))
	w.foreign(w.info.ListenerARN, 40, "search.acme.com", stranger)
	w.is(w.shift(map[string]int{endpoint.OldGroups: 100}), "CreateRule")
}

func TestCheckTakeover(t *testing.T) {
	modify := func(action types.Action) func(w *world, arn string) {
		return func(w *world, arn string) {
			_, err := w.elb.ModifyRule(w.Context(), &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &arn, Actions: []types.Action{action}})
			w.ok(err)
		}
	}
	for name, c := range map[string]struct {
		weights []int32
		prepare func(w *world, arn string)
		stops   string // "" when nothing does
		says    []string
	}{
		"a rule to be taken over": {[]int32{3, 1}, func(*world, string) {}, "",
			[]string{"forwards to: 75 % for legacy-0, 25 % for legacy-1. Nothing but its weights is changed", "has no healthy target: there is nothing in it to go back to"}},
		"no such rule":           {[]int32{1}, func(w *world, arn string) { w.ok(w.Unroute(w.Context(), arn)) }, "name the rule that serves checkout.acme.com today, or leave it out", nil},
		"of other hosts":         {[]int32{1}, func(w *world, _ string) { w.record.Desired.Routing.Hosts = []string{"pay.acme.com"} }, "it has hosts checkout.acme.com and not pay.acme.com. Set routing.hosts and routing.paths to what the rule has", nil},
		"of no paths":            {[]int32{1}, func(w *world, _ string) { w.record.Desired.Routing.Paths = nil }, "paths /shop/* and not none", nil},
		"of five groups":         {[]int32{1, 1, 1, 1, 1}, func(*world, string) {}, "it forwards to 5 target groups: an action has at most five, so take out of it what gets no requests until 4 are left", nil},
		"of no weights":          {[]int32{0, 0}, func(*world, string) {}, "none of its target groups has a weight", nil},
		"that answers by itself": {[]int32{1}, modify(types.Action{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("503")}}), "it does more than forward", nil},
		"of another endpoint": {[]int32{1}, func(w *world, arn string) {
			_, err := w.elb.AddTags(w.Context(), &elasticloadbalancingv2.AddTagsInput{ResourceArns: []string{arn}, Tags: []types.Tag{{Key: aws.String("ionroller:endpoint"), Value: aws.String("pay")}}})
			w.ok(err)
		}, "is that of endpoint pay", nil},
		"that another endpoint is taking over": {[]int32{1}, func(w *world, _ string) {
			_, err := w.elb.AddTags(w.Context(), &elasticloadbalancingv2.AddTagsInput{
				ResourceArns: []string{w.see().Old.Groups[0].ARN}, Tags: []types.Tag{{Key: aws.String("ionroller:endpoint"), Value: aws.String("pay")}},
			})
			w.ok(err)
		}, "an environment of endpoint pay, of owner \"\": that is taking the rule over already", nil},
		"when the endpoint has one": {[]int32{1}, func(w *world, _ string) {
			w.record.Phase, w.record.Active, w.record.RuleARN = endpoint.Live, "old", "rule"
		}, "endpoint checkout has a rule of its own already, rule: only the first deployment takes a rule over", nil},
		"of Elastic Beanstalk's": {[]int32{1}, func(w *world, arn string) {
			_, err := w.elb.ModifyRule(w.Context(), &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &arn, Conditions: []types.RuleCondition{
				{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"old.eba-x.us-east-1.elasticbeanstalk.com"}}},
			}})
			w.ok(err)
		}, "is Elastic Beanstalk's own, for an environment's host name, and goes with that environment", nil},
		"that somebody removes while it is taken over": {[]int32{1}, func(w *world, arn string) {
			w.begin()
			w.record.Takeover.Begun = true
			w.ok(w.Unroute(w.Context(), arn)) // it is made again
		}, "", nil},
		"another one than that which is taken over": {[]int32{1}, func(w *world, arn string) {
			w.begin()
			w.record.Desired.Routing.TakeoverRuleARN = arn[:len(arn)-4] + "0000"
		}, "is taking over listener rule", nil},
		"with a test route by a header": {[]int32{1}, func(w *world, _ string) {
			w.record.Desired.TestRoute = &endpoint.TestRoute{Header: "x-test", Values: []string{"1"}}
		}, "", nil},
		"with a test route that must come before it, and cannot": {[]int32{1}, func(w *world, arn string) {
			w.record.Desired.TestRoute = &endpoint.TestRoute{Header: "x-test", Values: []string{"1"}}
			_, err := w.elb.SetRulePriorities(w.Context(), &elasticloadbalancingv2.SetRulePrioritiesInput{
				RulePriorities: []types.RulePriorityPair{{RuleArn: &arn, Priority: aws.Int32(1)}},
			})
			w.ok(err)
		}, "no priority below 1, that of listener rule", nil},
		"with one for the same hosts behind it": {[]int32{1}, func(w *world, _ string) {
			// As Elastic Beanstalk makes it for an environment: the one that is taken over comes first.
			_, err := w.elb.CreateRule(w.Context(), &elasticloadbalancingv2.CreateRuleInput{
				ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(50),
				Conditions: []types.RuleCondition{
					{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"checkout.acme.com"}}},
					{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/shop/*"}}},
				},
				Actions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(w.groups["old"])}},
			})
			w.ok(err)
		}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, cloud.Quotas{})
			c.prepare(w, w.theirs(0, c.weights...))
			problems, err := w.Check(t.Context(), w.record, true)
			w.ok(err)
			all := ""
			for _, p := range problems {
				all += p.Error() + "\n"
			}
			stopping := ""
			for _, p := range endpoint.Stopping(problems) {
				stopping += p.Error() + "\n"
			}
			if c.stops == "" && stopping != "" || strings.Count(stopping, "\n") > 1 || !strings.Contains(stopping, c.stops) {
				t.Errorf("what stops it is not %q:\n%s", c.stops, all)
			}
			for _, text := range c.says {
				if !strings.Contains(all, text) {
					t.Errorf("it does not say %q:\n%s", text, all)
				}
			}
		})
	}
}
