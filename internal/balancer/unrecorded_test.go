// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer_test

import (
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// A run died after it made the rules, before it could record them, and other
// conditions are wanted now: no second rule is made, and none is left.
func TestUnrecordedRulesFollowOtherConditions(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.record.Environments = []endpoint.Environment{{Name: "old", TargetGroup: w.groups["old"]}}
	w.record.Desired.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.checkout.acme.com"}}
	w.shift(map[string]int{"old": 100})
	users := w.see().RuleARN
	w.aimAt("old")
	test := w.record.TestRuleARN
	w.record.RuleARN, w.record.TestRuleARN = "", ""

	w.record.Desired.Routing.Hosts = []string{"shop.acme.com"}
	w.record.Desired.TestRoute.Hosts = []string{"next.shop.acme.com"}
	if seen := w.see(); seen.RuleARN != users || seen.Routed || seen.Test.RuleARN != test || seen.Test.Routed {
		t.Errorf("seen is %+v, of %s and %s", seen, users, test)
	}
	w.is(w.shift(map[string]int{"old": 100}), "ModifyRule")
	w.record.TestRuleARN = ""
	w.aimAt("old")
	if w.record.TestRuleARN != test {
		t.Errorf("another rule for the test route was made")
	}

	// Without a test route its rule is seen, and can so be removed.
	w.record.Desired.TestRoute, w.record.TestRuleARN = nil, ""
	if seen := w.see(); seen.Test.RuleARN != test {
		t.Errorf("without a test route, seen is %+v", seen)
	}
}

// What somebody else's rule forwards to our environments stays theirs.
func TestForeignRulesAreNotTaken(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.record.Environments = []endpoint.Environment{{Name: "old", TargetGroup: w.groups["old"]}}
	foreign := w.foreign(w.info.ListenerARN, 7, "search.acme.com", w.groups["old"])
	traffic, used, err := w.Observe(t.Context(), w.record, w.groups)
	w.ok(err)
	if traffic.RuleARN != "" || traffic.Test.RuleARN != "" || len(used["old"]) != 1 || used["old"][0] != foreign {
		t.Errorf("seen is %+v, used by %v", traffic, used)
	}
}
