// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission/holders"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// What others change is seen by plan, also by one that may only read, and put
// right by apply.
func TestDrift(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.apply()
	ws.set("version", "1.1.0")
	ws.apply()
	s := ws.show()
	old, live := s.Environments[0].Name, s.ActiveEnvironment
	ws.readOnly(func() { ws.wantEmptyPlan() })
	_, end := w.traffic()

	rule, _ := w.rule()
	w.setWeights(rule, map[string]int{old: 30, live: 70})
	ws.wantRepair("set traffic to 1.1.0 100 %", "weights were changed outside ionroller")
	if got := shares(w.weights()); got != live+" 100" {
		t.Errorf("traffic is %s", got)
	}

	// The retained environment is only noted as gone: nothing is made for it.
	w.terminate(old)
	ws.wantRepair("1.0.0 (" + old + ") is gone")
	if got := w.names(); len(got) != 1 || got[0] != live {
		t.Errorf("environments %v", got)
	}
	end()

	must[*elb.DeleteRuleOutput](w)(w.elb.DeleteRule(t.Context(), &elb.DeleteRuleInput{RuleArn: &rule}))
	if status, _ := w.get(); status != 404 {
		t.Errorf("without its rule the endpoint answers %d", status)
	}
	ws.wantRepair("set traffic to 1.1.0 100 %", "the listener rule is missing")
	if status, version := w.get(); status != 200 || version != "1.1.0" {
		t.Errorf("the endpoint answers %d, version %s", status, version)
	}

	w.terminate(live)
	ws.wantRepair("1.1.0 ("+live+") is gone", "create an environment of 1.1.0")
	if status, version := w.get(); status != 200 || version != "1.1.0" {
		t.Errorf("the endpoint answers %d, version %s", status, version)
	}
	w.trail()
}

// When the live environment is lost, a retained one that is proven serves while
// another is made.
func TestLiveEnvironmentLost(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.apply()
	old := ws.show().ActiveEnvironment
	ws.set("version", "1.1.0")
	ws.apply()
	w.terminate(ws.show().ActiveEnvironment)
	plan, file := ws.planned()
	if text := strings.Join(plan.Steps, "\n"); !strings.Contains(text, "bring 1.0.0 back") || !strings.Contains(text, "create an environment of 1.1.0") {
		t.Errorf("plan %+v", plan)
	}
	before := len(w.changes())
	if r := ws.terraform("apply", file); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	if c := w.changes()[before]; c.weights[old] != 100 {
		t.Errorf("the first change is %s of %v, not all traffic to %s", c.Operation, c.weights, old)
	}
	if status, version := w.get(); status != 200 || version != "1.1.0" {
		t.Errorf("the endpoint answers %d, version %s", status, version)
	}
	ws.wantEmptyPlan()
	w.wantExplained()
}

// wantRepair expects a plan, made by somebody who may only read, to say what was
// changed, an apply to put it right, and the plan after it to be empty.
func (ws *workspace) wantRepair(says ...string) {
	ws.Helper()
	ws.readOnly(func() {
		plan, _ := ws.planned()
		text := strings.Join(plan.Steps, "\n")
		for _, s := range says {
			if !strings.Contains(text, s) {
				ws.Errorf("the plan does not say %q: %+v", s, plan)
			}
		}
		if r := ws.terraform("refresh"); r.code != 0 {
			ws.Errorf("refresh with read-only credentials failed:\n%s", r.out)
		}
		if s := ws.show(); s.Status != "drifted" {
			ws.Errorf("status %s", s.Status)
		}
	})
	ws.apply()
	if s := ws.show(); s.Status != "live" {
		ws.Errorf("after the repair the status is %s", s.Status)
	}
	ws.wantEmptyPlan()
}

// readOnly does something with credentials that may not write, and expects that
// nothing was tried that needs more.
func (ws *workspace) readOnly(do func()) {
	ws.Helper()
	before := len(ws.Calls())
	ws.env["AWS_ACCESS_KEY_ID"] = holders.Key(permission.Plan)
	do()
	ws.env["AWS_ACCESS_KEY_ID"] = itsHolder
	for _, c := range ws.Calls()[before:] {
		if c.Changing || strings.Contains(c.Outcome, "Denied") {
			ws.Errorf("with read-only credentials %s was called and answered with %s", c.Operation, c.Outcome)
		}
	}
}

// terminate ends an environment by hand and waits until it is gone, or, because a
// rule still uses its target group, is left without instances.
func (w *world) terminate(name string) {
	w.Helper()
	must[*elasticbeanstalk.TerminateEnvironmentOutput](w)(w.eb.TerminateEnvironment(w.Context(), &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentName: &name}))
	w.until(name+" is terminated", func() bool {
		for _, e := range w.environments() {
			if *e.EnvironmentName == name {
				return e.Status == ebtypes.EnvironmentStatusReady
			}
		}
		return true
	})
}
