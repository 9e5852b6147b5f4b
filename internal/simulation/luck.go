// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// luck is what goes wrong in a life, and when.
type luck struct {
	aims    []aim         // faults that wait for an action
	often   int           // one call of so many has a fault; 0: none
	busy    time.Duration // the longest time between two faults of the world; 0: none
	stale   int           // one read of so many shows the past; 0: none
	lag     time.Duration // how far at most
	fates   []Fault       // of the next launches
	doomed  int           // one launch of so many fails besides; 0: none
	pending map[Fault]bool
	refuse  map[*holder]int // calls that are still throttled
	late    bool            // the effect under way is one that nobody waits for
	overdue bool            // and comes after its sender's lease
	left    time.Time       // when it was sent
	alive   []*holder
}

// aim is a fault that strikes when an action is decided on for the n-th time.
type aim struct {
	Pair
	n int
}

// drawLuck aims a few faults at actions, so that each pair is met by some seeds,
// and throws others in at random.
func (l *life) drawLuck() luck {
	k := luck{pending: map[Fault]bool{}, refuse: map[*holder]int{}}
	for range 1 + l.dice.IntN(4) {
		k.aims = append(k.aims, aim{Pair{pick(l, Actions).Kind, pick(l, Faults)}, l.dice.IntN(3)})
	}
	k.often = pick(l, []int{0, 0, 400, 150, 60})
	k.busy = pick(l, []time.Duration{0, 30 * time.Minute, 8 * time.Minute})
	if l.chance(3) {
		k.stale, k.lag = pick(l, []int{1, 2, 5}), l.between(time.Second, time.Minute)
	}
	k.doomed = pick(l, []int{0, 0, 8, 3})
	return k
}

// decided hears which action a run is about to do, and lets strike what waited
// for it.
func (l *life) decided(h *holder, words string) {
	if h.dead {
		return
	}
	h.action, h.armed = kindOf(words), ""
	if h.action == "" {
		l.fail("actions are known", "%q is not in Actions", words)
		return
	}
	l.say(h, "%s", words)
	l.actions++
	h.did++
	if l.calm {
		return
	}
	l.meetConditions(h)
	for i := range l.aims {
		if a := &l.aims[i]; a.Action == h.action {
			if a.n == 0 {
				l.strike(h, a.Fault)
			}
			a.n--
		}
	}
	if l.often > 0 && l.chance(l.often/4) {
		l.strike(h, pick(l, Faults))
	}
}

// meetConditions counts the faults that are in force, or came since the action
// before.
func (l *life) meetConditions(h *holder) {
	for _, f := range ofWorld {
		if l.pending[f] {
			l.meet(h, f)
			l.pending[f] = false
		}
	}
	if h.shown.Before(h.looked) {
		l.meet(h, Stale)
	}
	if h.skew != 0 {
		l.meet(h, Skewed)
	}
	for _, f := range []Fault{Refused, Broken, Sick} {
		if l.present(f) {
			l.meet(h, f)
		}
	}
}

// present says that an environment of the record had a fate.
func (l *life) present(f Fault) bool {
	r := l.record()
	return r != nil && slices.ContainsFunc(r.Environments, func(e endpoint.Environment) bool { return l.fate[e.Name] == f })
}

func (l *life) meet(h *holder, f Fault) { l.met[Pair{h.action, f}]++ }

// strike lets a fault happen to the action that was decided on.
func (l *life) strike(h *holder, f Fault) {
	switch {
	case slices.Contains(ofCalls, f):
		h.armed, h.at = f, 0
		if !records[h.action] {
			h.at = l.dice.IntN(3)
		}
		if f == Late {
			h.at = 1
		}
	case slices.Contains(ofWorld, f):
		l.say(h, "fault: %s", f)
		l.meet(h, f)
		l.befall(h, f)
	case f == Stale:
		l.stale, l.lag = 1, l.between(5*time.Second, time.Minute)
	case f != Skewed:
		l.fates = append(l.fates, f)
	}
}
