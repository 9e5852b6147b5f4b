// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

// guarded is a spec that an alarm watches.
func guarded(version string, change ...func(*endpoint.RolloutPolicy)) endpoint.Spec {
	s := spec(version)
	s.Rollout.Alarms = []string{"checkout-5xx"}
	s.Rollout.ExtendBake = endpoint.Duration(10 * time.Minute)
	for _, c := range change {
		c(&s.Rollout)
	}
	return s
}

func (s story) alarm(state rollout.AlarmState) {
	a := rollout.Alarm{State: state, Reason: "Threshold Crossed"}
	if state == rollout.AlarmFiring {
		a.Fired = s.w.Now
	}
	s.w.Alarms["checkout-5xx"] = a
}

// alarmUnseen lets an alarm fire and be quiet again while nobody is there, and says when
// it fired.
func (s story) alarmUnseen() time.Time {
	fired := s.w.Now.Add(3 * time.Minute)
	s.w.Now = fired.Add(time.Hour)
	s.w.Alarms["checkout-5xx"] = rollout.Alarm{State: rollout.AlarmOK, Fired: fired}
	return fired
}

// cutShort interrupts an apply as soon as its release has a share of traffic.
func (s story) cutShort(to endpoint.Spec, share int) {
	s.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.atShare(to.Release.Version, share, cancel)
	if _, err := s.w.Roller("apply").Update(ctx, to, nil); err == nil {
		s.Fatal("not interrupted")
	}
	s.w.Watch = nil
}

// atShare does something once, as soon as a version has a share of traffic.
func (s story) atShare(version string, share int, do func()) {
	s.w.Watch = func(*simulation.World) {
		if s.w.Rule == nil {
			return
		}
		for name, w := range s.w.Rule.Weights {
			if s.w.Environments[name].Release.Version == version && w == share && do != nil {
				do()
				do = nil
			}
		}
	}
}

func (s story) try(to endpoint.Spec) error {
	_, err := s.w.Roller("apply").Update(context.Background(), to, nil)
	return err
}

func (s story) shares() map[string]int {
	shares := map[string]int{}
	for name, w := range s.w.Rule.Weights {
		shares[s.w.Environments[name].Release.Version] = w
	}
	return shares
}

func (s story) wantShares(version string, share int) {
	s.Helper()
	if got := s.shares(); got[version] != share {
		s.Errorf("traffic is %v, want %d %% for %s", got, share, version)
	}
}

func (s story) wantErr(err error, words ...string) {
	s.Helper()
	if err == nil {
		s.Fatal("no error")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			s.Errorf("the error does not say %q: %v", w, err)
		}
	}
}

func (s story) wantQuiet(to endpoint.Spec) {
	s.Helper()
	if plan := s.plan(to); plan.Kind != rollout.PlanNothing {
		s.Errorf("the plan is not empty: %+v", plan)
	}
}

func TestAlarmRollsBackAndRejects(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.atShare("1.1.0", 50, func() { s.alarm(rollout.AlarmFiring) })
	err := s.try(guarded("1.1.0"))
	var failed *roller.Failed
	if !errors.As(err, &failed) || failed.Live != "1.0.0" || !failed.Outcome.Rejected || failed.Outcome.Evidence == nil {
		t.Fatalf("err = %v", err)
	}
	s.wantErr(err, "alarm checkout-5xx is in state ALARM", "Threshold Crossed", "50 % of traffic", "Release 1.0.0 is live")
	s.wantShares("1.0.0", 100)

	s.w.Watch, s.w.Calls = nil, nil
	s.alarm(rollout.AlarmOK)
	var rejected *roller.Rejected
	if err := s.try(guarded("1.1.0")); !errors.As(err, &rejected) || len(s.w.Calls) > 0 {
		t.Fatalf("err = %v, calls %v", err, s.w.Calls)
	}
	if plan := s.plan(guarded("1.1.0")); plan.Kind != rollout.PlanRefused || !strings.Contains(plan.Steps[0], "raise rollout.retry above 0") {
		t.Errorf("plan = %+v", plan)
	}
	// Another release does not clear it.
	s.update(guarded("1.2.0"))
	if err := s.try(guarded("1.1.0")); !errors.As(err, &rejected) {
		t.Errorf("after another release: %v", err)
	}
	s.update(guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.Retry = 1 }))
	s.wantShares("1.1.0", 100)
}

func TestAlarmInTheLastBake(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.atShare("1.1.0", 100, func() { s.alarm(rollout.AlarmFiring) })
	s.wantErr(s.try(guarded("1.1.0")), "100 % of traffic")
	s.wantShares("1.0.0", 100)
	s.wantQuiet(spec("1.0.0"))
}

