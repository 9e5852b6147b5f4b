// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// byInstance is a workspace in which two instances move, one after the other.
func (w *world) byInstance(bake string) *workspace {
	w.Helper()
	ws := w.workspace()
	ws.set("capacity", map[string]any{"min": 2, "max": 4})
	ws.set("rollout", map[string]any{"by": "instance", "steps": []any{map[string]any{"bake": bake}}})
	ws.set("retention.keep_for", "24h")
	return ws
}

// wantApart expects every scaling group to fill its own target group with all of its
// instances and nothing else, and only what is retained to be suspended.
func (w *world) wantApart() {
	w.Helper()
	record := w.record()
	for i := range record.Environments {
		e := &record.Environments[i]
		out := must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(w.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{e.ScalingGroup}}))
		if len(out.AutoScalingGroups) == 0 {
			continue // it is gone
		}
		g := out.AutoScalingGroups[0]
		if !slices.Equal(g.TargetGroupARNs, []string{e.TargetGroup}) {
			w.Errorf("the scaling group of %s fills %v", e.Name, g.TargetGroupARNs)
		}
		if suspended := len(g.SuspendedProcesses) > 0; suspended != (e.Name != record.Active) {
			w.Errorf("%s, active is %s: suspended are %v", e.Name, record.Active, g.SuspendedProcesses)
		}
		want := int(aws.ToInt32(g.DesiredCapacity))
		w.until(fmt.Sprintf("%d instances of %s are healthy in its target group", want, e.Name), func() bool { return w.healthy(e.Name) == want })
	}
}

// Instances of the new release take the place of the old ones one by one, users
// notice nothing, and the old environment is hot afterwards as any other.
func TestInstanceByInstance(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10})
	ws := w.byInstance("10s")
	ws.apply()
	old := ws.show().ActiveEnvironment
	stream, end := w.traffic()

	ws.set("version", "1.1.0")
	plan, file := ws.planned()
	want := []string{
		"create an environment of 1.1.0: 2 instances of t3.small",
		"the 2 instances of 1.0.0 join the target group of 1.1.0, and traffic follows them",
		"suspend the scaling of 1.0.0",
		"suspend the scaling of 1.1.0",
		"2 instances of 1.1.0 take the place of as many of 1.0.0, one after the other, each watched for 10s",
		"attach the Auto Scaling group of 1.1.0 to its target group",
		"let 1.1.0 scale by itself between 2 and 4 instances",
	}
	if !slices.Equal(plan.Steps, want) || plan.MinimumDuration != "20s" || plan.PeakInstances != 4 {
		t.Errorf("the plan shows %+v", plan)
	}
	before := len(w.changes())
	applying := ws.beginTerraform("apply", file)
	w.until("one instance of 1.1.0 serves", w.bakes)
	from := time.Now()
	w.until("the second is on its way", func() bool { f := w.record().Rollout; return f != nil && f.Step == 1 })
	half := load.Summarize(slices.DeleteFunc(stream.Since(from), func(r load.Result) bool { return r.Sent.After(time.Now().Add(-100 * time.Millisecond)) }))
	if share := half.Share("1.1.0"); half.Requests < 10 || share < 0.2 || share > 0.8 {
		t.Errorf("with one instance of two the new release answered %.0f %% of %d requests", 100*share, half.Requests)
	}
	if r := applying.end(); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	var done []string
	for _, c := range w.changes()[before:] {
		switch c.Operation {
		case "RegisterTargets", "DeregisterTargets", "AttachLoadBalancerTargetGroups", "DetachLoadBalancerTargetGroups", "ModifyRule":
			done = append(done, c.Operation)
		}
	}
	moves := []string{
		"DetachLoadBalancerTargetGroups", "RegisterTargets", "ModifyRule",
		"RegisterTargets", "DeregisterTargets", "RegisterTargets", "DeregisterTargets", "AttachLoadBalancerTargetGroups",
	}
	if !slices.Equal(done, moves) {
		t.Errorf("done was %v", done)
	}
	w.wantExplained()
	w.wantApart()
	ws.wantEmptyPlan()
	imported := ws.clone()
	if r := imported.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	imported.wantEmptyPlan()

	// Back in one change of weight, and forward again by instance.
	ws.set("version", "1.0.0")
	if plan, _ := ws.planned(); plan.Kind != "hot" {
		t.Errorf("back is %+v", plan)
	}
	ws.apply()
	if now := ws.show().ActiveEnvironment; now != old {
		t.Errorf("%s is live, not %s", now, old)
	}
	w.wantApart()
	end()
}

// An alarm in the middle takes all traffic back in one change of the rule; nothing is
// left suspended, detached or in another's target group.
func TestInstanceByInstanceRolledBack(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10})
	w.alarmByHand("checkout-errors")
	ws := w.byInstance("0s")
	ws.set("rollout.alarms", []any{"checkout-errors"})
	ws.set("retention.failed_for", "24h")
	ws.apply()
	ws.set("rollout.steps", []any{map[string]any{"bake": "30m"}})
	_, end := w.traffic()
	ws.set("version", "1.1.0")
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("one instance of 1.1.0 serves", w.bakes)
	w.setAlarm("checkout-errors", types.StateValueAlarm)
	r := applying.end()
	if r.code == 0 || !r.says("answered by both releases in one target group") || !r.says("Release 1.0.0 is live") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	if sum := end(); sum.Versions["1.1.0"] == 0 {
		t.Errorf("answers by version: %v", sum.Versions)
	}
	if status, version := w.get(); status != 200 || version != "1.0.0" {
		t.Errorf("the endpoint answers %d, version %s", status, version)
	}
	for _, e := range w.record().Environments {
		g := must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{e.ScalingGroup}})).AutoScalingGroups[0]
		if len(g.SuspendedProcesses) > 0 || !slices.Equal(g.TargetGroupARNs, []string{e.TargetGroup}) {
			t.Errorf("%s has suspended %v and fills %v", e.Name, g.SuspendedProcesses, g.TargetGroupARNs)
		}
	}
}

// A run that is killed in the middle leaves users alone, and the next goes on.
func TestInstanceByInstanceKilled(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10})
	ws := w.byInstance("10s")
	ws.apply()
	_, end := w.traffic()
	ws.set("version", "1.1.0")
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("one instance of 1.1.0 serves", w.bakes)
	if err := kill(applying.Cmd); err != nil {
		t.Fatal(err)
	}
	applying.end()
	ws.later()
	plan, _ := ws.planned()
	if plan.Kind != "resume" || !strings.Contains(plan.Steps[0], "resume 1.1.0 at step 1 of 2, at 50 %") {
		t.Errorf("the plan shows %+v", plan)
	}
	ws.apply()
	w.wantApart()
	ws.wantEmptyPlan()
	end()
}
