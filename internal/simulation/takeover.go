// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// A life may begin with a rule that somebody else made, which the endpoint takes over.
// Its target groups are one environment of the model, endpoint.OldGroups, and how the
// rule shares requests among them, with all else that it does, is one word: Rule.Old.

// makers are those who made the rule, and what the invariants remember of them.
type makers struct {
	hand   *rand.Rand // theirs: lives without them are as they would be
	forms  int        // that the rule ever had
	formed time.Time  // it got its last one
	begun  bool       // its weights are ours
	unrest bool       // the maker changes it when a launch fails
	owed   string     // the form in which it is to be given back; empty: that is not known for sure
}

// disturb lets the rule's maker change it as soon as a launch has begun that will fail:
// it is noted anew.
func (l *life) disturb() {
	if l.unrest {
		l.unrest = false
		l.w.plan(l.w.Now.Add(time.Millisecond), l.reform)
	}
}

// stranger makes a rule that serves the endpoint's requests, and what is behind it.
func (l *life) stranger() {
	l.w.routeTo(map[string]int{endpoint.OldGroups: 100}, l.form())
	e := &Environment{Launched: l.w.Now, Known: l.w.Now, Settled: l.w.Now, Scaling: rollout.Scaling{Min: 3, Max: 3, Suspended: true}}
	l.w.resize(e, 1+l.hand.IntN(3), l.w.Now)
	l.w.Environments[endpoint.OldGroups] = e
	l.w.changed()
	l.say(nil, "somebody's rule serves, with %d instances behind it", len(e.Instances))
}

// taking leads to a takeover: what there is goes, and somebody's rule serves.
func (l *life) taking(p Pair) {
	for try := 0; try < 3 && l.broken == nil; try++ {
		l.wish(l.remove())
		if r := l.record(); l.w.Rule == nil && (r == nil || r.Phase == endpoint.Deleted) {
			l.stranger()
		}
		if p.Fault == Refused || p.Fault == Broken || p.Fault == Sick {
			l.fates, l.unrest = append(l.fates, p.Fault), true
		}
		l.wish(l.apply(l.other(), false))
	}
}

// form is a new way in which the rule's maker has it.
func (l *life) form() string {
	l.forms++
	l.formed = l.w.Now
	return fmt.Sprint("form ", l.forms)
}

// reform is the rule's maker, who changes it.
func (l *life) reform() {
	if l.w.Rule == nil || l.w.Rule.Old == "" {
		return
	}
	l.edited = l.w.Now
	l.w.routeTo(map[string]int{endpoint.OldGroups: 100}, l.form())
	l.say(nil, "the rule's maker gives it %s", l.w.Rule.Old)
}

// theirs is the ARN of a rule that is to be taken over; "" where there is none.
func (w *World) theirs() string {
	if w.Rule == nil || w.Rule.Old == "" {
		return ""
	}
	return w.Rule.ARN
}

// traffic is what the balancer shows an endpoint of a moment.
func (m moment) traffic(r *endpoint.Record, t time.Time) rollout.Traffic {
	var seen rollout.Traffic
	if m.test != "" {
		seen.Test = rollout.TestRule{RuleARN: testRule, Target: m.test, Routed: true}
	}
	if e, ok := m.environments[endpoint.OldGroups]; ok && r.TakingOver() {
		seen.OldHealthy = e.healthy(t)
	}
	if m.rule == "" || m.old != "" && r.Phase == endpoint.Deleting && r.Rule() == "" {
		return seen // none, or one that a removal has no part in
	}
	var old *endpoint.Takeover
	if m.old != "" && len(m.weights) == 1 && m.weights[endpoint.OldGroups] > 0 {
		old = &endpoint.Takeover{RuleARN: m.rule, Groups: []endpoint.OldGroup{{ARN: m.old, Weight: 1}}}
	}
	if r.ToTakeOver() != "" {
		seen.Old = old
		return seen
	}
	seen.RuleARN, seen.Weights, seen.Routed = m.rule, map[string]int{}, true
	for name, weight := range m.weights {
		if r.Environment(name) != nil || name == endpoint.OldGroups && r.TakingOver() {
			seen.Weights[name] = weight
		} else {
			seen.Foreign = append(seen.Foreign, name)
		}
	}
	switch {
	case r.TakingOver():
		seen.Old, seen.Routed = old, m.old == r.Takeover.Groups[0].ARN
	case m.old != "" && len(seen.Foreign) == 0:
		seen.Foreign = []string{endpoint.OldGroups} // without a share
	}
	return seen
}

// taken follows a change of weights of a rule that is taken over. What it is to be
// given back as is known for sure where its maker has not touched it lately.
func (l *life) taken(r *endpoint.Record, before *Rule) {
	if r.TakingOver() && !l.begun && before != nil && before.Weights[endpoint.OldGroups] == 100 && l.w.Rule.Weights[endpoint.OldGroups] < 100 {
		l.begun, l.owed = true, ""
		if l.w.Now.Sub(l.formed) > 2*time.Minute {
			l.owed = before.Old
		}
	}
}

// givenBack checks that a rule which is noted as given back was exactly as before.
func (l *life) givenBack(old, next *endpoint.Record) {
	begun := l.begun
	l.begun = begun && next.Takeover != nil && next.Takeover.Begun
	if old == nil || old.Takeover == nil || !old.Takeover.Begun || next.Takeover == nil || next.Takeover.Begun || old.Move == nil {
		return
	}
	was, form := false, old.Takeover.Groups[0].ARN
	l.w.between(old.Move.Since.Add(-slack), func(m moment, _ time.Time) {
		was = was || m.rule == "" || m.weights[endpoint.OldGroups] == 100 && len(m.weights) == 1 && m.old == form
	})
	if !was {
		l.fail("a rule is given back as it was", "it is noted as given back, and is %+v", l.w.Rule)
	}
	if begun && l.owed != "" && l.owed != form {
		l.fail("a rule is given back as it was", "it was %s and becomes %s", l.owed, form)
	}
}

// unrouted checks that no rule is removed that is its maker's.
func (l *life) unrouted(r *endpoint.Record, before *Rule) {
	if before != nil && r.TakingOver() && !l.late {
		l.fail("a rule is given back as it was", "%s was removed", before.Old)
	}
}
