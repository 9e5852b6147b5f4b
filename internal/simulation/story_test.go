// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

func spec(version string) endpoint.Spec {
	return endpoint.Spec{
		Name: "checkout",
		Release: endpoint.Release{
			Version:   version,
			Container: endpoint.Container{Image: "acme/checkout", Port: 8080},
			Health:    endpoint.Health{Path: "/", DeregistrationDelay: endpoint.Duration(20 * time.Second)},
		},
		Capacity:  endpoint.Capacity{Min: 2, Max: 4},
		Retention: endpoint.Retention{KeepFor: endpoint.Duration(time.Hour), Max: 2},
		Rollout: endpoint.RolloutPolicy{
			HealthyWithin: endpoint.Duration(15 * time.Minute),
			Steps: []endpoint.Step{
				{Weight: 10, Bake: endpoint.Duration(10 * time.Minute)},
				{Weight: 50, Bake: endpoint.Duration(5 * time.Minute)},
				{Weight: 100, Bake: endpoint.Duration(5 * time.Minute)},
			},
		},
	}
}

// story is a world with an endpoint on which applies follow each other.
type story struct {
	*testing.T
	w *simulation.World
}

func begin(t *testing.T, versions ...string) story {
	s := story{t, simulation.New()}
	for i, v := range versions {
		if i == 0 {
			if _, err := s.w.Roller("apply").Create(context.Background(), spec(v)); err != nil {
				t.Fatal(err)
			}
		} else {
			s.update(spec(v))
		}
	}
	s.w.Calls = nil
	return s
}

func (s story) update(to endpoint.Spec) {
	s.Helper()
	if _, err := s.w.Roller("apply").Update(context.Background(), to, nil); err != nil {
		s.Fatal(err)
	}
}

func (s story) plan(to endpoint.Spec) rollout.Plan {
	s.Helper()
	w, err := s.w.Roller("plan").Observe(context.Background(), "checkout")
	if err != nil {
		s.Fatal(err)
	}
	w.Record.Desired = to
	return rollout.Preview(*w)
}

// calls are those made since the story began, environments by their version.
func (s story) calls() []string {
	r := s.w.Records["checkout"]
	var out []string
	for _, c := range s.w.Calls {
		for _, e := range r.Environments {
			c = strings.ReplaceAll(c, e.Name, e.Release.Version)
		}
		out = append(out, c)
	}
	return out
}

func (s story) want(calls ...string) {
	s.Helper()
	if diff := cmp.Diff(calls, s.calls()); diff != "" {
		s.Errorf("changing calls (-want +got):\n%s", diff)
	}
}

