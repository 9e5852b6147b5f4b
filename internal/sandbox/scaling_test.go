// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

func (w *world) scaling(name string) astypes.AutoScalingGroup {
	w.Helper()
	out := must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(w.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}}))
	if len(out.AutoScalingGroups) != 1 {
		w.Fatalf("%d groups are named %s", len(out.AutoScalingGroups), name)
	}
	return out.AutoScalingGroups[0]
}

func (w *world) setDesired(name string, n int32) error {
	_, err := w.asg.SetDesiredCapacity(w.Context(), &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: &name, DesiredCapacity: &n})
	return err
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	ctx := t.Context()
	w.version("1.0.0")
	id, group := w.healthy("checkout-1", "1.0.0")
	name := w.resource(id, "AWSEBAutoScalingGroup")
	w.wantCode(w.setDesired(name, 5), "ValidationError", "is above max value 4")
	w.wantCode(w.setDesired(name, 1), "ValidationError", "is below min value 2")
	w.wantCode(w.setDesired("none", 1), "ValidationError", "not found")
	if err := w.setDesired(name, 3); err != nil {
		t.Fatal(err)
	}
	w.until("three are healthy", func() bool { return w.targets(group)["healthy"] == 3 })
	_, err := w.asg.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &name, MinSize: aws.Int32(5)})
	w.wantCode(err, "ValidationError", "must be greater than or equal to min bound")
	must[*autoscaling.UpdateAutoScalingGroupOutput](w)(w.asg.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &name, MinSize: aws.Int32(1), DesiredCapacity: aws.Int32(1)}))
	w.until("the others have drained and gone", func() bool { return w.targets(group)["healthy"] == 1 && len(w.scaling(name).Instances) == 1 })

	// An instance that is taken away is replaced, unless launches are suspended.
	must[*autoscaling.SuspendProcessesOutput](w)(w.asg.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: []string{"Launch"}}))
	if p := w.scaling(name).SuspendedProcesses; len(p) != 1 || *p[0].ProcessName != "Launch" {
		t.Errorf("suspended: %+v", p)
	}
	old := *w.scaling(name).Instances[0].InstanceId
	must[*autoscaling.TerminateInstanceInAutoScalingGroupOutput](w)(w.asg.TerminateInstanceInAutoScalingGroup(ctx, &autoscaling.TerminateInstanceInAutoScalingGroupInput{InstanceId: &old, ShouldDecrementDesiredCapacity: aws.Bool(false)}))
	w.until("it is gone", func() bool { return len(w.scaling(name).Instances) == 0 })
	must[*autoscaling.ResumeProcessesOutput](w)(w.asg.ResumeProcesses(ctx, &autoscaling.ResumeProcessesInput{AutoScalingGroupName: &name}))
	w.until("another is healthy", func() bool { return w.targets(group)["healthy"] == 1 })
	activities := must[*autoscaling.DescribeScalingActivitiesOutput](w)(w.asg.DescribeScalingActivities(ctx, &autoscaling.DescribeScalingActivitiesInput{AutoScalingGroupName: &name}))
	if n := len(activities.Activities); n < 7 {
		t.Errorf("%d activities", n)
	}
	_, err = w.asg.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: []string{"Sleep"}})
	w.wantCode(err, "ValidationError", "Sleep")
}

