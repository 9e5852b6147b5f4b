// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Attach attaches an environment's scaling group to its target group, which registers
// all of its instances. It does so in the way in which the environment's stack did:
// what is attached as a traffic source cannot be detached as a target group.
func (p *Platform) Attach(ctx context.Context, e *endpoint.Environment) error {
	_, err := p.scaling.AttachLoadBalancerTargetGroups(ctx, &autoscaling.AttachLoadBalancerTargetGroupsInput{
		AutoScalingGroupName: &e.ScalingGroup, TargetGroupARNs: []string{e.TargetGroup},
	})
	if err != nil {
		return fmt.Errorf("attaching scaling group %q of environment %s to its target group: %w", e.ScalingGroup, e.Name, err)
	}
	return nil
}

// Detach ends that, and takes the group's instances out. What is detached stays so.
func (p *Platform) Detach(ctx context.Context, e *endpoint.Environment) error {
	_, err := p.scaling.DetachLoadBalancerTargetGroups(ctx, &autoscaling.DetachLoadBalancerTargetGroupsInput{
		AutoScalingGroupName: &e.ScalingGroup, TargetGroupARNs: []string{e.TargetGroup},
	})
	if code(err) == "ValidationError" {
		groups, lookErr := p.scalingGroups(ctx, []string{e.ScalingGroup})
		if g, ok := groups[e.ScalingGroup]; lookErr == nil && ok && !slices.Contains(g.TargetGroupARNs, e.TargetGroup) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("detaching scaling group %q of environment %s from its target group: %w", e.ScalingGroup, e.Name, err)
	}
	return nil
}

// Register puts instances into the target group of an environment. One that is in it
// already stays, and one that is draining comes back.
func (p *Platform) Register(ctx context.Context, e *endpoint.Environment, instances []string) error {
	_, err := p.elb.RegisterTargets(ctx, &elasticloadbalancingv2.RegisterTargetsInput{
		TargetGroupArn: &e.TargetGroup, Targets: targetsOf(instances),
	})
	if err != nil {
		return fmt.Errorf("registering instances %v with the target group of environment %s: %w", instances, e.Name, err)
	}
	return nil
}

// Deregister takes instances out of the target group of an environment. They get no
// new request, and end those in flight.
func (p *Platform) Deregister(ctx context.Context, e *endpoint.Environment, instances []string) error {
	_, err := p.elb.DeregisterTargets(ctx, &elasticloadbalancingv2.DeregisterTargetsInput{
		TargetGroupArn: &e.TargetGroup, Targets: targetsOf(instances),
	})
	switch code(err) {
	case "TargetGroupNotFound", "InvalidTarget":
		return nil // the group went with its environment, or the instance is gone
	}
	if err != nil {
		return fmt.Errorf("deregistering instances %v from the target group of environment %s: %w", instances, e.Name, err)
	}
	return nil
}

func targetsOf(instances []string) []elbtypes.TargetDescription {
	var all []elbtypes.TargetDescription
	for _, id := range instances {
		all = append(all, elbtypes.TargetDescription{Id: aws.String(id)})
	}
	return all
}

// inService are the instances of a scaling group that serve or could, always in the
// same order.
func inService(g types.AutoScalingGroup) []string {
	var ids []string
	for _, i := range g.Instances {
		if i.LifecycleState == types.LifecycleStateInService {
			ids = append(ids, aws.ToString(i.InstanceId))
		}
	}
	slices.Sort(ids)
	return ids
}

// owners are the environments of instances.
func owners(found []*sighting) map[string]*sighting {
	whose := map[string]*sighting{}
	for _, s := range found {
		for _, id := range s.Instances {
			whose[id] = s
		}
	}
	return whose
}

func targetState(s elbtypes.TargetHealthStateEnum) rollout.Target {
	switch s {
	case elbtypes.TargetHealthStateEnumHealthy:
		return rollout.TargetHealthy
	case elbtypes.TargetHealthStateEnumUnhealthy:
		return rollout.TargetIll
	case elbtypes.TargetHealthStateEnumDraining:
		return rollout.TargetLeaving
	default:
		return rollout.TargetNew
	}
}
