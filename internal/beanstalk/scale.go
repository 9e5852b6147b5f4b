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

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// ownScaling are the processes by which a group changes its size by itself.
var ownScaling = []string{"AlarmNotification", "ScheduledActions", "AZRebalance"}

// Scale bounds the scaling group of an environment and suspends or resumes its
// own scaling. A minimum above the present size makes AWS add instances.
//
// A group is never left free to shrink below what it is bounded to: it is
// suspended before it is bounded, and bounded before it is resumed.
func (p *Platform) Scale(ctx context.Context, e *endpoint.Environment, s rollout.Scaling) error {
	if err := p.scale(ctx, e, s); err != nil {
		return fmt.Errorf("scaling group %q of environment %s: %w", e.ScalingGroup, e.Name, err)
	}
	return nil
}

func (p *Platform) scale(ctx context.Context, e *endpoint.Environment, s rollout.Scaling) error {
	groups, err := p.scalingGroups(ctx, []string{e.ScalingGroup})
	if err != nil {
		return err
	}
	group, ok := groups[e.ScalingGroup]
	if !ok {
		return fmt.Errorf("there is no such group")
	}
	now := scalingOf(group)
	if s.Suspended && !now.Suspended {
		_, err := p.scaling.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{
			AutoScalingGroupName: &e.ScalingGroup, ScalingProcesses: ownScaling,
		})
		if err != nil {
			return fmt.Errorf("suspending its own scaling: %w", err)
		}
	}
	if s.Min != now.Min || s.Max != now.Max {
		_, err := p.scaling.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
			AutoScalingGroupName: &e.ScalingGroup, MinSize: aws.Int32(int32(s.Min)), MaxSize: aws.Int32(int32(s.Max)),
		})
		if err != nil {
			return fmt.Errorf("bounding it to %d-%d instances: %w", s.Min, s.Max, err)
		}
	}
	if !s.Suspended && now.Suspended {
		_, err := p.scaling.ResumeProcesses(ctx, &autoscaling.ResumeProcessesInput{
			AutoScalingGroupName: &e.ScalingGroup, ScalingProcesses: ownScaling,
		})
		if err != nil {
			return fmt.Errorf("resuming its own scaling: %w", err)
		}
	}
	return nil
}

// scalingGroups describes groups, by name. Those that do not exist are left out.
func (p *Platform) scalingGroups(ctx context.Context, names []string) (map[string]types.AutoScalingGroup, error) {
	groups := map[string]types.AutoScalingGroup{}
	if len(names) == 0 {
		return groups, nil // no name would mean all
	}
	pages := autoscaling.NewDescribeAutoScalingGroupsPaginator(p.scaling, &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: names, MaxRecords: aws.Int32(100),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describing scaling groups: %w", err)
		}
		for _, g := range page.AutoScalingGroups {
			groups[aws.ToString(g.AutoScalingGroupName)] = g
		}
	}
	return groups, nil
}

func scalingOf(g types.AutoScalingGroup) rollout.Scaling {
	return rollout.Scaling{
		Min: int(aws.ToInt32(g.MinSize)), Max: int(aws.ToInt32(g.MaxSize)),
		Suspended: slices.ContainsFunc(g.SuspendedProcesses, func(p types.SuspendedProcess) bool {
			return aws.ToString(p.ProcessName) == ownScaling[0]
		}),
	}
}
