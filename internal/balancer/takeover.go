// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// A rule that is being taken over is its maker's until that is complete: nothing but
// its weights is changed, and they can be given back as they were.

// ruleOf returns the rule of an ARN, or nil.
func ruleOf(rules []rule, arn string) *rule {
	i := slices.IndexFunc(rules, func(r rule) bool { return r.arn == arn })
	if arn == "" || i < 0 {
		return nil
	}
	return &rules[i]
}

// old is what the rule does, for a takeover to note, or why it cannot be taken over.
func (r *rule) old() (*endpoint.Takeover, string) {
	total := 0
	t := &endpoint.Takeover{RuleARN: r.arn, Priority: r.priority, Sticky: r.sticky}
	for _, arn := range slices.Sorted(maps.Keys(r.weights)) {
		t.Groups = append(t.Groups, endpoint.OldGroup{ARN: arn, Weight: r.weights[arn]})
		total += r.weights[arn]
	}
	switch {
	case r.fallback:
		return nil, "it is the listener's default rule, which has no hosts: make a rule for the endpoint's hosts that forwards to the same target groups, and take that over"
	case !r.lone:
		return nil, "it does more than forward, such as authenticate or rewrite: only a rule that forwards and does nothing else can be taken over"
	case len(t.Groups) > endpoint.MaxOldGroups:
		return nil, fmt.Sprintf("it forwards to %d target groups: an action has at most five, so take out of it what gets no requests until %d are left", len(t.Groups), endpoint.MaxOldGroups)
	case total == 0:
		return nil, "none of its target groups has a weight, so it answers 503"
	}
	return t, ""
}

// taken is what a rule does that is being taken over.
func (r *rule) taken(t *endpoint.Takeover, groups map[string]string) rollout.Traffic {
	seen := rollout.Traffic{RuleARN: r.arn, Weights: map[string]int{}}
	newest := "" // the environment that it forwards to
	for name, arn := range groups {
		if weight, ok := r.weights[arn]; ok {
			seen.Weights[name], newest = weight, name
		}
	}
	if len(seen.Weights) == 0 {
		seen.Old, seen.Unlike = r.old()
	}
	for share := range 101 {
		if (share == 0 || newest != "") && r.does(t, share, groups[newest]) {
			seen.Routed, seen.Weights = true, map[string]int{}
			if share > 0 {
				seen.Weights[newest] = share
			}
			if share < 100 {
				seen.Weights[endpoint.OldGroups] = 100 - share
			}
			return seen
		}
	}
	known := slices.Collect(maps.Values(groups))
	for arn, weight := range r.weights {
		switch {
		case slices.ContainsFunc(t.Groups, func(g endpoint.OldGroup) bool { return g.ARN == arn }):
			seen.Weights[endpoint.OldGroups] += weight
		case !slices.Contains(known, arn):
			seen.Foreign = append(seen.Foreign, arn)
		}
	}
	slices.Sort(seen.Foreign)
	if seen.Unlike == "" {
		seen.Unlike = "its weights are not those of the takeover"
	}
	return seen
}

// does says that the rule forwards as a takeover has it at a share of the environment
// with this group, in percent.
func (r *rule) does(t *endpoint.Takeover, share int, group string) bool {
	weights := map[string]int{}
	environment, old := t.Spread(share)
	for i, g := range t.Groups {
		weights[g.ARN] = old[i]
	}
	sticky := t.Sticky
	if share > 0 {
		weights[group], sticky = environment, 0
	}
	return r.lone && r.sticky == sticky && maps.Equal(r.weights, weights)
}

// takeover is the action that gives a share to an environment's group, in percent, and
// the rest to the old groups.
func takeover(t *endpoint.Takeover, share int, group string) types.Action {
	environment, old := t.Spread(share)
	config := &types.ForwardActionConfig{TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)}}
	for i, g := range t.Groups {
		config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(g.ARN), Weight: aws.Int32(int32(old[i]))})
	}
	switch {
	case share > 0:
		config.TargetGroups = append(config.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(group), Weight: aws.Int32(int32(environment))})
	case t.Sticky > 0:
		config.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{
			Enabled: aws.Bool(true), DurationSeconds: aws.Int32(int32(t.Sticky.Std() / time.Second)),
		}
	}
	return types.Action{Type: types.ActionTypeEnumForward, ForwardConfig: config}
}

// take sets the weights of a rule that is being taken over, and nothing else of it.
func (b *Balancer) take(ctx context.Context, ours *rule, action types.Action) error {
	_, err := b.elb.ModifyRule(ctx, &elasticloadbalancingv2.ModifyRuleInput{RuleArn: &ours.arn, Actions: []types.Action{action}})
	if err != nil {
		return fmt.Errorf("changing the weights of listener rule %s: %w", ours.arn, err)
	}
	return nil
}

// placeOf is the priority that a rule had when its takeover began, or 0 when another
// has it by now.
func placeOf(t *endpoint.Takeover, rules []rule) int {
	if slices.ContainsFunc(rules, func(r rule) bool { return r.priority == t.Priority && !r.platforms() }) {
		return 0
	}
	return t.Priority
}

// keep says in a rule that was taken over whose it is now.
func (b *Balancer) keep(ctx context.Context, r *endpoint.Record, ours *rule) error {
	_, err := b.elb.AddTags(ctx, &elasticloadbalancingv2.AddTagsInput{ResourceArns: []string{ours.arn}, Tags: b.tags(r.Endpoint, usersRoute)})
	if err != nil {
		return fmt.Errorf("tagging listener rule %s: %w", ours.arn, err)
	}
	return nil
}

