// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

func hosts(names ...string) []elbtypes.RuleCondition {
	return []elbtypes.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: names}}}
}

// forward makes a forward action out of groups and weights.
func forward(weights map[string]int) []elbtypes.Action {
	f := &elbtypes.ForwardActionConfig{}
	for arn, n := range weights {
		f.TargetGroups = append(f.TargetGroups, elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(int32(n))})
	}
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: f}}
}

func (w *world) createRule(priority int, conditions []elbtypes.RuleCondition, actions []elbtypes.Action) (*elbv2.CreateRuleOutput, error) {
	return w.elb.CreateRule(w.Context(), &elbv2.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(int32(priority)), Conditions: conditions, Actions: actions,
	})
}

// TestStory goes the way of a deployment: two environments become healthy, a
// weighted rule shares real requests between them, the old one is terminated.
func TestStory(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	w.version("1.0.0")
	w.version("1.1.0")
	if status, _ := w.get("checkout.acme.com"); status != 404 {
		t.Errorf("without a rule the listener answers %d", status)
	}
	old, oldGroup := w.healthy("checkout-1", "1.0.0")
	_, newGroup := w.healthy("checkout-2", "1.1.0")
	e := w.environment(old)
	w.until("checkout-1 is green", func() bool { e = w.environment(old); return e.Health == ebtypes.EnvironmentHealthGreen })
	if e.HealthStatus != ebtypes.EnvironmentHealthStatusOk || *e.VersionLabel != "1.0.0" {
		t.Errorf("the environment is %+v", e)
	}
	if status, version := w.get(*e.CNAME); status != 200 || version != "1.0.0" {
		t.Errorf("its own address answers %d, version %q", status, version)
	}
	for _, want := range []string{
		"INFO createEnvironment is starting.", "INFO Created target group named: " + oldGroup, "INFO Created Auto Scaling group named: ",
		"INFO Successfully launched environment: checkout-1", " to Ok.",
	} {
		if events := w.events(old); !strings.Contains(events, want) {
			t.Errorf("no event %q in\n%s", want, events)
		}
	}

	rule := must[*elbv2.CreateRuleOutput](w)(w.createRule(100, hosts("checkout.acme.com"), forward(map[string]int{oldGroup: 75, newGroup: 25}))).Rules[0]
	share := map[string]int{}
	for range 400 {
		status, version := w.get("checkout.acme.com")
		if status != 200 {
			t.Fatalf("status %d", status)
		}
		share[version]++
	}
	if n := share["1.1.0"]; n < 55 || n > 150 {
		t.Errorf("of 400 requests at a weight of 25 %% the new version got %d", n)
	}
	must[*elbv2.ModifyRuleOutput](w)(w.elb.ModifyRule(ctx, &elbv2.ModifyRuleInput{RuleArn: rule.RuleArn, Actions: forward(map[string]int{newGroup: 100})}))
	for range 20 {
		if _, version := w.get("checkout.acme.com"); version != "1.1.0" {
			t.Fatalf("after the switch %q answers", version)
		}
	}

	group := w.resource(old, "AWSEBAutoScalingGroup")
	if !strings.HasPrefix(group, "awseb-"+old+"-stack-AWSEBAutoScalingGroup-") {
		t.Errorf("the Auto Scaling group is named %s", group)
	}
	must[*elasticbeanstalk.TerminateEnvironmentOutput](w)(w.eb.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &old}))
	_, err := w.eb.UpdateEnvironment(ctx, &elasticbeanstalk.UpdateEnvironmentInput{EnvironmentId: &old})
	w.wantCode(err, "InvalidParameterValue", "is in an invalid state for this operation. Must be Ready.")
	w.untilStatus(old, ebtypes.EnvironmentStatusTerminated)
	if out := must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})); len(out.AutoScalingGroups) != 1 {
		t.Errorf("%d Auto Scaling groups are left", len(out.AutoScalingGroups))
	}
	_, err = w.elb.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{TargetGroupArns: []string{oldGroup}})
	w.wantCode(err, "TargetGroupNotFound", "")
	for deleted, want := range map[*bool]int{nil: 2, aws.Bool(true): 2, aws.Bool(false): 1} {
		out := must[*elasticbeanstalk.DescribeEnvironmentsOutput](w)(w.eb.DescribeEnvironments(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{IncludeDeleted: deleted}))
		if len(out.Environments) != want {
			t.Errorf("%d environments are listed, not %d, with IncludeDeleted %v", len(out.Environments), want, deleted)
		}
	}
	w.checkCalls()
}

// checkCalls compares the log, in Go and over HTTP, with what TestStory did.
func (w *world) checkCalls() {
	w.Helper()
	var changing []cloud.Call
	w.fetch("/_sandbox/calls?changing=true", &changing)
	var names []string
	for _, c := range changing {
		names = append(names, c.Operation)
		if c.RequestID == "" || c.Principal != "arn:aws:iam::123456789012:user/sandbox" || (c.Outcome != "OK") != (c.Operation == "UpdateEnvironment") {
			w.Errorf("call %+v", c)
		}
	}
	want := []string{
		"PutObject", "CreateApplicationVersion", "PutObject", "CreateApplicationVersion", "CreateEnvironment", "CreateEnvironment",
		"CreateRule", "ModifyRule", "TerminateEnvironment", "UpdateEnvironment",
	}
	if !slices.Equal(names, want) {
		w.Errorf("changing calls %v, want %v", names, want)
	}
	modify := changing[slices.Index(names, "ModifyRule")]
	if !strings.Contains(string(modify.Parameters), `"Weight":100`) || modify.Service != "elasticloadbalancing" {
		w.Errorf("the call is logged as %s %s", modify.Service, modify.Parameters)
	}
	if all := w.sandbox.Calls(); len(all) <= len(changing) {
		w.Errorf("%d calls, of which %d change something", len(all), len(changing))
	}
	if s := fmt.Sprint(w.info.LoadBalancerURL); w.sandbox.Info().Listeners[w.info.ListenerARN] != s {
		w.Errorf("the listener is not at %s", s)
	}
}
