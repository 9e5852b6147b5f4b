// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// What the users of other providers curse is not so here: each test of this file is
// one such thing. Other stories tell more of most of them.

// Perpetual diffs: what means the same is no difference, however it is written, and
// neither after an import.
func TestCursedPerpetualDiff(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	hosts := []string{host, "shop.example.com"}
	ws.set("routing.hosts", hosts)
	ws.set("rollout.steps", []any{step(50, "1000ms"), step(100, "1s")})
	ws.set("retention.keep_for", "60m")
	ws.apply()
	same := func(what string) {
		t.Helper()
		if r := ws.terraform("plan", "-detailed-exitcode"); r.code != 0 {
			t.Errorf("%s: the plan ended with code %d:\n%s", what, r.code, r.out)
		}
	}
	same("as it was applied")
	ws.set("retention.keep_for", "1h")
	ws.set("rollout.steps", []any{step(50, "1s"), step(100, "1000ms")})
	same("durations in other words")
	subnets := slices.Clone(w.info.Subnets)
	slices.Reverse(subnets)
	slices.Reverse(hosts)
	ws.set("beanstalk.subnets", subnets)
	ws.set("routing.hosts", hosts)
	same("another order")
	empty := []string{}
	ws.set("routing.paths", empty)
	ws.set("container.command", empty)
	ws.set("container.environment", map[string]string{})
	ws.set("beanstalk.settings", empty)
	ws.set("rollout.alarms", empty)
	same("empty, which was left out")

	imported := ws.clone()
	if r := imported.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	ws = imported
	same("imported")
}

// Taint on failure, and success after a rollback: a release that is rolled back fails
// the apply, which leaves the live one in the state, untainted.
func TestCursedTaintAndSuccess(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.apply()
	live := ws.show().ActiveEnvironment
	ws.set("version", "1.1.0")
	ws.set("container.environment", map[string]string{"DEMO_UNHEALTHY": "true"})
	if r := ws.terraform("apply", "-auto-approve"); r.code != 1 || !r.says("1.1.0 failed") {
		t.Errorf("apply ended with code %d:\n%s", r.code, r.out)
	}
	// show fails the test when the endpoint is tainted.
	if s := ws.show(); s.Version != "1.0.0" || s.ActiveEnvironment != live {
		t.Errorf("the state says %s in %s", s.Version, s.ActiveEnvironment)
	}
	if actions := ws.actions(); !slices.Equal(actions, []string{"update"}) {
		t.Errorf("the next plan is to %v", actions)
	}
}

// Weights reverted: an apply that changes something else, and a plan, leave traffic.
func TestCursedWeightsReverted(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(30, "1s"), step(100, "1s")})
	ws.apply()
	ws.set("version", "1.1.0")
	ws.set("rollout.max_weight", 30)
	ws.apply()
	want := shares(w.weights())
	before := len(w.changes())
	ws.set("capacity.max", 3)
	ws.set("rollout.steps", []any{step(10, "1s"), step(30, "1s"), step(100, "1s")})
	if r := ws.apply(); !r.says("Steps of the rollout in flight stay") {
		t.Errorf("nothing is said of the steps:\n%s", r.out)
	}
	ws.wantEmptyPlan()
	for _, c := range w.changes()[before:] {
		if c.weights != nil {
			t.Errorf("weights were set to %v", c.weights)
		}
	}
	if got := shares(w.weights()); got != want {
		t.Errorf("traffic is %s, and was %s", got, want)
	}
}

// State lost on interrupt: it is there, the environment that was made too, and the
// next apply goes on with it.
func TestCursedStateLost(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10})
	ws, first := w.halfway()
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("half of the traffic is on 1.1.0", w.bakes)
	if err := interrupt(applying.Cmd); err != nil {
		t.Fatal(err)
	}
	if r := applying.end(); r.code == 0 {
		t.Errorf("the interrupted apply succeeded:\n%s", r.out)
	}
	if s := ws.show(); s == nil || s.ActiveEnvironment != first || len(s.Environments) != 2 {
		t.Fatalf("state %+v", s)
	}
	ws.wantResumed()
}

// Secrets in state: a secret is known by its ARN, and keys of the provider are kept
// nowhere.
func TestCursedSecrets(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.provider["access_key"], ws.provider["secret_key"] = w.info.AccessKeyID, w.info.SecretAccessKey
	delete(ws.env, "AWS_ACCESS_KEY_ID")
	delete(ws.env, "AWS_SECRET_ACCESS_KEY")
	ws.set("container.secrets", map[string]string{"TOKEN": "arn:aws:ssm:us-east-1:" + w.info.AccountID + ":parameter/checkout/token"})
	ws.apply()
	w.wantUntold(ws, w.info.SecretAccessKey)
	if plan := ws.terraform("plan"); plan.says(w.info.SecretAccessKey) {
		t.Error("the plan tells the secret key")
	}
}

// A replacement nobody asked for: every change is an update, or refused with what to
// do instead, also when it is asked for.
func TestCursedReplacement(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.apply()
	for argument, value := range map[string]any{
		"version": "1.1.0", "beanstalk.instance_type": "t3.medium", "routing.hosts": []string{"other.example.com"}, "health.path": "/",
		"container.image": "acme/other", "capacity.max": 5,
	} {
		changed := ws.clone()
		changed.copyState(ws)
		changed.set(argument, value)
		if actions := changed.actions(); !slices.Equal(actions, []string{"update"}) {
			t.Errorf("a change of %s is planned as %v", argument, actions)
		}
	}
	renamed := ws.clone()
	renamed.copyState(ws)
	renamed.set("name", "till")
	if r := renamed.terraform("plan"); r.code != 1 || !r.says("Endpoint cannot be renamed") {
		t.Errorf("a renamed endpoint is planned with code %d:\n%s", r.code, r.out)
	}
	if r := ws.terraform("plan", "-replace=ionroller_endpoint.checkout"); r.code != 1 || !r.says("Endpoint cannot be replaced") || !r.says("Plan without -replace") {
		t.Errorf("-replace is planned with code %d:\n%s", r.code, r.out)
	}
	if all := must[*elasticbeanstalk.DescribeEnvironmentsOutput](w)(w.eb.DescribeEnvironments(t.Context(), nil)).Environments; len(all) != 1 {
		t.Errorf("%d environments", len(all))
	}
}

// actions are what the next plan is to do with the endpoint.
func (ws *workspace) actions() []string {
	ws.Helper()
	file := filepath.Join(ws.TempDir(), "plan")
	if r := ws.terraform("plan", "-out="+file); r.code != 0 {
		ws.Fatalf("plan failed:\n%s", r.out)
	}
	var shown struct {
		Changes []struct {
			Change struct{ Actions []string }
		} `json:"resource_changes"`
	}
	r := ws.terraform("show", "-json", file)
	if err := json.Unmarshal(r.json, &shown); err != nil || len(shown.Changes) != 1 {
		ws.Fatalf("%v in %s", err, r.json)
	}
	return shown.Changes[0].Change.Actions
}
