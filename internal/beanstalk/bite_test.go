// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// Targets of a group that no rule names are not checked, and count as nothing.
func TestUnusedTargets(t *testing.T) {
	w := newWorld(t, nil)
	e := w.launch(w.release("1.0.0"))
	rules, err := w.clients.LoadBalancing.DescribeRules(t.Context(), &elasticloadbalancingv2.DescribeRulesInput{ListenerArn: &w.info.ListenerARN})
	w.ok(err)
	for _, r := range rules.Rules {
		if !aws.ToBool(r.IsDefault) {
			w.ok(w.balancer.Unroute(t.Context(), *r.RuleArn)) // Elastic Beanstalk's own
		}
	}
	w.until(e, "unused", func(s rollout.Sight) bool { return s.Desired == 2 && s.Healthy == 0 })
}

// Terminated environments are still listed for a while.
func TestTerminatedIsListed(t *testing.T) {
	w := newWorld(t, nil)
	e := w.launch(w.release("1.0.0"))
	w.ok(w.platform.Retire(t.Context(), e))
	var seen rollout.Sight
	w.until(e, "listed as terminated", func(rollout.Sight) bool {
		out, err := w.clients.Beanstalk.DescribeEnvironments(t.Context(), &elasticbeanstalk.DescribeEnvironmentsInput{EnvironmentIds: []string{e.ID}})
		w.ok(err)
		seen = w.see(e)
		return len(out.Environments) == 1 && out.Environments[0].Status == ebtypes.EnvironmentStatusTerminated
	})
	if seen.Found {
		t.Errorf("seen: %+v", seen)
	}
}

// An idle environment of which scaling is suspended keeps its instances; another
// one, made later, shrinks meanwhile.
func TestIdleEnvironmentKeepsItsInstances(t *testing.T) {
	w := newWorld(t, nil)
	kept := w.launch(w.release("1.0.0")).Name
	w.launch(w.release("1.1.0"))
	other := &w.record.Environments[1]
	w.ok(w.platform.Scale(t.Context(), w.record.Environment(kept), rollout.Scaling{Min: 1, Max: 4, Suspended: true}))
	w.ok(w.platform.Scale(t.Context(), other, rollout.Scaling{Min: 1, Max: 4}))
	w.until(other, "smaller", func(s rollout.Sight) bool { return s.Desired == 1 })
	if s := w.see(w.record.Environment(kept)); s.Desired != 2 || s.Healthy != 2 {
		t.Errorf("while its scaling was suspended it became %+v", s)
	}
}

// A termination that somebody else's rule stops leaves an environment that is
// Ready, and has no instances.
func TestStuckTermination(t *testing.T) {
	w := newWorld(t, nil)
	e := w.launch(w.release("1.0.0"))
	theirs, err := w.clients.LoadBalancing.CreateRule(t.Context(), &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(500),
		Conditions: []types.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"beta.acme.com"}}}},
		Actions:    []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &e.TargetGroup}},
	})
	w.ok(err)
	w.ok(w.platform.Retire(t.Context(), e))
	w.until(e, "terminating", func(s rollout.Sight) bool { return s.Terminating || s.Wrecked })
	w.until(e, "wrecked", func(s rollout.Sight) bool { return s.Ready && s.Wrecked })
	w.ok(w.balancer.Unroute(t.Context(), *theirs.Rules[0].RuleArn))
	w.ok(w.platform.Retire(t.Context(), e))
	w.until(e, "terminated", func(s rollout.Sight) bool { return !s.Found })
}

// What Elastic Beanstalk says of one environment is nothing against another.
func TestErrorsOfAnotherEnvironment(t *testing.T) {
	w := newWorld(t, nil)
	bad := w.release("1.2.0")
	bad.Container.Environment = map[string]string{"DEMO_UNHEALTHY": "true"}
	failed := w.add(bad)
	w.ok(w.platform.Launch(t.Context(), w.record, failed))
	w.until(failed, "failed", func(s rollout.Sight) bool { return len(s.Errors) > 0 })
	if s := w.see(w.launch(w.release("1.3.0"))); len(s.Errors) > 0 {
		t.Errorf("blamed for: %s", strings.Join(s.Errors, "\n"))
	}
}

// The stack and its groups are not there at once, and not until the end.
func TestResourcesComeAndGo(t *testing.T) {
	w := newWorld(t, func(c *sandbox.Config) {
		c.Faults = befall(t,
			"cloudformation:DescribeStackResources error=ValidationError status=400 times=2",
			"elasticloadbalancing:DescribeTargetHealth error=TargetGroupNotFound status=400 times=2")
	})
	w.launch(w.release("1.0.0"))
}

// befall are faults, as they are written on a command line.
func befall(t *testing.T, texts ...string) (settings faults.Settings) {
	t.Helper()
	for _, text := range texts {
		f, err := faults.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		settings.Faults = append(settings.Faults, f)
	}
	return settings
}

// Of two environments that are launched on one listener at once, one loses.
func TestLostRace(t *testing.T) {
	w := newWorld(t, func(c *sandbox.Config) {
		c.Speed, c.Faults = 60, befall(t, "elasticbeanstalk:CreateEnvironment race")
	})
	first, second := w.add(w.release("1.0.0")).Name, w.add(w.release("1.1.0")).Name
	w.ok(w.platform.Launch(t.Context(), w.record, w.record.Environment(first)))
	w.ok(w.platform.Launch(t.Context(), w.record, w.record.Environment(second)))
	lost := 0
	for _, name := range []string{first, second} {
		if s := w.until(w.record.Environment(name), "ready", func(s rollout.Sight) bool { return s.Ready }); s.Raced {
			lost++
		}
	}
	if lost != 1 {
		t.Errorf("%d of 2 have lost the race", lost)
	}
}
