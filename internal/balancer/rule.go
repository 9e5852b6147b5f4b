// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// rule is a listener rule as far as it matters here.
type rule struct {
	arn      string
	fallback bool // the listener's default rule
	priority int  // of the default rule: above all others
	hosts    []string
	paths    []string
	header   string // of a condition on an HTTP header, in lower case
	values   []string
	// narrowed says that it has conditions beside these.
	narrowed bool
	// weights are of the target groups it forwards to, by ARN.
	weights map[string]int
	// lone says that forwarding is all it does, and sticky for how long a client stays
	// with one of the groups. plain is without stickiness.
	lone   bool
	sticky endpoint.Duration
	plain  bool
}

const lastPriority = endpoint.MaxPriority + 1

// rules lists a listener's rules.
func (b *Balancer) rules(ctx context.Context, listener string) ([]rule, error) {
	var all []rule
	pages := elasticloadbalancingv2.NewDescribeRulesPaginator(b.elb, &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &listener})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == "ListenerNotFound" {
			return nil, nil // its rules went with it
		}
		if err != nil {
			return nil, fmt.Errorf("describing the rules of listener %s: %w", listener, err)
		}
		for _, r := range page.Rules {
			all = append(all, read(r))
		}
	}
	return all, nil
}

func read(r types.Rule) rule {
	read := rule{arn: aws.ToString(r.RuleArn), fallback: aws.ToBool(r.IsDefault), priority: lastPriority, weights: map[string]int{}}
	if n, err := strconv.Atoi(aws.ToString(r.Priority)); err == nil {
		read.priority = n
	}
	for _, c := range r.Conditions {
		switch {
		case c.HostHeaderConfig != nil && len(c.HostHeaderConfig.RegexValues) == 0:
			read.hosts = append(read.hosts, c.HostHeaderConfig.Values...)
		case c.PathPatternConfig != nil && len(c.PathPatternConfig.RegexValues) == 0:
			read.paths = append(read.paths, c.PathPatternConfig.Values...)
		case c.HttpHeaderConfig != nil && len(c.HttpHeaderConfig.RegexValues) == 0 && read.header == "":
			read.header = strings.ToLower(aws.ToString(c.HttpHeaderConfig.HttpHeaderName))
			read.values = c.HttpHeaderConfig.Values
		default:
			read.narrowed = true
		}
	}
	read.lone = len(r.Actions) == 1 && len(r.Transforms) == 0
	for _, a := range r.Actions {
		if a.Type != types.ActionTypeEnumForward {
			read.lone = false
			continue
		}
		read.forward(a)
	}
	read.plain = read.lone && read.sticky == 0
	return read
}

func (r *rule) forward(a types.Action) {
	if a.ForwardConfig == nil {
		r.weights[aws.ToString(a.TargetGroupArn)] = 1
		return
	}
	for _, g := range a.ForwardConfig.TargetGroups {
		weight := 1 // what a group without one counts
		if g.Weight != nil {
			weight = int(*g.Weight)
		}
		r.weights[aws.ToString(g.TargetGroupArn)] = weight
	}
	if s := a.ForwardConfig.TargetGroupStickinessConfig; s != nil && aws.ToBool(s.Enabled) {
		r.sticky = endpoint.Duration(time.Duration(aws.ToInt32(s.DurationSeconds)) * time.Second)
	}
}

// find returns the endpoint's rule among those of its listener, or nil. The
// record names it; a rule that the record does not know yet, because the run that
// made it died, is known by our tags. One that proves to be gone although it was
// listed is made to forward to nothing.
func (b *Balancer) find(ctx context.Context, r *endpoint.Record, rules []rule) (*rule, error) {
	return b.known(ctx, r, rules, r.Rule(), usersRoute, func(x *rule) bool { return x.takes(r.Desired.Routing) })
}

// known returns the rule of an ARN, or else ours among those with the conditions
// wanted and those that forward to the record's environments: other conditions may
// be wanted by now than when it was made.
func (b *Balancer) known(ctx context.Context, r *endpoint.Record, rules []rule, arn, route string, wanted func(*rule) bool) (*rule, error) {
	for i := range rules {
		if rules[i].arn == arn {
			return &rules[i], nil
		}
	}
	for i := range rules {
		as := wanted(&rules[i])
		if rules[i].fallback || !as && (arn != "" || !rules[i].unrecorded(r)) {
			continue
		}
		tags, err := b.tagsOf(ctx, rules[i].arn)
		switch {
		case err != nil:
			return nil, err
		case tags == nil:
			rules[i].weights = nil
		case tags[tagEndpoint] == r.Endpoint && tags[tagOwner] == b.Owner && (as || tags[tagRoute] == route):
			return &rules[i], nil
		}
	}
	return nil, nil
}

// unrecorded says that the rule forwards to an environment of the record, which does
// not name it.
func (r *rule) unrecorded(record *endpoint.Record) bool {
	if r.arn == record.Rule() || r.arn == record.TestRuleARN || r.platforms() {
		return false
	}
	return slices.ContainsFunc(record.Environments, func(e endpoint.Environment) bool {
		_, forwards := r.weights[e.TargetGroup]
		return forwards && e.TargetGroup != ""
	})
}

// takes says that the rule's conditions are those of a routing.
func (r *rule) takes(s endpoint.Routing) bool {
	return !r.narrowed && r.header == "" && equalSets(lower(r.hosts), lower(s.Hosts)) && equalSets(r.paths, s.Paths)
}

// tagsOf reads the tags of a rule or a target group; they are nil when it is gone.
func (b *Balancer) tagsOf(ctx context.Context, arn string) (map[string]string, error) {
	out, err := b.elb.DescribeTags(ctx, &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: []string{arn}})
	if c := code(err); c == "RuleNotFound" || c == "TargetGroupNotFound" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the tags of %s: %w", arn, err)
	}
	tags := map[string]string{}
	for _, d := range out.TagDescriptions {
		for _, t := range d.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return tags, nil
}

// The tags that say whose a rule is.
const (
	tagEndpoint = "ionroller:endpoint"
	tagOwner    = "ionroller:owner"
	tagRoute    = "ionroller:route" // which of the endpoint's rules it is
)

// The endpoint's rules.
const (
	usersRoute = "users"
	testRoute  = "test"
)

// tags are those of a new rule. Ours win over the user's.
func (b *Balancer) tags(name, route string) []types.Tag {
	all := map[string]string{}
	maps.Copy(all, b.Tags)
	all[tagEndpoint], all[tagOwner], all[tagRoute] = name, b.Owner, route
	var tags []types.Tag
	for _, key := range slices.Sorted(maps.Keys(all)) {
		tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(all[key])})
	}
	return tags
}

func lower(all []string) []string {
	low := make([]string, len(all))
	for i, s := range all {
		low[i] = strings.ToLower(s)
	}
	return low
}

func equalSets(a, b []string) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}

// code is the service's error code, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
