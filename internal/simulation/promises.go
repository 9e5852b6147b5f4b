// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// promises is what the invariants of guarded rollouts remember.
type promises struct {
	stepped time.Time      // the look on which the rollout's step was decided
	heeded  bool           // and alarms had a say in it
	still   map[string]int // weights when the rollout was frozen
	edited  time.Time      // a person changed the rule
	risen   time.Time      // the candidate's share was raised to what it is, or was forgiven
	share   int            // which that is; by instance 100 for each
	moved   time.Time      // the rollout came further, or was asked to
	excused bool           // the call under way comes later than any lease allows for
}

// goBack begins an operator's rollback. What it promises is judged when it is over.
func (l *life) goBack(version string) *holder {
	return l.run("roll back to "+version, 0, func(ctx context.Context, h *holder) error {
		if err := h.roller().Rollback(ctx, name, version, "", func(w rollout.World) { h.target = w.Record.Active }); err != nil {
			return err
		}
		l.wentBack(h)
		return nil
	})
}

// wentBack checks that a rollback that is over left all traffic on its target.
func (l *life) wentBack(h *holder) {
	r := l.record()
	if h.dead || h.target == "" || r.Active != h.target || !l.hurt[h.target].IsZero() || !l.edited.Before(h.shown) {
		return // others harmed it since
	}
	if l.w.Rule == nil || (rollout.Traffic{Weights: l.w.Rule.Weights}).Percent(h.target) < 100 {
		l.fail("after a rollback all traffic is on its target", "%s has it not: %v", h.target, l.w.Rule)
	}
}

// strayed checks a change of weights by a run whose lease an operator's rollback took.
func (l *life) strayed(h *holder, now map[string]int) {
	by := h.robber
	if by == nil || l.excused || !by.over || by.dead || by.err != nil {
		return
	}
	if !maps.Equal(now, map[string]int{by.target: 100}) {
		l.fail("a rollback outlasts the calls of whom it preempted", "%s set %v after the end of %s", h.run, now, by.run)
	}
}

// held follows what holds a rollout in what is about to be written.
func (l *life) held(h *holder, old, next *endpoint.Record) {
	var was *endpoint.Rollout
	if old != nil {
		was = old.Rollout
	}
	if n := len(next.Obeyed); n > 0 && old != nil && !slices.Equal(old.Obeyed, next.Obeyed) && slices.Contains(old.Obeyed, next.Obeyed[n-1]) {
		l.fail("an order is carried out once", "%s", next.Obeyed[n-1])
	}
	f := next.Rollout
	if f == nil {
		l.finished(was, next)
		return
	}
	same := was != nil && was.ID == f.ID
	if !same || was.Step < f.Step {
		l.stepped, l.heeded = h.looked, len(next.Desired.Rollout.Alarms) > 0
		l.probed(next)
	}
	if f.Frozen != nil && (!same || was.Frozen == nil) {
		l.still = next.Weights()
	}
	if same && was.Frozen != nil && f.Frozen == nil && f.Back == nil {
		asked := next.Desired.Rollout.Retry > was.Frozen.Retry || len(next.Obeyed) > 0 && !slices.Equal(old.Obeyed, next.Obeyed)
		if !asked {
			l.fail("a frozen rollout stays frozen", "nobody asked to go on with it")
		}
	}
	if same {
		l.patient(old, next)
		l.borne(old, next)
	} else {
		l.moved = l.w.Now
	}
	l.heard(h, was, next)
	if same && f.Step > was.Step && was.Step >= 0 && l.w.Now.Before(was.Since.Add(was.Steps[was.Step].Bake.Std()-slack)) {
		l.fail("a step is baked", "step %d follows at %s", f.Step+1, l.w.Now.Format("15:04:05"))
	}
	if same && f.Step > was.Step && was.Paused != nil {
		l.fail("a paused rollout goes no step further", "step %d", f.Step+1)
	}
	if same && f.Step > was.Step && was.Step >= 0 && was.Steps[was.Step].Pause.Then != "" && was.Promoted <= was.Step {
		l.fail("a step with a pause waits for consent", "step %d", f.Step+1)
	}
}

