// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// What served before is taken over step by step: its rule becomes the endpoint's, and
// what made it is left alone. No request is lost.
func TestTakeover(t *testing.T) {
	w := start(t, quick)
	rule := w.legacy()
	ws := w.takingOver(rule)
	_, end := w.traffic()

	plan, file := ws.planned()
	want := []string{
		"take over listener rule " + rule + ": its old groups have all traffic",
		"create an environment of 1.0.0: 1 instance of t3.small",
		"traffic: 1.0.0 20 %, the old groups 80 %, watched for 30s",
		"traffic: 1.0.0 50 %, the old groups 50 %, watched for 30s",
		"traffic: 1.0.0 100 %, watched for 30s",
		"listener rule " + rule + " is the endpoint's own from then on, and its old groups are their makers'",
	}
	if plan.Kind != "new" || plan.From != "" || !slices.Equal(plan.Steps, want) {
		t.Errorf("plan %+v", plan)
	}
	ws.wantSays(ws.terraform("plan"), "75 % for "+endpoint.GroupName(w.groupOf("legacy-a")), "25 % for "+endpoint.GroupName(w.groupOf("legacy-b")), "Nothing but its weights is changed")
	if calls := w.changes(); len(calls) != 0 {
		t.Errorf("the plan changed something: %+v", calls)
	}
	old := w.environments()
	if r := ws.terraform("apply", file); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	s := ws.show()
	if s.Status != "live" || s.Version != "1.0.0" || len(s.Environments) != 1 || s.ActiveEnvironment != s.Environments[0].Name {
		t.Errorf("state %+v", s)
	}
	if arn, weights := w.rule(); arn != rule || len(weights) != 1 || weights[s.ActiveEnvironment] == 0 {
		t.Errorf("rule %s has the weights %v", arn, weights)
	}
	w.wantOldOnesAlone(old)
	w.until("only 1.0.0 answers", func() bool {
		_, version := w.get()
		return version == "1.0.0"
	})
	ws.wantEmptyPlan()
	ws.wantSays(ws.terraform("plan"), "Takeover is complete")

	// The attribute has no say any more.
	ws.terraform("state", "rm", "ionroller_endpoint.checkout")
	if r := ws.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	ws.wantEmptyPlan()
	before := len(w.changes())
	ws.set("routing.takeover_rule_arn", nil)
	ws.apply()
	if n := len(w.changes()); n != before {
		t.Errorf("taking the attribute out did %+v", w.changes()[before:])
	}
	ws.wantEmptyPlan()

	// The old environment's end is nobody's loss, and the rule is the endpoint's.
	w.terminate("legacy-a")
	ws.set("version", "1.1.0")
	ws.apply()
	sum := end()
	for _, version := range []string{"0.8.0", "0.9.0", "1.0.0", "1.1.0"} {
		if sum.Versions[version] == 0 {
			t.Errorf("answers by version: %v", sum.Versions)
		}
	}
	w.wantNamed()
	if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	if arn, _ := w.rule(); arn != "" {
		t.Error("the rule is left")
	}
}

// A first release that fails gives everything back as it was, and leaves nothing.
func TestTakeoverGivenBack(t *testing.T) {
	w := startGuarded(t)
	rule := w.legacy()
	before, old := w.described(rule), w.environments()
	ws := w.takingOver(rule)
	w.alarmByHand("orders")
	w.setAlarm("orders", types.StateValueOk)
	ws.set("rollout.alarms", []string{"orders"})
	ws.set("rollout.steps", []any{step(20, "1h"), step(100, "1s")})
	ws.set("timeouts", map[string]any{"create": "3h"})
	stream, end := w.traffic()

	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("users reach the first step", func() bool { return load.Summarize(stream.Results()).Versions["1.0.0"] > 0 })
	w.setAlarm("orders", types.StateValueAlarm)
	r := applying.end()
	if r.code != 1 {
		t.Fatalf("apply ended with code %d:\n%s", r.code, r.out)
	}
	ws.wantSays(r, "The rollout of checkout to 1.0.0 failed", "guard alarm orders", "What was made for it has been taken away", "the rule to be taken over does what it did before")
	w.wantAsBefore(rule, before)
	w.wantOldOnesAlone(old)
	if sum := end(); sum.Versions["1.0.0"] == 0 {
		t.Errorf("answers by version: %v", sum.Versions)
	}
	if s := ws.show(); s != nil {
		t.Errorf("it is in the state: %+v", s)
	}
	w.wantNamed()
}

// Where one old group has all traffic, a first release is compared with it.
func TestTakeoverIsCompared(t *testing.T) {
	w := startGuarded(t)
	rule := w.legacyOf(40, 0)
	before := w.described(rule)
	ws := w.takingOver(rule)
	ws.set("rollout.steps", []any{step(50, "10m"), step(100, "1m")})
	ws.set("rollout.analysis", map[string]any{"error_rate": map[string]any{"max_ratio": 3}, "minimum_requests": 20})
	ws.set("container.environment", map[string]string{"DEMO_FAIL_RATE": "0.3"})
	ws.set("timeouts", map[string]any{"create": "3h"})
	end := w.trafficToBad("1.0.0")
	ws.refused("The rollout of checkout to 1.0.0 failed", "at most 3 times the old group's", "the rule to be taken over does what it did before")
	end()
	w.wantAsBefore(rule, before)
}