// TestIdleScaling: an environment without traffic shrinks to its minimum, but
// not while AlarmNotification is suspended.
func TestIdleScaling(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Speed = 3000 })
	w.version("1.0.0")
	id, group := w.healthy("checkout-1", "1.0.0")
	name := w.resource(id, "AWSEBAutoScalingGroup")
	suspend := &autoscaling.SuspendProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: []string{"AlarmNotification"}}
	must[*autoscaling.SuspendProcessesOutput](w)(w.asg.SuspendProcesses(t.Context(), suspend))
	if err := w.setDesired(name, 4); err != nil {
		t.Fatal(err)
	}
	w.until("four are healthy", func() bool { return w.targets(group)["healthy"] == 4 })
	// Another environment is made and shrinks meanwhile: a clock for this one.
	other, _ := w.healthy("checkout-2", "1.0.0")
	clock := w.resource(other, "AWSEBAutoScalingGroup")
	if err := w.setDesired(clock, 4); err != nil {
		t.Fatal(err)
	}
	w.until("the other has shrunk", func() bool { return *w.scaling(clock).DesiredCapacity == 2 })
	if n := *w.scaling(name).DesiredCapacity; n != 4 {
		t.Errorf("with AlarmNotification suspended the capacity went to %d", n)
	}
	must[*autoscaling.ResumeProcessesOutput](w)(w.asg.ResumeProcesses(t.Context(), &autoscaling.ResumeProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: []string{"AlarmNotification"}}))
	w.until("it has shrunk", func() bool { return *w.scaling(name).DesiredCapacity == 2 && w.targets(group)["healthy"] == 2 })
}

// TestTrickleIsIdle: a few requests do not keep an environment from shrinking.
func TestTrickleIsIdle(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.version("1.0.0")
	id, _ := w.healthy("checkout-1", "1.0.0")
	name, address := w.resource(id, "AWSEBAutoScalingGroup"), *w.environment(id).CNAME
	if err := w.setDesired(name, 3); err != nil {
		t.Fatal(err)
	}
	w.until("it has shrunk", func() bool {
		if status, _ := w.get(address); status != http.StatusOK {
			t.Fatalf("it answers %d", status)
		}
		time.Sleep(20 * time.Millisecond)
		return *w.scaling(name).DesiredCapacity == 2
	})
}

// TestDeadInstances: a service that dies is replaced.
func TestDeadInstances(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.version("1.0.0")
	id := *w.create("checkout-1", "1.0.0", "aws:elasticbeanstalk:application:environment", "DEMO_CRASH_AFTER", "300ms").EnvironmentId
	w.until("it is launched", func() bool { return len(w.events(id)) > 0 && w.environment(id).Status != "Launching" })
	name := w.resource(id, "AWSEBAutoScalingGroup")
	var first []string
	for _, i := range w.scaling(name).Instances {
		first = append(first, *i.InstanceId)
	}
	w.until("others are there", func() bool {
		g := w.scaling(name)
		return len(g.Instances) == 2 && !slices.ContainsFunc(g.Instances, func(i astypes.Instance) bool { return slices.Contains(first, *i.InstanceId) })
	})
}

// TestTrafficSources: instances of one group take traffic for another's rule.
func TestTrafficSources(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	ctx := t.Context()
	w.version("1.0.0")
	id, own := w.healthy("checkout-1", "1.0.0")
	name := w.resource(id, "AWSEBAutoScalingGroup")
	extra := *must[*elbv2.CreateTargetGroupOutput](w)(w.elb.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("extra"), Port: aws.Int32(80), Protocol: "HTTP", VpcId: &w.info.VPCID})).TargetGroups[0].TargetGroupArn
	must[*elbv2.CreateRuleOutput](w)(w.createRule(100, hosts("x.acme.com"), forward(map[string]int{extra: 1})))
	source := []astypes.TrafficSourceIdentifier{{Identifier: &extra, Type: aws.String("elbv2")}}
	must[*autoscaling.AttachTrafficSourcesOutput](w)(w.asg.AttachTrafficSources(ctx, &autoscaling.AttachTrafficSourcesInput{AutoScalingGroupName: &name, TrafficSources: source}))
	state := func(arn string) string {
		for _, s := range must[*autoscaling.DescribeTrafficSourcesOutput](w)(w.asg.DescribeTrafficSources(ctx, &autoscaling.DescribeTrafficSourcesInput{AutoScalingGroupName: &name})).TrafficSources {
			if *s.Identifier == arn {
				return *s.State
			}
		}
		return ""
	}
	w.until("the source is in service", func() bool { return state(extra) == "InService" && state(own) == "InService" })
	if status, version := w.get("x.acme.com"); status != 200 || version != "1.0.0" {
		t.Errorf("status %d, version %q", status, version)
	}
	_, err := w.asg.DetachLoadBalancerTargetGroups(ctx, &autoscaling.DetachLoadBalancerTargetGroupsInput{AutoScalingGroupName: &name, TargetGroupARNs: []string{extra}})
	w.wantCode(err, "ValidationError", "not part of the group")
	legacy := must[*autoscaling.DescribeLoadBalancerTargetGroupsOutput](w)(w.asg.DescribeLoadBalancerTargetGroups(ctx, &autoscaling.DescribeLoadBalancerTargetGroupsInput{AutoScalingGroupName: &name}))
	if len(legacy.LoadBalancerTargetGroups) != 1 || *legacy.LoadBalancerTargetGroups[0].LoadBalancerTargetGroupARN != own {
		t.Errorf("target groups %+v", legacy.LoadBalancerTargetGroups)
	}
	must[*autoscaling.DetachTrafficSourcesOutput](w)(w.asg.DetachTrafficSources(ctx, &autoscaling.DetachTrafficSourcesInput{AutoScalingGroupName: &name, TrafficSources: source}))
	w.until("the source is gone", func() bool { return state(extra) == "" && len(w.targets(extra)) == 0 })
	if n := w.targets(own)["healthy"]; n != 2 {
		t.Errorf("its own group has %d healthy targets", n)
	}
}