func TestAlarmThatFiresAlreadyBeginsNothing(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmFiring)
	s.wantErr(s.try(guarded("1.1.0")), "is in state ALARM already")
	s.wantErr(s.try(guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.Alarms = []string{"nobody"} })), `there is no CloudWatch alarm "nobody"`)
	s.want()
	// Going back hot heeds no alarm: it may be the reason for it.
	s.alarm(rollout.AlarmOK)
	s.update(guarded("1.1.0"))
	s.alarm(rollout.AlarmFiring)
	s.update(guarded("1.0.0"))
	s.wantShares("1.0.0", 100)
}

func TestAlarmBeforeTheFirstRequestRejectsNothing(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.w.Watch = func(*simulation.World) { s.alarm(rollout.AlarmFiring) } // when it is launched
	s.wantErr(s.try(guarded("1.1.0")), "alarm checkout-5xx")
	if slices.ContainsFunc(s.w.Calls, func(c string) bool { return strings.HasPrefix(c, "Shift") }) {
		t.Errorf("traffic was touched: %v", s.w.Calls)
	}
	s.w.Watch = nil
	s.alarm(rollout.AlarmOK)
	s.update(guarded("1.1.0"))
}

func TestAlarmThatNobodySaw(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.cutShort(guarded("1.1.0"), 10)
	fired := s.alarmUnseen()
	s.wantErr(s.try(guarded("1.1.0")), "ALARM at "+fired.Format(time.RFC3339))
	s.wantShares("1.0.0", 100)
}

// The run died when it had decided on the next step, before it sent the weight.
func TestNobodyWatchedBeforeTheNextStep(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.cutShort(guarded("1.1.0"), 10)
	s.w.Records["checkout"].Rollout.Set(1)
	fired := s.alarmUnseen()
	s.atShare("1.1.0", 50, func() { t.Error("step 2 follows") })
	s.wantErr(s.try(guarded("1.1.0")), "ALARM at "+fired.Format(time.RFC3339), "10 % of traffic")
	s.wantShares("1.0.0", 100)
}

// An alarm fired and is quiet again while a rollout rests at its cap and nobody watches.
// It is heard, whether the cap is lowered or raised then.
func TestAlarmAtACapThatNobodySaw(t *testing.T) {
	for _, next := range []int{20, 80} {
		s := begin(t, "1.0.0")
		s.alarm(rollout.AlarmOK)
		s.update(guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.MaxWeight = 50 }))
		fired := s.alarmUnseen()
		s.wantErr(s.try(guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.MaxWeight = next })), "ALARM at "+fired.Format(time.RFC3339))
		s.wantShares("1.0.0", 100)
	}
}

// A raised cap took capacity that had not come when its run ended. Later another cap is asked
// for, and what that takes has its own time.
func TestAnotherCapHasItsOwnTime(t *testing.T) {
	capped := func(n int) endpoint.Spec {
		return guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.Steps, p.MaxWeight = p.Steps[2:], n })
	}
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.update(capped(10))
	r := s.w.Records["checkout"]
	r.Rollout.Lacking = s.w.Now
	s.w.Now = s.w.Now.Add(20 * time.Minute)
	e := s.w.Environments[r.Rollout.To]
	e.Instances = slices.Clone(e.Instances)
	e.Instances[0].Healthy = s.w.Now.Add(5 * time.Minute) // it is being replaced
	s.update(capped(100))
	s.wantShares("1.1.0", 100)
}

func TestFreeze(t *testing.T) {
	freeze := func(p *endpoint.RolloutPolicy) { p.OnFailure = endpoint.Freeze }
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.atShare("1.1.0", 50, func() { s.alarm(rollout.AlarmFiring) })
	err := s.try(guarded("1.1.0", freeze))
	var frozen *roller.Frozen
	if !errors.As(err, &frozen) || frozen.Share != 50 {
		t.Fatalf("err = %v", err)
	}
	s.wantShares("1.1.0", 50)
	s.w.Calls, s.w.Watch = nil, nil
	if err := s.try(guarded("1.1.0", freeze)); !errors.As(err, &frozen) || len(s.w.Calls) > 0 {
		t.Errorf("again: %v, calls %v", err, s.w.Calls)
	}
	if plan := s.plan(guarded("1.1.0", freeze)); plan.Kind != rollout.PlanFrozen {
		t.Errorf("plan = %+v", plan)
	}
	s.alarm(rollout.AlarmOK)
	s.update(guarded("1.1.0", freeze, func(p *endpoint.RolloutPolicy) { p.Retry = 1 }))
	s.wantShares("1.1.0", 100)
}

