// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// The first apply makes everything, and users reach it only when it is healthy.
func TestDeploy(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("capacity.min", 2)

	plan, file := ws.planned()
	if plan.Kind != "new" || plan.From != "" || plan.To != "1.0.0" || plan.PeakInstances != 2 {
		t.Errorf("plan %+v", plan)
	}
	if calls := w.changes(); len(calls) != 0 {
		t.Errorf("the plan changed something: %+v", calls)
	}
	early := false
	applying := ws.beginTerraform("apply", file)
	w.until("the endpoint answers", func() bool {
		status, _ := w.get()
		early = early || status != 200 && status != 404
		return status == 200
	})
	if r := applying.end(); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	if early {
		t.Error("requests reached the environment before it was healthy")
	}

	s := ws.show()
	if s == nil || s.Status != "live" || s.Version != "1.0.0" || s.URL != "http://"+host || len(s.Environments) != 1 {
		t.Fatalf("state %+v", s)
	}
	e := s.Environments[0]
	if e.Name != s.ActiveEnvironment || e.Role != "active" || e.Weight != 100 || e.Health != "healthy" || e.Capacity != 2 || !e.Proven || e.Expires != nil {
		t.Errorf("environment %+v", e)
	}
	if s.LastRollout == nil || s.LastRollout.Outcome != "succeeded" || s.LastRollout.To != "1.0.0" {
		t.Errorf("last rollout %+v", s.LastRollout)
	}
	environments := w.environments()
	if len(environments) != 1 || *environments[0].EnvironmentName != e.Name || *environments[0].EnvironmentId != e.ID || environments[0].Status != ebtypes.EnvironmentStatusReady {
		t.Errorf("in Elastic Beanstalk: %+v", environments)
	}
	versions := must[*elasticbeanstalk.DescribeApplicationVersionsOutput](w)(w.eb.DescribeApplicationVersions(t.Context(), &elasticbeanstalk.DescribeApplicationVersionsInput{ApplicationName: aws.String("checkout")})).ApplicationVersions
	if len(versions) != 1 || *versions[0].VersionLabel != *environments[0].VersionLabel {
		t.Errorf("application versions %+v", versions)
	}
	if weights := w.weights(); shares(weights) != e.Name+" 100" {
		t.Errorf("the rule sends %v", weights)
	}
	if record := w.record(); record.Phase != endpoint.Live || record.Owner != "acme" || record.Lease != nil || record.Accepted == nil || record.Accepted.Release.Version != "1.0.0" {
		t.Errorf("record %+v", record)
	}

	// Three consecutive reads found all targets healthy before the first request.
	var order []endpoint.EventType
	for _, e := range w.trail() {
		order = append(order, e.Type)
	}
	want := []endpoint.EventType{
		endpoint.NewDesiredState, endpoint.RolloutStarted, endpoint.EnvironmentCreated, endpoint.EnvironmentHealthy,
		endpoint.TrafficRequested, endpoint.TrafficMoved, endpoint.RolloutFinished, endpoint.DesiredStateReached,
	}
	if !slices.Equal(order, want) {
		t.Errorf("trail %v, want %v", order, want)
	}
	w.wantExplained()
	ws.wantEmptyPlan()
	if again := ws.apply(); !again.says("Resources: 0 added, 0 changed, 0 destroyed") {
		t.Errorf("a second apply changes something:\n%s", again.out)
	}
}

// environments are those that Elastic Beanstalk has, without the terminated.
func (w *world) environments() []ebtypes.EnvironmentDescription {
	w.Helper()
	return must[*elasticbeanstalk.DescribeEnvironmentsOutput](w)(w.eb.DescribeEnvironments(w.Context(), &elasticbeanstalk.DescribeEnvironmentsInput{IncludeDeleted: aws.Bool(false)})).Environments
}

// rule is the endpoint's listener rule, or "" when there is none.
func (w *world) rule() (arn string, weights map[string]int) {
	w.Helper()
	names := w.groups()
	out := must[*elb.DescribeRulesOutput](w)(w.elb.DescribeRules(w.Context(), &elb.DescribeRulesInput{ListenerArn: &w.info.ListenerARN}))
	for _, r := range out.Rules {
		for _, c := range r.Conditions {
			if c.HostHeaderConfig == nil || !slices.Contains(c.HostHeaderConfig.Values, host) {
				continue
			}
			weights := map[string]int{}
			for _, g := range r.Actions[0].ForwardConfig.TargetGroups {
				weights[names[*g.TargetGroupArn]] = int(*g.Weight)
			}
			return *r.RuleArn, weights
		}
	}
	return "", nil
}

func (w *world) weights() map[string]int {
	w.Helper()
	_, weights := w.rule()
	return weights
}