func TestFirstDeploymentThenRollout(t *testing.T) {
	s := begin(t, "1.0.0")
	plan := s.plan(spec("1.1.0"))
	want := []string{
		"create an environment of 1.1.0: 2 instances of ",
		"traffic: 1.1.0 10 %, 1.0.0 90 %, watched for 10m",
		"traffic: 1.1.0 50 %, 1.0.0 50 %, watched for 5m",
		"traffic: 1.1.0 100 %, watched for 5m",
		"keep 1.0.0 hot with 2 instances for 1h",
	}
	if diff := cmp.Diff(want, plan.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if plan.Kind != rollout.PlanNew || plan.MinimumDuration != 20*time.Minute || plan.PeakInstances != 4 {
		t.Errorf("plan = %+v", plan)
	}
	s.update(spec("1.1.0"))
	s.want("Launch 1.1.0", "Shift map[1.0.0:90 1.1.0:10]", "Shift map[1.0.0:50 1.1.0:50]", "Shift map[1.1.0:100]", "Scale 1.0.0")
	if again := s.plan(spec("1.1.0")); again.Kind != rollout.PlanNothing {
		t.Errorf("a second plan is not empty: %+v", again)
	}
}

func TestHotRollbackIsOneChangeOfWeight(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	if plan := s.plan(spec("1.0.0")); plan.Kind != rollout.PlanHot || plan.Creates || plan.MinimumDuration != 0 {
		t.Errorf("plan = %+v", plan)
	}
	before := s.w.Now
	s.update(spec("1.0.0"))
	// Traffic first; then the one that serves may scale, and the other is held.
	s.want("Shift map[1.0.0:100]", "Scale 1.0.0", "Scale 1.1.0")
	if took := s.w.Now.Sub(before); took != 0 {
		t.Errorf("a hot rollback waited %s", took)
	}
}

func TestRolloutCutShortIsWarm(t *testing.T) {
	s := begin(t, "1.0.0")
	ctx, cancel := context.WithCancel(context.Background())
	s.w.Watch = func(w *simulation.World) {
		if len(w.Rule.Weights) == 2 {
			cancel()
		}
	}
	_, err := s.w.Roller("apply").Update(ctx, spec("1.1.0"), nil)
	var interrupted *roller.Interrupted
	if !errors.As(err, &interrupted) || !strings.Contains(err.Error(), "1.1.0 is at step 1 of 3, with 10 %") {
		t.Fatalf("err = %v", err)
	}
	s.w.Watch = nil
	if plan := s.plan(spec("1.1.0")); plan.Kind != rollout.PlanResume || plan.Steps[0] != "resume 1.1.0 at step 1 of 3, at 10 %" {
		t.Errorf("plan = %+v", plan)
	}
	s.update(spec("1.0.0"))
	plan := s.plan(spec("1.1.0"))
	if plan.Kind != rollout.PlanWarm || plan.Creates || plan.MinimumDuration != 20*time.Minute {
		t.Errorf("plan = %+v", plan)
	}
	s.w.Calls = nil
	s.update(spec("1.1.0"))
	if got := s.calls(); slices.ContainsFunc(got, func(c string) bool { return strings.HasPrefix(c, "Launch") }) {
		t.Errorf("a warm rollout launched: %v", got)
	}
}

// shrunk is a rollout that was interrupted at 50 %, while somebody took an instance from
// what it comes from.
func shrunk(t *testing.T) story {
	s := begin(t, "1.0.0")
	s.cutShort(spec("1.1.0"), 50)
	s.w.Calls = nil
	for _, e := range s.w.Environments {
		if e.Release.Version == "1.0.0" {
			e.Instances, e.Scaling.Min = e.Instances[:1], 1
		}
	}
	return s
}

// Capacity comes before weight on the way back, too, while the candidate serves; but an
// operator's rollback is not kept waiting, and nor is the way back from what is down.
func TestWayBackTakesCapacity(t *testing.T) {
	s := shrunk(t)
	s.update(spec("1.0.0"))
	if calls := s.calls(); calls[0] != "Scale 1.0.0" || calls[1] != "Shift map[1.0.0:100]" {
		t.Errorf("its calls are %v", calls)
	}
	s = shrunk(t)
	if err := s.rollback(""); err != nil {
		t.Fatal(err)
	}
	if first := s.calls()[0]; first != "Shift map[1.0.0:100]" {
		t.Errorf("an operator's rollback begins with %s", first)
	}
	s = shrunk(t)
	for _, e := range s.w.Environments {
		if e.Release.Version == "1.1.0" {
			e.Instances = nil
		}
	}
	s.update(spec("1.0.0"))
	if first := s.calls()[0]; first != "Shift map[1.0.0:100]" {
		t.Errorf("the way back from what is down begins with %s", first)
	}
}

func TestUnhealthyReleaseNeverGetsTraffic(t *testing.T) {
	s := begin(t, "1.0.0")
	s.w.Unhealthy["1.2.0"] = true
	_, err := s.w.Roller("apply").Update(context.Background(), spec("1.2.0"), nil)
	var failed *roller.Failed
	if !errors.As(err, &failed) || failed.Live != "1.0.0" || !strings.Contains(err.Error(), "rollout.healthy_within") {
		t.Fatalf("err = %v", err)
	}
	for _, c := range s.w.Calls {
		if strings.HasPrefix(c, "Shift") {
			t.Errorf("traffic was touched: %s", c)
		}
	}
	if n := len(s.w.Environments); n != 1 {
		t.Errorf("%d environments are left, want the live one", n)
	}
	if plan := s.plan(spec("1.0.0")); plan.Kind != rollout.PlanNothing {
		t.Errorf("plan of what is live = %+v", plan)
	}
}

func TestFailedFirstDeploymentLeavesNothing(t *testing.T) {
	w := simulation.New()
	w.Unhealthy["1.0.0"] = true
	_, err := w.Roller("apply").Create(context.Background(), spec("1.0.0"))
	var failed *roller.Failed
	if !errors.As(err, &failed) || failed.Live != "" {
		t.Fatalf("err = %v", err)
	}
	if len(w.Environments) != 0 || w.Rule != nil || w.Records["checkout"].Phase != endpoint.Deleted {
		t.Errorf("left: %v, rule %v, phase %s", w.Environments, w.Rule, w.Records["checkout"].Phase)
	}
	delete(w.Unhealthy, "1.0.0")
	if _, err := w.Roller("apply").Create(context.Background(), spec("1.0.0")); err != nil {
		t.Errorf("creating it again: %v", err)
	}
}

func TestRetentionEnds(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	s.w.Now = s.w.Now.Add(2 * time.Hour)
	plan := s.plan(spec("1.1.0"))
	if plan.Kind != rollout.PlanRemoveExpired || len(plan.Steps) != 1 || !strings.Contains(plan.Steps[0], "of 1.0.0: its retention of 1h is over") {
		t.Errorf("plan = %+v", plan)
	}
	if _, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout"); err != nil {
		t.Fatal(err)
	}
	if len(s.w.Environments) != 1 {
		t.Errorf("environments left: %v", s.w.Environments)
	}
}

