// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// leastTimeout is the shortest health check timeout in real time: a busy
// machine must not fail checks only because time is scaled.
const leastTimeout = time.Second

func (s balancing) CreateTargetGroup(_ context.Context, in *elbv2.CreateTargetGroupInput) (*elbv2.CreateTargetGroupOutput, error) {
	g, err := s.createGroup(in)
	if err != nil {
		return nil, err
	}
	return &elbv2.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{s.describeGroup(g)}}, nil
}

func (c *Cloud) createGroup(in *elbv2.CreateTargetGroupInput) (*targetGroup, error) {
	name := *in.Name
	if err := checkELBName("Target group", name); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.groups, func(g *targetGroup) bool { return *g.TargetGroupName == name }) {
		return nil, &types.DuplicateTargetGroupNameException{Message: ptr(fmt.Sprintf("A target group with the same name '%s' exists, but with different settings", name))}
	}
	if len(c.groups) >= c.config.Quotas.TargetGroupsPerRegion {
		return nil, &types.TooManyTargetGroupsException{Message: ptr("The maximum number of target groups has been reached")}
	}
	kind := cmp.Or(in.TargetType, types.TargetTypeEnumInstance)
	if kind != types.TargetTypeEnumInstance && kind != types.TargetTypeEnumIp {
		return nil, wire.Errorf("ValidationError", "Target groups of type '%s' are not served", kind)
	}
	if in.Protocol == "" || in.Port == nil {
		return nil, wire.Errorf("ValidationError", "A target group of type '%s' must have a port and a protocol", kind)
	}
	if in.VpcId == nil {
		return nil, wire.Errorf("ValidationError", "A VPC ID must be specified for a target group of type '%s'", kind)
	}
	if *in.VpcId != c.network.vpc {
		return nil, wire.Errorf("ValidationError", "The VPC ID '%s' is not found", *in.VpcId)
	}
	g := &targetGroup{
		TargetGroup: types.TargetGroup{
			TargetGroupArn:  ptr(c.arn("elasticloadbalancing", fmt.Sprintf("targetgroup/%s/%s", name, c.id(hexDigits, 16)))),
			TargetGroupName: &name, Port: in.Port, Protocol: in.Protocol, VpcId: in.VpcId, TargetType: kind,
			IpAddressType: types.TargetGroupIpAddressTypeEnumIpv4,
		},
		attributes: map[string]string{
			"deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false",
			"stickiness.type": "lb_cookie", "stickiness.lb_cookie.duration_seconds": "86400",
			"slow_start.duration_seconds": "0", "load_balancing.algorithm.type": "round_robin",
			"load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
		},
	}
	if in.Protocol == types.ProtocolEnumHttp || in.Protocol == types.ProtocolEnumHttps {
		g.ProtocolVersion = ptr(cmp.Or(value(in.ProtocolVersion), "HTTP1"))
	}
	if err := g.setHealthCheck(elbv2.ModifyTargetGroupInput{
		HealthCheckEnabled: in.HealthCheckEnabled, HealthCheckIntervalSeconds: in.HealthCheckIntervalSeconds,
		HealthCheckPath: in.HealthCheckPath, HealthCheckPort: in.HealthCheckPort, HealthCheckProtocol: in.HealthCheckProtocol,
		HealthCheckTimeoutSeconds: in.HealthCheckTimeoutSeconds, HealthyThresholdCount: in.HealthyThresholdCount,
		Matcher: in.Matcher, UnhealthyThresholdCount: in.UnhealthyThresholdCount,
	}); err != nil {
		return nil, err
	}
	if err := setELBTags(&g.tags, in.Tags); err != nil {
		return nil, err
	}
	g.proxy = proxy.NewGroup(c.healthCheck(g), c.real(deregistrationDelay(g)), proxy.WithClock(c.config.Now))
	g.proxy.SetInUse(false)
	c.groups = append(c.groups, g)
	return g, nil
}

