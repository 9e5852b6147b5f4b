// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Shift makes or changes the endpoint's rule so that it sends these shares, in
// percent. Environments without a share are not in its action: stickiness would
// keep sending to them.
func (b *Balancer) Shift(ctx context.Context, r *endpoint.Record, groups map[string]string, weights map[string]int) (string, error) {
	arn, err := b.shift(ctx, r, groups, weights)
	if err != nil {
		return "", fmt.Errorf("setting the traffic of %s to %s: %w", r.Endpoint, rollout.Shares(weights), err)
	}
	return arn, nil
}

// tries is how often a free priority is looked for: somebody else may take it
// between the look and the rule.
const tries = 3

func (b *Balancer) shift(ctx context.Context, r *endpoint.Record, groups map[string]string, weights map[string]int) (string, error) {
	action, err := action(r, groups, weights)
	if err != nil {
		return "", err
	}
	for try := 1; ; try++ {
		rules, err := b.rules(ctx, r.Desired.Routing.ListenerARN)
		if err != nil {
			return "", err
		}
		// Looking again each time also finds a rule whose creation seemed to fail:
		// repeated by the SDK, it was refused because of itself.
		ours, err := b.find(ctx, r, rules)
		if err != nil {
			return "", err
		}
		if ours != nil {
			return ours.arn, b.modify(ctx, r, ours, rules, action)
		}
		priority := r.Desired.Routing.Priority
		if r.TakingOver() {
			priority = placeOf(r.Takeover, rules) // somebody removed the rule while it was taken over
		} else if problems := conflicts(r.Desired.Routing, nil, rules); len(problems) > 0 {
			// Another endpoint may have come first since the plan was checked.
			return "", &roller.Refusal{Err: problems[0]}
		}
		if err := b.makeRoom(ctx, priority, rules); err != nil {
			return "", err
		}
		arn, err := b.create(ctx, r, usersRoute, freePriority(priority, rules), conditions(r.Desired.Routing), action)
		if err == nil {
			return arn, nil
		}
		if code(err) != "PriorityInUse" {
			return "", err
		}
		if try == tries {
			return "", &roller.Unseen{Err: err}
		}
	}
}

func (b *Balancer) create(ctx context.Context, r *endpoint.Record, route string, priority int, conditions []types.RuleCondition, action types.Action) (string, error) {
	out, err := b.elb.CreateRule(ctx, &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &r.Desired.Routing.ListenerARN,
		Priority:    aws.Int32(int32(priority)),
		Conditions:  conditions,
		Actions:     []types.Action{action},
		Tags:        b.tags(r.Endpoint, route),
	})
	if err != nil {
		return "", fmt.Errorf("creating a rule of priority %d on listener %s: %w", priority, r.Desired.Routing.ListenerARN, err)
	}
	if len(out.Rules) == 0 {
		return "", fmt.Errorf("creating a rule on listener %s: the answer names none", r.Desired.Routing.ListenerARN)
	}
	return aws.ToString(out.Rules[0].RuleArn), nil
}

// makeRoom moves a rule that Elastic Beanstalk made for an environment's CNAME away
// from the priority that is configured for ours: it takes whatever is free, and
// nothing depends on which.
func (b *Balancer) makeRoom(ctx context.Context, priority int, rules []rule) error {
	for _, r := range rules {
		if priority == 0 || r.fallback || r.priority != priority || !r.platforms() {
			continue
		}
		_, err := b.elb.SetRulePriorities(ctx, &elasticloadbalancingv2.SetRulePrioritiesInput{
			RulePriorities: []types.RulePriorityPair{{RuleArn: &r.arn, Priority: aws.Int32(int32(freePriority(0, rules)))}},
		})
		if err != nil {
			return fmt.Errorf("moving Elastic Beanstalk's rule %s away from priority %d: %w", r.arn, priority, err)
		}
	}
	return nil
}

func (b *Balancer) modify(ctx context.Context, r *endpoint.Record, ours *rule, rules []rule, action types.Action) error {
	switch {
	case r.TakingOver():
		return b.take(ctx, ours, action)
	case r.Takeover != nil:
		if err := b.keep(ctx, r, ours); err != nil {
			return err
		}
	}
	_, err := b.elb.ModifyRule(ctx, &elasticloadbalancingv2.ModifyRuleInput{
		RuleArn: &ours.arn, Conditions: conditions(r.Desired.Routing), Actions: []types.Action{action},
	})
	if err != nil {
		return fmt.Errorf("changing listener rule %s: %w", ours.arn, err)
	}
	if want := r.Desired.Routing.Priority; want != 0 && want != ours.priority {
		if err := b.makeRoom(ctx, want, rules); err != nil {
			return err
		}
		_, err := b.elb.SetRulePriorities(ctx, &elasticloadbalancingv2.SetRulePrioritiesInput{
			RulePriorities: []types.RulePriorityPair{{RuleArn: &ours.arn, Priority: aws.Int32(int32(want))}},
		})
		if err != nil {
			return fmt.Errorf("changing the priority of listener rule %s from %d to %d: %w", ours.arn, ours.priority, want, err)
		}
	}
	return nil
}

// action is what the endpoint's rule is to do.
func action(r *endpoint.Record, groups map[string]string, weights map[string]int) (types.Action, error) {
	if !r.TakingOver() {
		return forward(groups, weights)
	}
	for name, share := range weights {
		if name != endpoint.OldGroups && groups[name] == "" {
			return types.Action{}, fmt.Errorf("the target group of environment %s is not known", name)
		} else if name != endpoint.OldGroups {
			return takeover(r.Takeover, share, groups[name]), nil
		}
	}
	return takeover(r.Takeover, 0, ""), nil
}

// forward is the action that sends shares to groups.
func forward(groups map[string]string, weights map[string]int) (types.Action, error) {
	var tuples []types.TargetGroupTuple
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if weights[name] == 0 {
			continue
		}
		if groups[name] == "" {
			return types.Action{}, fmt.Errorf("the target group of environment %s is not known", name)
		}
		tuples = append(tuples, types.TargetGroupTuple{
			TargetGroupArn: aws.String(groups[name]), Weight: aws.Int32(int32(weights[name])),
		})
	}
	return types.Action{
		Type: types.ActionTypeEnumForward,
		ForwardConfig: &types.ForwardActionConfig{
			TargetGroups:                tuples,
			TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)},
		},
	}, nil
}

// conditions are the requests that belong to the endpoint.
func conditions(s endpoint.Routing) []types.RuleCondition {
	all := []types.RuleCondition{{
		Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: s.Hosts},
	}}
	if len(s.Paths) > 0 {
		all = append(all, types.RuleCondition{
			Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: s.Paths},
		})
	}
	return all
}

// freePriority is the configured priority, or a free one: behind all rules, so
// that none of them loses requests to ours, or else the lowest that is free.
func freePriority(configured int, rules []rule) int {
	if configured != 0 {
		return configured
	}
	taken := map[int]bool{}
	highest := 0
	for _, r := range rules {
		if !r.fallback {
			taken[r.priority] = true
			highest = max(highest, r.priority)
		}
	}
	if highest < endpoint.MaxPriority {
		return highest + 1
	}
	free := 1
	for taken[free] && free < endpoint.MaxPriority {
		free++
	}
	return free
}
