// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// What is baked in makes a new environment, also with the same version; the rest
// changes in place.
func TestBakedIn(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.apply()
	first := ws.show().ActiveEnvironment
	_, end := w.traffic()

	for _, baked := range []struct {
		argument string
		value    any
	}{
		{"version", "1.0.1"},
		{"container.image", "acme/checkout-slim"},
		{"container.command", []string{"serve"}},
		{"container.environment", map[string]string{"GREETING": "hello"}},
		{"beanstalk.instance_type", "t3.medium"},
		{"health.interval", "10s"},
	} {
		other := ws.clone()
		other.copyState(ws)
		other.set(baked.argument, baked.value)
		if plan, _ := other.planned(); plan.Kind != "new" {
			t.Errorf("a change of %s is planned as %+v", baked.argument, plan)
		}
	}

	ws.set("container.environment", map[string]string{"GREETING": "hello"})
	ws.apply()
	s := ws.show()
	second := s.ActiveEnvironment
	if second == first || s.Version != "1.0.0" || len(s.Environments) != 2 || s.Environments[0].Role != "retained" {
		t.Errorf("after a change of a variable the state is %+v", s)
	}

	before := len(w.changes())
	ws.set("capacity", map[string]any{"min": 2, "max": 5})
	ws.set("rollout", map[string]any{"steps": []any{step(20, "3s")}, "healthy_within": "10m"})
	ws.set("retention", map[string]any{"keep_for": "2h", "max": 3})
	ws.set("timeouts", map[string]any{"update": "3h"})
	ws.set("deletion_protection", true)
	if plan, _ := ws.planned(); plan.Kind != "update" || plan.PeakInstances != 3 {
		t.Errorf("the plan for a change in place is %+v", plan)
	}
	ws.apply()
	if got := ws.show(); got.ActiveEnvironment != second || len(got.Environments) != 2 {
		t.Errorf("a change in place made the state %+v", got)
	}
	for _, c := range w.changes()[before:] {
		switch c.Operation {
		case "UpdateEnvironment", "UpdateAutoScalingGroup":
		default:
			t.Errorf("a change in place called %s %s", c.Operation, c.Parameters)
		}
	}
	out := must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{
		AutoScalingGroupNames: []string{w.record().Environment(second).ScalingGroup},
	}))
	if g := out.AutoScalingGroups[0]; *g.MinSize != 2 || *g.MaxSize != 5 {
		t.Errorf("the group has %d-%d instances", *g.MinSize, *g.MaxSize)
	}
	end()
	ws.wantEmptyPlan()
	w.wantExplained()
}
