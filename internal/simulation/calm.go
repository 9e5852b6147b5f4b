// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// The bounds within which a world without faults comes to what is desired, and
// those of any run.
const (
	mostActions, mostLooks = 150, 1500
	everActions, everLooks = 2000, 5000
)

// calmDown ends all faults. The world comes to what is desired, stays there, keeps
// nothing longer than asked, and is gone without a trace when it is removed.
func (l *life) calmDown() {
	if l.broken != nil {
		return
	}
	l.say(nil, "the faults stop")
	l.calm = true
	l.ask(endpoint.OrderResume, "")
	l.alarm(rollout.AlarmOK)
	clear(l.w.Smoking)
	l.elapse(10 * time.Minute)
	l.converge()
	l.stay()
	if l.broken == nil && l.record().Rollout != nil {
		l.desired.Rollout.MaxWeight = 0 // it stayed at its cap
		l.converge()
		l.stay()
	}
	l.handOver()
	if l.broken == nil {
		l.elapse(l.desired.Retention.KeepFor.Std() + time.Minute)
		l.reconcile()
		l.stay()
	}
	if l.broken == nil && len(l.names()) != 1 {
		l.fail("nothing is kept longer than asked", "after the retention %v are left", l.names())
	}
	l.must(l.remove())
	if r := l.record(); l.broken == nil && (len(l.names()) > 0 || l.w.Rule != nil || l.w.TestTarget != "" || len(l.w.Hosts) > 0 || r.Phase != endpoint.Deleted || r.Lease != nil) {
		l.fail("a removal leaves nothing", "left: %v, rule %v, hosts %v, phase %s", l.names(), l.w.Rule, l.w.Hosts, r.Phase)
	}
	l.chain()
}

// again says that a run ended where a raised retry goes on.
func again(err error) bool {
	var rejected *roller.Rejected
	var frozen *roller.Frozen
	return errors.As(err, &rejected) || errors.As(err, &frozen)
}

// converge applies what is desired. A rollout that was doomed before may fail once,
// and one that nobody consents to goes no further: nobody waits for consent here.
func (l *life) converge() {
	l.desired.Rollout.NoWait = false
	l.desired.Rollout.Steps = slices.Clone(l.desired.Rollout.Steps)
	for i := range l.desired.Rollout.Steps {
		if p := &l.desired.Rollout.Steps[i].Pause; p.Then != "" {
			p.Then = endpoint.ThenPromote
		}
	}
	failures := 0
	for try := 0; l.broken == nil; try++ {
		h := l.apply(l.desired, false)
		l.wish(h)
		var failed *roller.Failed
		switch {
		case h.err == nil || l.broken != nil:
			return
		case again(h.err) && try < 6:
			l.retry++
			l.desired.Rollout.Retry = l.retry
			l.ask(endpoint.OrderPromote, "") // the pause under way may be of an earlier policy
			l.ask(endpoint.OrderPromote, "")
			continue
		case errors.As(h.err, &failed):
			failures++
		}
		if failed == nil || failures == 2 {
			l.fail("the world converges", "left alone, apply fails: %v", h.err)
		}
	}
}

// reconcile lets somebody go on with whatever is not finished.
func (l *life) reconcile() {
	l.must(l.run("reconcile", 0, func(ctx context.Context, h *holder) error {
		_, err := h.roller().Reconcile(ctx, name)
		return err
	}))
}

// must lets a run end, and well.
func (l *life) must(h *holder) {
	l.wish(h)
	if h.err != nil {
		l.fail("the world converges", "left alone, a run fails: %v", h.err)
	}
}

// bounded ends a run that does not come to an end.
func (l *life) bounded(h *holder) {
	actions, looks := everActions, everLooks
	if l.calm {
		actions, looks = mostActions, mostLooks
		l.longest = max(l.longest, h.did)
	}
	if h.did > actions || h.looks > looks {
		l.fail("the world converges in a bounded number of actions", "%d actions and %d looks", h.did, h.looks)
		h.kill()
	}
}

// stay checks that the world is as desired and that nothing would be done.
func (l *life) stay() {
	if l.broken != nil {
		return
	}
	w := l.truth(*l.record())
	plan := rollout.Preview(w)
	if plan.Kind == rollout.PlanRemoveExpired { // a retention may have ended since the run's last look
		before := w
		before.Now = w.Now.Add(-slack)
		plan = rollout.Preview(before)
	}
	if plan.Kind != rollout.PlanNothing {
		l.fail("the world stays", "the next plan is %s: %q", plan.Kind, plan.Steps)
	}
	if want := w.Record.Newest(); l.desired.TestRoute != nil && l.w.TestTarget != want || l.desired.TestRoute == nil && l.w.TestTarget != "" {
		l.fail("the test route reaches the newest", "it reaches %q, the newest is %q", l.w.TestTarget, want)
	}
	l.pointed()
	if f := w.Record.Rollout; f != nil {
		l.capped(w)
		return
	}
	l.apart(w)
	active := w.Record.Environment(w.Record.Active)
	if active == nil || active.Fingerprint != l.desired.Release.Fingerprint() {
		l.fail("the world converges", "active is %q, desired %s", w.Record.Active, l.desired.Release.Version)
		return
	}
	if len(w.Traffic.Weights) != 1 || w.Traffic.Weights[active.Name] == 0 {
		l.fail("the world converges", "traffic is %v", w.Traffic.Weights)
	}
	want := rollout.Scaling{Min: l.desired.Capacity.Min, Max: l.desired.Capacity.Max}
	if got := w.Sights[active.Name].Scaling; got != want {
		l.fail("the world converges", "%s is bounded to %+v, want %+v", active.Name, got, want)
	}
	for _, e := range w.Record.Environments {
		s := w.Sights[e.Name]
		if at, ok := w.Record.Expires(&e); ok && e.Failure != "" && l.w.Now.Before(at) {
			continue // it is kept for a look
		}
		if e.Name != active.Name && (e.Failure != "" || !s.Scaling.Suspended || s.Scaling.Min < max(e.Full, 1)) {
			l.fail("what is retained is whole", "%s had %d instances and is bounded to %+v", e.Name, e.Full, s.Scaling)
		}
	}
}
