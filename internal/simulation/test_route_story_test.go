// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

// tested is a spec with a test route and a smoke check.
func tested(version string) endpoint.Spec {
	s := spec(version)
	s.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.acme.com"}}
	s.Rollout.Smoke = &endpoint.Smoke{Path: "/healthz", Status: 200, Count: 3}
	return s
}

func TestTestRouteReachesTheNewestEnvironment(t *testing.T) {
	s := story{t, simulation.New()}
	if _, err := s.w.Roller("apply").Create(context.Background(), tested("1.0.0")); err != nil {
		t.Fatal(err)
	}
	s.w.Calls = nil
	plan := s.plan(tested("1.1.0"))
	for _, line := range []string{"the test route reaches 1.1.0", "check 1.1.0 over the test route: /healthz answers 200, 3 times in a row"} {
		if !slices.Contains(plan.Steps, line) {
			t.Errorf("the plan does not say %q: %q", line, plan.Steps)
		}
	}
	s.update(tested("1.1.0"))
	aim, shift := -1, -1
	for i, c := range s.calls() {
		switch {
		case c == "Aim 1.1.0" && aim < 0:
			aim = i
		case strings.HasPrefix(c, "Shift") && shift < 0:
			shift = i
		}
	}
	if aim < 0 || aim > shift {
		t.Errorf("the test route did not come before users' traffic: %v", s.calls())
	}
	s.wantQuiet(tested("1.1.0"))

	s.update(tested("1.0.0"))
	if got := s.w.Environments[s.w.TestTarget].Release.Version; got != "1.0.0" {
		t.Errorf("after going back the test route reaches %s", got)
	}
	s.w.TestTarget = "" // by hand
	s.update(tested("1.0.0"))
	if s.w.TestTarget == "" {
		t.Error("the test route was not repaired")
	}
	s.update(spec("1.0.0"))
	if s.w.TestTarget != "" {
		t.Error("the test route is still there")
	}
	s.wantQuiet(spec("1.0.0"))
}

func TestSmokeCheckKeepsUsersAway(t *testing.T) {
	s := begin(t, "1.0.0")
	s.w.Smoking["1.1.0"] = true
	err := s.try(tested("1.1.0"))
	s.wantErr(err, "does not pass its smoke check", "it answers 500", "Release 1.0.0 is live")
	if slices.ContainsFunc(s.w.Calls, func(c string) bool { return strings.HasPrefix(c, "Shift") }) {
		t.Errorf("traffic was touched: %v", s.w.Calls)
	}
	if len(s.w.Environments) != 1 {
		t.Errorf("left: %v", s.w.Environments)
	}
	delete(s.w.Smoking, "1.1.0")
	s.update(tested("1.1.0"))
	s.wantShares("1.1.0", 100)
}
