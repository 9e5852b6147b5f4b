// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// watch is what the invariants remember. They judge by what is really so, and give
// a run the benefit of what it could not know: what its last look did not show.
type watch struct {
	sent     map[string]int // the last weights of ours
	sentAt   time.Time
	was      map[string]int // the rule's before the change under way
	announce string         // the last weights that the trail announced
	told     map[string]bool
	sequence int64                // of that announcement
	full     int                  // instances that carried all traffic when the rollout began
	rejected map[string]bool      // fingerprints that nobody asked for since they failed
	hurt     map[string]time.Time // environments that others harmed, until when it may show
	fate     map[string]Fault     // of launches, by environment
	longest  int                  // actions of a run without faults
}

func (k *watch) begin() {
	*k = watch{told: map[string]bool{}, rejected: map[string]bool{}, hurt: map[string]time.Time{}, fate: map[string]Fault{}}
}

// slack is what clocks that differ a little may cost.
const slack = time.Second

// writing is asked before a record is written.
func (l *life) writing(h *holder, old, next *endpoint.Record) {
	for _, e := range next.Outbox {
		if e.Type == endpoint.TrafficRequested && e.Sequence > l.sequence || e.Type == endpoint.TrafficRequested && l.announce == "" {
			l.announce, _, _ = strings.Cut(strings.TrimPrefix(e.Message, "traffic is to be "), ":")
			l.sequence = e.Sequence
			l.told[l.announce] = true
		}
	}
	if f := next.Rollout; f != nil && (old == nil || old.Rollout == nil || old.Rollout.ID != f.ID || old.Rollout.From != f.From) {
		l.full = l.fewest(h, f.From)
	}
	if o := next.LastRollout; o != nil && (old == nil || old.LastRollout == nil || old.LastRollout.ID != o.ID) {
		l.rejected[o.Target] = o.Result == endpoint.RolledBack
	}
	l.known(next)
	l.expected(h, old, next)
}

// expected checks that an apply does nothing riskier than its plan showed.
func (l *life) expected(h *holder, old, next *endpoint.Record) {
	if h.expect == nil || h.looks == 0 || next.Lease == nil {
		return
	}
	plan := h.expect.Plan
	if h.shown.Before(h.looked) || h.off < 0 {
		h.expect = nil // it could not know
		return
	}
	if old.Active != h.expect.Active {
		l.fail("nothing riskier than planned", "%s was live when it was planned, and %s is", h.expect.Active, old.Active)
	}
	w := l.truth(*old)
	w.Record.Desired, w.Record.GivenUp = next.Desired, ""
	if now := rollout.Preview(w); l.steady(h.looked) && (now.Creates && !plan.Creates || plan.Kind == rollout.PlanHot && now.Kind != rollout.PlanHot) {
		l.fail("nothing riskier than planned", "the plan showed %s, and it is %s", plan.Kind, now.Kind)
	}
	h.expect = nil
}

// steady says that AWS did not change since a time.
func (l *life) steady(since time.Time) bool {
	return l.w.history[len(l.w.history)-1].since.Before(since)
}

// known checks that no environment exists of which the record does not know.
func (l *life) known(r *endpoint.Record) {
	for name, e := range l.w.Environments {
		if e.found(l.w.Now) && r.Environment(name) == nil {
			l.fail("every environment is known", "%s exists and is not in the record", name)
		}
	}
}

// before is asked when a change of AWS is about to take effect.
func (l *life) before(h *holder, call string) {
	l.was = nil
	if l.w.Rule != nil {
		l.was = l.w.Rule.Weights
	}
	r := l.record()
	if !l.late && (r.Lease == nil || r.Lease.Who.Run != h.run) {
		l.fail("one run at a time", "%s by %s, which does not hold the lease", call, h.run)
	}
	if name, ok := strings.CutPrefix(call, "Retire "); ok {
		l.retiring(h, name)
	}
}

