// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

func (s scalingService) SuspendProcesses(_ context.Context, in *autoscaling.SuspendProcessesInput) (*autoscaling.SuspendProcessesOutput, error) {
	return &autoscaling.SuspendProcessesOutput{}, s.setSuspended(*in.AutoScalingGroupName, in.ScalingProcesses, true)
}

func (s scalingService) ResumeProcesses(_ context.Context, in *autoscaling.ResumeProcessesInput) (*autoscaling.ResumeProcessesOutput, error) {
	return &autoscaling.ResumeProcessesOutput{}, s.setSuspended(*in.AutoScalingGroupName, in.ScalingProcesses, false)
}

// setSuspended suspends or resumes processes; none named means all.
func (s scalingService) setSuspended(name string, processes []string, suspended bool) error {
	g, err := s.scalingGroup(name)
	if err != nil {
		return err
	}
	if len(processes) == 0 {
		processes = scalingProcesses
	}
	for _, p := range processes {
		if !slices.Contains(scalingProcesses, p) {
			return wire.Errorf("ValidationError", "Process type '%s' is not supported", p)
		}
	}
	for _, p := range processes {
		g.suspended[p] = suspended
	}
	return nil
}

func (s scalingService) TerminateInstanceInAutoScalingGroup(_ context.Context, in *autoscaling.TerminateInstanceInAutoScalingGroupInput) (*autoscaling.TerminateInstanceInAutoScalingGroupOutput, error) {
	i, ok := s.instances[*in.InstanceId]
	if !ok {
		return nil, wire.Errorf("ValidationError", "Instance Id not found - No managed instance found for instance ID: %s", *in.InstanceId)
	}
	g := i.group
	if *in.ShouldDecrementDesiredCapacity {
		if g.desired <= g.min {
			return nil, wire.Errorf("ValidationError", "Currently, desiredSize equals minSize (%d). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.", g.min)
		}
		g.desired--
	}
	if i.state != types.LifecycleStateTerminating {
		s.terminate(i, s.now())
	}
	a := g.record(s.Cloud, s.now(), types.ScalingActivityStatusCodeInProgress, "Terminating EC2 instance: "+i.id, "instance "+i.id+" was taken out of service in response to a user request")
	return &autoscaling.TerminateInstanceInAutoScalingGroupOutput{Activity: &a}, nil
}

func (s scalingService) SetInstanceHealth(_ context.Context, in *autoscaling.SetInstanceHealthInput) (*autoscaling.SetInstanceHealthOutput, error) {
	i, ok := s.instances[*in.InstanceId]
	if !ok {
		return nil, wire.Errorf("ValidationError", "Instance Id not found - No managed instance found for instance ID: %s", *in.InstanceId)
	}
	if *in.HealthStatus != "Healthy" && *in.HealthStatus != "Unhealthy" {
		return nil, wire.Errorf("ValidationError", "Health status '%s' is neither Healthy nor Unhealthy", *in.HealthStatus)
	}
	i.unhealthy = *in.HealthStatus == "Unhealthy"
	return &autoscaling.SetInstanceHealthOutput{}, nil
}

func (s scalingService) AttachTrafficSources(_ context.Context, in *autoscaling.AttachTrafficSourcesInput) (*autoscaling.AttachTrafficSourcesOutput, error) {
	arns, err := sourceARNs(in.TrafficSources)
	if err != nil {
		return nil, err
	}
	return &autoscaling.AttachTrafficSourcesOutput{}, s.attach(*in.AutoScalingGroupName, arns, false)
}

func (s scalingService) AttachLoadBalancerTargetGroups(_ context.Context, in *autoscaling.AttachLoadBalancerTargetGroupsInput) (*autoscaling.AttachLoadBalancerTargetGroupsOutput, error) {
	return &autoscaling.AttachLoadBalancerTargetGroupsOutput{}, s.attach(*in.AutoScalingGroupName, in.TargetGroupARNs, true)
}

func (s scalingService) DetachTrafficSources(_ context.Context, in *autoscaling.DetachTrafficSourcesInput) (*autoscaling.DetachTrafficSourcesOutput, error) {
	arns, err := sourceARNs(in.TrafficSources)
	if err != nil {
		return nil, err
	}
	return &autoscaling.DetachTrafficSourcesOutput{}, s.detach(*in.AutoScalingGroupName, arns, false)
}

func (s scalingService) DetachLoadBalancerTargetGroups(_ context.Context, in *autoscaling.DetachLoadBalancerTargetGroupsInput) (*autoscaling.DetachLoadBalancerTargetGroupsOutput, error) {
	return &autoscaling.DetachLoadBalancerTargetGroupsOutput{}, s.detach(*in.AutoScalingGroupName, in.TargetGroupARNs, true)
}

