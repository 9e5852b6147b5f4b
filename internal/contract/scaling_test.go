// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/beanstalk"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

var scalingContracts = []contract{
	{"a scaling group names its target groups", namesTargetGroups},
	{"scaling groups that do not exist are left out", unknownGroups},
	{"scaling groups are found by a tag", groupsByTag},
	{"target groups are attached to a scaling group and detached", targetGroupsAttached},
	{"traffic sources are attached to a scaling group and detached", trafficSourcesAttached},
	{"bounds move a scaling group's desired capacity", boundsMove},
	{"a maximum below the minimum is refused", boundsRefused},
	{"a desired capacity outside of the bounds is refused", capacityRefused},
	{"processes are suspended and resumed, each by itself", processesSuspended},
	{"platform: a scaling group is bounded and suspended, and back", groupScaled},
	{"platform: instances are moved between target groups", instancesMoved},
}

func (w *world) scaling(name string) types.AutoScalingGroup {
	out, err := w.asg.DescribeAutoScalingGroups(w.ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	w.ok(err)
	if len(out.AutoScalingGroups) != 1 {
		w.fatalf("%d scaling groups are called %s", len(out.AutoScalingGroups), name)
	}
	return out.AutoScalingGroups[0]
}

// sizes are minimum, maximum and desired capacity.
func (w *world) sizes(name string) [3]int32 {
	g := w.scaling(name)
	return [3]int32{*g.MinSize, *g.MaxSize, *g.DesiredCapacity}
}

func namesTargetGroups(w *world) {
	name, group := w.scalingGroup(w)
	w.same("target groups", []string{group}, w.scaling(name).TargetGroupARNs)
}

func unknownGroups(w *world) {
	out, err := w.asg.DescribeAutoScalingGroups(w.ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{w.name + "-nothing"}})
	w.ok(err)
	w.same("groups", 0, len(out.AutoScalingGroups))
}

func groupsByTag(w *world) {
	name, _ := w.scalingGroup(w)
	find := func(value string) []string {
		out, err := w.asg.DescribeAutoScalingGroups(w.ctx, &autoscaling.DescribeAutoScalingGroupsInput{
			Filters: []types.Filter{{Name: aws.String("tag:contract"), Values: []string{value}}},
		})
		w.ok(err)
		var names []string
		for _, g := range out.AutoScalingGroups {
			names = append(names, *g.AutoScalingGroupName)
		}
		return names
	}
	w.same("groups with the tag", []string{name}, find(w.name))
	w.same("groups with another value", []string(nil), find("another"))
}

func targetGroupsAttached(w *world) {
	name, own := w.scalingGroup(w)
	more := w.group("more")
	w.rule(5, share(more, 1))
	attach := func() {
		_, err := w.asg.AttachLoadBalancerTargetGroups(w.ctx, &autoscaling.AttachLoadBalancerTargetGroupsInput{
			AutoScalingGroupName: &name, TargetGroupARNs: []string{more},
		})
		w.ok(err)
	}
	detach := func(group string) error {
		_, err := w.asg.DetachLoadBalancerTargetGroups(w.ctx, &autoscaling.DetachLoadBalancerTargetGroupsInput{
			AutoScalingGroupName: &name, TargetGroupARNs: []string{group},
		})
		return err
	}
	attach()
	attach() // once more changes nothing
	w.same("attached", sorted([]string{own, more}), sorted(w.scaling(name).TargetGroupARNs))
	w.ok(detach(more))
	w.same("detached", []string{own}, w.scaling(name).TargetGroupARNs)
}

func trafficSourcesAttached(w *world) {
	name, _ := w.scalingGroup(w)
	more := w.group("more")
	w.rule(5, share(more, 1))
	source := []types.TrafficSourceIdentifier{{Identifier: &more, Type: aws.String("elbv2")}}
	has := func() bool {
		out, err := w.asg.DescribeTrafficSources(w.ctx, &autoscaling.DescribeTrafficSourcesInput{AutoScalingGroupName: &name})
		w.ok(err)
		for _, s := range out.TrafficSources {
			if *s.Identifier == more && *s.State != "Removing" && *s.State != "Removed" {
				return true
			}
		}
		return false
	}
	_, err := w.asg.AttachTrafficSources(w.ctx, &autoscaling.AttachTrafficSourcesInput{AutoScalingGroupName: &name, TrafficSources: source})
	w.ok(err)
	w.that(has(), "the source is not attached")
	_, err = w.asg.DetachLoadBalancerTargetGroups(w.ctx, &autoscaling.DetachLoadBalancerTargetGroupsInput{
		AutoScalingGroupName: &name, TargetGroupARNs: []string{more},
	})
	w.refused(err, "ValidationError") // one way cannot undo the other
	_, err = w.asg.DetachTrafficSources(w.ctx, &autoscaling.DetachTrafficSourcesInput{AutoScalingGroupName: &name, TrafficSources: source})
	w.ok(err)
	w.that(!has(), "the source is still attached")
}

