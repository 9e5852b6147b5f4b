// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

func (s balancing) CreateRule(_ context.Context, in *elbv2.CreateRuleInput) (*elbv2.CreateRuleOutput, error) {
	l, err := s.listener(*in.ListenerArn)
	if err != nil {
		return nil, err
	}
	r, err := s.createRule(l, int(*in.Priority), in.Conditions, in.Actions, in.Tags)
	if err != nil {
		return nil, err
	}
	return &elbv2.CreateRuleOutput{Rules: []types.Rule{r.Rule}}, nil
}

func (s balancing) createRule(l *listener, priority int, conditions []types.RuleCondition, actions []types.Action, tags []types.Tag) (*rule, error) {
	if l.proxy == nil {
		return nil, &types.OperationNotPermittedException{Message: ptr("Rules are unsupported for Network Load Balancer listeners")}
	}
	if err := checkPriority(priority); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(l.rules, func(r *rule) bool { return r.priority == priority }) {
		return nil, &types.PriorityInUseException{Message: ptr(fmt.Sprintf("Priority '%d' is currently in use", priority))}
	}
	rules := 0
	for _, other := range l.balancer.listeners {
		rules += len(other.rules) - 1 // default rules do not count
	}
	if rules >= s.config.Quotas.RulesPerLoadBalancer {
		return nil, &types.TooManyRulesException{Message: ptr(fmt.Sprintf("The maximum number of rules has been reached on load balancer '%s'", *l.LoadBalancerArn))}
	}
	if len(conditions) == 0 {
		return nil, wire.Errorf("ValidationError", "A condition must be specified")
	}
	conditions, err := checkConditions(conditions)
	if err != nil {
		return nil, err
	}
	actions, err = s.checkActions(l.balancer, actions, nil)
	if err != nil {
		return nil, err
	}
	r := &rule{
		Rule: types.Rule{
			RuleArn: ptr(ruleARN(*l.ListenerArn, s.id(hexDigits, 16))), IsDefault: ptr(false),
			Priority: ptr(fmt.Sprint(priority)), Conditions: conditions, Actions: actions,
		},
		priority: priority,
		listener: l,
	}
	if err := setELBTags(&r.tags, tags); err != nil {
		return nil, err
	}
	l.rules = append(l.rules, r)
	sortRules(l)
	s.applyRules(l)
	return r, nil
}

func checkPriority(priority int) error {
	if priority < 1 || priority > maxPriority {
		return wire.Errorf("ValidationError", "'%d' is not a valid priority: it must be between 1 and %d", priority, maxPriority)
	}
	return nil
}

func sortRules(l *listener) {
	slices.SortFunc(l.rules, func(a, b *rule) int { return cmp.Compare(a.priority, b.priority) })
}

func (s balancing) DescribeRules(_ context.Context, in *elbv2.DescribeRulesInput) (*elbv2.DescribeRulesOutput, error) {
	if (in.ListenerArn == nil) == (len(in.RuleArns) == 0) {
		return nil, wire.Errorf("ValidationError", "You must specify either listener rule ARNs or a listener ARN")
	}
	var found []types.Rule
	if in.ListenerArn != nil {
		l, err := s.listener(*in.ListenerArn)
		if err != nil {
			return nil, err
		}
		for _, r := range l.rules {
			found = append(found, r.Rule)
		}
	}
	for _, arn := range in.RuleArns {
		r, err := s.rule(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, r.Rule)
	}
	list, next, err := pageELB(found, in.Marker, in.PageSize)
	return &elbv2.DescribeRulesOutput{Rules: list, NextMarker: next}, err
}

// ModifyRule replaces conditions and actions, each as a whole, where given.
func (s balancing) ModifyRule(_ context.Context, in *elbv2.ModifyRuleInput) (*elbv2.ModifyRuleOutput, error) {
	r, err := s.rule(*in.RuleArn)
	if err != nil {
		return nil, err
	}
	if r.priority == defaultPriority {
		return nil, &types.OperationNotPermittedException{Message: ptr(fmt.Sprintf("Default rule '%s' cannot be modified", *in.RuleArn))}
	}
	conditions, actions := r.Conditions, r.Actions
	if len(in.Conditions) > 0 {
		if conditions, err = checkConditions(in.Conditions); err != nil {
			return nil, err
		}
	}
	if len(in.Actions) > 0 {
		if actions, err = s.checkActions(r.listener.balancer, in.Actions, r); err != nil {
			return nil, err
		}
	}
	r.Conditions, r.Actions = conditions, actions
	s.applyRules(r.listener)
	return &elbv2.ModifyRuleOutput{Rules: []types.Rule{r.Rule}}, nil
}

func (s balancing) DeleteRule(_ context.Context, in *elbv2.DeleteRuleInput) (*elbv2.DeleteRuleOutput, error) {
	r, err := s.rule(*in.RuleArn)
	if err != nil {
		return nil, err
	}
	if r.priority == defaultPriority {
		return nil, &types.OperationNotPermittedException{Message: ptr(fmt.Sprintf("Default rule '%s' cannot be deleted", *in.RuleArn))}
	}
	s.deleteRule(r)
	return &elbv2.DeleteRuleOutput{}, nil
}

func (c *Cloud) deleteRule(r *rule) {
	l := r.listener
	l.rules = slices.DeleteFunc(l.rules, func(x *rule) bool { return x == r })
	c.applyRules(l)
}

// SetRulePriorities changes all or none.
func (s balancing) SetRulePriorities(_ context.Context, in *elbv2.SetRulePrioritiesInput) (*elbv2.SetRulePrioritiesOutput, error) {
	wanted := map[*rule]int{}
	for _, p := range in.RulePriorities {
		r, err := s.rule(value(p.RuleArn))
		if err != nil {
			return nil, err
		}
		if r.priority == defaultPriority {
			return nil, &types.OperationNotPermittedException{Message: ptr(fmt.Sprintf("Priority of default rule '%s' cannot be modified", *p.RuleArn))}
		}
		if err := checkPriority(int(value(p.Priority))); err != nil {
			return nil, err
		}
		wanted[r] = int(*p.Priority)
	}
	taken := map[*listener]map[int]bool{}
	for r := range s.allRules {
		priority, ok := wanted[r]
		if !ok {
			priority = r.priority
		}
		if taken[r.listener] == nil {
			taken[r.listener] = map[int]bool{}
		}
		if taken[r.listener][priority] {
			return nil, &types.PriorityInUseException{Message: ptr(fmt.Sprintf("Priority '%d' is currently in use", priority))}
		}
		taken[r.listener][priority] = true
	}
	out := &elbv2.SetRulePrioritiesOutput{}
	for _, p := range in.RulePriorities {
		r, err := s.rule(*p.RuleArn)
		if err != nil {
			return nil, err
		}
		r.priority, r.Priority = wanted[r], ptr(fmt.Sprint(wanted[r]))
		sortRules(r.listener)
		s.applyRules(r.listener)
		out.Rules = append(out.Rules, r.Rule)
	}
	return out, nil
}
