// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"sync/atomic"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// Credentials that run out in the middle of a rollout end the run, and new ones
// go on with it.
func TestExpiredCredentials(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10})
	ws, _ := w.halfway()
	_, end := w.traffic()
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("half of the traffic is on 1.1.0", w.bakes)
	expired := &faults.Error{Code: "ExpiredToken", Message: "The security token included in the request is expired", Status: 403}
	w.befall(faults.Fault{Error: expired})
	r := applying.end()
	if r.code == 0 || !r.says("The security token included in the request is expired") || !r.says("renew the credentials, and apply again") {
		t.Errorf("the apply ended with code %d:\n%s", r.code, r.out)
	}
	ws.wantBroken(r)
	if r := ws.terraform("plan"); r.code == 0 || !r.says("ExpiredToken") {
		t.Errorf("a plan with the old credentials ended with code %d:\n%s", r.code, r.out)
	}
	w.befall()
	ws.wantResumed()
	end()
	w.wantExplained()
}

// A network that goes away for longer than calls are tried again ends the run,
// and users notice nothing.
func TestNetworkGone(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws, _ := w.halfway()
	_, end := w.traffic()
	var gone atomic.Bool
	ws.between(func(met) fate { return fate{before: gone.Load} })
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("half of the traffic is on 1.1.0", w.bakes)
	gone.Store(true)
	r := applying.end()
	gone.Store(false)
	if r.code == 0 || !r.says("apply again to go on") {
		t.Errorf("the apply ended with code %d:\n%s", r.code, r.out)
	}
	ws.wantBroken(r)
	ws.wantResumed()
	end()
	w.wantExplained()
}

// A network that is back soon is not even noticed.
func TestNetworkGoneForAMoment(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws, _ := w.halfway()
	_, end := w.traffic()
	var gone atomic.Bool
	var lost atomic.Int32
	between := ws.between(func(met) fate {
		return fate{before: func() bool {
			if gone.Load() && lost.Add(1) == 15 { // more than one call is tried
				gone.Store(false)
			}
			return gone.Load()
		}}
	})
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("half of the traffic is on 1.1.0", w.bakes)
	gone.Store(true)
	if r := applying.end(); r.code != 0 {
		t.Fatalf("the apply failed:\n%s", r.out)
	}
	if gone.Load() {
		t.Errorf("of %d calls only %d were lost", len(between.calls()), lost.Load())
	}
	end()
	ws.wantEmptyPlan()
	w.wantExplained()
}

// befall replaces what goes wrong in the sandbox.
func (w *world) befall(all ...faults.Fault) {
	w.Helper()
	if err := w.SetFaults(faults.Settings{Faults: all}); err != nil {
		w.Fatal(err)
	}
}

// wantBroken expects an error to say that the run stands at half of the traffic.
func (ws *workspace) wantBroken(r run) {
	ws.Helper()
	if !r.says("The run on endpoint checkout was ended by an error") || !r.says("step 1 of 2, with 50 % of traffic. Traffic was left as it is") {
		ws.Errorf("the error does not say where the rollout stands:\n%s", r.out)
	}
}
