// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Instance is one of a scaling group.
type Instance struct {
	ID      string
	Since   time.Time // it is in service
	Healthy time.Time // it passes health checks from then on
}

// seat is an instance's in a target group, its environment's or another's.
type seat struct {
	from  time.Time // it was checked
	until time.Time // it is drained, and out; zero: it stays
}

// instance makes one.
func (w *World) instance(healthy time.Time) Instance {
	w.made++
	return Instance{ID: fmt.Sprintf("i-%04d", w.made), Since: healthy, Healthy: healthy}
}

// state is how an instance of home, which is e itself or another, is in the target
// group of e; "" when it is not.
func (e *Environment) state(home *Environment, own bool, i Instance, t time.Time) rollout.Target {
	seat, seated := e.Seats[i.ID]
	switch {
	case !seated && (!own || e.Detached):
		return ""
	case seated && !seat.until.IsZero() && !t.Before(seat.until):
		return ""
	case seated && !seat.until.IsZero():
		return rollout.TargetLeaving
	case home.Sick || !home.found(t) || !home.Ends.IsZero() || t.Before(home.Known) || t.Before(i.Healthy):
		return rollout.TargetIll
	case seated && t.Before(seat.from):
		return rollout.TargetNew
	}
	return rollout.TargetHealthy
}

// in counts the instances of home that are in the target group of e in a state.
func (e *Environment) in(home *Environment, own bool, state rollout.Target, t time.Time) int {
	n := 0
	for _, i := range home.Instances {
		if e.state(home, own, i, t) == state {
			n++
		}
	}
	return n
}

// healthy counts an environment's own healthy instances in its target group.
func (e *Environment) healthy(t time.Time) int { return e.in(e, true, rollout.TargetHealthy, t) }

// able counts the healthy targets of an environment's target group, whoever's.
func (m moment) able(name string, t time.Time) int {
	e, ok := m.environments[name]
	if !ok || !e.found(t) {
		return 0
	}
	n := e.healthy(t)
	if len(e.Seats) > 0 {
		for other, home := range m.environments {
			if other != name {
				n += e.in(&home, false, rollout.TargetHealthy, t)
			}
		}
	}
	return n
}

func (e *Environment) inService(t time.Time) []string {
	var ids []string
	for _, i := range e.Instances {
		if !t.Before(i.Since) {
			ids = append(ids, i.ID)
		}
	}
	return ids
}

// targets is what the target group of an environment shows.
func (w *World) targets(m moment, name string, t time.Time) map[string]rollout.Target {
	host := m.environments[name]
	targets := map[string]rollout.Target{}
	for other, home := range m.environments {
		if other != name && len(host.Seats) == 0 {
			continue
		}
		for _, i := range home.Instances {
			state := host.state(&home, other == name, i, t)
			if state == rollout.TargetHealthy && w.Unhealthy[home.Release.Version] {
				state = rollout.TargetIll
			}
			if state != "" && !t.Before(i.Since) {
				targets[i.ID] = state
			}
		}
	}
	return targets
}

// check is how long a load balancer takes to find a target healthy. In a story it
// takes no time.
func (w *World) check() time.Duration {
	if w.life == nil {
		return 0
	}
	return w.life.between(time.Second, 30*time.Second)
}

// seat changes where instances are in the target group of a host.
func (w *World) seat(host *Environment, ids []string, in bool) {
	seats := maps.Clone(host.Seats)
	if seats == nil {
		seats = map[string]seat{}
	}
	for _, id := range ids {
		now, seated := seats[id]
		own := slices.ContainsFunc(host.Instances, func(i Instance) bool { return i.ID == id })
		present := seated && now.until.IsZero() || !seated && own && !host.Detached
		switch {
		case in && !present:
			seats[id] = seat{from: w.Now.Add(w.check())}
		case !in && present:
			seats[id] = seat{until: w.Now.Add(host.Release.Health.DeregistrationDelay.Std())}
		}
	}
	host.Seats = seats
}

func (p platform) Attach(ctx context.Context, e *endpoint.Environment) error {
	return p.change(ctx, "Attach", e, func(host *Environment) {
		if host.Detached {
			p.h.w.seat(host, ids(host), true)
			host.Detached = false
		}
	})
}

func (p platform) Detach(ctx context.Context, e *endpoint.Environment) error {
	return p.change(ctx, "Detach", e, func(host *Environment) {
		if !host.Detached {
			p.h.w.seat(host, ids(host), false)
			host.Detached = true
		}
	})
}

func (p platform) Register(ctx context.Context, e *endpoint.Environment, instances []string) error {
	return p.change(ctx, "Register", e, func(host *Environment) {
		p.h.w.seat(host, instances, true)
		if l := p.h.w.life; l != nil {
			l.registered(p.h, e.Name, instances)
		}
	})
}

