// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Aim makes or changes the rule of the test route so that all its requests go to
// one group.
func (b *Balancer) Aim(ctx context.Context, r *endpoint.Record, group string) (string, error) {
	arn, err := b.aim(ctx, r, group)
	if err != nil {
		return "", fmt.Errorf("aiming the test route of %s at target group %s: %w", r.Endpoint, group, err)
	}
	return arn, nil
}

func (b *Balancer) aim(ctx context.Context, r *endpoint.Record, group string) (string, error) {
	action, err := forward(map[string]string{"test": group}, map[string]int{"test": 100})
	if err != nil {
		return "", err
	}
	for try := 1; ; try++ {
		rules, err := b.rules(ctx, r.Desired.Routing.ListenerARN)
		if err != nil {
			return "", err
		}
		users, err := b.find(ctx, r, rules)
		if err != nil {
			return "", err
		}
		test, err := b.findTest(ctx, r, rules)
		if err != nil {
			return "", err
		}
		priority, err := b.testPriority(ctx, r, users, rules)
		if err != nil {
			return "", err
		}
		if test != nil {
			return test.arn, b.aimAgain(ctx, r.Desired, test, users, priority, action)
		}
		arn, err := b.create(ctx, r, testRoute, priority, testConditions(r.Desired), action)
		if err == nil || code(err) != "PriorityInUse" {
			return arn, err
		}
		if try == tries {
			return "", &roller.Unseen{Err: err}
		}
	}
}

// aimAgain changes the rule of the test route, and moves it where it comes too
// late to take its requests.
func (b *Balancer) aimAgain(ctx context.Context, s endpoint.Spec, test, users *rule, priority int, action types.Action) error {
	_, err := b.elb.ModifyRule(ctx, &elasticloadbalancingv2.ModifyRuleInput{
		RuleArn: &test.arn, Conditions: testConditions(s), Actions: []types.Action{action},
	})
	if err != nil {
		return fmt.Errorf("changing listener rule %s: %w", test.arn, err)
	}
	if test.early(s, users) {
		return nil
	}
	_, err = b.elb.SetRulePriorities(ctx, &elasticloadbalancingv2.SetRulePrioritiesInput{
		RulePriorities: []types.RulePriorityPair{{RuleArn: &test.arn, Priority: aws.Int32(int32(priority))}},
	})
	if err != nil {
		return fmt.Errorf("changing the priority of listener rule %s from %d to %d: %w", test.arn, test.priority, priority, err)
	}
	return nil
}

// findTest returns the rule of the endpoint's test route, or nil.
func (b *Balancer) findTest(ctx context.Context, r *endpoint.Record, rules []rule) (*rule, error) {
	return b.known(ctx, r, rules, r.TestRuleARN, testRoute, func(x *rule) bool {
		return r.Desired.TestRoute != nil && x.tests(r.Desired)
	})
}

// tests says that the rule's conditions are those of a test route.
func (r *rule) tests(s endpoint.Spec) bool {
	t := s.TestRoute
	if t == nil || r.narrowed {
		return false
	}
	if t.Header == "" {
		return r.header == "" && len(r.paths) == 0 && equalSets(lower(r.hosts), lower(t.Hosts))
	}
	return r.header == strings.ToLower(t.Header) && equalSets(r.values, t.Values) &&
		equalSets(lower(r.hosts), lower(s.Routing.Hosts)) && equalSets(r.paths, s.Routing.Paths)
}

// early says that the rule gets its requests before the users' rule does: a header
// is looked for among the users' own requests.
func (r *rule) early(s endpoint.Spec, users *rule) bool {
	return s.TestRoute.Header == "" || users == nil || r.priority < users.priority
}

// aimed is what the rule of the test route does.
func (r *rule) aimed(s endpoint.Spec, users *rule, groups map[string]string) rollout.TestRule {
	seen := rollout.TestRule{RuleARN: r.arn, Routed: s.TestRoute != nil && r.plain && r.tests(s) && r.early(s, users)}
	for name, arn := range groups {
		if _, ok := r.weights[arn]; ok && len(r.weights) == 1 {
			seen.Target = name
		}
	}
	return seen
}

// testPriority is a free priority for the rule of the test route: before the
// users' rule when it picks from the same hosts. Where none is free there, the
// users' rule moves behind all others, unless its priority is configured.
func (b *Balancer) testPriority(ctx context.Context, r *endpoint.Record, users *rule, rules []rule) (int, error) {
	s := r.Desired
	before := s.Routing.Priority
	if users != nil {
		before = users.priority
	}
	last := freePriority(0, rules)
	if s.TestRoute.Header == "" || before == 0 {
		return last, nil
	}
	taken := map[int]bool{}
	for _, r := range rules {
		taken[r.priority] = true
	}
	for p := before - 1; p > 0; p-- {
		if !taken[p] {
			return p, nil
		}
	}
	if s.Routing.Priority != 0 || users == nil || last >= endpoint.MaxPriority || r.TakingOver() {
		return 0, &roller.Refusal{Err: fmt.Errorf("test_route.header: no priority below %d, that of the endpoint's rule, is free: set routing.priority to a larger one", before)}
	}
	_, err := b.elb.SetRulePriorities(ctx, &elasticloadbalancingv2.SetRulePrioritiesInput{
		RulePriorities: []types.RulePriorityPair{{RuleArn: &users.arn, Priority: aws.Int32(int32(last + 1))}},
	})
	if err != nil {
		return 0, fmt.Errorf("moving listener rule %s from priority %d to %d: %w", users.arn, before, last+1, err)
	}
	users.priority = last + 1
	return last, nil
}

func testConditions(s endpoint.Spec) []types.RuleCondition {
	t := s.TestRoute
	if t.Header == "" {
		return conditions(endpoint.Routing{Hosts: t.Hosts})
	}
	return append(conditions(s.Routing), types.RuleCondition{
		Field: aws.String("http-header"), HttpHeaderConfig: &types.HttpHeaderConditionConfig{HttpHeaderName: &t.Header, Values: t.Values},
	})
}

// testConflicts finds the rules that stand in the way of a test route's hosts.
func testConflicts(t endpoint.TestRoute, test *rule, others []rule) []endpoint.Problem {
	if t.Header != "" {
		return nil
	}
	problems := conflicts(endpoint.Routing{Hosts: t.Hosts}, test, others)
	for i := range problems {
		problems[i].Attribute = "test_route.hosts"
	}
	return problems
}

// TestURL is the address of the test route: of its first host, or of the
// endpoint's, where a header makes the difference.
func (b *Balancer) TestURL(ctx context.Context, s endpoint.Spec) (string, error) {
	if s.TestRoute == nil {
		return "", nil
	}
	routing := s.Routing
	if len(s.TestRoute.Hosts) > 0 {
		routing.Hosts = s.TestRoute.Hosts
	}
	return b.URL(ctx, routing)
}

// Entrance is the address at which the load balancer itself takes the listener's
// requests, whatever DNS says of the hosts.
func (b *Balancer) Entrance(ctx context.Context, s endpoint.Routing) (string, error) {
	arn := endpoint.LoadBalancerOf(s.ListenerARN)
	out, err := b.elb.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{arn}})
	if err != nil {
		return "", fmt.Errorf("describing load balancer %s: %w", arn, err)
	}
	if len(out.LoadBalancers) == 0 {
		return "", fmt.Errorf("load balancer %s does not exist", arn)
	}
	s.Hosts = []string{aws.ToString(out.LoadBalancers[0].DNSName)}
	return b.URL(ctx, s)
}
