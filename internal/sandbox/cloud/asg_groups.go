// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

func (s scalingService) DescribeAutoScalingGroups(_ context.Context, in *autoscaling.DescribeAutoScalingGroupsInput) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	if err := checkFilters(in.Filters, "tag-key", "tag-value", "tag:<key>"); err != nil {
		return nil, err
	}
	var found []types.AutoScalingGroup
	for _, g := range s.scaling {
		if (len(in.AutoScalingGroupNames) == 0 || slices.Contains(in.AutoScalingGroupNames, g.name)) && g.matches(in.Filters) {
			found = append(found, s.describeScaling(g))
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, maxInstancesPerResult)
	return &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: list, NextToken: next}, err
}

// checkFilters refuses filters that there are not.
func checkFilters(filters []types.Filter, known ...string) error {
	for _, f := range filters {
		name := value(f.Name)
		if strings.HasPrefix(name, "tag:") {
			name = "tag:<key>"
		}
		if !slices.Contains(known, name) {
			return wire.Errorf("ValidationError", "Filter type %s is not correct. Allowed Filter types are: %s", value(f.Name), strings.Join(known, " "))
		}
	}
	return nil
}

// matches knows the filters tag:<key>, tag-key and tag-value.
func (g *scalingGroup) matches(filters []types.Filter) bool {
	for _, f := range filters {
		name := value(f.Name)
		if !slices.ContainsFunc(g.tags, func(t tag) bool {
			switch key, isTag := strings.CutPrefix(name, "tag:"); {
			case isTag:
				return t.key == key && slices.Contains(f.Values, t.value)
			case name == "tag-key":
				return slices.Contains(f.Values, t.key)
			default:
				return name == "tag-value" && slices.Contains(f.Values, t.value)
			}
		}) {
			return false
		}
	}
	return true
}