func TestRetentionMaximum(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0", "1.2.0")
	plan := s.plan(spec("1.3.0"))
	if last := plan.Steps[len(plan.Steps)-1]; !strings.Contains(last, "of 1.0.0: at most 2 old environments are kept") {
		t.Errorf("steps = %q", plan.Steps)
	}
	s.update(spec("1.3.0"))
	if len(s.w.Environments) != 3 {
		t.Errorf("%d environments, want 1 active and 2 retained", len(s.w.Environments))
	}
}

func TestCapacityChangesInPlace(t *testing.T) {
	s := begin(t, "1.0.0")
	bigger := spec("1.0.0")
	bigger.Capacity = endpoint.Capacity{Min: 3, Max: 6}
	if plan := s.plan(bigger); plan.Kind != rollout.PlanUpdate || plan.Creates {
		t.Errorf("plan = %+v", plan)
	}
	s.update(bigger)
	s.want("Resize 1.0.0")
}

func TestDriftIsRepaired(t *testing.T) {
	for name, drift := range map[string]func(*simulation.World, string, string){
		"weights": func(w *simulation.World, live, old string) { w.Rule.Weights = map[string]int{live: 50, old: 50} },
		"rule":    func(w *simulation.World, _, _ string) { w.Rule = nil },
		"live environment": func(w *simulation.World, live, _ string) {
			w.Environments[live].Gone = true
		},
		"retained environment": func(w *simulation.World, _, old string) { w.Environments[old].Gone = true },
		"capacity":             func(w *simulation.World, live, _ string) { w.Environments[live].Scaling.Min = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, "1.0.0", "1.1.0")
			r := s.w.Records["checkout"]
			drift(s.w, r.Active, r.Environments[0].Name)
			if plan := s.plan(spec("1.1.0")); plan.Kind == rollout.PlanNothing {
				t.Error("the plan does not see it")
			}
			s.update(spec("1.1.0"))
			if plan := s.plan(spec("1.1.0")); plan.Kind != rollout.PlanNothing {
				t.Errorf("not put right: %+v", plan)
			}
			active := s.w.Records["checkout"].Active
			if got := s.w.Rule.Weights; len(got) != 1 || got[active] != 100 || s.w.Environments[active].Release.Version != "1.1.0" {
				t.Errorf("traffic = %v", got)
			}
		})
	}
}