// setHealthCheck changes what is given and keeps or defaults the rest.
func (g *targetGroup) setHealthCheck(in elbv2.ModifyTargetGroupInput) error {
	next := g.TargetGroup
	next.HealthCheckEnabled = cmp.Or(in.HealthCheckEnabled, g.HealthCheckEnabled, ptr(true))
	next.HealthCheckIntervalSeconds = cmp.Or(in.HealthCheckIntervalSeconds, g.HealthCheckIntervalSeconds, ptr[int32](30))
	next.HealthCheckTimeoutSeconds = cmp.Or(in.HealthCheckTimeoutSeconds, g.HealthCheckTimeoutSeconds, ptr[int32](5))
	next.HealthCheckPort = cmp.Or(in.HealthCheckPort, g.HealthCheckPort, ptr("traffic-port"))
	next.HealthyThresholdCount = cmp.Or(in.HealthyThresholdCount, g.HealthyThresholdCount, ptr[int32](5))
	next.UnhealthyThresholdCount = cmp.Or(in.UnhealthyThresholdCount, g.UnhealthyThresholdCount, ptr[int32](2))
	next.HealthCheckProtocol = cmp.Or(in.HealthCheckProtocol, g.HealthCheckProtocol, g.Protocol)
	if next.HealthCheckProtocol == types.ProtocolEnumHttp || next.HealthCheckProtocol == types.ProtocolEnumHttps {
		next.HealthCheckPath = cmp.Or(in.HealthCheckPath, g.HealthCheckPath, ptr("/"))
		next.Matcher = cmp.Or(in.Matcher, g.Matcher, &types.Matcher{HttpCode: ptr("200")})
	}
	for _, limit := range []struct {
		what             string
		got, least, most int32
	}{
		{"Health check interval", *next.HealthCheckIntervalSeconds, 5, 300},
		{"Health check timeout", *next.HealthCheckTimeoutSeconds, 2, 120},
		{"Healthy threshold count", *next.HealthyThresholdCount, 2, 10},
		{"Unhealthy threshold count", *next.UnhealthyThresholdCount, 2, 10},
	} {
		if limit.got < limit.least || limit.got > limit.most {
			return wire.Errorf("ValidationError", "%s '%d' must be between %d and %d", limit.what, limit.got, limit.least, limit.most)
		}
	}
	if *next.HealthCheckTimeoutSeconds >= *next.HealthCheckIntervalSeconds {
		return wire.Errorf("ValidationError", "Health check timeout '%d' must be smaller than the interval '%d'", *next.HealthCheckTimeoutSeconds, *next.HealthCheckIntervalSeconds)
	}
	g.TargetGroup = next
	return nil
}

// healthCheck is a group's health check in real time.
func (c *Cloud) healthCheck(g *targetGroup) proxy.HealthCheck {
	h := proxy.HealthCheck{
		Protocol: string(g.HealthCheckProtocol), Path: value(g.HealthCheckPath), Port: *g.HealthCheckPort,
		Interval: c.real(time.Duration(*g.HealthCheckIntervalSeconds) * time.Second),
		Timeout:  max(leastTimeout, c.real(time.Duration(*g.HealthCheckTimeoutSeconds)*time.Second)),
		Healthy:  int(*g.HealthyThresholdCount), Unhealthy: int(*g.UnhealthyThresholdCount), Enabled: *g.HealthCheckEnabled,
	}
	if g.Matcher != nil {
		h.Matcher = value(g.Matcher.HttpCode)
	}
	return h
}

func deregistrationDelay(g *targetGroup) time.Duration {
	seconds, _ := strconv.Atoi(g.attributes["deregistration_delay.timeout_seconds"]) // was checked
	return time.Duration(seconds) * time.Second
}

func (c *Cloud) describeGroup(g *targetGroup) types.TargetGroup {
	d := g.TargetGroup
	d.LoadBalancerArns = c.balancersOf(*g.TargetGroupArn)
	return d
}

