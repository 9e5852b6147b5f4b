// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// aimAt points the test route at an environment and looks at it again.
func (w *world) aimAt(name string) {
	w.Helper()
	arn, err := w.Aim(w.Context(), w.record, w.groups[name])
	w.ok(err)
	w.record.TestRuleARN = arn
	if seen := w.see().Test; seen.RuleARN != arn || seen.Target != name || !seen.Routed {
		w.Errorf("aimed at %s: %+v", name, seen)
	}
}

func TestTestRouteByHost(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.record.Desired.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.checkout.acme.com"}}
	w.aimAt("old")
	w.shift(map[string]int{"old": 100})
	w.aimAt("new")
	if _, used, err := w.Observe(t.Context(), w.record, w.groups); err != nil || len(used) > 0 {
		t.Errorf("the test route counts as a foreign rule: %v, %v", used, err)
	}
	// Other hosts: the rule stays the same one.
	before := w.record.TestRuleARN
	w.record.Desired.TestRoute.Hosts = []string{"test.checkout.acme.com"}
	if w.see().Test.Routed {
		t.Error("conditions that are not those wanted count as right")
	}
	w.aimAt("new")
	if w.record.TestRuleARN != before {
		t.Error("a second rule was made")
	}
	w.ok(w.Unroute(t.Context(), before))
	if seen := w.see(); seen.Test.RuleARN != "" || !seen.Is(map[string]int{"old": 100}) {
		t.Errorf("after its removal: %+v", seen)
	}
}

// A run that died after the rule was made did not record its ARN.
func TestTestRouteIsFoundByItsConditions(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.record.Desired.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.checkout.acme.com"}}
	w.aimAt("old")
	first := w.record.TestRuleARN
	w.record.TestRuleARN = ""
	w.aimAt("new")
	if w.record.TestRuleARN != first {
		t.Error("a second rule was made")
	}
}

func TestTestRouteByHeaderComesFirst(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.record.Desired.TestRoute = &endpoint.TestRoute{Header: "X-Release", Values: []string{"next"}}
	w.shift(map[string]int{"old": 100})
	w.aimAt("new") // the users' rule had the first priority of all, and made room
	w.record.Desired.Routing.Priority = 10
	w.shift(map[string]int{"old": 100})
	w.aimAt("new")
	_, err := w.elb.SetRulePriorities(t.Context(), &elasticloadbalancingv2.SetRulePrioritiesInput{
		RulePriorities: []types.RulePriorityPair{{RuleArn: &w.record.TestRuleARN, Priority: aws.Int32(20)}},
	})
	w.ok(err)
	if w.see().Test.Routed {
		t.Error("a rule that comes too late counts as right")
	}
	w.aimAt("new")

	w.record.Desired.Routing.Priority = 1
	w.shift(map[string]int{"old": 100})
	_, err = w.Aim(t.Context(), w.record, w.groups["new"])
	if err == nil || !strings.Contains(err.Error(), "set routing.priority to a larger one") {
		t.Fatalf("err = %v", err)
	}
}

func TestTestHostsOfAnother(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.foreign(w.info.ListenerARN, 7, "next.checkout.acme.com", w.groups["old"])
	w.record.Desired.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.checkout.acme.com"}}
	problems, err := w.Check(t.Context(), w.record, false)
	w.ok(err)
	if len(problems) != 1 || problems[0].Attribute != "test_route.hosts" || !strings.Contains(problems[0].Message, "served already") {
		t.Errorf("problems %v", problems)
	}
}