func TestRemoval(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	if err := s.w.Roller("apply").Remove(context.Background(), "checkout"); err != nil {
		t.Fatal(err)
	}
	if s.w.Calls[0] != "Unroute" || s.w.Calls[len(s.w.Calls)-1] != "Dissolve" || len(s.w.Environments) != 0 {
		t.Errorf("calls = %v, left %v", s.w.Calls, s.w.Environments)
	}
	protected := begin(t)
	on := spec("1.0.0")
	on.DeletionProtection = true
	if _, err := protected.w.Roller("apply").Create(context.Background(), on); err != nil {
		t.Fatal(err)
	}
	var refused *roller.Protected
	if err := protected.w.Roller("apply").Remove(context.Background(), "checkout"); !errors.As(err, &refused) {
		t.Errorf("err = %v", err)
	}
}

func TestRiskierThanPlannedIsRefused(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	shown := &roller.Expectation{Active: s.w.Records["checkout"].Active, Plan: s.plan(spec("1.0.0"))}
	s.w.Environments[s.w.Records["checkout"].Environments[0].Name].Gone = true
	_, err := s.w.Roller("apply").Update(context.Background(), spec("1.0.0"), shown)
	var riskier *roller.Riskier
	if !errors.As(err, &riskier) || len(s.w.Calls) > 0 {
		t.Errorf("err = %v, calls = %v", err, s.w.Calls)
	}
}

// An environment that lost an instance since the plan would need steps: that is not what
// was shown.
func TestHotByPlanIsNotWarmByApply(t *testing.T) {
	s := begin(t, "1.0.0", "1.1.0")
	shown := &roller.Expectation{Active: s.w.Records["checkout"].Active, Plan: s.plan(spec("1.0.0"))}
	kept := s.w.Environments[s.w.Records["checkout"].Environments[0].Name]
	kept.Instances = kept.Instances[:1]
	_, err := s.w.Roller("apply").Update(context.Background(), spec("1.0.0"), shown)
	var riskier *roller.Riskier
	if !errors.As(err, &riskier) || !strings.Contains(err.Error(), "it would be a warm rollout now") || len(s.w.Calls) > 0 {
		t.Errorf("err = %v, calls = %v", err, s.w.Calls)
	}
}

// flaky makes the named calls fail a number of times, but for the first look
// before anything was begun.
func flaky(call string, times int, err error) func(string, bool) error {
	first := strings.HasPrefix(call, "Observe")
	return func(c string, after bool) error {
		if name, _, _ := strings.Cut(c, " "); after || name != call || times == 0 {
			return nil
		}
		if first {
			first = false
			return nil
		}
		times--
		return err
	}
}

func TestFailingCallsAreBorneForAWhile(t *testing.T) {
	trouble := errors.New("service unavailable")
	for _, call := range []string{"Launch", "Shift", "Observe", "ObserveTraffic"} {
		t.Run(call, func(t *testing.T) {
			w := simulation.New()
			w.Fault = flaky(call, 3, trouble)
			if _, err := w.Roller("apply").Create(context.Background(), spec("1.0.0")); err != nil {
				t.Errorf("three failures ended the run: %v", err)
			}
		})
	}
}

func TestEnvironmentThatCannotBeLaunched(t *testing.T) {
	for name, fault := range map[string]func(string, bool) error{
		"refused":           flaky("Launch", 1, &roller.Refusal{Err: errors.New("no such subnet")}),
		"failing too often": flaky("Launch", 5, errors.New("no such subnet")),
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, "1.0.0")
			s.w.Fault = fault
			_, err := s.w.Roller("apply").Update(context.Background(), spec("1.1.0"), nil)
			var failed *roller.Failed
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), "no such subnet") || failed.Live != "1.0.0" {
				t.Errorf("err = %v", err)
			}
			if plan := s.plan(spec("1.0.0")); plan.Kind != rollout.PlanNothing {
				t.Errorf("it left something: %+v", plan)
			}
		})
	}
}

