// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// hostedZoneOfBalancers is the zone of application load balancers in us-east-1.
const hostedZoneOfBalancers = "Z35SXDOTRQ7X7K"

func (s balancing) CreateLoadBalancer(_ context.Context, in *elbv2.CreateLoadBalancerInput) (*elbv2.CreateLoadBalancerOutput, error) {
	name := *in.Name
	if err := checkELBName("Load balancer", name); err != nil {
		return nil, err
	}
	kind, prefix := in.Type, "net"
	if kind == "" {
		kind = types.LoadBalancerTypeEnumApplication
	}
	switch kind {
	case types.LoadBalancerTypeEnumApplication:
		prefix = "app"
	case types.LoadBalancerTypeEnumNetwork:
	default:
		return nil, wire.Errorf("ValidationError", "Load balancers of type '%s' are not served", kind)
	}
	if slices.ContainsFunc(s.balancers, func(lb *loadBalancer) bool { return *lb.LoadBalancerName == name }) {
		return nil, &types.DuplicateLoadBalancerNameException{Message: ptr(fmt.Sprintf("A load balancer with the same name '%s' exists, but with different settings", name))}
	}
	if len(s.balancers) >= s.config.Quotas.LoadBalancersPerRegion {
		return nil, &types.TooManyLoadBalancersException{Message: ptr("The maximum number of load balancers has been reached")}
	}
	ids := slices.Clone(in.Subnets)
	for _, m := range in.SubnetMappings {
		ids = append(ids, value(m.SubnetId))
	}
	zones, err := s.zonesOf(ids)
	if err != nil {
		return nil, err
	}
	if kind == types.LoadBalancerTypeEnumApplication && len(zones) < 2 {
		return nil, wire.Errorf("ValidationError", "At least two subnets in two different Availability Zones must be specified")
	}
	scheme := in.Scheme
	if scheme == "" {
		scheme = types.LoadBalancerSchemeEnumInternetFacing
	}
	addresses := in.IpAddressType
	if addresses == "" {
		addresses = types.IpAddressTypeIpv4
	}
	id := s.id(hexDigits, 16)
	lb := &loadBalancer{
		LoadBalancer: types.LoadBalancer{
			LoadBalancerArn:       ptr(s.arn("elasticloadbalancing", fmt.Sprintf("loadbalancer/%s/%s/%s", prefix, name, id))),
			LoadBalancerName:      &name,
			DNSName:               ptr(fmt.Sprintf("%s-%s.%s.elb.amazonaws.com", name, s.id(digits, 10), s.config.Region)),
			CanonicalHostedZoneId: ptr(hostedZoneOfBalancers),
			CreatedTime:           ptr(s.now()),
			AvailabilityZones:     zones,
			IpAddressType:         addresses,
			Scheme:                scheme,
			SecurityGroups:        in.SecurityGroups,
			State:                 &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive},
			Type:                  kind,
			VpcId:                 &s.network.vpc,
		},
		attributes: map[string]string{
			"access_logs.s3.enabled": "false", "access_logs.s3.bucket": "", "access_logs.s3.prefix": "",
			"deletion_protection.enabled": "false", "idle_timeout.timeout_seconds": "60",
			"routing.http2.enabled": "true", "routing.http.drop_invalid_header_fields.enabled": "false",
			"load_balancing.cross_zone.enabled": "true",
		},
	}
	if lb.SecurityGroups == nil && kind == types.LoadBalancerTypeEnumApplication {
		lb.SecurityGroups = []string{s.network.securityGroup}
	}
	if err := setELBTags(&lb.tags, in.Tags); err != nil {
		return nil, err
	}
	s.balancers = append(s.balancers, lb)
	return &elbv2.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{lb.LoadBalancer}}, nil
}

// zonesOf checks subnets and finds their Availability Zones.
func (c *Cloud) zonesOf(ids []string) ([]types.AvailabilityZone, error) {
	var zones []types.AvailabilityZone
	for _, id := range ids {
		i := slices.IndexFunc(c.network.subnets, func(s subnet) bool { return s.id == id })
		if i < 0 {
			return nil, &types.SubnetNotFoundException{Message: ptr(fmt.Sprintf("The subnet ID '%s' does not exist", id))}
		}
		zones = append(zones, types.AvailabilityZone{SubnetId: ptr(id), ZoneName: ptr(c.network.subnets[i].zone)})
	}
	return zones, nil
}