func (w *world) bound(name string, least, most int32) error {
	_, err := w.asg.UpdateAutoScalingGroup(w.ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &name, MinSize: &least, MaxSize: &most})
	return err
}

func boundsMove(w *world) {
	name, _ := w.scalingGroup(w)
	for _, c := range [][3]int32{{3, 4, 3}, {2, 5, 3}, {1, 2, 2}, {1, 4, 2}} {
		w.ok(w.bound(name, c[0], c[1]))
		w.same("minimum, maximum and desired", c, w.sizes(name))
	}
}

func boundsRefused(w *world) {
	name, _ := w.scalingGroup(w)
	w.refused(w.bound(name, 3, 2), "ValidationError")
	w.same("minimum, maximum and desired", [3]int32{1, 4, 1}, w.sizes(name))
}

func capacityRefused(w *world) {
	name, _ := w.scalingGroup(w)
	set := func(desired int32) error {
		_, err := w.asg.SetDesiredCapacity(w.ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: &name, DesiredCapacity: &desired})
		return err
	}
	w.refused(set(5), "ValidationError")
	w.refused(set(0), "ValidationError")
	w.ok(set(2))
	w.same("minimum, maximum and desired", [3]int32{1, 4, 2}, w.sizes(name))
}

func processesSuspended(w *world) {
	name, _ := w.scalingGroup(w)
	suspended := func() []string {
		var names []string
		for _, p := range w.scaling(name).SuspendedProcesses {
			names = append(names, *p.ProcessName)
		}
		return sorted(names)
	}
	suspend := func(processes ...string) {
		_, err := w.asg.SuspendProcesses(w.ctx, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: processes})
		w.ok(err)
	}
	suspend("AlarmNotification", "ScheduledActions")
	suspend("AlarmNotification", "Launch")
	w.same("suspended", []string{"AlarmNotification", "Launch", "ScheduledActions"}, suspended())
	_, err := w.asg.ResumeProcesses(w.ctx, &autoscaling.ResumeProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: []string{"Launch", "AlarmNotification"}})
	w.ok(err)
	w.same("suspended", []string{"ScheduledActions"}, suspended())
}

func groupScaled(w *world) {
	name, _ := w.scalingGroup(w)
	e := &endpoint.Environment{Name: w.name, ScalingGroup: name}
	platform := beanstalk.New(w.clients(), beanstalk.Options{Owner: owner})
	for _, want := range []rollout.Scaling{{Min: 3, Max: 4, Suspended: true}, {Min: 3, Max: 5, Suspended: true}, {Min: 1, Max: 4}} {
		w.ok(platform.Scale(w.ctx, e, want))
		g := w.scaling(name)
		w.same("scaling", want, rollout.Scaling{Min: int(*g.MinSize), Max: int(*g.MaxSize), Suspended: len(g.SuspendedProcesses) == 3})
	}
	w.same("desired", int32(3), *w.scaling(name).DesiredCapacity)
	e.ScalingGroup += "-nothing"
	w.failed(platform.Scale(w.ctx, e, rollout.Scaling{Min: 1, Max: 4}), "there is no such group")
}

func instancesMoved(w *world) {
	name, group := w.scalingGroup(w)
	e := &endpoint.Environment{Name: w.name, ScalingGroup: name, TargetGroup: group}
	platform := beanstalk.New(w.clients(), beanstalk.Options{Owner: owner})
	id := *w.scaling(name).Instances[0].InstanceId
	stands := func() bool {
		out, err := w.elb.DescribeTargetHealth(w.ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &group})
		w.ok(err)
		return slices.ContainsFunc(out.TargetHealthDescriptions, func(t elbtypes.TargetHealthDescription) bool {
			return *t.Target.Id == id && t.TargetHealth.State != elbtypes.TargetHealthStateEnumDraining
		})
	}
	w.ok(platform.Detach(w.ctx, e))
	w.same("groups of the scaling group", 0, len(w.scaling(name).TargetGroupARNs))
	w.ok(platform.Register(w.ctx, e, []string{id}))
	w.ok(platform.Register(w.ctx, e, []string{id})) // once more changes nothing
	w.same("registered", true, stands())
	w.ok(platform.Deregister(w.ctx, e, []string{id}))
	w.ok(platform.Deregister(w.ctx, e, []string{id}))
	w.same("deregistered", false, stands())
	w.ok(platform.Attach(w.ctx, e))
	w.same("groups of the scaling group", []string{group}, w.scaling(name).TargetGroupARNs)
}
