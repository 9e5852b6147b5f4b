// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// A rollout by instance takes place in the target group of the candidate. Its own
// instances leave the group, the active environment's join it, and the rule follows
// them: nothing changes for users. Then, step by step, an instance of the candidate
// is registered and, once it is healthy, one of the active environment's
// deregistered. At the end the candidate's scaling group fills its target group as
// that of any environment.
//
// All the while the active environment's own target group stays as it is, so that
// the way back is one change of the rule.

// joins says that the rollout is to go on by instance from here. With nothing healthy
// to take the place of, or under a cap, it goes by weight.
func (d *decider) joins(f *endpoint.Rollout) bool {
	return f.By == endpoint.ByInstance && f.Step < 0 && f.From != "" && f.Joined.IsZero() &&
		d.Sights[f.From].Healthy > 0 && d.r.Desired.Rollout.Cap() == 100
}

// last says that the step is the one with all of the candidate's instances.
func last(f *endpoint.Rollout) bool { return f.Step == len(f.Steps)-1 }

// entering says that a step by instance is under way: its bake has not begun.
func (d *decider) entering() bool {
	f := d.r.Rollout
	return f != nil && f.Shared() && f.Step >= 0 && f.Since.IsZero()
}

// followed says that the rule has followed the instances already.
func (d *decider) followed() bool {
	f := d.r.Rollout
	return f != nil && f.Shared() && f.Step > 0
}

// short says that a step lacks the capacity that it was decided on with.
func (d *decider) short(f *endpoint.Rollout) bool {
	if f.Shared() {
		return len(d.standing(f.To, f.From).healthy) < d.Sights[f.From].Healthy
	}
	return d.Sights[f.To].Healthy < d.need(f, f.Step)
}

// still says that an environment must not change its size by itself, because its
// instances are registered one by one.
func (d *decider) still(e *endpoint.Environment) bool {
	f := d.r.Rollout
	if f == nil || !f.Shared() {
		return false
	}
	return e.Name == f.From || e.Name == f.To && (!last(f) || f.Since.IsZero())
}

// placement is what is left to be done until instances stand as the step says: an
// action, or else something to wait for. Neither when they do.
type placement struct {
	do    Action
	lacks string
}

func (d *decider) placed() bool {
	p := d.placement()
	return p.do == nil && p.lacks == ""
}

// placement compares the candidate's target group with the step. Whoever takes the
// place of another is healthy before that one leaves.
func (d *decider) placement() placement {
	f := d.r.Rollout
	if f.Step < 0 {
		return d.gathering(f)
	}
	room := len(f.Steps) - f.Step - 1 // for instances of From
	ours, theirs, home := d.standing(f.To, f.To), d.standing(f.To, f.From), d.standing(f.From, f.From)
	spare := except(home.healthy, theirs.present())
	serving := len(theirs.healthy) + len(theirs.fresh)
	// Always in the same order: a read that shows the past leads to the same instance.
	idle := except(d.Sights[f.To].Instances, ours.present())
	switch present := len(ours.present()); {
	case serving < room && len(spare) > 0:
		return placement{do: Register{f.To, spare[:min(len(spare), room-serving)]}}
	case present <= f.Step && len(idle) > 0:
		return placement{do: Register{f.To, idle[:1]}}
	case len(ours.healthy) <= f.Step:
		return placement{lacks: fmt.Sprintf("%d of %d instances of %s pass the health check", len(ours.healthy), f.Step+1, f.To)}
	case len(theirs.present()) > room:
		return placement{do: Deregister{f.To, theirs.present()[:1]}}
	case last(f) && d.Sights[f.To].Detached:
		return placement{do: Attach{f.To}}
	case !last(f) && present > f.Step+1 && len(theirs.healthy) >= min(room, len(home.healthy)):
		return placement{do: Deregister{f.To, ours.present()[:1]}} // others registered it
	}
	return placement{}
}