// A takeover that rests at its cap is in the state, and a destroy gives the rule back.
func TestTakeoverAtItsCap(t *testing.T) {
	w := start(t, quick)
	rule := w.legacy()
	before, old := w.described(rule), w.environments()
	ws := w.takingOver(rule)
	ws.set("rollout.max_weight", 20)
	_, end := w.traffic()
	ws.apply()
	if s := ws.show(); s.Status != "capped" || s.ActiveEnvironment != "" || len(s.Environments) != 1 || s.Environments[0].Weight != 20 || s.Environments[0].Role != "candidate" {
		t.Errorf("state %+v", s)
	}
	ws.wantEmptyPlan()
	ws.wantSays(ws.ionroller("status", "checkout"), "the old groups of listener rule "+rule+" are live; the rollout to 1.0.0 is capped at 20 %",
		"80 % of traffic: ", "60 % for "+endpoint.GroupName(w.groupOf("legacy-a")), "20 % for "+endpoint.GroupName(w.groupOf("legacy-b")), "new, the old groups → 1.0.0")
	ws.wantSays(ws.ionroller("rollback", "checkout", "--yes"), "ionroller abort checkout gives all traffic back to the rule's old groups")

	ws.set("version", "1.1.0") // what is asked for instead comes from the old groups too
	ws.apply()
	if r := ws.record(); !r.TakingOver() || r.Rollout == nil || r.Environment(r.Rollout.To).Release.Version != "1.1.0" {
		t.Errorf("the rollout is %+v", r.Rollout)
	}
	if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	w.wantAsBefore(rule, before)
	w.wantOldOnesAlone(old)
	if sum := end(); sum.Versions["1.0.0"] == 0 || sum.Versions["1.1.0"] == 0 {
		t.Errorf("answers by version: %v", sum.Versions)
	}
	w.wantNamed()
}

// What is in the way of a takeover is told at plan, and what to do.
func TestNoTakeover(t *testing.T) {
	w := start(t, sandbox.Config{})
	rule := w.legacy()
	for what, c := range map[string]struct {
		set  func(ws *workspace)
		says string
	}{
		"another listener": {func(ws *workspace) {
			ws.set("routing.takeover_rule_arn", strings.Replace(rule, "/app/", "/app/other-", 1))
		}, "and not of routing.listener_arn: set that to it"},
		"no rule": {func(ws *workspace) { ws.set("routing.takeover_rule_arn", rule[:len(rule)-4]+"0000") },
			"name the rule that serves " + host + " today, or leave it out"},
		"other hosts": {func(ws *workspace) { ws.set("routing.hosts", []string{host, "pay.example.com"}) },
			"does not take the endpoint's requests: it has hosts " + host + " and not " + host + " pay.example.com. Set routing.hosts and routing.paths to what the rule has"},
	} {
		ws := w.takingOver(rule)
		c.set(ws)
		if r := ws.terraform("plan"); r.code != 1 || !r.says(c.says) {
			t.Errorf("%s: plan ended with code %d and does not say %q:\n%s", what, r.code, c.says, r.out)
		}
	}
	if calls := w.changes(); len(calls) != 0 {
		t.Errorf("the plans changed something: %+v", calls)
	}
}

// A takeover is killed at each call that changes something: the next apply goes on.
// When it is removed before it is complete, the rule does what it did before.
func TestKilledTakeover(t *testing.T) {
	w := startAlone(t, quick)
	whole := w.takingOver(w.legacy())
	b := whole.between(func(met) fate { return fate{} })
	whole.apply()
	turn := 0
	for _, at := range moments(b.calls(), 4) {
		turn++
		goesOn := turn%2 == 0
		t.Run(at.String(), func(t *testing.T) {
			w := start(t, quick)
			rule := w.legacy()
			before, old := w.described(rule), w.environments()
			ws := w.takingOver(rule)
			_, end := w.traffic()
			struck := ws.killedAt(at, "apply")
			defer func() { w.wantOldOnesAlone(old) }()
			if goesOn {
				ws.wantGoesOn("1.0.0", "")
				if arn, weights := w.rule(); arn != rule || len(weights) != 1 {
					t.Errorf("rule %s has the weights %v", arn, weights)
				}
				end()
				return
			}
			begun := struck && slices.Contains(w.keys(), w.recordKey())
			taken := begun && w.record().Active != endpoint.OldGroups && w.record().Active != ""
			if taken || !struck {
				end()
			}
			if err := ws.loop().Remove(t.Context(), "checkout"); err != nil {
				t.Fatal(err)
			}
			if !taken && struck {
				w.wantAsBefore(rule, before)
				end()
			}
		})
	}
}
