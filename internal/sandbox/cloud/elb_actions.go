// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// checkActions holds a rule's actions to ELB's limits and gives them in the
// form in which ELB returns them. Replaced is the rule whose actions they are
// to replace, nil for a new one.
func (c *Cloud) checkActions(lb *loadBalancer, actions []types.Action, replaced *rule) ([]types.Action, error) {
	if len(actions) == 0 {
		return nil, wire.Errorf("ValidationError", "At least one action must be specified")
	}
	if len(actions) > 1 {
		return nil, wire.Errorf("ValidationError", "Actions other than one forward, redirect or fixed-response are not served")
	}
	a := actions[0]
	a.Order = nil
	if lb.Type == types.LoadBalancerTypeEnumApplication {
		a.Order = ptr[int32](1)
	}
	var err error
	switch a.Type {
	case types.ActionTypeEnumForward:
		a.ForwardConfig, err = c.checkForward(lb, a, replaced)
		a.TargetGroupArn = nil
		if err == nil && len(a.ForwardConfig.TargetGroups) == 1 {
			a.TargetGroupArn = a.ForwardConfig.TargetGroups[0].TargetGroupArn
		}
	case types.ActionTypeEnumFixedResponse:
		err = checkFixedResponse(a.FixedResponseConfig)
	case types.ActionTypeEnumRedirect:
		err = checkRedirect(a.RedirectConfig)
	default:
		err = &types.InvalidLoadBalancerActionException{Message: ptr(fmt.Sprintf("The action type '%s' is not valid", a.Type))}
	}
	if err != nil {
		return nil, err
	}
	return []types.Action{a}, nil
}

func checkFixedResponse(f *types.FixedResponseActionConfig) error {
	if f == nil || value(f.StatusCode) == "" {
		return &types.InvalidLoadBalancerActionException{Message: ptr("A fixed-response action must have a status code")}
	}
	if n, err := strconv.Atoi(*f.StatusCode); err != nil || n < 200 || n > 599 || n/100 == 3 {
		return wire.Errorf("ValidationError", "'%s' is not a status code of the form 2XX, 4XX or 5XX", *f.StatusCode)
	}
	if len(value(f.MessageBody)) > 1024 {
		return wire.Errorf("ValidationError", "The message body of a fixed-response action must have at most 1024 characters")
	}
	return nil
}

func checkRedirect(r *types.RedirectActionConfig) error {
	if r == nil || (r.StatusCode != types.RedirectActionStatusCodeEnumHttp301 && r.StatusCode != types.RedirectActionStatusCodeEnumHttp302) {
		return &types.InvalidLoadBalancerActionException{Message: ptr("A redirect action must have the status code HTTP_301 or HTTP_302")}
	}
	if r.Host == nil && r.Path == nil && r.Port == nil && r.Protocol == nil && r.Query == nil {
		return &types.InvalidLoadBalancerActionException{Message: ptr("The redirect configuration is not valid because it creates a loop")}
	}
	return nil
}

// checkForward completes and checks a forward action.
func (c *Cloud) checkForward(lb *loadBalancer, a types.Action, replaced *rule) (*types.ForwardActionConfig, error) {
	f := types.ForwardActionConfig{}
	if a.ForwardConfig != nil {
		f = *a.ForwardConfig
		f.TargetGroups = slices.Clone(f.TargetGroups)
	}
	if a.TargetGroupArn != nil {
		if len(f.TargetGroups) > 1 || (len(f.TargetGroups) == 1 && value(f.TargetGroups[0].TargetGroupArn) != *a.TargetGroupArn) {
			return nil, &types.InvalidLoadBalancerActionException{Message: ptr("You cannot specify both a target group ARN and a forward configuration with other target groups")}
		}
		if len(f.TargetGroups) == 0 {
			f.TargetGroups = []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}
		}
	}
	switch n := len(f.TargetGroups); {
	case n == 0:
		return nil, &types.InvalidLoadBalancerActionException{Message: ptr("A forward action must have at least one target group")}
	case n > maxGroupsPerAction:
		return nil, &types.TooManyTargetGroupsException{Message: ptr(fmt.Sprintf("A forward action can have at most '%d' target groups", maxGroupsPerAction))}
	case n > 1 && lb.Type != types.LoadBalancerTypeEnumApplication:
		return nil, &types.InvalidLoadBalancerActionException{Message: ptr("A forward action of this load balancer can have only one target group")}
	}
	seen := map[string]bool{}
	for i := range f.TargetGroups {
		t := &f.TargetGroups[i]
		arn := value(t.TargetGroupArn)
		g, err := c.group(arn)
		if err != nil {
			return nil, err
		}
		if seen[arn] {
			return nil, &types.InvalidLoadBalancerActionException{Message: ptr(fmt.Sprintf("Target group '%s' is specified more than once", arn))}
		}
		seen[arn] = true
		if t.Weight == nil {
			if len(f.TargetGroups) > 1 {
				return nil, &types.InvalidLoadBalancerActionException{Message: ptr("A weight must be specified for each target group of a forward action with several target groups")}
			}
			t.Weight = ptr[int32](1)
		}
		if *t.Weight < 0 || *t.Weight > maxWeight {
			return nil, wire.Errorf("ValidationError", "Weight '%d' must be between 0 and %d", *t.Weight, maxWeight)
		}
		if err := c.checkAttachable(lb, g); err != nil {
			return nil, err
		}
	}
	if err := c.checkGroupQuota(lb, f, replaced); err != nil {
		return nil, err
	}
	if err := checkStickiness(&f); err != nil {
		return nil, err
	}
	return &f, nil
}

