// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// watch is what the invariants remember. They judge by what is really so, and give
// a run the benefit of what it could not know: what its last look did not show.
type watch struct {
	promises
	sent     map[string]int // the last weights of ours
	sentAt   time.Time
	was      map[string]int // the rule's before the change under way
	had      *Rule          // the rule itself before it; nil: there was none
	announce string         // the last weights that the trail announced
	told     map[string]bool
	sequence int64                // of that announcement
	full     int                  // instances that carried all traffic when the rollout began
	reached  string               // the last rollout whose candidate was given a share
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
		l.rejected[o.Target] = o.Result == endpoint.RolledBack && l.reached == o.ID
	}
	for _, j := range next.Rejections {
		if old == nil || !slices.Contains(old.Rejections, j) {
			l.rejected[j.Fingerprint] = true
		}
	}
	if old != nil && next.Desired.Rollout.Retry > old.Desired.Rollout.Retry {
		delete(l.rejected, next.Desired.Release.Fingerprint()) // it is to be tried again
	}
	if old != nil && !slices.Equal(old.Obeyed, next.Obeyed) {
		for _, j := range old.Rejections {
			if next.Rejected(j.Fingerprint, j.Retry) == nil {
				delete(l.rejected, j.Fingerprint) // an operator cleared it
			}
		}
	}
	if p := next.Pin; p != nil && (old.Pin == nil || *p != *old.Pin) {
		delete(l.rejected, p.Fingerprint) // an operator wants it
	}
	l.settled(old, next)
	l.givenBack(old, next)
	l.configured(old, next)
	l.held(h, old, next)
	l.known(next)
	l.expected(h, old, next)
}

// settled checks that weights which are noted as read back were the rule's since they
// were asked for: a read may show the time before.
func (l *life) settled(old, next *endpoint.Record) {
	if old == nil || old.Move == nil || next.Move != nil || next.Phase == endpoint.Deleting || next.Phase == endpoint.Deleted {
		return
	}
	was := false
	l.w.between(old.Move.Since.Add(-slack), func(m moment, _ time.Time) {
		was = was || rollout.Traffic{RuleARN: m.rule, Weights: m.weights}.Is(old.Move.Weights)
	})
	if !was {
		l.fail("what is noted of traffic was so", "%v is noted as read back, and the rule is %v since %s", old.Move.Weights, l.w.Rule, old.Move.Since)
	}
}

// configured checks that the trail tells of every configuration that was reached, and
// names none that is not kept.
func (l *life) configured(old, next *endpoint.Record) {
	before := int64(0)
	if old != nil {
		before = old.Trail.Sequence
	}
	var named []string
	for _, e := range next.Outbox {
		if digest := e.Data[endpoint.ConfigurationKey]; digest != "" && e.Sequence > before {
			named = append(named, digest)
		}
	}
	if len(named) > 0 {
		kept := next.Told()
		for _, digest := range named {
			if kept[digest] == nil {
				l.fail("every configuration is kept", "an event names %s, which the record does not have", digest)
			}
		}
	}
	if a := next.Accepted; a != nil && (old == nil || !reflect.DeepEqual(a, old.Accepted)) && !slices.Contains(named, a.Digest()) {
		l.fail("every configuration is told", "another configuration was accepted, and no event names it")
	}
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
		if e.found(l.w.Now) && r.Environment(name) == nil && name != endpoint.OldGroups {
			l.fail("every environment is known", "%s exists and is not in the record", name)
		}
	}
}

// before is asked when a change of AWS is about to take effect.
func (l *life) before(h *holder, call string) {
	l.was, l.had = nil, l.w.Rule
	if l.w.Rule != nil {
		l.was = l.w.Rule.Weights
	}
	r := l.record()
	if !l.late && h.robber == nil && (r.Lease == nil || r.Lease.Who.Run != h.run) {
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
	if call == "Unroute" {
		l.unrouted(r, l.had)
	}
	if strings.HasPrefix(call, "Shift") {
		l.taken(r, l.had)
		l.strayed(h, l.w.Rule.Weights)
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
	l.aimed(h, name)
	l.lodged(h, name)
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
	if e.Answers.After(l.w.Now.Add(slack)) && out < rollout.DrainDeadline-slack {
		l.fail(invariant, "%s still answers requests", name)
	}
}
