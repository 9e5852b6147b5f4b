// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Check returns what would stop the endpoint's rule, or an environment on its load
// balancer.
func (b *Balancer) Check(ctx context.Context, r *endpoint.Record, creates bool) ([]endpoint.Problem, error) {
	routing := r.Desired.Routing
	listener, err := b.listener(ctx, routing.ListenerARN)
	if err != nil {
		return nil, err
	}
	if listener == nil {
		return problem("routing.listener_arn", "there is no listener %s", routing.ListenerARN), nil
	}
	loadBalancer := aws.ToString(listener.LoadBalancerArn)
	vpc, problems, err := b.checkLoadBalancer(ctx, loadBalancer)
	if err != nil || len(problems) > 0 {
		return problems, err
	}
	if wanted := r.Desired.Release.Beanstalk.VPCID; vpc != wanted {
		return problem("beanstalk.vpc_id", "%q is not the VPC of the load balancer of routing.listener_arn, %s", wanted, vpc), nil
	}
	rules, err := b.rules(ctx, routing.ListenerARN)
	if err != nil {
		return nil, err
	}
	ours, err := b.find(ctx, r, rules)
	if err != nil {
		return nil, err
	}
	test, err := b.findTest(ctx, r, rules)
	if err != nil {
		return nil, err
	}
	need := 0
	if ours, problems, err = b.checkTakeover(ctx, r, rules, ours); err != nil || len(endpoint.Stopping(problems)) > 0 {
		return problems, err
	}
	if ours == nil {
		need++
	}
	others := slices.DeleteFunc(slices.Clone(rules), func(x rule) bool {
		return ours != nil && x.arn == ours.arn || test != nil && x.arn == test.arn
	})
	problems = append(problems, conflicts(routing, ours, others)...)
	if r.Desired.TestRoute != nil {
		problems = append(problems, testConflicts(*r.Desired.TestRoute, test, others)...)
		if test == nil {
			need++
		}
	}
	if creates {
		need++ // Elastic Beanstalk's own rule for the new environment
	}
	if need == 0 {
		return problems, nil
	}
	limits, err := b.checkLimits(ctx, routing.ListenerARN, loadBalancer, rules, need, creates)
	return append(problems, limits...), err
}

// checkLoadBalancer returns the load balancer's VPC, and what keeps endpoints from it.
func (b *Balancer) checkLoadBalancer(ctx context.Context, arn string) (vpc string, problems []endpoint.Problem, err error) {
	out, err := b.elb.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{arn}})
	if err != nil {
		return "", nil, fmt.Errorf("describing load balancer %s: %w", arn, err)
	}
	if len(out.LoadBalancers) == 0 {
		return "", problem("routing.listener_arn", "its load balancer %s does not exist", arn), nil
	}
	l := out.LoadBalancers[0]
	if l.Type != types.LoadBalancerTypeEnumApplication {
		return "", problem("routing.listener_arn", "it is on %s, a load balancer of type %s: only an Application Load Balancer (type application) routes by host", arn, l.Type), nil
	}
	if l.State != nil && l.State.Code != types.LoadBalancerStateEnumActive && l.State.Code != types.LoadBalancerStateEnumActiveImpaired {
		return "", problem("routing.listener_arn", "its load balancer %s is in state %s, not active", arn, l.State.Code), nil
	}
	return aws.ToString(l.VpcId), nil, nil
}

// The limits of Elastic Load Balancing that matter, by the names that
// DescribeAccountLimits gives them, and what they are when it does not.
const (
	limitRules   = "rules-per-application-load-balancer"
	limitGroups  = "target-groups-per-application-load-balancer"
	defaultLimit = 100
)

// checkLimits compares what the load balancer has, and will have, with the
// account's limits. rules are those of our listener.
func (b *Balancer) checkLimits(ctx context.Context, listener, loadBalancer string, rules []rule, need int, creates bool) ([]endpoint.Problem, error) {
	limits, err := b.limits(ctx)
	if err != nil {
		return nil, err
	}
	have, err := b.countRules(ctx, listener, rules)
	if err != nil {
		return nil, err
	}
	var problems []endpoint.Problem
	if most := limits[limitRules]; have+need > most {
		problems = problem("routing.listener_arn", "load balancer %s has %d rules of at most %d, and %d more are needed", loadBalancer, have, most, need)
	}
	if !creates {
		return problems, nil
	}
	groups, err := b.countGroups(ctx, loadBalancer)
	if err != nil {
		return nil, err
	}
	if most := limits[limitGroups]; groups+1 > most {
		problems = append(problems, problem("routing.listener_arn", "load balancer %s has %d target groups of at most %d, and one more is needed", loadBalancer, groups, most)...)
	}
	return problems, nil
}

// countRules counts the rules of a listener's load balancer as its limit does. rules
// are those of the listener itself.
func (b *Balancer) countRules(ctx context.Context, listener string, rules []rule) (int, error) {
	others, err := b.otherRules(ctx, listener)
	if err != nil {
		return 0, err
	}
	return len(slices.DeleteFunc(append(others, rules...), func(r rule) bool { return r.fallback })), nil
}

func (b *Balancer) limits(ctx context.Context) (map[string]int, error) {
	limits := map[string]int{limitRules: defaultLimit, limitGroups: defaultLimit}
	pages := elasticloadbalancingv2.NewDescribeAccountLimitsPaginator(b.elb, &elasticloadbalancingv2.DescribeAccountLimitsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describing the limits of Elastic Load Balancing: %w", err)
		}
		for _, l := range page.Limits {
			if most, err := strconv.Atoi(aws.ToString(l.Max)); err == nil {
				limits[aws.ToString(l.Name)] = most
			}
		}
	}
	return limits, nil
}

func (b *Balancer) countGroups(ctx context.Context, loadBalancer string) (int, error) {
	n := 0
	pages := elasticloadbalancingv2.NewDescribeTargetGroupsPaginator(b.elb, &elasticloadbalancingv2.DescribeTargetGroupsInput{LoadBalancerArn: &loadBalancer})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("describing the target groups of %s: %w", loadBalancer, err)
		}
		n += len(page.TargetGroups)
	}
	return n, nil
}

func problem(attribute, format string, args ...any) []endpoint.Problem {
	return []endpoint.Problem{{Attribute: attribute, Message: fmt.Sprintf(format, args...)}}
}