// gathering is the placement before the first step, while the rule sends no request to
// the candidate's target group: all healthy instances of From are in it, and nothing
// else.
func (d *decider) gathering(f *endpoint.Rollout) placement {
	ours, theirs, home := d.standing(f.To, f.To), d.standing(f.To, f.From), d.standing(f.From, f.From)
	missing := except(home.healthy, theirs.present())
	switch {
	case !d.Sights[f.From].Scaling.Suspended || !d.Sights[f.To].Scaling.Suspended:
		return placement{lacks: "scaling is not suspended yet"}
	case !d.Sights[f.To].Detached:
		return placement{do: Detach{f.To}}
	case len(ours.present()) > 0:
		return placement{do: Deregister{f.To, ours.present()}}
	case len(missing) > 0:
		return placement{do: Register{f.To, missing}}
	case len(except(home.healthy, theirs.healthy)) > 0:
		return placement{lacks: fmt.Sprintf("%d of %d instances of %s pass the health check of the new release", len(theirs.healthy), len(home.healthy), d.r.ActiveVersion())}
	case len(ours.leaving) > 0:
		return placement{lacks: "its own instances are still draining"}
	}
	return placement{}
}

// oneMore goes on to the next step of a rollout by instance.
func (d *decider) oneMore(f *endpoint.Rollout, to *endpoint.Environment) (Decision, bool) {
	from, within := d.r.Environment(f.From), d.r.Desired.Rollout.HealthyWithin
	if f.Step >= 0 {
		if have := len(d.Sights[to.Name].Instances); have < f.Step+2 {
			return d.lack(Health, "%s has %d instances of the %d that the next step needs, for %s (rollout.healthy_within)", to.Name, have, f.Step+2, within)
		}
		return do(Advance{f.Step + 1})
	}
	switch n := d.load(from); {
	case d.Sights[f.From].Healthy == 0 || d.r.Desired.Rollout.Cap() < 100:
		return do(Join{0})
	case n != len(f.Steps):
		return do(Join{n}) // it grew before its scaling was suspended
	}
	switch p := d.placement(); {
	case p.do != nil:
		return do(p.do)
	case p.lacks == "":
		return do(Advance{0})
	default:
		return d.lack(Health, "the instances of %s cannot make room in the target group of %s within %s (rollout.healthy_within): %s; with rollout.by = %q each release has a group and a health check of its own", d.r.ActiveVersion(), to.Name, within, p.lacks, endpoint.ByWeight)
	}
}

// exchange brings instances where the step says, and keeps them there: one that dies
// is replaced by one of the same environment. It leaves the rest of a step to the
// way of all rollouts.
func (d *decider) exchange(f *endpoint.Rollout) (Decision, bool) {
	if f.Frozen == nil {
		if v := d.verdict(f); v.against != nil {
			return d.fail(f, *v.against)
		}
	}
	down := !f.Since.IsZero() && d.Sights[f.To].Healthy == 0 && d.Sights[f.From].Healthy > 0
	p := d.placement()
	switch {
	case p.do != nil && !down:
		return do(p.do)
	case !d.entering() || f.Frozen != nil:
		return pass()
	case p.lacks != "":
		return d.lack(Health, "%s at step %d of %d within %s (rollout.healthy_within)", p.lacks, f.Step+1, len(f.Steps), d.r.Desired.Rollout.HealthyWithin)
	}
	return wait(Health)
}

// part ends what a rollout by instance began, where no rollout needs it any more,
// whoever ended it and how: a scaling group fills its own target group, and only
// that.
func (d *decider) part() (Decision, bool) {
	if f := d.r.Rollout; f != nil && f.Kind == endpoint.Hot && f.Since.IsZero() {
		return pass() // going back comes first
	}
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		s, f := d.Sights[e.Name], d.r.Rollout
		shared := f != nil && f.Shared() && f.To == e.Name
		if shared || !s.Found || s.Terminating || !e.Retired.IsZero() || d.due(e) != "" {
			continue
		}
		if s.Detached && s.Ready {
			return do(Attach{e.Name})
		}
		// Where users' requests go, its own come first.
		if guests := d.guests(e.Name); len(guests) > 0 && (d.Traffic.Weights[e.Name] == 0 || s.Healthy >= max(e.Capacity.Min, len(s.Instances))) {
			return do(Deregister{e.Name, guests})
		}
	}
	return pass()
}

// lodges says that instances of an environment are in another's target group.
func (d *decider) lodges(name string) bool {
	for host := range d.Sights {
		if s := d.standing(host, name); host != name && len(s.present())+len(s.leaving) > 0 {
			return true
		}
	}
	return false
}
