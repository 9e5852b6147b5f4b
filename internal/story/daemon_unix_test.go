// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// daemon starts one, and waits until it gives a sign of life.
func (ws *workspace) daemon(args ...string) *running {
	ws.Helper()
	before := len(ws.heartbeats())
	r := ws.begin(program.ionroller, append([]string{"reconcile"}, args...)...)
	ws.until("the daemon gives a sign of life", func() bool { return len(ws.heartbeats()) > before })
	return r
}

func (w *world) heartbeats() []string {
	w.Helper()
	return slices.DeleteFunc(w.keys(), func(key string) bool { return !strings.HasPrefix(key, "daemons/") })
}

// dismiss ends daemons in order.
func (ws *workspace) dismiss(daemons ...*running) {
	ws.Helper()
	for _, d := range daemons {
		if err := syscall.Kill(d.Process.Pid, syscall.SIGTERM); err != nil {
			ws.Fatal(err)
		}
		if r := d.end(); r.code != 0 || !r.says("the daemon has ended") {
			ws.Errorf("the daemon ended with code %d:\n%s", r.code, r.out)
		}
	}
	if left := ws.heartbeats(); len(left) > 0 {
		ws.Errorf("left: %v", left)
	}
	if r := ws.record(); r.Lease != nil {
		ws.Errorf("the daemon kept the lease: %+v", r.Lease)
	}
}

// live says that a version is, and that nothing is in flight.
func (w *world) live(version string) func() bool {
	return func() bool {
		r := w.record()
		return r.Rollout == nil && r.ActiveVersion() == version
	}
}

// An apply that does not wait leaves the rollout to a daemon, which brings it to its
// end, or takes it back when an alarm goes off, and puts right what others change.
func TestDaemon(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	w.alarmByHand("orders")
	ws.set("rollout.steps", []any{step(50, "3m"), step(100, "0s")})
	ws.set("rollout.alarms", []string{"orders"})
	ws.set("rollout.wait", false)
	ws.set("retention.keep_for", "24h")
	ws.apply()
	daemon := ws.daemon("--interval", "30s")
	_, end := w.traffic()

	ws.set("version", "1.1.0")
	if r := ws.plan(true); r.says("Nobody goes on with the rollout") {
		t.Errorf("a daemon is at work, and the plan warns:\n%s", r.out)
	}
	ws.apply()
	s := ws.show()
	if s.Status != "rolling_out" || s.Environments[1].Weight != 50 {
		t.Errorf("state %+v", s)
	}
	if r := ws.plan(false); r.says("Nobody goes on with the rollout") {
		t.Errorf("a daemon is at work, and the plan warns:\n%s", r.out)
	}
	w.until("the daemon has brought 1.1.0 to its end", w.live("1.1.0"))
	ws.wantEmptyPlan()

	live, rule := w.record().Active, w.record().RuleARN
	w.setWeights(rule, map[string]int{s.Environments[0].Name: 30, live: 70})
	w.until("the daemon has put the weights right", func() bool { return shares(w.weights()) == live+" 100" })

	ws.dismiss(daemon)
	ws.set("version", "1.2.0")
	ws.wantSays(ws.plan(true), "Nobody goes on with the rollout")
	end()
	w.wantExplained()
}

// An alarm takes a release back that nobody but a daemon watches.
func TestDaemonTakesAReleaseBack(t *testing.T) {
	w := startGuarded(t)
	ws := w.workspace()
	w.alarmByHand("orders")
	ws.set("rollout.steps", []any{step(50, "1h"), step(100, "0s")})
	ws.set("rollout.alarms", []string{"orders"})
	ws.set("rollout.wait", false)
	ws.apply()
	daemon := ws.daemon("--interval", "30s", "checkout")
	_, end := w.traffic()
	ws.set("version", "1.1.0")
	ws.apply()
	w.setAlarm("orders", types.StateValueAlarm)
	w.until("the daemon has taken 1.1.0 back", w.live("1.0.0"))
	ws.wantSays(ws.plan(true), "Release was rejected", "alarm orders is in state ALARM (the story says so)")
	ws.dismiss(daemon)
	end()
	w.wantExplained()
}

// Daemons leave an apply alone that is at work, and share out what one leaves that was
// interrupted: who interrupts it is told so.
func TestTwoDaemonsAndAnApply(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 30})
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "1m"), step(100, "0s")})
	ws.set("retention.keep_for", "24h")
	ws.apply()
	daemons := []*running{ws.daemon("--interval", "10s"), ws.daemon("--interval", "10s", "checkout")}
	_, end := w.traffic()

	ws.set("version", "1.1.0")
	ws.apply()
	for _, e := range w.trail() {
		if e.Who.Run != "terraform" {
			t.Errorf("%s has done this beside the apply: %s", e.Who.Run, e.Message)
		}
	}
	ws.wantEmptyPlan()

	ws.set("version", "1.2.0")
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("half of the traffic is on 1.2.0", w.bakes)
	if err := interrupt(applying.Cmd); err != nil {
		t.Fatal(err)
	}
	if r := applying.end(); r.code != 1 || !r.says("the daemon on") || !r.says("goes on with it, unless ionroller pause checkout holds it") {
		t.Errorf("the interrupted apply ended with code %d:\n%s", r.code, r.out)
	}
	w.until("a daemon has brought 1.2.0 to its end", w.live("1.2.0"))
	ws.wantEmptyPlan() // the next refresh finds what was asked for
	if n := len(w.names()); n != 3 {
		t.Errorf("%d environments", n)
	}
	ws.dismiss(daemons...)
	end()
	w.wantExplained()
}
