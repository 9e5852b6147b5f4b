// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// shifted checks a change of weights.
func (l *life) shifted(h *holder, r *endpoint.Record, now map[string]int) {
	sum := 0
	for _, weight := range now {
		sum += weight
	}
	if f := r.Rollout; !l.late && f != nil && f.Back == nil && now[f.To] > 0 {
		l.reached = f.ID
	}
	l.unmoved(r, now)
	if sum != 100 {
		l.fail("weights sum to the whole", "%v", now)
	}
	if shares := rollout.Shares(now); l.announce != shares && (!l.late || !l.told[shares]) {
		l.fail("the trail explains every change of weight", "%s was set, and the trail announced %q", shares, l.announce)
	}
	if l.overdue {
		return // nobody can do anything about it but repair it
	}
	l.serves(h, now)
	for name, weight := range now {
		l.fit(h, r, name, weight)
		if weight > l.sent[name] && weight > (rollout.Traffic{Weights: l.was}).Percent(name) {
			l.raised(h, r, name, weight)
		}
	}
}

// serves checks that traffic does not move from what is healthy to what is not.
func (l *life) serves(h *holder, now map[string]int) {
	if r := l.record(); r.Phase == endpoint.Deleting {
		return // what is removed gives its traffic back, to whatever there was
	}
	for name := range now {
		if l.most(h, name) > 0 {
			return
		}
	}
	if l.late && l.terminatedSince(l.left, now) {
		return // nobody can take back a call that is under way
	}
	for name, share := range l.was {
		if share > 0 && l.fewest(h, name) > 0 {
			l.fail("weights name a healthy environment", "traffic went from %v, which is healthy, to %v, which is not", l.was, now)
		}
	}
}

// terminatedSince says that a person terminated all that weights name since a time.
func (l *life) terminatedSince(at time.Time, weights map[string]int) bool {
	r := l.record()
	for name := range weights {
		e, known := l.w.Environments[name], r.Environment(name)
		if e == nil || e.Ending.Before(at) || known == nil || !known.Retired.IsZero() {
			return false
		}
	}
	return true
}

// fit checks that an environment with traffic stays.
func (l *life) fit(h *holder, r *endpoint.Record, name string, weight int) {
	if name == endpoint.OldGroups {
		return // they are their makers'
	}
	e := l.w.Environments[name]
	if weight > 0 && !l.late && !e.Ending.IsZero() && e.Ending.Before(h.shown) {
		l.fail("nothing with traffic is terminated", "%s gets %d %% and is being terminated", name, weight)
	}
	// What is live stays in use until another release takes its traffic, also when
	// that one fails, is lost or is not wanted any more. A way back that an operator
	// chose is not left half-way.
	f := r.Rollout
	live := name == r.Active && (f == nil || f.Step < 0 || f.Back != nil && (f.Back.Result == endpoint.RolledBack || f.Kind != endpoint.Hot || r.Environment(f.To).Failure != ""))
	if target := r.Environment(name).Fingerprint; weight > l.sent[name] && weight > (rollout.Traffic{Weights: l.was}).Percent(name) && l.rejected[target] && !live {
		l.fail("a rejected release gets no traffic", "%s gets %d %%, and failed before", name, weight)
	}
}

// raised checks that an environment has what a higher weight takes.
func (l *life) raised(h *holder, r *endpoint.Record, name string, weight int) {
	f := r.Rollout
	forward := f != nil && f.Back == nil && f.To == name
	need := 1
	if l.full > 0 {
		need = max(1, (weight*l.full+99)/100)
	}
	if forward && f.From == endpoint.OldGroups {
		need = r.Environment(name).Capacity.Min // how much the old groups' instances can do is not known
	}
	if f == nil || f.From == "" || r.Phase == endpoint.Deleting || !forward && f.Kind == endpoint.Hot {
		need = 1 // a hot rollout moves traffic first, and may be cut short then
	}
	if l.sent[name] > 0 && l.othersAreDown(h, name) {
		return // it had a share already, and has to take the others'
	}
	if !forward && (l.w.Now.Before(l.hurt[name].Add(time.Minute)) || l.othersAreDown(h, name)) {
		return // it is the best there is
	}
	if forward && f.From != "" && l.most(h, f.From) == 0 {
		need = 1
	}
	if forward && f.Urgent && r.Pin != nil && l.rejected[r.Environment(f.From).Fingerprint] {
		need = 1 // an operator left both releases that serve
	}
	if forward && f.Shared() {
		need = min(need, max(1, l.fewest(h, f.From))) // they are those that were there
	}
	// What was seen counts for a while: a change that was sent is sent again.
	seen := l.w.Now.Add(-90 * time.Second)
	if h.shown.Before(seen) {
		seen = h.shown
	}
	if _, have := l.extent(seen, name); have < need {
		l.fail("weight has healthy capacity", "%s gets %d %% with %d healthy instances and needs %d", name, weight, have, need)
	}
	if !forward || l.late {
		return
	}
	l.forward(h, r, name, weight)
	if f.Step > 0 && l.sent[name] == f.Steps[f.Step-1].Weight {
		if bake := f.Steps[f.Step-1].Bake.Std(); l.w.Now.Sub(l.sentAt) < bake-slack {
			l.fail("a step is baked", "%s gets %d %% after %s, and the bake is %s", name, weight, l.w.Now.Sub(l.sentAt), bake)
		}
	}
	e := l.w.Environments[name]
	if f.Kind == endpoint.New && f.Step == 0 && (l.w.Now.Before(e.Settled) || l.w.Now.Sub(e.First) < slack) {
		l.fail("three reads find it healthy", "%s gets traffic %s after its first instance was healthy", name, l.w.Now.Sub(e.First))
	}
}

// othersAreDown says that nothing else that had traffic is healthy for sure.
func (l *life) othersAreDown(h *holder, name string) bool {
	for other, share := range l.was {
		if other != name && share > 0 && l.fewest(h, other) > 0 {
			return false
		}
	}
	return true
}

// most is the largest number of healthy instances that an environment had since
// the time that the run's last look showed; fewest is the smallest.
func (l *life) most(h *holder, name string) int {
	_, most := l.extent(h.shown, name)
	return most
}

func (l *life) fewest(h *holder, name string) int {
	fewest, _ := l.extent(h.shown, name)
	return fewest
}

func (l *life) extent(since time.Time, name string) (fewest, most int) {
	fewest = 1 << 30
	l.w.between(since, func(m moment, at time.Time) {
		n := m.able(name, at)
		fewest, most = min(fewest, n), max(most, n)
	})
	return fewest, most
}

// chain checks that the trail is unbroken.
func (l *life) chain() {
	previous := endpoint.TrailHead{}
	for _, e := range l.w.Trail {
		if e.Sequence != previous.Sequence+1 || e.Previous != previous.Hash {
			l.fail("the trail is a chain", "it breaks at event %d, %s", e.Sequence, e.Type)
			return
		}
		previous = endpoint.TrailHead{Sequence: e.Sequence, Hash: e.Hash()}
	}
	if r := l.record(); r != nil && r.Trail != previous && l.broken == nil {
		l.fail("the trail is a chain", "the record's head is %d, the trail's %d", r.Trail.Sequence, previous.Sequence)
	}
}
