// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var ruleContracts = []contract{
	{"a changed rule has only the actions of the change", actionsReplaced},
	{"a rule's weights are read back as they were set, 0 too", weightsReadBack},
	{"a rule's stickiness is read back as it was set", stickinessReadBack},
	{"a rule that names a group alone forwards to it with a forward configuration", loneGroup},
	{"rules are described in the order of their priorities, the default last", rulesOrdered},
	{"rules are described by pages", rulesByPages},
	{"two rules cannot have one priority", priorityInUse},
	{"two rules can swap their priorities", prioritiesSwapped},
	{"a removed rule is not found", ruleNotFound},
	{"a removed rule cannot be removed again", removedOnce},
	{"a removed rule's tags are not found", tagsNotFound},
	{"a target group that a rule forwards to cannot be removed", groupInUse},
	{"a target group that does not exist cannot be forwarded to", groupNotFound},
	{"an action has at most five target groups", fiveGroups},
	{"a target group is at most once in an action", groupOnce},
	{"a weight is at most 999", greatestWeight},
	{"a listener that does not exist is not found", listenerNotFound},
	{"a load balancer's target groups are those its rules forward to", groupsOfBalancer},
}

func forward(tuples ...types.TargetGroupTuple) []types.Action {
	return forwarded(types.ForwardActionConfig{TargetGroups: tuples})
}

func forwarded(config types.ForwardActionConfig) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &config}}
}

func share(group string, weight int32) types.TargetGroupTuple {
	return types.TargetGroupTuple{TargetGroupArn: &group, Weight: &weight}
}

func forHosts(hosts ...string) []types.RuleCondition {
	return []types.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: hosts}}}
}

func (w *world) createRule(priority int32, actions []types.Action) (string, error) {
	out, err := w.elb.CreateRule(w.ctx, &elbv2.CreateRuleInput{
		ListenerArn: aws.String(w.listener()), Priority: &priority, Actions: actions,
		Conditions: forHosts(fmt.Sprintf("h%d.acme.com", priority)),
	})
	if err != nil {
		return "", err
	}
	return *out.Rules[0].RuleArn, nil
}

func (w *world) rule(priority int32, tuples ...types.TargetGroupTuple) string {
	arn, err := w.createRule(priority, forward(tuples...))
	w.ok(err)
	return arn
}

func (w *world) modify(rule string, actions []types.Action) error {
	_, err := w.elb.ModifyRule(w.ctx, &elbv2.ModifyRuleInput{RuleArn: &rule, Actions: actions})
	return err
}

func (w *world) describe(rule string) types.Rule {
	out, err := w.elb.DescribeRules(w.ctx, &elbv2.DescribeRulesInput{RuleArns: []string{rule}})
	w.ok(err)
	if len(out.Rules) != 1 {
		w.fatalf("%d rules have the ARN %s", len(out.Rules), rule)
	}
	return out.Rules[0]
}

// weights are those of a rule's only action, in its order.
func (w *world) weights(rule string) []string {
	actions := w.describe(rule).Actions
	if len(actions) != 1 || actions[0].ForwardConfig == nil {
		w.fatalf("the rule has not one forward action with a configuration: %d actions", len(actions))
	}
	var all []string
	for _, t := range actions[0].ForwardConfig.TargetGroups {
		name := strings.Split(*t.TargetGroupArn, "/")[1]
		weight := "no weight"
		if t.Weight != nil {
			weight = fmt.Sprint(*t.Weight)
		}
		all = append(all, name[strings.LastIndex(name, "-")+1:]+" "+weight)
	}
	return all
}

func actionsReplaced(w *world) {
	a, b, c := w.group("a"), w.group("b"), w.group("c")
	rule := w.rule(5, share(a, 50), share(b, 50))
	w.ok(w.modify(rule, forward(share(b, 90), share(c, 10))))
	w.same("weights", []string{"b 90", "c 10"}, w.weights(rule))
	w.same("conditions", []string{"h5.acme.com"}, w.describe(rule).Conditions[0].HostHeaderConfig.Values)
	w.same("priority", "5", *w.describe(rule).Priority)
}