// heard checks that no share rises after an alarm that fired under the one before, also
// when nobody was there to see it.
func (l *life) heard(h *holder, was *endpoint.Rollout, next *endpoint.Record) {
	f := next.Rollout
	same := was != nil && was.ID == f.ID
	switch {
	case !same:
		l.risen, l.share = time.Time{}, 0
	case was.Frozen != nil && f.Frozen == nil:
		l.risen = l.w.Now // it is forgiven
	}
	share := l.share
	switch {
	case f.Back != nil || f.Step < 0:
		return
	case f.Shared():
		share = 100 * (f.Step + 1)
	case next.Move != nil:
		share = next.Move.Weights[f.To]
	}
	rises, since := share > l.share, l.risen
	l.share = share
	if !rises {
		return
	}
	l.risen = l.w.Now
	if since.IsZero() || f.Kind == endpoint.Hot || f.From == "" || len(next.Desired.Rollout.Alarms) == 0 {
		return
	}
	if at := l.w.Alarms[alarmName].Fired; at.After(since.Add(slack)) && at.Before(h.looked) {
		l.fail("an alarm that fired is heard", "it fired at %s, and step %d, at %d %%, follows", at.Format("15:04:05"), f.Step+1, f.Share(f.Step))
	}
}

// patient checks that a failing rollout is frozen where that is asked for, and that a
// pause that nobody lifts lasts to its deadline.
func (l *life) patient(old, next *endpoint.Record) {
	was, f := old.Rollout, next.Rollout
	if was.Back == nil && f.Back != nil && f.Back.Evidence != nil && was.Step >= 0 && next.Desired.Rollout.OnFailure == endpoint.Freeze {
		l.fail("on_failure freeze leaves traffic", "it goes back: %s", f.Back.Reason)
	}
	if f.Promoted > was.Promoted && slices.Equal(old.Obeyed, next.Obeyed) {
		step := was.Steps[was.Step]
		if end := was.Since.Add(step.Bake.Std() + step.Pause.Deadline.Std()); l.w.Now.Before(end.Add(-slack)) {
			l.fail("a step with a pause waits for consent", "it goes on at %s, and the deadline is %s", l.w.Now.Format("15:04:05"), end.Format("15:04:05"))
		}
	}
}

// borne checks that a rollout is given up for what it lacks only when it had time to get
// it: since it came as far as it is, or was asked to go further.
func (l *life) borne(old, next *endpoint.Record) {
	was, f := old.Rollout, next.Rollout
	within := next.Desired.Rollout.HealthyWithin
	if was.Back == nil && f.Back != nil && strings.Contains(f.Back.Reason, "(rollout.healthy_within)") && l.w.Now.Before(l.moved.Add(within.Std()-slack)) {
		l.fail("what a rollout lacks is waited for", "it came as far as it is at %s, and is given up: %s", l.moved.Format("15:04:05"), f.Back.Reason)
	}
	reads := func(r *endpoint.Record) bool {
		to := r.Environment(f.To)
		return to != nil && to.HealthyReads >= endpoint.HealthyReadsWanted
	}
	settled := !f.Since.IsZero() && !f.Since.Equal(was.Since)
	further := settled || f.Given != was.Given || f.Shared() && f.Step != was.Step || !f.Joined.Equal(was.Joined) || reads(next) && !reads(old)
	asked := f.Promoted > was.Promoted && was.Lacking.IsZero() || next.Desired.Rollout.Cap() != old.Desired.Rollout.Cap()
	if further || asked {
		l.moved = l.w.Now
	}
}

