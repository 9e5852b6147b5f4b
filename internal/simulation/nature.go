// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"maps"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// nature lets something happen to the world, and again later: load rises and
// falls, and where the luck is bad a fault strikes.
func (l *life) nature() {
	if l.calm {
		return
	}
	l.autoscale()
	if l.busy > 0 && l.chance(2) {
		f := pick(l, ofWorld)
		l.say(nil, "fault: %s", f)
		l.pending[f] = true
		l.befall(nil, f)
	}
	again := l.busy
	if again == 0 {
		again = 15 * time.Minute
	}
	l.w.plan(l.w.Now.Add(l.between(time.Second, again)), l.nature)
}

// befall lets a fault of the world happen, to a run where one is given.
func (l *life) befall(h *holder, f Fault) {
	switch f {
	case Dying:
		l.kill()
	case Reweighted:
		l.reweight()
	case RuleDeleted:
		l.byHand(nil)
	case Terminated:
		if names := l.names(); len(names) > 0 {
			l.terminate(pick(l, names))
		}
	case Rescaled:
		l.rescale()
	case Contended:
		l.contend(h)
	case Firing:
		l.alarm(rollout.AlarmFiring)
	case Dataless:
		l.alarm(rollout.AlarmInsufficient)
	case Ordered:
		l.order()
	case Preempted:
		l.rollBack()
	case Interrupted:
		for _, other := range l.alive {
			if h == nil || h == other {
				other.stop()
			}
		}
	}
}

// launch decides what becomes of a launch.
func (l *life) launch(name string, e *Environment) Fault {
	if e.Release.Version == "" {
		l.fail("nothing is made that nobody asked for", "%s has no version", name)
	}
	e.Known = l.w.Now.Add(l.between(time.Second, 20*time.Second))
	e.Settled = e.Known.Add(l.between(10*time.Second, time.Minute))
	e.First = e.Known.Add(l.between(time.Second, 80*time.Second))
	e.Instances = slices.Clone(e.Instances)
	for i := range e.Instances {
		e.Instances[i].Since, e.Instances[i].Healthy = e.First, e.First
	}
	var fate Fault
	switch {
	case l.calm:
	case len(l.fates) > 0:
		fate, l.fates = l.fates[0], l.fates[1:]
	case l.doomed > 0 && l.chance(l.doomed):
		fate = pick(l, []Fault{Refused, Broken, Sick})
	}
	if fate != "" {
		l.say(nil, "launch of %s: %s", e.Release.Version, fate)
		l.disturb()
		l.fate[name] = fate
	}
	switch fate {
	case Broken:
		e.Errors, e.Sick = []string{"the deployment failed"}, true
	case Sick:
		e.Sick = true
	}
	return fate
}

// names are the environments that exist, in order.
func (l *life) names() []string {
	var names []string
	for name, e := range l.w.Environments {
		if e.found(l.w.Now) && e.Ends.IsZero() && name != endpoint.OldGroups {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// kill lets instances of an environment die; new ones take their place after a
// while.
func (l *life) kill() {
	names := l.names()
	if l.w.theirs() != "" && l.hand.IntN(4) == 0 {
		names = []string{endpoint.OldGroups}
	}
	if len(names) == 0 {
		return
	}
	name := pick(l, names)
	e := l.w.Environments[name]
	if len(e.Instances) == 0 {
		return
	}
	again := l.w.Now.Add(l.between(20*time.Second, 6*time.Minute))
	e.Instances = slices.Clone(e.Instances)
	for i := range 1 + l.dice.IntN(len(e.Instances)) {
		switch i := &e.Instances[i]; {
		case !i.Healthy.Before(again):
		case l.chance(3):
			i.Healthy = again // it only falls ill
		default:
			*i = l.w.instance(again)
		}
	}
	if again.After(l.hurt[name]) { // what died before may take longer
		l.hurt[name] = again
	}
	l.say(nil, "instances of %s die; %d healthy are left until %s", name, e.healthy(l.w.Now), again.Format("15:04:05"))
	l.w.changed()
}

// reweight is a person who edits the rule.
func (l *life) reweight() {
	names := l.names()
	if l.w.theirs() != "" && l.hand.IntN(2) == 0 {
		l.reform()
		return
	}
	if len(names) == 0 || l.w.Rule == nil {
		return
	}
	weights := map[string]int{pick(l, names): 1 + l.dice.IntN(100)}
	if l.chance(2) {
		weights[pick(l, names)] = l.dice.IntN(100)
	}
	if l.chance(10) {
		weights = map[string]int{pick(l, names): 0}
	}
	l.byHand(weights)
}

// byHand replaces the rule, not by ionroller.
func (l *life) byHand(weights map[string]int) {
	if l.w.Rule == nil {
		return
	}
	l.edited = l.w.Now
	l.say(nil, "a person sets the rule to %s", rollout.Shares(weights))
	for name := range weights {
		if e := l.w.Environments[name]; e.Share == 0 && weights[name] > 0 {
			e.Foreign = l.w.Now
		}
	}
	l.w.route(weights)
}

// terminate is a person who terminates an environment.
func (l *life) terminate(name string) {
	e := l.w.Environments[name]
	l.say(nil, "a person terminates %s", name)
	e.Ending, e.Ends = l.w.Now, l.w.Now.Add(l.between(time.Second, time.Minute))
	l.hurt[name] = l.w.Now.Add(24 * time.Hour)
	l.w.changed()
}

// rescale is a person who changes the bounds of a scaling group.
func (l *life) rescale() {
	names := l.names()
	if len(names) == 0 {
		return
	}
	name := pick(l, names)
	e := l.w.Environments[name]
	bounds := rollout.Scaling{Min: l.dice.IntN(3), Suspended: l.chance(2)}
	bounds.Max = bounds.Min + l.dice.IntN(3)
	l.say(nil, "a person bounds %s to %+v", name, bounds)
	e.Scaling = bounds
	l.w.resize(e, min(max(len(e.Instances), bounds.Min), bounds.Max), l.w.Now.Add(l.w.boot()))
	l.hurt[name] = l.w.Now.Add(24 * time.Hour) // until it is scaled again
	l.w.changed()
}

// autoscale lets groups that scale by themselves follow a new load; without
// traffic they shrink.
func (l *life) autoscale() {
	load := 1 + l.dice.IntN(6)
	for _, name := range slices.Sorted(maps.Keys(l.w.Environments)) {
		e := l.w.Environments[name]
		if e.Scaling.Suspended || !e.ready(l.w.Now) || e.Sick {
			continue
		}
		want := (load*e.Share + 99) / 100
		to := min(max(want, e.Scaling.Min), e.Scaling.Max)
		if to != len(e.Instances) {
			l.say(nil, "%s scales itself from %d to %d", name, len(e.Instances), to)
			if r := l.record(); r != nil && r.Rollout != nil && l.w.Now.Sub(r.Rollout.Started) < 3*time.Minute {
				l.hurt[name] = l.w.Now.Add(3 * time.Minute) // its floor may not be there yet
			}
			l.w.resize(e, to, l.w.Now.Add(l.w.boot()))
		}
	}
	l.w.changed()
}