func (s balancing) DescribeLoadBalancers(_ context.Context, in *elbv2.DescribeLoadBalancersInput) (*elbv2.DescribeLoadBalancersOutput, error) {
	if err := notBoth(len(in.LoadBalancerArns) > 0, len(in.Names) > 0, "Load balancer names and load balancer ARNs"); err != nil {
		return nil, err
	}
	var found []types.LoadBalancer
	for _, lb := range s.balancers {
		if (len(in.LoadBalancerArns) == 0 || slices.Contains(in.LoadBalancerArns, *lb.LoadBalancerArn)) &&
			(len(in.Names) == 0 || slices.Contains(in.Names, *lb.LoadBalancerName)) {
			found = append(found, lb.LoadBalancer)
		}
	}
	if wanted := len(in.LoadBalancerArns) + len(in.Names); len(found) < wanted {
		return nil, &types.LoadBalancerNotFoundException{Message: ptr("One or more load balancers not found")}
	}
	list, next, err := pageELB(found, in.Marker, in.PageSize)
	return &elbv2.DescribeLoadBalancersOutput{LoadBalancers: list, NextMarker: next}, err
}

func (s balancing) DeleteLoadBalancer(_ context.Context, in *elbv2.DeleteLoadBalancerInput) (*elbv2.DeleteLoadBalancerOutput, error) {
	i := slices.IndexFunc(s.balancers, func(lb *loadBalancer) bool { return *lb.LoadBalancerArn == *in.LoadBalancerArn })
	if i < 0 { // deleting what is gone succeeds
		return &elbv2.DeleteLoadBalancerOutput{}, nil
	}
	lb := s.balancers[i]
	if lb.attributes["deletion_protection.enabled"] == "true" {
		return nil, &types.OperationNotPermittedException{Message: ptr(fmt.Sprintf("Load balancer '%s' cannot be deleted because deletion protection is enabled", *lb.LoadBalancerArn))}
	}
	s.balancers = slices.Delete(s.balancers, i, i+1)
	for _, l := range lb.listeners {
		s.closeListener(l)
	}
	for _, g := range s.groups {
		g.proxy.SetInUse(len(s.usersOf(*g.TargetGroupArn)) > 0)
	}
	return &elbv2.DeleteLoadBalancerOutput{}, nil
}

func (s balancing) DescribeLoadBalancerAttributes(_ context.Context, in *elbv2.DescribeLoadBalancerAttributesInput) (*elbv2.DescribeLoadBalancerAttributesOutput, error) {
	lb, err := s.balancer(*in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeLoadBalancerAttributesOutput{}
	for _, k := range sortedKeys(lb.attributes) {
		out.Attributes = append(out.Attributes, types.LoadBalancerAttribute{Key: ptr(k), Value: ptr(lb.attributes[k])})
	}
	return out, nil
}

func (s balancing) ModifyLoadBalancerAttributes(_ context.Context, in *elbv2.ModifyLoadBalancerAttributesInput) (*elbv2.ModifyLoadBalancerAttributesOutput, error) {
	lb, err := s.balancer(*in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	for _, a := range in.Attributes {
		lb.attributes[value(a.Key)] = value(a.Value)
	}
	return &elbv2.ModifyLoadBalancerAttributesOutput{Attributes: in.Attributes}, nil
}

func (s balancing) DescribeAccountLimits(_ context.Context, in *elbv2.DescribeAccountLimitsInput) (*elbv2.DescribeAccountLimitsOutput, error) {
	q := s.config.Quotas
	var limits []types.Limit
	for _, l := range []struct {
		name string
		max  int
	}{
		{"target-groups", q.TargetGroupsPerRegion},
		{"application-load-balancers", q.LoadBalancersPerRegion},
		{"listeners-per-application-load-balancer", q.ListenersPerLoadBalancer},
		{"rules-per-application-load-balancer", q.RulesPerLoadBalancer},
		{"target-groups-per-application-load-balancer", q.TargetGroupsPerBalancer},
		{"target-groups-per-action-on-application-load-balancer", maxGroupsPerAction},
		{"condition-values-per-alb-rule", maxConditionValues},
	} {
		limits = append(limits, types.Limit{Name: ptr(l.name), Max: ptr(fmt.Sprint(l.max))})
	}
	list, next, err := pageELB(limits, in.Marker, in.PageSize)
	return &elbv2.DescribeAccountLimitsOutput{Limits: list, NextMarker: next}, err
}

// checkELBName holds names to 32 letters, digits and inner hyphens.
func checkELBName(what, name string) error {
	if name == "" || len(name) > 32 || strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-") ||
		strings.Trim(name, lowerLetters+upperLetters+digits+"-") != "" || (what == "Load balancer" && strings.HasPrefix(name, "internal-")) {
		return wire.Errorf("ValidationError", "%s name '%s' must have 1 to 32 characters, only letters, digits and hyphens, and no hyphen at either end", what, name)
	}
	return nil
}
