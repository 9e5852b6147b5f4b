// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"os/exec"
	"syscall"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// A supervisor or a person ends a run in the middle of a rollout, in one of the
// ways that leave it time: it stops there, says where, and the next goes on.
func TestStopped(t *testing.T) {
	for name, stop := range map[string]func(*exec.Cmd) error{
		"Ctrl-C":                  interrupt,
		"SIGTERM to all":          func(cmd *exec.Cmd) error { return signal(cmd, syscall.SIGTERM) },
		"SIGTERM to terraform":    func(cmd *exec.Cmd) error { return syscall.Kill(cmd.Process.Pid, syscall.SIGTERM) },
		"SIGTERM to the provider": toProvider(syscall.SIGTERM),
		"SIGINT to the provider":  toProvider(syscall.SIGINT),
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, sandbox.Config{TimeScale: 10})
			ws, first := w.halfway()
			_, end := w.traffic()
			applying := ws.beginTerraform("apply", "-auto-approve")
			w.until("half of the traffic is on 1.1.0", w.bakes)
			if err := stop(applying.Cmd); err != nil {
				t.Fatal(err)
			}
			r := applying.end()
			if r.code == 0 || !r.says("interrupted") || !r.says("step 1 of 2, with 50 % of traffic") || !r.says("apply again to go on") {
				t.Errorf("the stopped apply ended with code %d:\n%s", r.code, r.out)
			}
			w.wantStopped(first)
			ws.wantResumed()
			end()
			w.wantExplained()
		})
	}
}

func toProvider(s syscall.Signal) func(*exec.Cmd) error {
	return func(terraform *exec.Cmd) error {
		pid, err := providerOf(terraform)
		if err != nil {
			return err
		}
		return syscall.Kill(pid, s)
	}
}

// The command, too, stops in order.
func TestStoppedCommand(t *testing.T) {
	for name, s := range map[string]syscall.Signal{"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			w := start(t, sandbox.Config{TimeScale: 10})
			ws, first := w.halfway()
			_, end := w.traffic()
			applying := ws.beginTerraform("apply", "-auto-approve")
			w.until("half of the traffic is on 1.1.0", w.bakes)
			if err := interrupt(applying.Cmd); err != nil {
				t.Fatal(err)
			}
			applying.end()
			reconciling := ws.begin(program.ionroller, "reconcile", "--once")
			w.until("the command holds the lease", func() bool { return w.record().Lease != nil })
			if err := syscall.Kill(reconciling.Process.Pid, s); err != nil {
				t.Fatal(err)
			}
			r := reconciling.end()
			if r.code != 1 || !r.says("was interrupted") || !r.says("step 1 of 2, with 50 % of traffic") {
				t.Errorf("the stopped command ended with code %d:\n%s", r.code, r.out)
			}
			w.wantStopped(first)
			ws.wantResumed()
			end()
			w.wantExplained()
		})
	}
}

// wantStopped expects a run to have left traffic at half, its lease given back,
// and the trail to tell of it.
func (w *world) wantStopped(live string) {
	w.Helper()
	r := w.record()
	if r.Lease != nil {
		w.Error("the stopped run kept its lease")
	}
	if got := shares(w.weights()); r.Rollout == nil || got != shares(map[string]int{live: 50, r.Rollout.To: 50}) {
		w.Errorf("the stopped run left traffic at %s", got)
	}
	if last := w.trail()[r.Trail.Sequence-1]; last.Type != endpoint.RunInterrupted {
		w.Errorf("the trail ends with %s: %s", last.Type, last.Message)
	}
}

// A provider whose terraform was killed notices, stops and ends.
func TestOrphan(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10})
	ws, first := w.halfway()
	_, end := w.traffic()
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("half of the traffic is on 1.1.0", w.bakes)
	if err := syscall.Kill(applying.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w.until("the lease is given back", func() bool { return w.record().Lease == nil })
	w.wantStopped(first)
	w.until("the provider has ended", func() bool {
		_, err := providerOf(applying.Cmd)
		return err != nil
	})
	applying.end()
	ws.wantResumed()
	end()
	w.wantExplained()
}

// A provider that crashes, with its stacks printed as by a panic, leaves the
// record where it was. Terraform itself lives and keeps its state.
func TestCrash(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: 10})
	ws, first := w.halfway()
	_, end := w.traffic()
	applying := ws.beginTerraform("apply", "-auto-approve")
	w.until("half of the traffic is on 1.1.0", w.bakes)
	if err := toProvider(syscall.SIGQUIT)(applying.Cmd); err != nil {
		t.Fatal(err)
	}
	if r := applying.end(); r.code != 1 || !r.says("Plugin did not respond") && !r.says("Request cancelled") { // Terraform says either
		t.Errorf("the apply ended with code %d:\n%s", r.code, r.out)
	}
	if s := ws.attributes(); s["version"] != "1.0.0" || s["active_environment"] != first {
		t.Errorf("state %+v", s)
	}
	ws.later()
	ws.wantResumed()
	end()
	w.wantExplained()
}