func TestFrozenRolloutGoesBackWhenAsked(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.atShare("1.1.0", 50, func() { s.alarm(rollout.AlarmFiring) })
	freeze := func(p *endpoint.RolloutPolicy) { p.OnFailure = endpoint.Freeze }
	s.wantErr(s.try(guarded("1.1.0", freeze)), "To go back, set the version to 1.0.0")
	s.update(guarded("1.0.0", freeze))
	s.wantShares("1.0.0", 100)
}

func TestAlarmInTheFirstDeployment(t *testing.T) {
	s := story{t, simulation.New()}
	s.alarm(rollout.AlarmOK)
	s.atShare("1.0.0", 100, func() { s.alarm(rollout.AlarmFiring) })
	_, err := s.w.Roller("apply").Create(context.Background(), guarded("1.0.0"))
	s.wantErr(err, "frozen", "there is no release to go back to", "bump the version")
	s.wantShares("1.0.0", 100)
	s.w.Watch = nil
	s.alarm(rollout.AlarmOK)
	if _, err := s.w.Roller("apply").Create(context.Background(), guarded("1.0.1")); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.0.1", 100)
	s.wantQuiet(guarded("1.0.1"))
}

func TestFirstDeploymentWithoutData(t *testing.T) {
	s := story{t, simulation.New()}
	s.alarm(rollout.AlarmInsufficient)
	most := 1.0
	first := guarded("1.0.0", func(p *endpoint.RolloutPolicy) {
		p.Analysis = &endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{Max: &most}, MinimumRequests: 1e6}
	})
	if _, err := s.w.Roller("apply").Create(context.Background(), first); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.0.0", 100)
	s.wantQuiet(first)
}

func TestTooLittleDataExtendsTheBakeThenFreezes(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.atShare("1.1.0", 10, func() { s.alarm(rollout.AlarmInsufficient) })
	before := s.w.Now
	s.wantErr(s.try(guarded("1.1.0")), "frozen", "INSUFFICIENT_DATA", "rollout.extend_bake")
	if took := s.w.Now.Sub(before); took < 25*time.Minute {
		t.Errorf("it froze after %s: the launch takes 5m, the bake 10m and its extension 10m", took)
	}
	s.wantShares("1.1.0", 10)
}

func TestAnalysis(t *testing.T) {
	two, most := 2.0, 1.0
	cases := map[string]struct {
		analysis endpoint.Analysis
		old, new float64 // error rates
		want     string  // of the error; empty: it succeeds
	}{
		"a healthy release":            {endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{Max: &most}, MinimumRequests: 50}, 0, 0.5, ""},
		"errors above the bound":       {endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{Max: &most}, MinimumRequests: 50}, 0, 1.5, "error rate of"},
		"errors as many as before":     {endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{MaxRatio: two}, MinimumRequests: 50}, 5, 6, ""},
		"many more errors than before": {endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{MaxRatio: two}, MinimumRequests: 50}, 5, 12, "2 times the active environment's 5 %"},
		"too few requests":             {endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{Max: &most}, MinimumRequests: 1e6}, 0, 50, "rollout.analysis.minimum_requests"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := begin(t, "1.0.0")
			s.w.Errors["1.0.0"], s.w.Errors["1.1.0"] = c.old, c.new
			err := s.try(guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.Alarms, p.Analysis = nil, &c.analysis }))
			if c.want != "" {
				s.wantErr(err, c.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s.wantShares("1.1.0", 100)
		})
	}
}

func paused(then endpoint.AfterTheWait) func(*endpoint.RolloutPolicy) {
	return func(p *endpoint.RolloutPolicy) {
		p.Alarms = nil
		p.Steps = []endpoint.Step{{Weight: 10, Bake: endpoint.Duration(10 * time.Minute), Pause: endpoint.Pause{Deadline: endpoint.Duration(4 * time.Hour), Then: then}}}
	}
}