func TestAWSThatDoesNotAnswerEndsTheRun(t *testing.T) {
	s := begin(t, "1.0.0")
	s.w.Fault = flaky("Observe", 1000, errors.New("no route to host"))
	_, err := s.w.Roller("apply").Update(context.Background(), spec("1.1.0"), nil)
	if err == nil || !strings.Contains(err.Error(), "no route to host") {
		t.Errorf("err = %v", err)
	}
	s.w.Fault = nil
	s.update(spec("1.1.0"))
}

func TestPlanThatBeganElsewhereIsRefused(t *testing.T) {
	s := begin(t, "1.0.0")
	shown := &roller.Expectation{Active: s.w.Records["checkout"].Active, Plan: s.plan(spec("1.1.0"))}
	s.update(spec("1.2.0"))
	s.w.Calls = nil
	_, err := s.w.Roller("apply").Update(context.Background(), spec("1.1.0"), shown)
	var riskier *roller.Riskier
	if !errors.As(err, &riskier) || len(s.w.Calls) > 0 {
		t.Errorf("err = %v, calls = %v", err, s.w.Calls)
	}
}

// When the live environment is gone and its replacement fails, the run ends and
// says so.
func TestReplacementThatFails(t *testing.T) {
	s := begin(t, "1.0.0")
	s.w.Environments[s.w.Records["checkout"].Active].Gone = true
	s.w.Unhealthy["1.0.0"] = true
	_, err := s.w.Roller("apply").Update(context.Background(), spec("1.0.0"), nil)
	var failed *roller.Failed
	if !errors.As(err, &failed) || failed.Live != "" || !strings.Contains(err.Error(), "Nothing is live") {
		t.Fatalf("err = %v", err)
	}
	delete(s.w.Unhealthy, "1.0.0")
	s.update(spec("1.0.0"))
	if len(s.w.Environments) != 1 {
		t.Errorf("left: %v", s.w.Environments)
	}
}

// A run that dies between the first promotion and its acceptance leaves an
// endpoint that the next creation adopts.
func TestCreationThatDiesBeforeItIsAccepted(t *testing.T) {
	for n := range 80 {
		w := simulation.New()
		kill(w, n, true)
		_, err := w.Roller("apply").Create(context.Background(), spec("1.0.0"))
		w.Fault = nil
		if err == nil {
			return // the whole creation has fewer calls
		}
		other := spec("1.0.0")
		other.Capacity.Max = 6
		if r := w.Records["checkout"]; r == nil || r.Accepted == nil {
			if _, err := w.Roller("apply").Create(context.Background(), other); err != nil {
				t.Fatalf("killed after call %d: %v", n, err)
			}
		}
	}
}

func TestReconcileTellsOfAFailure(t *testing.T) {
	s := begin(t, "1.0.0")
	s.w.Unhealthy["1.1.0"] = true
	ctx, cancel := context.WithCancel(context.Background())
	s.w.Watch = func(*simulation.World) { cancel() } // interrupted when it was launched
	if _, err := s.w.Roller("apply").Update(ctx, spec("1.1.0"), nil); err == nil {
		t.Fatal("the interrupt was not noticed")
	}
	s.w.Watch = nil
	_, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout")
	var failed *roller.Failed
	if !errors.As(err, &failed) || failed.Live != "1.0.0" {
		t.Errorf("err = %v", err)
	}
	if _, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout"); err != nil {
		t.Errorf("the next time: %v", err)
	}
}

var errKilled = errors.New("killed")

// kill ends a run at its n-th call, before or after the call's effect, and leaves
// the lease with a holder that is dead.
func kill(w *simulation.World, n int, after bool) {
	w.Fault = func(call string, happened bool) error {
		if happened == after {
			n--
		}
		if n < 0 {
			return fmt.Errorf("%s: %w", call, errKilled)
		}
		return nil
	}
}