// TestNoRequestIsLost: instances come and go under traffic, weights move, an
// environment is terminated, and no request fails.
func TestNoRequestIsLost(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	ctx := t.Context()
	w.version("1.0.0")
	first, oldGroup := w.healthy("checkout-1", "1.0.0")
	_, newGroup := w.healthy("checkout-2", "1.0.0")
	rule := must[*elbv2.CreateRuleOutput](w)(w.createRule(100, hosts("x.acme.com"), forward(map[string]int{oldGroup: 1}))).Rules[0]
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var sent, failed atomic.Int64
	for n := range 4 {
		transport := &http.Transport{DisableKeepAlives: n%2 == 0}
		t.Cleanup(transport.CloseIdleConnections)
		method := []string{http.MethodGet, http.MethodPost}[n/2]
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Millisecond):
				}
				r := &http.Request{Method: method, URL: mustURL(w.info.LoadBalancerURL), Host: "x.acme.com", Header: http.Header{}}
				answer, err := transport.RoundTrip(r)
				sent.Add(1)
				if err != nil || answer.StatusCode != http.StatusOK {
					failed.Add(1)
				}
				if err == nil {
					_, _ = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
			}
		})
	}
	// Of each change some requests are sent after it, however busy the machine is.
	meet := func(what string) {
		t.Helper()
		before := sent.Load()
		w.until("requests meet "+what, func() bool { return sent.Load() >= before+20 })
	}
	name := w.resource(first, "AWSEBAutoScalingGroup")
	for _, n := range []int32{4, 2} {
		if err := w.setDesired(name, n); err != nil {
			t.Error(err)
		}
		w.until("the capacity is there", func() bool { s := w.targets(oldGroup); return s["healthy"] == int(n) && len(s) == 1 })
		meet("the new capacity")
	}
	for _, weights := range []map[string]int{{oldGroup: 50, newGroup: 50}, {newGroup: 1}} {
		must[*elbv2.ModifyRuleOutput](w)(w.elb.ModifyRule(ctx, &elbv2.ModifyRuleInput{RuleArn: rule.RuleArn, Actions: forward(weights)}))
		meet("the new weights")
	}
	must[*elasticbeanstalk.TerminateEnvironmentOutput](w)(w.eb.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &first}))
	w.untilStatus(first, "Terminated")
	meet("the end of an environment")
	close(stop)
	clients.Wait()
	if failed.Load() > 0 || sent.Load() < 100 {
		t.Errorf("%d of %d requests failed", failed.Load(), sent.Load())
	}
}