// healthyOld counts the healthy targets of the old groups with a share.
func (b *Balancer) healthyOld(ctx context.Context, t endpoint.Takeover) (int, error) {
	n := 0
	for _, g := range t.Groups {
		if g.Weight == 0 {
			continue
		}
		healthy, err := b.healthy(ctx, g.ARN)
		if err != nil {
			return 0, err
		}
		n += healthy
	}
	return n, nil
}

// healthy counts the healthy targets of a group. Those that are not checked count.
func (b *Balancer) healthy(ctx context.Context, group string) (int, error) {
	out, err := b.elb.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &group})
	if code(err) == "TargetGroupNotFound" {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("describing the health of target group %s: %w", group, err)
	}
	n := 0
	for _, d := range out.TargetHealthDescriptions {
		if h := d.TargetHealth; h != nil && (h.State == types.TargetHealthStateEnumHealthy || h.State == types.TargetHealthStateEnumUnavailable) {
			n++
		}
	}
	return n, nil
}

const takeoverAttribute = "routing.takeover_rule_arn"

// checkTakeover returns what stops the takeover that a configuration asks for, and the
// rule that is, or will be, the endpoint's.
func (b *Balancer) checkTakeover(ctx context.Context, r *endpoint.Record, rules []rule, ours *rule) (*rule, []endpoint.Problem, error) {
	arn := r.Desired.Routing.TakeoverRuleARN
	begins := r.ToTakeOver() != "" || r.TakingOver() && !r.Takeover.Begun && (arn == r.Takeover.RuleARN || ours == nil)
	switch {
	case arn == "" || !begins && arn == r.Rule():
		return ours, nil, nil
	case begins:
		theirs := ruleOf(rules, arn)
		problems, err := b.checkTaking(ctx, r, theirs)
		if t := r.Desired.TestRoute; t != nil && t.Header != "" && theirs != nil && !roomBefore(theirs.priority, rules) {
			problems = append(problems, problem("test_route.header", "no priority below %d, that of listener rule %s, is free: give that rule a larger one before it is taken over, or leave the test route out until then", theirs.priority, arn)...)
		}
		return theirs, problems, err
	case r.TakingOver():
		return ours, problem(takeoverAttribute, "endpoint %s is taking over listener rule %s already: name that, or abort the rollout first", r.Endpoint, r.Takeover.RuleARN), nil
	}
	return ours, problem(takeoverAttribute, "endpoint %s has a rule of its own already, %s: only the first deployment takes a rule over. Leave it out", r.Endpoint, r.Rule()), nil
}

// roomBefore says that a rule can be put before another.
func roomBefore(priority int, rules []rule) bool {
	for p := 1; p < priority; p++ {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.priority == p }) {
			return true
		}
	}
	return false
}

// checkTaking returns what stops the takeover of a rule, and tells what it does.
func (b *Balancer) checkTaking(ctx context.Context, r *endpoint.Record, theirs *rule) ([]endpoint.Problem, error) {
	routing := r.Desired.Routing
	if theirs == nil {
		return problem(takeoverAttribute, "there is no rule %s on listener %s: name the rule that serves %s today, or leave it out", routing.TakeoverRuleARN, routing.ListenerARN, listed(routing.Hosts)), nil
	}
	t, why := theirs.old()
	switch {
	case theirs.platforms():
		return problem(takeoverAttribute, "listener rule %s is Elastic Beanstalk's own, for an environment's host name, and goes with that environment: make one before it that forwards to the same target group, and take that over", theirs.arn), nil
	case why != "":
		return problem(takeoverAttribute, "listener rule %s cannot be taken over: %s", theirs.arn, why), nil
	case !theirs.takes(routing):
		theirs.plain = true // stickiness is no hindrance
		return problem(takeoverAttribute, "listener rule %s does not take the endpoint's requests: %s. Set routing.hosts and routing.paths to what the rule has, take it over, and change them after that", theirs.arn, theirs.unlike(endpoint.Routing{Hosts: routing.Hosts, Paths: routing.Paths})), nil
	}
	tags, err := b.tagsOf(ctx, theirs.arn)
	if err != nil {
		return nil, err
	}
	if name := tags[tagEndpoint]; name != "" && name != r.Endpoint {
		return problem(takeoverAttribute, "listener rule %s is that of endpoint %s, of owner %q: remove that endpoint's hosts first", theirs.arn, name, tags[tagOwner]), nil
	}
	all := problem(takeoverAttribute, "traffic moves away from what listener rule %s forwards to: %s. Nothing but its weights is changed before the first rollout is over; what goes wrong gives them back as they are", theirs.arn, t)
	for _, g := range t.Groups {
		tags, err := b.tagsOf(ctx, g.ARN)
		if err != nil {
			return nil, err
		}
		if name := tags[tagEndpoint]; name != "" && name != r.Endpoint {
			return problem(takeoverAttribute, "listener rule %s forwards to target group %s, an environment of endpoint %s, of owner %q: that is taking the rule over already", theirs.arn, g.ARN, name, tags[tagOwner]), nil
		}
		healthy, err := b.healthy(ctx, g.ARN)
		if err != nil {
			return nil, err
		}
		if healthy == 0 && g.Weight > 0 {
			all = append(all, problem(takeoverAttribute, "target group %s of listener rule %s has no healthy target: there is nothing in it to go back to", g.ARN, theirs.arn)...)
		}
	}
	if theirs.sticky > 0 {
		all = append(all, problem(takeoverAttribute, "listener rule %s keeps clients on one of its target groups for %s: there is no such stickiness while traffic moves and after that; what goes wrong gives it back", theirs.arn, theirs.sticky)...)
	}
	for i := range all {
		all[i].Warning = true
	}
	return all, nil
}
