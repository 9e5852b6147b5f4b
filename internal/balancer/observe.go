// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Observe reports the endpoint's rule and which foreign rules use its
// environments' target groups. The load balancer's other listeners are asked only
// when a group is out of the rule, and might so be removed.
func (b *Balancer) Observe(ctx context.Context, r *endpoint.Record, groups map[string]string) (rollout.Traffic, map[string][]string, error) {
	traffic, used, err := b.observe(ctx, r, groups)
	if err != nil {
		return rollout.Traffic{}, nil, fmt.Errorf("observing the traffic of %s: %w", r.Endpoint, err)
	}
	return traffic, used, nil
}

func (b *Balancer) observe(ctx context.Context, r *endpoint.Record, groups map[string]string) (rollout.Traffic, map[string][]string, error) {
	routing := r.Desired.Routing
	if routing.ListenerARN == "" {
		return rollout.Traffic{}, nil, nil // the run that was to make it died before it said where
	}
	rules, err := b.rules(ctx, routing.ListenerARN)
	if err != nil {
		return rollout.Traffic{}, nil, err
	}
	ours, err := b.find(ctx, r, rules)
	if err != nil {
		return rollout.Traffic{}, nil, err
	}
	var traffic rollout.Traffic
	switch {
	case r.ToTakeOver() != "":
		if theirs := ruleOf(rules, r.ToTakeOver()); theirs != nil {
			traffic.Old, traffic.Unlike = theirs.old()
		}
	case r.TakingOver():
		if ours != nil {
			traffic = ours.taken(r.Takeover, groups)
		}
		if traffic.OldHealthy, err = b.healthyOld(ctx, *r.Takeover); err != nil {
			return rollout.Traffic{}, nil, err
		}
	case ours != nil:
		traffic = ours.traffic(routing, groups)
	}
	test, err := b.findTest(ctx, r, rules)
	if err != nil {
		return rollout.Traffic{}, nil, err
	}
	if test != nil {
		traffic.Test = test.aimed(r.Desired, ours, groups)
	}
	if len(traffic.Weights) < len(groups) {
		others, err := b.otherRules(ctx, routing.ListenerARN)
		if err != nil {
			return rollout.Traffic{}, nil, err
		}
		rules = append(rules, others...)
	}
	return traffic, usedBy(rules, groups, traffic.RuleARN, traffic.Test.RuleARN), nil
}

// traffic is what the rule does, by environments.
func (r *rule) traffic(s endpoint.Routing, groups map[string]string) rollout.Traffic {
	names := map[string]string{}
	for name, arn := range groups {
		if arn != "" {
			names[arn] = name
		}
	}
	t := rollout.Traffic{
		RuleARN: r.arn, Weights: map[string]int{},
		Routed: r.plain && r.takes(s) && (s.Priority == 0 || s.Priority == r.priority),
	}
	if !t.Routed {
		t.Unlike = r.unlike(s)
	}
	for arn, weight := range r.weights {
		if name, ok := names[arn]; ok {
			t.Weights[name] = weight
		} else {
			t.Foreign = append(t.Foreign, arn)
		}
	}
	slices.Sort(t.Foreign)
	return t
}

// unlike says in what the rule is not what a routing asks for.
func (r *rule) unlike(s endpoint.Routing) string {
	var all []string
	differs := func(what string, wanted, is []string) {
		if !equalSets(wanted, is) {
			all = append(all, fmt.Sprintf("%s %s and not %s", what, listed(is), listed(wanted)))
		}
	}
	differs("hosts", lower(s.Hosts), lower(r.hosts))
	differs("paths", s.Paths, r.paths)
	if r.narrowed || r.header != "" {
		all = append(all, "further conditions")
	}
	if s.Priority != 0 && s.Priority != r.priority {
		all = append(all, fmt.Sprintf("priority %d and not %d", r.priority, s.Priority))
	}
	if !r.plain {
		all = append(all, "stickiness, or more than forwarding")
	}
	return "it has " + strings.Join(all, ", ")
}

func listed(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(slices.Values(all)), " ")
}

// otherRules lists the rules of the load balancer's other listeners.
func (b *Balancer) otherRules(ctx context.Context, listener string) ([]rule, error) {
	listeners, err := b.listenersOf(ctx, endpoint.LoadBalancerOf(listener))
	if err != nil {
		return nil, err
	}
	var all []rule
	for _, arn := range listeners {
		if arn == listener {
			continue
		}
		rules, err := b.rules(ctx, arn)
		if err != nil {
			return nil, err
		}
		all = append(all, rules...)
	}
	return all, nil
}

// usedBy lists, by environment, the rules that forward to it and are neither the
// endpoint's own nor Elastic Beanstalk's.
func usedBy(rules []rule, groups map[string]string, ours ...string) map[string][]string {
	used := map[string][]string{}
	for name, arn := range groups {
		for _, r := range rules {
			if _, forwards := r.weights[arn]; forwards && !slices.Contains(ours, r.arn) && !r.platforms() {
				used[name] = append(used[name], r.arn)
			}
		}
	}
	return used
}

// platforms says that Elastic Beanstalk made the rule, for an environment's CNAME.
func (r *rule) platforms() bool {
	return len(r.hosts) > 0 && !slices.ContainsFunc(r.hosts, func(host string) bool {
		return !strings.HasSuffix(strings.ToLower(host), ".elasticbeanstalk.com")
	})
}