func (c *Cloud) describeScaling(g *scalingGroup) types.AutoScalingGroup {
	d := types.AutoScalingGroup{
		AutoScalingGroupName: &g.name, AutoScalingGroupARN: &g.arn, CreatedTime: ptr(g.created),
		MinSize: ptr(int32(g.min)), MaxSize: ptr(int32(g.max)), DesiredCapacity: ptr(int32(g.desired)),
		DefaultCooldown: &g.cooldown, HealthCheckType: &g.healthCheckType, HealthCheckGracePeriod: &g.gracePeriod,
		NewInstancesProtectedFromScaleIn: &g.newProtected, TerminationPolicies: g.terminationPolicy,
		LaunchTemplate: g.template.specification(),
		Instances:      []types.Instance{}, LoadBalancerNames: []string{}, TargetGroupARNs: []string{},
		SuspendedProcesses: []types.SuspendedProcess{}, EnabledMetrics: []types.EnabledMetric{},
		Tags: g.describeTags(), TrafficSources: []types.TrafficSourceIdentifier{},
		CapacityRebalance: ptr(false), ServiceLinkedRoleARN: ptr("arn:aws:iam::" + c.config.Account + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"),
	}
	var subnets []string
	for _, n := range c.network.subnets {
		subnets = append(subnets, n.id)
		d.AvailabilityZones = append(d.AvailabilityZones, n.zone)
	}
	d.VPCZoneIdentifier = ptr(strings.Join(subnets, ","))
	for _, i := range g.instances {
		d.Instances = append(d.Instances, types.Instance{
			InstanceId: &i.id, AvailabilityZone: &i.zone, InstanceType: &i.kind, LifecycleState: i.state,
			HealthStatus: ptr(i.healthStatus()), ProtectedFromScaleIn: ptr(false), LaunchTemplate: g.template.specification(),
		})
	}
	for _, x := range g.sources {
		if x.removing {
			continue
		}
		d.TargetGroupARNs = append(d.TargetGroupARNs, x.arn)
		d.TrafficSources = append(d.TrafficSources, types.TrafficSourceIdentifier{Identifier: &x.arn, Type: ptr("elbv2")})
	}
	for _, p := range scalingProcesses {
		if g.suspended[p] {
			d.SuspendedProcesses = append(d.SuspendedProcesses, types.SuspendedProcess{ProcessName: ptr(p), SuspensionReason: ptr("User suspended at " + g.created.Format("2006-01-02T15:04:05Z"))})
		}
	}
	if g.deleting {
		d.Status = ptr("Delete in progress")
	}
	return d
}

func (t launchTemplate) specification() *types.LaunchTemplateSpecification {
	return &types.LaunchTemplateSpecification{LaunchTemplateId: ptr(t.id), LaunchTemplateName: ptr(t.name), Version: ptr("1")}
}

func (i *instance) healthStatus() string {
	if i.unhealthy {
		return "Unhealthy"
	}
	return "Healthy"
}

func (g *scalingGroup) describeTags() []types.TagDescription {
	list := []types.TagDescription{}
	for _, t := range g.tags {
		list = append(list, types.TagDescription{
			Key: ptr(t.key), Value: ptr(t.value), PropagateAtLaunch: ptr(true), ResourceId: &g.name, ResourceType: ptr("auto-scaling-group"),
		})
	}
	return list
}

func (s scalingService) DescribeTags(_ context.Context, in *autoscaling.DescribeTagsInput) (*autoscaling.DescribeTagsOutput, error) {
	if err := checkFilters(in.Filters, "auto-scaling-group", "key", "value", "propagate-at-launch"); err != nil {
		return nil, err
	}
	var found []types.TagDescription
	for _, g := range s.scaling {
		for _, t := range g.describeTags() {
			if tagMatches(t, in.Filters) {
				found = append(found, t)
			}
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, maxInstancesPerResult)
	return &autoscaling.DescribeTagsOutput{Tags: list, NextToken: next}, err
}

func tagMatches(t types.TagDescription, filters []types.Filter) bool {
	for _, f := range filters {
		var have string
		switch value(f.Name) {
		case "auto-scaling-group":
			have = *t.ResourceId
		case "key":
			have = *t.Key
		case "value":
			have = *t.Value
		case "propagate-at-launch":
			have = "true"
		}
		if !slices.Contains(f.Values, have) {
			return false
		}
	}
	return true
}

func (s scalingService) DescribeAutoScalingInstances(_ context.Context, in *autoscaling.DescribeAutoScalingInstancesInput) (*autoscaling.DescribeAutoScalingInstancesOutput, error) {
	var found []types.AutoScalingInstanceDetails
	for _, g := range s.scaling {
		for _, i := range g.instances {
			if len(in.InstanceIds) > 0 && !slices.Contains(in.InstanceIds, i.id) {
				continue
			}
			found = append(found, types.AutoScalingInstanceDetails{
				AutoScalingGroupName: &g.name, InstanceId: &i.id, AvailabilityZone: &i.zone, InstanceType: &i.kind,
				HealthStatus: ptr(strings.ToUpper(i.healthStatus())), LifecycleState: ptr(string(i.state)),
				ProtectedFromScaleIn: ptr(false), LaunchTemplate: g.template.specification(),
			})
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 50)
	return &autoscaling.DescribeAutoScalingInstancesOutput{AutoScalingInstances: list, NextToken: next}, err
}

func (s scalingService) DescribeScalingActivities(_ context.Context, in *autoscaling.DescribeScalingActivitiesInput) (*autoscaling.DescribeScalingActivitiesOutput, error) {
	var found []types.Activity
	for _, g := range s.scaling {
		if in.AutoScalingGroupName != nil && g.name != *in.AutoScalingGroupName {
			continue
		}
		for _, a := range g.activities {
			if len(in.ActivityIds) == 0 || slices.Contains(in.ActivityIds, *a.ActivityId) {
				found = append(found, a)
			}
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, maxInstancesPerResult)
	return &autoscaling.DescribeScalingActivitiesOutput{Activities: list, NextToken: next}, err
}

func (s scalingService) UpdateAutoScalingGroup(_ context.Context, in *autoscaling.UpdateAutoScalingGroupInput) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	g, err := s.scalingGroup(*in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	low, high, desired := g.min, g.max, g.desired
	if in.MinSize != nil {
		low = int(*in.MinSize)
	}
	if in.MaxSize != nil {
		high = int(*in.MaxSize)
	}
	if low < 0 || high < low {
		return nil, wire.Errorf("ValidationError", "Max bound, %d, must be greater than or equal to min bound, %d", high, low)
	}
	if in.DesiredCapacity != nil {
		desired = int(*in.DesiredCapacity)
		if desired < low || desired > high {
			return nil, wire.Errorf("ValidationError", "Desired capacity:%d must be between the specified min size:%d and max size:%d", desired, low, high)
		}
	}
	g.min, g.max, g.desired = low, high, min(max(desired, low), high)
	if in.DefaultCooldown != nil {
		g.cooldown = *in.DefaultCooldown
	}
	if in.HealthCheckType != nil {
		g.healthCheckType = *in.HealthCheckType
	}
	if in.HealthCheckGracePeriod != nil {
		g.gracePeriod = *in.HealthCheckGracePeriod
	}
	if in.NewInstancesProtectedFromScaleIn != nil {
		g.newProtected = *in.NewInstancesProtectedFromScaleIn
	}
	if len(in.TerminationPolicies) > 0 {
		g.terminationPolicy = in.TerminationPolicies
	}
	return &autoscaling.UpdateAutoScalingGroupOutput{}, nil
}

func (s scalingService) SetDesiredCapacity(_ context.Context, in *autoscaling.SetDesiredCapacityInput) (*autoscaling.SetDesiredCapacityOutput, error) {
	g, err := s.scalingGroup(*in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	switch n := int(*in.DesiredCapacity); {
	case n > g.max:
		return nil, wire.Errorf("ValidationError", "New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", n, g.max)
	case n < g.min:
		return nil, wire.Errorf("ValidationError", "New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", n, g.min)
	default:
		g.desired = n
	}
	return &autoscaling.SetDesiredCapacityOutput{}, nil
}
