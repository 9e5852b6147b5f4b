// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// balancing is Elastic Load Balancing, version 2.
type balancing struct{ *Cloud }

type loadBalancer struct {
	types.LoadBalancer
	attributes map[string]string
	tags       tags
	listeners  []*listener
}

type listener struct {
	types.Listener
	attributes map[string]string
	tags       tags
	balancer   *loadBalancer
	rules      []*rule         // by priority, the default rule last
	proxy      *proxy.Listener // nil unless the load balancer is an application one
	pending    []ruleChange    // on their way to the proxy, the next one first
}

type rule struct {
	types.Rule
	tags     tags
	priority int // defaultPriority for the default rule
	listener *listener
}

type targetGroup struct {
	types.TargetGroup
	attributes map[string]string
	tags       tags
	proxy      *proxy.Group
	before     []proxy.TargetHealth // of a group of the past
}

// health is that of the group's targets, of the past if the group is.
func (g *targetGroup) health() []proxy.TargetHealth {
	if g.before != nil {
		return g.before
	}
	return g.proxy.Health()
}

// ptr makes optional members out of values.
func ptr[T any](v T) *T { return &v }

// value gives an optional member, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func (c *Cloud) balancer(arn string) (*loadBalancer, error) {
	for _, lb := range c.balancers {
		if *lb.LoadBalancerArn == arn {
			return lb, nil
		}
	}
	return nil, &types.LoadBalancerNotFoundException{Message: ptr("Load balancer '" + arn + "' not found")}
}

func (c *Cloud) listener(arn string) (*listener, error) {
	for _, lb := range c.balancers {
		for _, l := range lb.listeners {
			if *l.ListenerArn == arn {
				return l, nil
			}
		}
	}
	return nil, &types.ListenerNotFoundException{Message: ptr("One or more listeners not found")}
}

func (c *Cloud) rule(arn string) (*rule, error) {
	for r := range c.allRules {
		if *r.RuleArn == arn {
			return r, nil
		}
	}
	return nil, &types.RuleNotFoundException{Message: ptr("One or more rules not found")}
}

func (c *Cloud) group(arn string) (*targetGroup, error) {
	for _, g := range c.groups {
		if *g.TargetGroupArn == arn {
			return g, nil
		}
	}
	return nil, &types.TargetGroupNotFoundException{Message: ptr("One or more target groups not found")}
}

// allRules runs over the rules of all listeners.
func (c *Cloud) allRules(yield func(*rule) bool) {
	for _, lb := range c.balancers {
		for _, l := range lb.listeners {
			for _, r := range l.rules {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// forwardsTo gives the ARNs of the target groups that actions name.
func forwardsTo(actions []types.Action) []string {
	var arns []string
	for _, a := range actions {
		if a.ForwardConfig == nil {
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			arns = append(arns, *g.TargetGroupArn)
		}
	}
	return arns
}

// usersOf gives the rules that forward to a target group.
func (c *Cloud) usersOf(group string) []*rule {
	var users []*rule
	for r := range c.allRules {
		if slices.Contains(forwardsTo(r.Actions), group) {
			users = append(users, r)
		}
	}
	return users
}

// balancersOf gives the ARNs of the load balancers that forward to a group.
func (c *Cloud) balancersOf(group string) []string {
	arns := []string{}
	for _, r := range c.usersOf(group) {
		if arn := *r.listener.LoadBalancerArn; !slices.Contains(arns, arn) {
			arns = append(arns, arn)
		}
	}
	return arns
}

// applyRules makes the data plane follow the rules of a listener, and tells the
// target groups whether any rule uses them.
func (c *Cloud) applyRules(l *listener) {
	if l.proxy != nil {
		rules := make([]proxy.Rule, 0, len(l.rules))
		for _, r := range l.rules {
			rules = append(rules, c.proxyRule(r))
		}
		c.setRules(l, rules)
	}
	for _, g := range c.groups {
		g.proxy.SetInUse(len(c.usersOf(*g.TargetGroupArn)) > 0)
	}
}

func (c *Cloud) closeListener(l *listener) {
	if l.proxy == nil {
		return
	}
	c.background.Go(func() {
		if err := l.proxy.Close(); err != nil {
			c.config.Logger.Warn("closing a listener", "listener", *l.ListenerArn, "error", err)
		}
	})
}

// pageELB cuts a page of at most 400, as ELB does.
func pageELB[T any](items []T, marker *string, size *int32) ([]T, *string, error) {
	return page(items, marker, size, 400)
}

// notBoth refuses describing by names of two kinds at once.
func notBoth(first, second bool, what string) error {
	if first && second {
		return wire.Errorf("ValidationError", "%s cannot be specified together", what)
	}
	return nil
}

// resourceName is the part of an ARN after a resource's type, as CloudWatch
// uses it in dimensions: app/name/id, targetgroup/name/id.
func resourceName(arn string) string {
	_, name, _ := strings.Cut(arn, ":loadbalancer/")
	if name == "" {
		parts := strings.Split(arn, ":")
		name = parts[len(parts)-1]
	}
	return name
}