// checkAttachable: a target group serves one load balancer, of its own kind.
func (c *Cloud) checkAttachable(lb *loadBalancer, g *targetGroup) error {
	http := g.Protocol == types.ProtocolEnumHttp || g.Protocol == types.ProtocolEnumHttps
	if http != (lb.Type == types.LoadBalancerTypeEnumApplication) {
		return &types.IncompatibleProtocolsException{Message: ptr(fmt.Sprintf("Target group '%s' with the protocol '%s' is not compatible with load balancer '%s'", *g.TargetGroupArn, g.Protocol, *lb.LoadBalancerArn))}
	}
	for _, other := range c.balancersOf(*g.TargetGroupArn) {
		if other != *lb.LoadBalancerArn {
			return &types.TargetGroupAssociationLimitException{Message: ptr(fmt.Sprintf("The following target groups cannot be associated with more than one load balancer: %s", *g.TargetGroupArn))}
		}
	}
	return nil
}

func (c *Cloud) checkGroupQuota(lb *loadBalancer, f types.ForwardActionConfig, replaced *rule) error {
	used := map[string]bool{}
	for _, l := range lb.listeners {
		for _, r := range l.rules {
			if r == replaced {
				continue
			}
			for _, arn := range forwardsTo(r.Actions) {
				used[arn] = true
			}
		}
	}
	for _, t := range f.TargetGroups {
		used[*t.TargetGroupArn] = true
	}
	if len(used) > c.config.Quotas.TargetGroupsPerBalancer {
		return &types.TooManyUniqueTargetGroupsPerLoadBalancerException{Message: ptr(fmt.Sprintf("The maximum number of target groups has been reached on load balancer '%s'", *lb.LoadBalancerArn))}
	}
	return nil
}

func checkStickiness(f *types.ForwardActionConfig) error {
	if f.TargetGroupStickinessConfig == nil {
		f.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: ptr(false)}
	}
	s := f.TargetGroupStickinessConfig
	if !value(s.Enabled) {
		return nil
	}
	if d := value(s.DurationSeconds); d < 1 || d > maxStickiness {
		return wire.Errorf("ValidationError", "The stickiness duration must be between 1 and %d seconds, not %d", maxStickiness, d)
	}
	return nil
}

// proxyAction is an action as the data plane wants it.
func (c *Cloud) proxyAction(p *proxy.Rule, a types.Action) {
	switch a.Type {
	case types.ActionTypeEnumForward:
		for _, t := range a.ForwardConfig.TargetGroups {
			// A rule keeps the group from being deleted, so it is there.
			if g, err := c.group(*t.TargetGroupArn); err == nil {
				p.Forward = append(p.Forward, proxy.WeightedGroup{Group: g.proxy, Weight: int(*t.Weight)})
			}
		}
		if s := a.ForwardConfig.TargetGroupStickinessConfig; value(s.Enabled) {
			p.StickyFor = c.real(time.Duration(*s.DurationSeconds) * time.Second)
		}
	case types.ActionTypeEnumFixedResponse:
		f := a.FixedResponseConfig
		code, _ := strconv.Atoi(*f.StatusCode) // was checked
		p.Fixed = &proxy.FixedResponse{StatusCode: code, ContentType: value(f.ContentType), MessageBody: value(f.MessageBody)}
	case types.ActionTypeEnumRedirect:
		r := a.RedirectConfig
		p.Redirect = &proxy.Redirect{
			Protocol: value(r.Protocol), Host: value(r.Host), Port: value(r.Port), Path: value(r.Path), Query: value(r.Query), StatusCode: 301,
		}
		if r.StatusCode == types.RedirectActionStatusCodeEnumHttp302 {
			p.Redirect.StatusCode = 302
		}
	}
}
