// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// A release that does not get healthy never gets a request, and apply says why.
func TestUnhealthyRelease(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.apply()
	live := ws.show().ActiveEnvironment
	_, end := w.traffic()

	ws.set("version", "1.2.0")
	ws.set("container.environment", map[string]string{"DEMO_UNHEALTHY": "true"})
	before := len(w.changes())
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 1 || !r.says("1.2.0 failed") || !r.says("Release 1.0.0 is live") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	if e := w.errorEvent(); !r.says(e) {
		t.Errorf("the message does not have Elastic Beanstalk's own event, %q:\n%s", e, r.out)
	}
	for _, c := range w.changes()[before:] {
		if c.weights != nil {
			t.Errorf("weights were set to %v", c.weights)
		}
	}
	if sum := end(); len(sum.Versions) != 1 || sum.Versions["1.0.0"] == 0 {
		t.Errorf("answers by version: %v", sum.Versions)
	}
	s := ws.show()
	if s.Version != "1.0.0" || s.Status != "live" || s.ActiveEnvironment != live || s.LastRollout.Outcome != "failed" || s.LastRollout.To != "1.2.0" || s.LastRollout.Reason == "" {
		t.Errorf("state %+v, last rollout %+v", s, s.LastRollout)
	}
	if e := w.environments(); len(e) != 1 || *e[0].EnvironmentName != live {
		t.Errorf("environments %+v", e)
	}
	if plan := ws.plan(true); !plan.says(`"1.0.0" -> "1.2.0"`) {
		t.Errorf("the next plan does not show the difference again:\n%s", plan.out)
	}
	ws.set("version", "1.0.0")
	ws.set("container.environment", nil)
	ws.wantEmptyPlan()
	w.wantExplained()
}

// A first deployment that fails takes away what it made, and the name is free.
func TestUnhealthyFirstDeployment(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("container.environment", map[string]string{"DEMO_START_DELAY": "1h"})
	ws.set("rollout.healthy_within", "3s")
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 1 || !r.says("was not created") || !r.says("rollout.healthy_within") && !r.says(w.errorEvent()) {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	if s := ws.show(); s != nil {
		t.Errorf("the failed creation left the state %+v", s)
	}
	w.wantNothingLeft()

	ws.set("container.environment", nil)
	ws.set("rollout.healthy_within", nil)
	if r := ws.apply(); !r.says("Resources: 1 added, 0 changed, 0 destroyed") {
		t.Errorf("the second try:\n%s", r.out)
	}
	if status, version := w.get(); status != 200 || version != "1.0.0" {
		t.Errorf("the endpoint answers %d, version %s", status, version)
	}
	w.wantExplained()
}

// errorEvent is a message of severity ERROR in Elastic Beanstalk.
func (w *world) errorEvent() string {
	w.Helper()
	for _, e := range must[*elasticbeanstalk.DescribeEventsOutput](w)(w.eb.DescribeEvents(w.Context(), &elasticbeanstalk.DescribeEventsInput{Severity: ebtypes.EventSeverityError})).Events {
		return *e.Message
	}
	w.Error("Elastic Beanstalk has no ERROR event")
	return "no event"
}

// wantNothingLeft lists everything in the sandbox: only the trail and the
// tombstone are to be left, beside what every sandbox begins with.
func (w *world) wantNothingLeft() {
	w.Helper()
	if e := w.environments(); len(e) > 0 {
		w.Errorf("environments are left: %+v", e)
	}
	applications := must[*elasticbeanstalk.DescribeApplicationsOutput](w)(w.eb.DescribeApplications(w.Context(), nil)).Applications
	versions := must[*elasticbeanstalk.DescribeApplicationVersionsOutput](w)(w.eb.DescribeApplicationVersions(w.Context(), nil)).ApplicationVersions
	groups := must[*elb.DescribeTargetGroupsOutput](w)(w.elb.DescribeTargetGroups(w.Context(), nil)).TargetGroups
	scaling := must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(w.Context(), nil)).AutoScalingGroups
	if len(applications)+len(versions)+len(groups)+len(scaling) > 0 {
		w.Errorf("left: applications %+v, versions %+v, target groups %+v, scaling groups %+v", applications, versions, groups, scaling)
	}
	for _, r := range must[*elb.DescribeRulesOutput](w)(w.elb.DescribeRules(w.Context(), &elb.DescribeRulesInput{ListenerArn: &w.info.ListenerARN})).Rules {
		if !aws.ToBool(r.IsDefault) {
			w.Errorf("a listener rule is left: %+v", r)
		}
	}
	if r := w.record(); r.Phase != endpoint.Deleted || len(r.Environments) > 0 || r.Lease != nil {
		w.Errorf("the tombstone is %+v", r)
	}
	tombstones := 0
	for _, key := range w.keys() {
		switch {
		case strings.HasPrefix(key, "records/"):
			tombstones++
		case !strings.HasPrefix(key, "trail/") && !strings.HasPrefix(key, "configurations/"):
			w.Errorf("object %s is left in the bucket", key)
		}
	}
	if tombstones != 1 {
		w.Errorf("%d records are left", tombstones)
	}
}