func sourceARNs(sources []types.TrafficSourceIdentifier) ([]string, error) {
	var arns []string
	for _, s := range sources {
		if t := value(s.Type); t != "" && t != "elbv2" {
			return nil, wire.Errorf("ValidationError", "Traffic sources of type '%s' are not served", t)
		}
		arns = append(arns, value(s.Identifier))
	}
	if len(arns) > 10 {
		return nil, wire.Errorf("ValidationError", "At most 10 traffic sources can be given at once")
	}
	return arns, nil
}

// attach registers the group's instances with target groups, those that are
// there and those to come. Attaching again changes nothing.
func (s scalingService) attach(name string, arns []string, legacy bool) error {
	g, err := s.scalingGroup(name)
	if err != nil {
		return err
	}
	for _, arn := range arns {
		if _, err := s.group(arn); err != nil {
			return wire.Errorf("ValidationError", "Provided Target Groups may not be valid. Please ensure they exist and try again.")
		}
	}
	for _, arn := range arns {
		if x := g.source(arn); x != nil && !x.removing {
			continue
		}
		g.sources = slices.DeleteFunc(g.sources, func(x *trafficSource) bool { return x.arn == arn })
		g.sources = append(g.sources, &trafficSource{arn: arn, legacy: legacy})
		t, err := s.group(arn)
		if err != nil {
			return err
		}
		for _, i := range g.live() {
			if i.registered {
				i.register(t)
			}
		}
	}
	return nil
}

func (g *scalingGroup) source(arn string) *trafficSource {
	i := slices.IndexFunc(g.sources, func(x *trafficSource) bool { return x.arn == arn })
	if i < 0 {
		return nil
	}
	return g.sources[i]
}

// detach takes the group's instances out of target groups, which must have
// been attached in the same way.
func (s scalingService) detach(name string, arns []string, legacy bool) error {
	g, err := s.scalingGroup(name)
	if err != nil {
		return err
	}
	for _, arn := range arns {
		if x := g.source(arn); x == nil || x.removing || x.legacy != legacy {
			return wire.Errorf("ValidationError", "Trying to remove Target Groups that are not part of the group: %s", arn)
		}
	}
	for _, arn := range arns {
		g.source(arn).removing = true
		t, err := s.group(arn)
		if err != nil {
			continue // the group is gone, and its targets with it
		}
		for _, i := range g.instances {
			i.deregister(t)
		}
	}
	return nil
}

// sourceState is Adding until every instance is registered, Added until one is
// healthy, then InService; Removing while targets drain.
func (s scalingService) sourceState(g *scalingGroup, x *trafficSource) string {
	t, err := s.group(x.arn)
	if x.removing || err != nil {
		return "Removing"
	}
	states := map[string]string{}
	for _, h := range t.health() {
		states[h.Target.ID] = h.State
	}
	state := "Added"
	for _, i := range g.live() {
		switch states[i.id] {
		case "":
			return "Adding"
		case "healthy":
			state = "InService"
		}
	}
	return state
}

func (s scalingService) DescribeTrafficSources(_ context.Context, in *autoscaling.DescribeTrafficSourcesInput) (*autoscaling.DescribeTrafficSourcesOutput, error) {
	g, err := s.scalingGroup(*in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	var found []types.TrafficSourceState
	for _, x := range g.sources {
		if in.TrafficSourceType == nil || *in.TrafficSourceType == "elbv2" {
			found = append(found, types.TrafficSourceState{Identifier: &x.arn, Type: ptr("elbv2"), State: ptr(s.sourceState(g, x))})
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 50)
	return &autoscaling.DescribeTrafficSourcesOutput{TrafficSources: list, NextToken: next}, err
}

func (s scalingService) DescribeLoadBalancerTargetGroups(_ context.Context, in *autoscaling.DescribeLoadBalancerTargetGroupsInput) (*autoscaling.DescribeLoadBalancerTargetGroupsOutput, error) {
	g, err := s.scalingGroup(*in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	var found []types.LoadBalancerTargetGroupState
	for _, x := range g.sources {
		if x.legacy {
			found = append(found, types.LoadBalancerTargetGroupState{LoadBalancerTargetGroupARN: &x.arn, State: ptr(s.sourceState(g, x))})
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, maxInstancesPerResult)
	return &autoscaling.DescribeLoadBalancerTargetGroupsOutput{LoadBalancerTargetGroups: list, NextToken: next}, err
}