// finished checks that no rollout ends well below a cap, or while it is paused.
func (l *life) finished(was *endpoint.Rollout, next *endpoint.Record) {
	if was == nil || was.From == "" || was.Kind == endpoint.Hot || next.LastRollout == nil || next.LastRollout.ID != was.ID {
		return
	}
	o, policy := next.LastRollout, next.Desired.Rollout
	if o.Result != endpoint.Succeeded || o.Target != next.Desired.Release.Fingerprint() {
		return
	}
	if policy.Cap() < 100 {
		l.fail("a rollout does not exceed its cap", "it is finished, and the cap is %d %%", policy.Cap())
	}
	if was.Paused != nil {
		l.fail("a paused rollout goes no step further", "it is finished")
	}
}

// probed checks that a release that fails its smoke check gets no share.
func (l *life) probed(next *endpoint.Record) {
	f := next.Rollout
	if f.Step == 0 && f.Kind != endpoint.Hot && next.Desired.Rollout.Smoke != nil && l.w.Smoking[next.Environment(f.To).Release.Version] {
		l.fail("the smoke check comes before users", "%s failed it", f.To)
	}
}

// fewLooks is how long an alarm may fire before every run has seen it.
const fewLooks = 20 * time.Second

// forward checks a higher weight of a candidate against what guards its rollout.
func (l *life) forward(h *holder, r *endpoint.Record, name string, weight int) {
	f, policy := r.Rollout, r.Desired.Rollout
	if f.Kind == endpoint.Hot {
		return
	}
	if f.From != "" && weight > policy.Cap() {
		l.fail("a rollout does not exceed its cap", "%s gets %d %%, and the cap is %d %%", name, weight, policy.Cap())
	}
	firing := l.w.Alarms[alarmName].State == rollout.AlarmFiring && (l.firing.Before(l.stepped) || l.firing.Before(h.looked.Add(-fewLooks)))
	// With nothing to go back to, an alarm that is named since then freezes it later, and
	// what was sent before it fired is sent again.
	if len(policy.Alarms) > 0 && firing && (f.From != "" || l.heeded && l.firing.Before(f.Sent.Add(-fewLooks))) {
		l.fail("no weight rises while an alarm fires", "%s gets %d %%, and the alarm fires since %s", name, weight, l.firing.Format("15:04:05"))
	}
}

// unmoved checks that a frozen rollout's weights stay.
func (l *life) unmoved(r *endpoint.Record, now map[string]int) {
	f := r.Rollout
	if l.late || f == nil || r.Phase == endpoint.Deleting || f.Frozen == nil || f.Back != nil || f.From == "" {
		return
	}
	if !maps.Equal(now, l.still) {
		l.fail("a frozen rollout's weights stay", "they were %v and become %v", l.still, now)
	}
}

// aimed checks that nothing is terminated while the test route reaches it.
func (l *life) aimed(h *holder, name string) {
	always := l.w.TestTarget == name
	l.w.between(h.shown, func(m moment, _ time.Time) { always = always && m.test == name })
	if !always {
		return
	}
	l.fail("nothing that the test route reaches is terminated", "%s", name)
}

// robbed hears that a run took the lease from whoever had it.
func (l *life) robbed(by *holder, lease *endpoint.Lease) {
	if lease == nil {
		return
	}
	if h := l.holders[lease.Who.Run]; h != nil && h != by {
		h.robber = by
	}
}

// capped checks an endpoint that is as desired while a rollout stays at its cap.
func (l *life) capped(w rollout.World) {
	f, limit := w.Record.Rollout, l.desired.Rollout.Cap()
	if limit == 100 || f.Frozen != nil || w.Record.Environment(f.To).Fingerprint != l.desired.Release.Fingerprint() {
		l.fail("the world converges", "the rollout to %s is still in flight", f.To)
		return
	}
	if want := map[string]int{f.From: 100 - limit, f.To: limit}; !maps.Equal(w.Traffic.Weights, want) {
		l.fail("the world converges", "traffic is %v, and the cap is %d %%", w.Traffic.Weights, limit)
	}
}
