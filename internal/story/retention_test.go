// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// drained is the least time from an environment's leaving traffic to its end: the
// deregistration delay of the stories and a margin of 5 s, less what a clock may
// be off that is set by answers with whole seconds.
const drained = 5 * time.Second

// What is kept beyond the maximum count is removed by the apply that made it so,
// and what is past its time by the command.
func TestRetention(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("retention", map[string]any{"keep_for": "1h", "max": 1})
	ws.apply()
	first := ws.show().ActiveEnvironment
	_, end := w.traffic()
	ws.set("version", "1.1.0")
	ws.apply()
	second := ws.show().ActiveEnvironment
	ws.wantEmptyPlan()

	ws.set("version", "1.2.0")
	plan, file := ws.planned()
	if last := plan.Steps[len(plan.Steps)-1]; !strings.HasPrefix(last, "remove "+first) || !strings.Contains(last, "at most 1") {
		t.Errorf("the plan does not show that %s is removed: %q", first, plan.Steps)
	}
	if r := ws.terraform("apply", file); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	if got := w.names(); len(got) != 2 || slices.Contains(got, first) {
		t.Errorf("environments %v", got)
	}

	// A retention that is over is a matter of the plan, too.
	ws.set("retention.keep_for", "0s")
	if plan, _ := ws.planned(); plan.Kind != "remove-expired" || !strings.HasPrefix(plan.Steps[len(plan.Steps)-1], "remove "+second) {
		t.Errorf("plan %+v", plan)
	}
	kept := w.record().Environment(second)
	ws.set("retention.keep_for", (time.Since(kept.OutSince) + 20*time.Second).Round(time.Second).String()) // from now on, however busy the machine is
	ws.apply()
	w.until("the retention of "+second+" is over", func() bool {
		at, ok := w.record().Expires(kept)
		return ok && time.Since(at) > time.Second // by AWS's clock, which tells whole ones
	})
	if plan, _ := ws.planned(); plan.Kind != "remove-expired" {
		t.Errorf("the plan after the retention is %+v", plan)
	}
	if r := ws.ionroller("reconcile", "--once"); r.code != 0 || !r.says("checkout: 1.2.0 is live") {
		t.Errorf("reconcile ended with code %d: %s", r.code, r.out)
	}
	if got := w.names(); len(got) != 1 {
		t.Errorf("environments %v", got)
	}
	end()
	for _, name := range []string{first, second} {
		if since := w.ended(name).Sub(w.lastShare(name)); since < drained {
			t.Errorf("%s was terminated %s after it left traffic", name, since)
		}
	}
	ws.wantEmptyPlan()
	w.wantExplained()
}

// An environment that can receive a request is not removed, whatever the time.
func TestExpiredWithTraffic(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("retention.keep_for", "1h")
	ws.apply()
	first := ws.show().ActiveEnvironment
	ws.set("version", "1.1.0")
	ws.apply()
	second := ws.show().ActiveEnvironment
	_, end := w.traffic()
	w.until("a termination would be due", func() bool {
		return time.Since(w.record().Environment(first).OutSince) > drained
	})

	// Somebody moves half of the traffic onto it, and lets another rule use it.
	arn, _ := w.rule()
	w.setWeights(arn, map[string]int{first: 50, second: 50})
	other := must[*elb.CreateRuleOutput](w)(w.elb.CreateRule(t.Context(), &elb.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(49000),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{"old." + host}}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String(w.record().Environment(first).TargetGroup)}},
	})).Rules[0]
	ws.set("retention.keep_for", "1s")
	ws.apply()
	if got := shares(w.weights()); got != second+" 100" {
		t.Errorf("traffic is %s", got)
	}
	if got := w.names(); !slices.Contains(got, first) {
		t.Error("an environment that another rule uses was removed")
	}
	w.until("the plan tells of the other rule", func() bool {
		r := ws.terraform("plan")
		return r.says("Environment is kept for somebody else's rule") && r.says(*other.RuleArn)
	})

	// Without that rule its time has come, but not before it has drained.
	w.setWeights(arn, map[string]int{first: 50, second: 50})
	must[*elb.DeleteRuleOutput](w)(w.elb.DeleteRule(t.Context(), &elb.DeleteRuleInput{RuleArn: other.RuleArn}))
	w.until("both releases answer", func() bool {
		_, version := w.get()
		return version == "1.0.0"
	})
	ws.apply()
	for range 3 { // its retention began anew when it left traffic again
		if !slices.Contains(w.names(), first) {
			break
		}
		time.Sleep(time.Second)
		ws.apply()
	}
	if got := w.names(); len(got) != 1 {
		t.Errorf("environments %v", got)
	}
	if since := w.ended(first).Sub(w.lastShare(first)); since < drained {
		t.Errorf("%s was terminated %s after it left traffic", first, since)
	}
	end()
	w.wantExplained()
}

// names are the environments that exist.
func (w *world) names() []string {
	w.Helper()
	var names []string
	for _, e := range w.environments() {
		names = append(names, *e.EnvironmentName)
	}
	return names
}

// setWeights changes the rule by hand.
func (w *world) setWeights(rule string, weights map[string]int) {
	w.Helper()
	forward := &elbtypes.ForwardActionConfig{}
	for arn, name := range w.groups() {
		if n, ok := weights[name]; ok {
			forward.TargetGroups = append(forward.TargetGroups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(int32(n))})
		}
	}
	must[*elb.ModifyRuleOutput](w)(w.elb.ModifyRule(w.Context(), &elb.ModifyRuleInput{
		RuleArn: &rule, Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: forward}},
	}))
}

// lastShare is when an environment last lost its share of traffic.
func (w *world) lastShare(name string) time.Time {
	w.Helper()
	var at time.Time
	had := false
	for _, c := range w.allChanges() {
		if c.weights == nil {
			continue
		}
		if had && c.weights[name] == 0 {
			at = c.Time
		}
		had = c.weights[name] > 0
	}
	return at
}

// ended is when an environment's termination was asked for.
func (w *world) ended(name string) time.Time {
	w.Helper()
	events := must[*elasticbeanstalk.DescribeEventsOutput](w)(w.eb.DescribeEvents(w.Context(), &elasticbeanstalk.DescribeEventsInput{EnvironmentName: &name})).Events
	for _, e := range events {
		if *e.Message == "terminateEnvironment is starting." {
			return *e.EventDate
		}
	}
	w.Fatalf("the termination of %s was not asked for", name)
	return time.Time{}
}
