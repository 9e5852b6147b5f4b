// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// target is the pair that a seed is after. Consecutive seeds go through all pairs,
// so that those that chance alone seldom brings together are met too.
func target(seed uint64) Pair {
	n := int(seed % uint64(len(plots)*len(sought)))
	return Pair{plots[n/len(sought)], sought[n%len(sought)]}
}

// sought are the faults that chance alone does not bring often enough.
var sought = slices.Concat(ofCalls, ofWorld, []Fault{Refused, Broken, Sick})

// plots are the actions that seeds are after, the seldom ones more often.
var plots = func() []string {
	all := []string{
		"Restore", "Restore", "Restore", "Restore", "Lose", "Unroute", "Abandon", "Conclude", "Retire", "Retire", "Forget", "Dissolve", "Dissolve", "Resize",
		"Obey", "Point", "Unpoint", "Note", "Probe",
		"Recap", "Recap", "Lift", "Lift", "Freeze", "Freeze", "Thaw", "Thaw", "Probe", "Aim", "Unaim",
		"Join", "Attach", "Attach", "Detach", "Register", "Deregister",
	}
	for _, a := range Actions {
		all = append(all, a.Kind)
	}
	return all
}()

// scenes leads to the pair that the seed is after, again where it was missed.
func (l *life) scenes(p Pair) {
	for try := 0; l.broken == nil && (try < 3 && l.met[p] < 2 || try < 5 && l.met[p] == 0); try++ {
		l.scene(p)
	}
}

// scene leads to the action that the seed is after.
func (l *life) scene(p Pair) {
	l.say(nil, "a scene for %s and %q", p.Action, p.Fault)
	chance := l.luck
	l.alarm(rollout.AlarmOK)
	l.often, l.busy, l.doomed, l.fates, l.aims = 0, 0, 0, nil, nil
	defer func() { l.often, l.busy, l.doomed = chance.often, chance.busy, chance.doomed }()
	if l.seldom(p.Action) {
		l.wish(l.apply(l.other(), false)) // something to lose
	}
	switch p.Fault {
	case Refused, Broken, Sick:
		if p.Action != "Restore" && p.Action != "Note" {
			l.leave(p.Fault)
		}
	}
	l.aims = append(l.aims, aim{p, 0}, aim{p, 1 + l.dice.IntN(2)})
	if l.chance(2) {
		l.aims = append(l.aims, aim{Pair{p.Action, pick(l, ofWorld)}, 0}) // troubles seldom come alone
	}
	switch p.Action {
	case "Abandon", "Conclude":
		l.fates = append(l.fates, pick(l, []Fault{Broken, Sick}))
		l.wish(l.apply(l.other(), false))
	case "Lose", "Restore":
		l.losing(p)
	case "Resize":
		next := l.desired
		next.Capacity = endpoint.Capacity{Min: next.Capacity.Min%3 + 1, Max: 6}
		l.desired = next
		l.wish(l.apply(next, false))
	case "Obey", "Recap", "Lift", "Freeze", "Thaw", "Probe", "Aim", "Unaim", "Point", "Unpoint", "Join", "Attach", "Detach", "Register", "Deregister":
		l.holding(p)
	case "Note":
		l.taking(p)
	case "Unroute", "Dissolve":
		l.wish(l.remove())
		if l.broken == nil {
			l.wish(l.remove()) // where the first was cut short
		}
	default:
		l.wish(l.apply(l.other(), false))
	}
}

// seldom says that chance alone seldom leads to an action.
func (l *life) seldom(action string) bool {
	switch action {
	case "Restore", "Lose", "Resize", "Unroute", "Recap", "Lift", "Freeze", "Thaw", "Aim", "Unaim", "Probe", "Point", "Unpoint", "Join", "Attach", "Detach", "Register", "Deregister", "Note":
		return true
	}
	return false
}

// other makes another release desired.
func (l *life) other() endpoint.Spec {
	next := plain(l.spec())
	for next.Release.Version == l.desired.Release.Version {
		next.Release.Version = pick(l, l.versions)
	}
	next.Retention = endpoint.Retention{KeepFor: endpoint.Duration(time.Hour), Max: 2}
	l.desired = next
	return next
}

// leave lets a launch fail, and the run die before it takes away what is left of it.
func (l *life) leave(f Fault) {
	l.fates = append(l.fates, f)
	for _, action := range []string{"Retire", "Forget"} {
		l.aims = append(l.aims, aim{Pair{action, KilledBefore}, 0})
	}
	before := l.desired
	l.wish(l.apply(l.other(), false))
	l.desired = before
}

// losing lets a person terminate the active environment, and somebody notice. For
// one to be restored another is retained.
func (l *life) losing(p Pair) {
	if p.Action == "Restore" {
		l.wish(l.apply(l.other(), false))
		l.elapse(2 * time.Minute)
		l.wish(l.apply(l.desired, false))
		if p.Fault == Refused || p.Fault == Broken || p.Fault == Sick {
			l.leave(p.Fault)
		}
	}
	r := l.record()
	if l.broken != nil || r == nil || l.w.Environments[r.Active] == nil || r.TakingOver() {
		return // what is behind somebody's rule is not the endpoint's to lose
	}
	l.terminate(r.Active)
	l.elapse(6 * time.Minute)
	l.wish(l.apply(l.desired, false))
}