func (s balancing) DescribeTargetGroups(_ context.Context, in *elbv2.DescribeTargetGroupsInput) (*elbv2.DescribeTargetGroupsOutput, error) {
	if in.LoadBalancerArn != nil {
		if _, err := s.balancer(*in.LoadBalancerArn); err != nil {
			return nil, err
		}
	}
	var found []types.TargetGroup
	for _, g := range s.groups {
		d := s.describeGroup(g)
		if (in.LoadBalancerArn == nil || slices.Contains(d.LoadBalancerArns, *in.LoadBalancerArn)) &&
			(len(in.TargetGroupArns) == 0 || slices.Contains(in.TargetGroupArns, *d.TargetGroupArn)) &&
			(len(in.Names) == 0 || slices.Contains(in.Names, *d.TargetGroupName)) {
			found = append(found, d)
		}
	}
	if wanted := max(len(in.TargetGroupArns), len(in.Names)); len(found) < wanted {
		return nil, &types.TargetGroupNotFoundException{Message: ptr("One or more target groups not found")}
	}
	list, next, err := pageELB(found, in.Marker, in.PageSize)
	return &elbv2.DescribeTargetGroupsOutput{TargetGroups: list, NextMarker: next}, err
}

func (s balancing) ModifyTargetGroup(_ context.Context, in *elbv2.ModifyTargetGroupInput) (*elbv2.ModifyTargetGroupOutput, error) {
	g, err := s.group(*in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if err := g.setHealthCheck(*in); err != nil {
		return nil, err
	}
	g.proxy.SetHealthCheck(s.healthCheck(g))
	return &elbv2.ModifyTargetGroupOutput{TargetGroups: []types.TargetGroup{s.describeGroup(g)}}, nil
}

func (s balancing) DeleteTargetGroup(_ context.Context, in *elbv2.DeleteTargetGroupInput) (*elbv2.DeleteTargetGroupOutput, error) {
	if _, err := s.group(*in.TargetGroupArn); err != nil { // deleting what is gone succeeds
		return &elbv2.DeleteTargetGroupOutput{}, nil
	}
	return &elbv2.DeleteTargetGroupOutput{}, s.deleteGroup(*in.TargetGroupArn)
}

// deleteGroup refuses while any rule forwards to the group.
func (c *Cloud) deleteGroup(arn string) error {
	if len(c.usersOf(arn)) > 0 {
		return &types.ResourceInUseException{Message: ptr(fmt.Sprintf("Target group '%s' is currently in use by a listener or a rule", arn))}
	}
	i := slices.IndexFunc(c.groups, func(g *targetGroup) bool { return *g.TargetGroupArn == arn })
	if i < 0 {
		return nil
	}
	c.background.Go(c.groups[i].proxy.Close)
	c.groups = slices.Delete(c.groups, i, i+1)
	return nil
}

func (s balancing) DescribeTargetGroupAttributes(_ context.Context, in *elbv2.DescribeTargetGroupAttributesInput) (*elbv2.DescribeTargetGroupAttributesOutput, error) {
	g, err := s.group(*in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	return &elbv2.DescribeTargetGroupAttributesOutput{Attributes: g.listAttributes()}, nil
}

func (g *targetGroup) listAttributes() []types.TargetGroupAttribute {
	var list []types.TargetGroupAttribute
	for _, k := range sortedKeys(g.attributes) {
		list = append(list, types.TargetGroupAttribute{Key: ptr(k), Value: ptr(g.attributes[k])})
	}
	return list
}

func (s balancing) ModifyTargetGroupAttributes(_ context.Context, in *elbv2.ModifyTargetGroupAttributesInput) (*elbv2.ModifyTargetGroupAttributesOutput, error) {
	g, err := s.group(*in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if err := s.setGroupAttributes(g, in.Attributes); err != nil {
		return nil, err
	}
	return &elbv2.ModifyTargetGroupAttributesOutput{Attributes: g.listAttributes()}, nil
}

func (c *Cloud) setGroupAttributes(g *targetGroup, attributes []types.TargetGroupAttribute) error {
	next := maps.Clone(g.attributes)
	for _, a := range attributes {
		key, v := value(a.Key), value(a.Value)
		if _, known := next[key]; !known {
			return wire.Errorf("ValidationError", "Target group attribute key '%s' is not recognized", key)
		}
		if key == "deregistration_delay.timeout_seconds" {
			if n, err := strconv.Atoi(v); err != nil || n < 0 || n > 3600 {
				return wire.Errorf("ValidationError", "'%s' must be between 0 and 3600, not '%s'", key, v)
			}
		}
		next[key] = v
	}
	g.attributes = next
	g.proxy.SetDeregistrationDelay(c.real(deregistrationDelay(g)))
	return nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
