// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// Going back to a proven release that is still there is one change of weight.
func TestHotRollback(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "1s"), step(100, "1s")})
	ws.apply()
	first := ws.show().ActiveEnvironment
	_, end := w.traffic()
	ws.set("version", "1.1.0")
	ws.apply()

	ws.set("version", "1.0.0")
	plan, file := ws.planned()
	if plan.Kind != "hot" || plan.From != "1.1.0" || plan.To != "1.0.0" || plan.MinimumDuration != "0s" || !strings.Contains(plan.Steps[0], "hot rollback") {
		t.Errorf("plan %+v", plan)
	}
	before := len(w.changes())
	if r := ws.terraform("apply", file); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	var moves []string
	for _, c := range w.changes()[before:] {
		switch {
		case c.weights != nil:
			moves = append(moves, shares(c.weights))
		case strings.HasPrefix(c.Operation, "Create"), strings.HasPrefix(c.Operation, "Terminate"), c.Operation == "PutObject":
			t.Errorf("a hot rollback called %s %s", c.Operation, c.Parameters)
		}
	}
	if len(moves) != 1 || moves[0] != first+" 100" {
		t.Errorf("changes of weight %v, want one, of all traffic to %s", moves, first)
	}
	if c := w.changes()[before]; c.weights == nil {
		t.Errorf("the first change is %s, not that of weights", c.Operation)
	}
	end()
	if status, version := w.get(); status != 200 || version != "1.0.0" {
		t.Errorf("the endpoint answers %d, version %s", status, version)
	}
	s := ws.show()
	if s.Version != "1.0.0" || s.ActiveEnvironment != first || len(s.Environments) != 2 || s.Environments[1].Role != "retained" {
		t.Errorf("state %+v", s)
	}
	w.wantExplained()
	ws.wantEmptyPlan()
}

// An apply does nothing riskier than its plan showed.
func TestHotNoMore(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.apply()
	first := ws.show().ActiveEnvironment
	ws.set("version", "1.1.0")
	ws.apply()
	ws.set("version", "1.0.0")
	plan, file := ws.planned()
	if plan.Kind != "hot" {
		t.Fatalf("plan %+v", plan)
	}
	w.terminate(first)
	before := len(w.changes())
	r := ws.terraform("apply", file)
	if r.code == 0 || !r.says("the plan showed a hot rollback, and it would be a new rollout now") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	if calls := w.changes()[before:]; len(calls) > 0 {
		t.Errorf("it called %+v", calls)
	}
	if s := ws.show(); s.Version != "1.1.0" {
		t.Errorf("state %+v", s)
	}
	if plan, _ := ws.planned(); plan.Kind != "new" || plan.To != "1.0.0" {
		t.Errorf("the next plan is %+v", plan)
	}
}

// A rollout that was cut short leaves traffic as it is; what it was to is not
// proven, so that coming back to it goes through the steps.
func TestWarmAfterInterrupt(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "1m"), step(100, "1s")})
	ws.apply()
	first := ws.show().ActiveEnvironment
	_, end := w.traffic()

	ws.set("version", "1.1.0")
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("half of the traffic is on 1.1.0", w.bakes)
	if err := interrupt(applying.Cmd); err != nil {
		t.Fatal(err)
	}
	r := applying.end()
	if r.code == 0 || !r.says("interrupted") || !r.says("step 1 of 2, with 50 % of traffic") || !r.says("apply again to go on") {
		t.Errorf("the interrupted apply ended with code %d:\n%s", r.code, r.out)
	}
	second := w.record().Rollout.To
	if got := shares(w.weights()); got != shares(map[string]int{first: 50, second: 50}) {
		t.Errorf("after the interrupt traffic is %s", got)
	}
	if w.record().Lease != nil {
		t.Error("the interrupted apply kept its lease")
	}
	if s := ws.show(); s.Version != "1.0.0" || s.Status != "rolling_out" || s.ActiveEnvironment != first {
		t.Errorf("state after the interrupt %+v", s)
	}
	if plan, _ := ws.planned(); plan.Kind != "resume" || plan.To != "1.1.0" {
		t.Errorf("the plan after the interrupt is %+v", plan)
	}

	// Back to 1.0.0: the rollout is given up.
	ws.set("version", "1.0.0")
	ws.apply()
	if got := shares(w.weights()); got != first+" 100" {
		t.Errorf("back at 1.0.0 traffic is %s", got)
	}
	ws.wantEmptyPlan()

	// And on to 1.1.0 again: warm.
	ws.set("version", "1.1.0")
	ws.set("rollout.steps", []any{step(50, "1s"), step(100, "1s")})
	plan, file := ws.planned()
	if plan.Kind != "warm" || plan.MinimumDuration != "2s" {
		t.Errorf("the plan back to 1.1.0 is %+v", plan)
	}
	before := len(w.changes())
	if r := ws.terraform("apply", file); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	var moves []string
	for _, c := range w.changes()[before:] {
		if c.weights != nil {
			moves = append(moves, shares(c.weights))
		}
		if c.Operation == "CreateEnvironment" {
			t.Error("a warm rollout made an environment")
		}
	}
	if want := []string{shares(map[string]int{first: 50, second: 50}), second + " 100"}; strings.Join(moves, "; ") != strings.Join(want, "; ") {
		t.Errorf("weights %v, want %v", moves, want)
	}
	end()
	w.wantExplained()
	for _, e := range w.trail() {
		if e.Type == endpoint.RolloutSuperseded {
			return
		}
	}
	t.Error("the trail does not tell of the rollout that was given up")
}