func (p platform) Deregister(ctx context.Context, e *endpoint.Environment, instances []string) error {
	return p.change(ctx, "Deregister", e, func(host *Environment) {
		if l := p.h.w.life; l != nil {
			l.deregistering(p.h, e.Name, instances)
		}
		p.h.w.seat(host, instances, false)
	})
}

// change changes who is in the target group of an environment.
func (p platform) change(ctx context.Context, call string, e *endpoint.Environment, effect func(host *Environment)) error {
	w := p.h.w
	return p.h.change(ctx, call+" "+e.Name, func() error {
		host := w.Environments[e.Name]
		if host == nil || !host.found(w.Now) {
			return fmt.Errorf("there is no target group of %s", e.Name)
		}
		effect(host)
		return nil
	})
}

func ids(e *Environment) []string {
	var all []string
	for _, i := range e.Instances {
		all = append(all, i.ID)
	}
	return all
}

// moving returns the rollout by instance in whose target group a call changes
// something, where the invariants can judge it.
func (l *life) moving(h *holder, host string) *endpoint.Rollout {
	f := l.record().Rollout
	if l.late || h.robber != nil || f == nil || !f.Shared() || f.To != host || f.Step < 0 {
		return nil
	}
	return f
}

// registered checks that no more instances than the step's serve, and none of them
// against a guard's word.
func (l *life) registered(h *holder, host string, instances []string) {
	f, e := l.moving(h, host), l.w.Environments[host]
	if f == nil || !slices.Contains(ids(e), instances[0]) {
		return
	}
	// What was so since its last look is what it could know of.
	before := len(e.Instances)
	l.w.between(h.shown, func(m moment, at time.Time) {
		if e, ok := m.environments[host]; ok {
			before = min(before, len(e.Instances)-e.in(&e, true, "", at)-e.in(&e, true, rollout.TargetLeaving, at))
		}
	})
	if e.Detached && before > f.Step {
		l.fail("one instance a step", "%s is registered at step %d, where %d of %s are already", instances[0], f.Step+1, before, host)
	}
	firing := l.w.Alarms[alarmName].State == rollout.AlarmFiring && l.firing.Before(h.looked.Add(-fewLooks))
	if firing && f.Frozen == nil && len(l.record().Desired.Rollout.Alarms) > 0 {
		l.fail("no weight rises while an alarm fires", "%s is registered, and the alarm fires since %s", instances[0], l.firing.Format("15:04:05"))
	}
}

// deregistering checks that whoever leaves has been replaced.
func (l *life) deregistering(h *holder, host string, instances []string) {
	f, e := l.moving(h, host), l.w.Environments[host]
	if f == nil || e.Share == 0 || slices.Contains(ids(e), instances[0]) {
		return
	}
	most := 0
	l.w.between(h.shown, func(m moment, at time.Time) {
		if e, ok := m.environments[host]; ok {
			most = max(most, e.healthy(at))
		}
	})
	if most <= f.Step {
		l.fail("who leaves has been replaced", "%s leaves at step %d, and %d instances of %s are healthy", instances[0], f.Step+1, most, host)
	}
}

// apart checks that every scaling group fills its own target group, and only that.
func (l *life) apart(w rollout.World) {
	for name, s := range w.Sights {
		for other, o := range w.Sights {
			for _, id := range o.Instances {
				if state, there := s.Targets[id]; other != name && there && state != rollout.TargetLeaving {
					l.fail("instances are moved back", "%s of %s is still in the target group of %s", id, other, name)
				}
			}
		}
		if s.Found && s.Detached {
			l.fail("instances are moved back", "the scaling group of %s is still detached", name)
		}
	}
}

// lodged checks that nothing is terminated of which instances serve elsewhere.
func (l *life) lodged(h *holder, name string) {
	always := true
	l.w.between(h.shown, func(m moment, at time.Time) {
		home, some := m.environments[name], false
		for other, host := range m.environments {
			if other != name && len(host.Seats) > 0 && host.found(at) {
				some = some || host.in(&home, false, "", at) < len(home.Instances)
			}
		}
		always = always && some
	})
	if always {
		l.fail("nothing with traffic is terminated", "instances of %s are in another target group", name)
	}
}

// errors is the share of requests that a target group answers with a 5xx code, in
// percent, whoever is in it.
func (w *World) errors(host string) float64 {
	m := w.present()
	able, sum := float64(m.able(host, w.Now)), 0.0
	if able == 0 {
		return w.Errors[w.Environments[host].Release.Version]
	}
	e := w.Environments[host]
	for name, home := range m.environments {
		sum += w.Errors[home.Release.Version] * float64(e.in(&home, name == host, rollout.TargetHealthy, w.Now))
	}
	return sum / able
}
