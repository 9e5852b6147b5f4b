// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// users are those who apply, reconcile and remove.
type users struct {
	wishes   int
	gap      time.Duration // the longest time between two of them
	versions []string
	desired  endpoint.Spec // what was applied last
	drain    time.Duration // the releases' deregistration delay
	retry    int           // rollout.retry, raised to try a rejected release again
}

func (l *life) drawUsers() users {
	u := users{
		wishes: 2 + l.dice.IntN(5), gap: pick(l, []time.Duration{time.Minute, 10 * time.Minute, 40 * time.Minute}),
		versions: []string{"1.0.0", "1.1.0", "1.2.0", "1.3.0"}[:2+l.dice.IntN(3)],
		drain:    pick(l, []time.Duration{0, 10 * time.Second, time.Minute}),
	}
	l.users = u
	u.desired = l.spec()
	return u
}

// spec is one that somebody may want.
func (l *life) spec() endpoint.Spec {
	s := endpoint.Spec{
		Name: name,
		Release: endpoint.Release{
			Version: pick(l, l.versions), Container: endpoint.Container{Image: "acme/checkout", Port: 8080},
			Health: endpoint.Health{Path: "/", DeregistrationDelay: endpoint.Duration(l.drain)},
		},
		Capacity:  endpoint.Capacity{Min: 1 + l.dice.IntN(3)},
		Retention: endpoint.Retention{KeepFor: endpoint.Duration(l.between(10*time.Second, 30*time.Minute)), Max: l.dice.IntN(3)},
		Rollout:   endpoint.RolloutPolicy{HealthyWithin: endpoint.Duration(l.between(3*time.Minute, 10*time.Minute)), Retry: l.retry},
	}
	s.Capacity.Max = s.Capacity.Min + l.dice.IntN(4)
	for weight := 0; l.dice.IntN(4) > 0; {
		if weight += 5 + l.dice.IntN(60); weight > 100 {
			break
		}
		s.Rollout.Steps = append(s.Rollout.Steps, endpoint.Step{Weight: weight, Bake: endpoint.Duration(l.upTo(2 * time.Minute))})
	}
	l.guarded(&s)
	return s
}

// change draws what is desired next: often another release, at times something
// that is changed in place.
func (l *life) change() endpoint.Spec {
	next := l.spec()
	if l.chance(3) {
		next.Release = l.desired.Release
	}
	if l.chance(2) {
		next.Capacity = l.desired.Capacity
	}
	return next
}

// begin begins what a user asks for.
func (l *life) begin() *holder {
	switch d := l.dice.IntN(10); {
	case d < 7:
		l.desired = l.change()
		return l.apply(l.desired, l.chance(2))
	case d < 9:
		return l.run("reconcile", 0, func(ctx context.Context, h *holder) error {
			_, err := h.roller().Reconcile(ctx, name)
			return err
		})
	default:
		return l.remove()
	}
}

// contend begins another run beside those at work. The one that is given stands
// still meanwhile, every other time for longer than its lease.
func (l *life) contend(h *holder) {
	if l.running > 2 {
		return
	}
	l.begin()
	if h != nil && l.chance(2) {
		h.armed, h.at = Paused, 0
	}
}

func (l *life) remove() *holder {
	return l.run("remove", 0, func(ctx context.Context, h *holder) error { return h.roller().Remove(ctx, name) })
}

// apply is what Terraform does: it creates what it has no state of, and updates the
// rest, every other time with the plan that was shown a while before.
func (l *life) apply(spec endpoint.Spec, planned bool) *holder {
	if r := l.record(); r == nil || r.Phase != endpoint.Live {
		spec.Routing.TakeoverRuleARN = l.w.theirs()
	}
	what := fmt.Sprintf("apply %s, capacity %d-%d, retention %s and %d, steps %v", spec.Release.Version,
		spec.Capacity.Min, spec.Capacity.Max, spec.Retention.KeepFor, spec.Retention.Max, spec.Rollout.Steps)
	if l.trace != nil {
		p := spec.Rollout
		what += fmt.Sprintf(", cap %d, by %q, alarms %v, analysis %v, on failure %q, retry %d, no wait %v, smoke %v", p.MaxWeight, p.By, p.Alarms, p.Analysis != nil, p.OnFailure, p.Retry, p.NoWait, p.Smoke)
	}
	var expect *roller.Expectation
	var later time.Duration
	if r := l.record(); planned && r != nil && r.Phase == endpoint.Live {
		seen := l.truth(*r)
		seen.Record.Desired, seen.Record.GivenUp = spec, ""
		expect = &roller.Expectation{Active: r.Active, Plan: rollout.Preview(seen)}
		what += fmt.Sprintf(", planned as %s", expect.Plan.Kind)
		if !l.calm && l.chance(2) {
			later = l.upTo(10 * time.Minute)
		}
	}
	return l.run(what, later, func(ctx context.Context, h *holder) error {
		h.expect = expect
		r := l.record()
		if r == nil || r.Phase == endpoint.Deleting || r.Phase == endpoint.Deleted || r.Rejected(spec.Release.Fingerprint(), spec.Rollout.Retry) == nil {
			delete(l.rejected, spec.Release.Fingerprint())
		}
		var err error
		if expect == nil && (r == nil || r.Phase != endpoint.Live) {
			_, err = h.roller().Create(ctx, spec)
		} else {
			_, err = h.roller().Update(ctx, spec, expect)
		}
		if again(err) && l.chance(2) {
			l.retry++ // somebody wants it all the same
		}
		return err
	})
}

// truth is the world of a record as it really is.
func (l *life) truth(r endpoint.Record) rollout.World {
	w := rollout.World{Now: l.w.Now, Record: r.Clone(), Sights: map[string]rollout.Sight{}}
	m := l.w.present()
	for _, e := range r.Environments {
		w.Sights[e.Name] = l.w.sight(e.Name, m, l.w.Now)
	}
	w.Traffic = m.traffic(&r, l.w.Now)
	if r.TakingOver() {
		w.Sights[endpoint.OldGroups] = rollout.Sight{Found: true, Ready: true, Healthy: w.Traffic.OldHealthy}
	}
	w.DNS = l.w.zone(&w.Record)
	rollout.Learn(&w.Record, w.Sights)
	return w
}