func weightsReadBack(w *world) {
	a, b := w.group("a"), w.group("b")
	rule := w.rule(5, share(a, 999), share(b, 0))
	w.same("weights", []string{"a 999", "b 0"}, w.weights(rule))
}

func stickinessReadBack(w *world) {
	rule := w.rule(5, share(w.group("a"), 3), share(w.group("b"), 1))
	for _, sticky := range []types.TargetGroupStickinessConfig{
		{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)}, {Enabled: aws.Bool(false)}, {Enabled: aws.Bool(true), DurationSeconds: aws.Int32(600)},
	} {
		actions := w.describe(rule).Actions
		actions[0].ForwardConfig.TargetGroupStickinessConfig = &sticky
		w.ok(w.modify(rule, forwarded(*actions[0].ForwardConfig)))
		is := w.describe(rule).Actions[0].ForwardConfig.TargetGroupStickinessConfig
		if is == nil {
			w.fatalf("it has none")
		}
		w.same("stickiness", aws.ToBool(sticky.Enabled), aws.ToBool(is.Enabled))
		if aws.ToBool(sticky.Enabled) {
			w.same("seconds", *sticky.DurationSeconds, aws.ToInt32(is.DurationSeconds))
		}
	}
}

func loneGroup(w *world) {
	a := w.group("a")
	rule, err := w.createRule(5, []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &a}})
	w.ok(err)
	w.same("weights", []string{"a 1"}, w.weights(rule))
}

func (w *world) priorities(size *int32) (priorities []string, pages int) {
	all := elbv2.NewDescribeRulesPaginator(w.elb, &elbv2.DescribeRulesInput{ListenerArn: aws.String(w.listener()), PageSize: size})
	for all.HasMorePages() {
		page, err := all.NextPage(w.ctx)
		w.ok(err)
		pages++
		for _, r := range page.Rules {
			priorities = append(priorities, aws.ToString(r.Priority))
		}
	}
	return priorities, pages
}

func rulesOrdered(w *world) {
	a := w.group("a")
	for _, priority := range []int32{40, 7, 500, 12} {
		w.rule(priority, share(a, 1))
	}
	got, _ := w.priorities(nil)
	w.same("priorities", []string{"7", "12", "40", "500", "default"}, got)
}

func rulesByPages(w *world) {
	a := w.group("a")
	for _, priority := range []int32{1, 2, 3, 4, 5} {
		w.rule(priority, share(a, 1))
	}
	got, pages := w.priorities(aws.Int32(2))
	slices.Sort(got)
	w.same("priorities", []string{"1", "2", "3", "4", "5", "default"}, got)
	w.same("pages", 3, pages)
}

func priorityInUse(w *world) {
	a := w.group("a")
	w.rule(5, share(a, 1))
	_, err := w.createRule(5, forward(share(a, 1)))
	w.refused(err, "PriorityInUse")
	other := w.rule(6, share(a, 1))
	_, err = w.elb.SetRulePriorities(w.ctx, &elbv2.SetRulePrioritiesInput{
		RulePriorities: []types.RulePriorityPair{{RuleArn: &other, Priority: aws.Int32(5)}},
	})
	w.refused(err, "PriorityInUse")
	w.same("priority", "6", *w.describe(other).Priority)
}

func prioritiesSwapped(w *world) {
	a := w.group("a")
	first, second := w.rule(5, share(a, 1)), w.rule(6, share(a, 1))
	_, err := w.elb.SetRulePriorities(w.ctx, &elbv2.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{
		{RuleArn: &first, Priority: aws.Int32(6)}, {RuleArn: &second, Priority: aws.Int32(5)},
	}})
	w.ok(err)
	w.same("priority of the first", "6", *w.describe(first).Priority)
	w.same("priority of the second", "5", *w.describe(second).Priority)
}

func (w *world) removeRule(rule string) error {
	_, err := w.elb.DeleteRule(w.ctx, &elbv2.DeleteRuleInput{RuleArn: &rule})
	return err
}

