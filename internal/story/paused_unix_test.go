// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"sync"
	"syscall"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// A run that was stopped for longer than its lease, in the worst moments, changes
// nothing when it is continued after another has taken its place, and says so.
func TestPausedHolder(t *testing.T) {
	for name, moment := range map[string]func(met) bool{
		"before it moves traffic":        func(c met) bool { return c.intends("set traffic to") },
		"before it makes an environment": func(c met) bool { return c.intends("create environment") },
		"while it looks":                 func(c met) bool { return c.Operation == "DescribeTargetHealth" },
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, sandbox.Config{})
			one := w.workspace()
			one.set("rollout.steps", []any{step(50, "1s"), step(100, "1s")})
			one.apply()
			two := one.clone()
			two.copyState(one)
			_, end := w.traffic()
			one.set("version", "1.1.0")
			two.set("version", "1.1.0")

			p := one.pauseAt(moment)
			applying := one.beginTerraform("apply", "-auto-approve")
			p.start(applying)
			<-p.paused
			two.apply()
			live := two.show().ActiveEnvironment
			before := len(p.calls())
			if err := signal(applying.Cmd, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			close(p.goOn)
			if r := applying.end(); r.code == 0 || !r.says("another run has taken its place") || !r.says("changes nothing any more") {
				t.Errorf("the continued apply ended with code %d:\n%s", r.code, r.out)
			}
			for _, c := range p.calls()[before:] {
				// Writes of the record are conditional on what the other run changed.
				if c.Change > 0 && c.Answered < 400 {
					t.Errorf("the continued run called %s %s", c.Operation, c.Key)
				}
			}
			end()
			if s := two.show(); s.ActiveEnvironment != live || len(w.environments()) != 2 {
				t.Errorf("state %+v", s)
			}
			two.wantEmptyPlan()
			w.wantAnnounced()
		})
	}
}

// pause stops a run at one of its calls, which is answered when it goes on.
type pause struct {
	*between
	process chan *running
	paused  chan struct{}
	goOn    chan struct{}
}

// pauseAt stops this workspace's next apply at the first such call.
func (ws *workspace) pauseAt(moment func(met) bool) *pause {
	p := &pause{process: make(chan *running, 1), paused: make(chan struct{}), goOn: make(chan struct{})}
	var once sync.Once
	applying := false
	p.between = ws.between(func(c met) fate {
		// The apply itself begins with the lease; what comes before is the plan.
		applying = applying || c.Operation == "PutObject"
		if !applying || !moment(c) {
			return fate{}
		}
		return fate{after: func() bool {
			once.Do(func() {
				if err := signal((<-p.process).Cmd, syscall.SIGSTOP); err != nil {
					p.Error(err)
				}
				close(p.paused)
				<-p.goOn
			})
			return false
		}}
	})
	ws.Cleanup(func() {
		select {
		case <-p.goOn:
		default:
			close(p.goOn)
		}
	})
	return p
}

// start says which run is to be stopped.
func (p *pause) start(r *running) { p.process <- r }
