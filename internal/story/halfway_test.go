// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

// halfway prepares a rollout to 1.1.0 that waits at half of the traffic, and
// names the environment that is live.
func (w *world) halfway() (ws *workspace, live string) {
	w.Helper()
	ws = w.workspace()
	ws.set("rollout.steps", []any{step(50, "1m"), step(100, "1s")})
	ws.apply()
	live = ws.show().ActiveEnvironment
	ws.set("version", "1.1.0")
	return ws, live
}

// wantResumed expects the next plan to say where the rollout stands, and the next
// apply to end it.
func (ws *workspace) wantResumed() {
	ws.Helper()
	to := ws.record().Rollout.To
	plan, file := ws.planned()
	if plan.Kind != "resume" || plan.Steps[0] != "resume 1.1.0 at step 1 of 2, at 50 %" {
		ws.Errorf("the next plan is %+v", plan)
	}
	if r := ws.terraform("apply", file); r.code != 0 {
		ws.Fatalf("the next apply failed:\n%s", r.out)
	}
	if s := ws.show(); s.Version != "1.1.0" || s.Status != "live" || s.ActiveEnvironment != to || len(s.Environments) != 2 {
		ws.Errorf("state %+v", s)
	}
	ws.wantEmptyPlan()
}