// after is asked when a change of AWS has taken effect.
func (l *life) after(h *holder, call string) {
	r := l.record()
	l.known(r)
	if name, ok := strings.CutPrefix(call, "Scale "); ok && l.hurt[name].After(l.w.Now) {
		l.hurt[name] = l.w.Now.Add(10 * time.Minute)
	}
	if strings.HasPrefix(call, "Shift") {
		l.shifted(h, r, l.w.Rule.Weights)
		if !maps.Equal(l.sent, l.w.Rule.Weights) && l.announce == rollout.Shares(l.w.Rule.Weights) {
			l.sent, l.sentAt = l.w.Rule.Weights, l.w.Now
		}
	}
	if call == "Unroute" && r.Phase != endpoint.Deleting && !l.late {
		l.fail("nothing with traffic is terminated", "the rule is removed in phase %s", r.Phase)
	}
	if l.late {
		for name := range l.w.Environments {
			if e := l.w.Environments[name]; e.Share > 0 && l.was[name] == 0 {
				e.Foreign = l.w.Now // nobody expects it any more
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.was)) {
		if e := l.w.Environments[name]; e != nil && l.was[name] > 0 && e.Share == 0 && l.chance(4) {
			e.Answers = l.w.Now.Add(l.upTo(10 * time.Minute)) // slow requests
		}
	}
}

// retiring checks that what is terminated has no traffic, and no request in flight.
func (l *life) retiring(h *holder, name string) {
	const invariant = "nothing with traffic is terminated"
	e := l.w.Environments[name]
	if e == nil || !e.ready(l.w.Now) {
		return
	}
	if !e.Foreign.IsZero() && !e.Foreign.Before(h.shown) {
		return
	}
	if e.Share > 0 {
		l.fail(invariant, "%s has a weight of %d in %v", name, e.Share, l.w.Rule)
		return
	}
	if e.LastShare.IsZero() || !e.Foreign.IsZero() {
		return
	}
	out := l.w.Now.Sub(e.LastShare)
	if least := l.drain + rollout.PropagationMargin - slack; out < least {
		l.fail(invariant, "%s left traffic %s ago, want %s", name, out, least)
	}
	if e.Answers.After(l.w.Now) && out < rollout.DrainDeadline-slack {
		l.fail(invariant, "%s still answers requests", name)
	}
}

// shifted checks a change of weights.
func (l *life) shifted(h *holder, r *endpoint.Record, now map[string]int) {
	sum := 0
	for _, weight := range now {
		sum += weight
	}
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
	for name := range now {
		if l.most(h, name) > 0 {
			return
		}
	}
	for name, share := range l.was {
		if share > 0 && l.fewest(h, name) > 0 {
			l.fail("weights name a healthy environment", "traffic went from %v, which is healthy, to %v, which is not", l.was, now)
		}
	}
}

// fit checks that an environment with traffic stays.
func (l *life) fit(h *holder, r *endpoint.Record, name string, weight int) {
	e := l.w.Environments[name]
	if weight > 0 && !l.late && !e.Ending.IsZero() && e.Ending.Before(h.shown) {
		l.fail("nothing with traffic is terminated", "%s gets %d %% and is being terminated", name, weight)
	}
	if target := r.Environment(name).Fingerprint; weight > l.sent[name] && l.rejected[target] && !fallsBack(r, target) {
		l.fail("a rejected release gets no traffic", "%s gets %d %%, and failed before", name, weight)
	}
}

// fallsBack says that what was asked for failed too, and so the release that was
// accepted last is tried once more.
func fallsBack(r *endpoint.Record, target string) bool {
	return r.Accepted != nil && r.Accepted.Release.Fingerprint() == target &&
		r.LastRollout != nil && r.LastRollout.Target != target
}

// raised checks that an environment has what a higher weight takes.
func (l *life) raised(h *holder, r *endpoint.Record, name string, weight int) {
	f := r.Rollout
	forward := f != nil && f.Back == nil && f.To == name
	need := 1
	if l.full > 0 {
		need = max(1, (weight*l.full+99)/100)
	}
	if f == nil || f.From == "" || !forward && f.Kind == endpoint.Hot {
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
		n := 0
		if e, ok := m.environments[name]; ok {
			n = e.healthy(at)
		}
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