func TestPause(t *testing.T) {
	for then, want := range map[endpoint.AfterTheWait]string{
		endpoint.ThenPromote: "", endpoint.ThenRollback: "nobody promoted step 1 of 2 within 4h", endpoint.ThenFreeze: "frozen",
	} {
		t.Run(string(then), func(t *testing.T) {
			s := begin(t, "1.0.0")
			plan := s.plan(guarded("1.1.0", paused(then)))
			if !slices.ContainsFunc(plan.Steps, func(l string) bool {
				return strings.Contains(l, "then paused until it is promoted, at most for 4h (then "+string(then)+")")
			}) {
				t.Errorf("plan = %q", plan.Steps)
			}
			before := s.w.Now
			err := s.try(guarded("1.1.0", paused(then)))
			if took := s.w.Now.Sub(before); took < 4*time.Hour+15*time.Minute {
				t.Errorf("it was held for %s only", took)
			}
			if want != "" {
				s.wantErr(err, want)
			} else if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A release with nothing beside it that could serve is not taken away because nobody
// promoted it, whatever the pause says.
func TestPauseWithNothingToGoBackTo(t *testing.T) {
	held := spec("1.0.0")
	held.Rollout.Steps = []endpoint.Step{{Weight: 100, Bake: endpoint.Duration(time.Minute), Pause: endpoint.Pause{Deadline: endpoint.Duration(time.Hour), Then: endpoint.ThenRollback}}}
	s := story{t, simulation.New()}
	_, err := s.w.Roller("apply").Create(context.Background(), held)
	s.wantErr(err, "nobody promoted step 1 of 1 within 1h", "there is no release to go back to")
	s.wantShares("1.0.0", 100)

	s.order(endpoint.OrderPromote)
	if _, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout"); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.0.0", 100)
}

func (s story) order(kind endpoint.OrderKind) {
	o := endpoint.NewOrder(kind, "", "", endpoint.Who{Caller: "arn:aws:iam::123456789012:user/on-call"}, s.w.Now)
	if err := s.w.Roller("command").Journal.Order(context.Background(), "checkout", o); err != nil {
		s.Fatal(err)
	}
}

func TestOrders(t *testing.T) {
	t.Run("promote lifts a pause", func(t *testing.T) {
		s := begin(t, "1.0.0")
		s.atShare("1.1.0", 10, func() { s.order(endpoint.OrderPromote) })
		before := s.w.Now
		if err := s.try(guarded("1.1.0", paused(endpoint.ThenRollback))); err != nil {
			t.Fatal(err)
		}
		if took := s.w.Now.Sub(before); took > time.Hour || len(s.w.Orders) > 0 {
			t.Errorf("it took %s, orders left %v", took, s.w.Orders)
		}
	})
	t.Run("abort takes traffic back and rejects", func(t *testing.T) {
		s := begin(t, "1.0.0")
		s.atShare("1.1.0", 50, func() { s.order(endpoint.OrderAbort) })
		err := s.try(spec("1.1.0"))
		s.wantErr(err, "it was aborted by arn:aws:iam::123456789012:user/on-call")
		s.wantShares("1.0.0", 100)
		s.wantErr(s.try(spec("1.1.0")), "was rejected")
	})
	t.Run("pause holds until resume", func(t *testing.T) {
		s := begin(t, "1.0.0")
		ctx, cancel := context.WithCancel(context.Background())
		start := s.w.Now
		s.atShare("1.1.0", 10, func() { s.order(endpoint.OrderPause) })
		s.w.Fault = func(string, bool) error {
			if s.w.Now.Sub(start) > 5*time.Hour {
				cancel()
			}
			return nil
		}
		_, err := s.w.Roller("apply").Update(ctx, spec("1.1.0"), nil)
		s.wantErr(err, "interrupted", "10 % of traffic")
		s.w.Fault = nil
		s.order(endpoint.OrderResume)
		s.update(spec("1.1.0"))
		s.wantShares("1.1.0", 100)
	})
	t.Run("an order that fits nothing is declined, and told", func(t *testing.T) {
		s := begin(t, "1.0.0")
		s.order(endpoint.OrderPromote)
		s.update(spec("1.1.0"))
		if !slices.ContainsFunc(s.w.Trail, func(e endpoint.Event) bool { return e.Type == endpoint.OrderDeclined }) {
			t.Error("the trail does not tell of it")
		}
	})
}

func TestCap(t *testing.T) {
	capped := func(n int) func(*endpoint.RolloutPolicy) {
		return func(p *endpoint.RolloutPolicy) { p.MaxWeight = n }
	}
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	plan := s.plan(guarded("1.1.0", capped(20)))
	if last := plan.Steps[len(plan.Steps)-1]; !strings.Contains(last, "capped at 20 %") {
		t.Errorf("plan = %q", plan.Steps)
	}
	s.update(guarded("1.1.0", capped(20)))
	s.wantShares("1.1.0", 20)
	s.wantQuiet(guarded("1.1.0", capped(20)))
	s.update(guarded("1.1.0", capped(20)))
	s.wantShares("1.1.0", 20)

	t.Run("an alarm takes it back", func(t *testing.T) {
		s.alarm(rollout.AlarmFiring)
		plan := s.plan(guarded("1.1.0", capped(20)))
		if plan.Kind != rollout.PlanRepair || !strings.Contains(strings.Join(plan.Steps, "\n"), "traffic goes back: alarm checkout-5xx") {
			t.Errorf("plan = %+v", plan)
		}
		_, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout")
		s.wantErr(err, "alarm checkout-5xx", "20 % of traffic")
		s.wantShares("1.0.0", 100)
		if r := s.w.Records["checkout"]; r.Accepted.Release.Version != "1.0.0" {
			t.Errorf("%s is accepted, and not live", r.Accepted.Release.Version)
		}
		s.alarm(rollout.AlarmOK)
	})
	s.update(guarded("1.2.0", capped(20)))
	s.update(guarded("1.2.0", capped(5)))
	s.wantShares("1.2.0", 5)
	s.update(guarded("1.2.0"))
	s.wantShares("1.2.0", 100)
	s.wantQuiet(guarded("1.2.0"))
}

// A step at the cap rests there, whatever pause it has.
func TestCapBeforePause(t *testing.T) {
	s := begin(t, "1.0.0")
	to := guarded("1.1.0", paused(endpoint.ThenRollback), func(p *endpoint.RolloutPolicy) { p.MaxWeight = 10 })
	plan := s.plan(to)
	if slices.ContainsFunc(plan.Steps, func(l string) bool { return strings.Contains(l, "paused") }) {
		t.Errorf("plan = %q", plan.Steps)
	}
	s.update(to)
	s.w.Now = s.w.Now.Add(24 * time.Hour)
	s.wantShares("1.1.0", 10)
	s.wantQuiet(to)
}

func TestCappedRolloutGoesBack(t *testing.T) {
	s := begin(t, "1.0.0")
	canary := spec("1.1.0")
	canary.Rollout.MaxWeight = 10
	s.update(canary)
	s.update(spec("1.0.0"))
	s.wantShares("1.0.0", 100)
	s.wantQuiet(spec("1.0.0"))
}

func TestNoWait(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	quick := func(p *endpoint.RolloutPolicy) { p.NoWait = true }
	before := s.w.Now
	s.update(guarded("1.1.0", quick))
	if took := s.w.Now.Sub(before); took > 6*time.Minute {
		t.Errorf("apply stayed for %s", took)
	}
	s.wantShares("1.1.0", 10)
	s.wantQuiet(guarded("1.1.0", quick))
	if _, err := s.w.Roller("reconcile").Reconcile(context.Background(), "checkout"); err != nil {
		t.Fatal(err)
	}
	s.wantShares("1.1.0", 100)
	s.wantQuiet(guarded("1.1.0", quick))
}

func TestFailedEnvironmentIsKeptForAWhile(t *testing.T) {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	s.atShare("1.1.0", 50, func() { s.alarm(rollout.AlarmFiring) })
	look := guarded("1.1.0")
	look.Retention.FailedFor = endpoint.Duration(time.Hour)
	keep := guarded("1.0.0")
	keep.Retention.FailedFor = look.Retention.FailedFor
	s.update(keep)
	s.wantErr(s.try(look), "alarm")
	if len(s.w.Environments) != 2 {
		t.Errorf("%d environments, want the live and the failed one", len(s.w.Environments))
	}
	s.wantQuiet(keep)
	s.w.Now = s.w.Now.Add(2 * time.Hour)
	if plan := s.plan(keep); plan.Kind != rollout.PlanRemoveExpired {
		t.Errorf("plan = %+v", plan)
	}
	s.update(keep)
	if len(s.w.Environments) != 1 {
		t.Errorf("%d environments are left", len(s.w.Environments))
	}
}

// A rollout in flight has nothing to be guarded from once the endpoint is removed.
func TestRemoveAGuardedRollout(t *testing.T) {
	s := begin(t, "1.0.0")
	s.atShare("1.1.0", 50, func() { s.alarm(rollout.AlarmFiring) })
	s.alarm(rollout.AlarmOK)
	s.wantErr(s.try(guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.OnFailure = endpoint.Freeze })), "is frozen")
	s.w.Watch = nil
	if err := s.w.Roller("destroy").Remove(context.Background(), "checkout"); err != nil {
		t.Fatal(err)
	}
	if len(s.w.Environments) != 0 {
		t.Errorf("left: %v", s.w.Environments)
	}
}