func ruleNotFound(w *world) {
	a := w.group("a")
	rule := w.rule(5, share(a, 1))
	w.ok(w.removeRule(rule))
	w.refused(w.modify(rule, forward(share(a, 1))), "RuleNotFound")
	_, err := w.elb.DescribeRules(w.ctx, &elbv2.DescribeRulesInput{RuleArns: []string{rule}})
	w.refused(err, "RuleNotFound")
	w.rule(5, share(a, 1)) // its priority is free again
}

func removedOnce(w *world) {
	rule := w.rule(5, share(w.group("a"), 1))
	w.ok(w.removeRule(rule))
	w.refused(w.removeRule(rule), "RuleNotFound")
}

func tagsNotFound(w *world) {
	rule := w.rule(5, share(w.group("a"), 1))
	w.ok(w.removeRule(rule))
	_, err := w.elb.DescribeTags(w.ctx, &elbv2.DescribeTagsInput{ResourceArns: []string{rule}})
	w.refused(err, "RuleNotFound")
}

func groupInUse(w *world) {
	a, b := w.group("a"), w.group("b")
	rule := w.rule(5, share(a, 1), share(b, 0))
	remove := func(group string) error {
		_, err := w.elb.DeleteTargetGroup(w.ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: &group})
		return err
	}
	w.refused(remove(a), "ResourceInUse")
	w.refused(remove(b), "ResourceInUse") // although no request goes there
	w.ok(w.modify(rule, forward(share(b, 1))))
	w.ok(remove(a))
	_, err := w.elb.DescribeTargetGroups(w.ctx, &elbv2.DescribeTargetGroupsInput{TargetGroupArns: []string{a}})
	w.refused(err, "TargetGroupNotFound")
}

func groupNotFound(w *world) {
	a := w.group("a")
	gone := a[:len(a)-16] + "0123456789abcdef"
	_, err := w.createRule(5, forward(share(gone, 1)))
	w.refused(err, "TargetGroupNotFound")
	rule := w.rule(5, share(a, 1))
	w.refused(w.modify(rule, forward(share(gone, 1))), "TargetGroupNotFound")
	w.same("weights", []string{"a 1"}, w.weights(rule))
}

func fiveGroups(w *world) {
	var tuples []types.TargetGroupTuple
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		tuples = append(tuples, share(w.group(name), 1))
	}
	rule := w.rule(5, tuples[:5]...)
	w.refused(w.modify(rule, forward(tuples...)), "TooManyTargetGroups")
	w.same("groups", 5, len(w.weights(rule)))
}

func groupOnce(w *world) {
	a := w.group("a")
	_, err := w.createRule(5, forward(share(a, 1), share(a, 2)))
	w.failed(err, a)
}

func greatestWeight(w *world) {
	a := w.group("a")
	_, err := w.createRule(5, forward(share(a, 1000)))
	w.refused(err, "ValidationError")
}

func listenerNotFound(w *world) {
	gone := w.listener()[:len(w.listener())-16] + "0123456789abcdef"
	_, err := w.elb.DescribeListeners(w.ctx, &elbv2.DescribeListenersInput{ListenerArns: []string{gone}})
	w.refused(err, "ListenerNotFound")
	_, err = w.elb.DescribeRules(w.ctx, &elbv2.DescribeRulesInput{ListenerArn: &gone})
	w.refused(err, "ListenerNotFound")
}

func groupsOfBalancer(w *world) {
	a, b := w.group("a"), w.group("b")
	w.group("c")
	w.rule(5, share(a, 1), share(b, 0))
	out, err := w.elb.DescribeTargetGroups(w.ctx, &elbv2.DescribeTargetGroupsInput{LoadBalancerArn: &w.balancer})
	w.ok(err)
	var got []string
	for _, g := range out.TargetGroups {
		got = append(got, *g.TargetGroupArn)
	}
	slices.Sort(got)
	want := []string{a, b}
	slices.Sort(want)
	w.same("groups", want, got)
}
