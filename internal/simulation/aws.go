// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

type platform struct{ h *holder }

func (p platform) Check(ctx context.Context, _ *endpoint.Record, _ bool) ([]endpoint.Problem, error) {
	return nil, p.h.call(ctx, "CheckPlatform", func() error { return nil })
}

func (p platform) Launch(ctx context.Context, _ *endpoint.Record, e *endpoint.Environment) error {
	w := p.h.w
	return p.h.change(ctx, "Launch "+e.Name, func() error {
		if w.Environments[e.Name] != nil {
			return nil
		}
		made := &Environment{
			Release: e.Release, Launched: w.Now, Known: w.Now, Settled: w.Now.Add(w.LaunchTime),
			Scaling: rollout.Scaling{Min: e.Capacity.Min, Max: e.Capacity.Max},
		}
		w.resize(made, e.Capacity.Min, made.Settled)
		if w.life != nil && w.life.launch(e.Name, made) == Refused {
			return &roller.Refusal{Err: fmt.Errorf("the platform refuses %s", e.Name)}
		}
		w.Environments[e.Name] = made
		return nil
	})
}

func (p platform) Observe(ctx context.Context, r *endpoint.Record) (map[string]rollout.Sight, error) {
	p.h.action = ""
	p.h.look, p.h.begun = p.h.w.Now, p.h.w.Now
	sights := map[string]rollout.Sight{}
	err := p.h.call(ctx, "Observe", func() error {
		t := p.h.sees()
		m := p.h.w.at(t)
		for _, known := range r.Environments {
			sights[known.Name] = p.h.w.sight(known.Name, m, t)
		}
		return nil
	})
	return sights, err
}

func (p platform) Scale(ctx context.Context, e *endpoint.Environment, s rollout.Scaling) error {
	return p.h.change(ctx, "Scale "+e.Name, func() error { return p.scale(e.Name, s) })
}

func (p platform) scale(name string, s rollout.Scaling) error {
	w := p.h.w
	e := w.Environments[name]
	if e == nil || !e.found(w.Now) {
		return fmt.Errorf("there is no group of %s", name)
	}
	e.Scaling = s
	healthy := w.Now.Add(w.boot())
	if healthy.Before(e.Settled) {
		healthy = e.Settled
	}
	w.resize(e, min(max(len(e.Instances), s.Min), s.Max), healthy)
	return nil
}

func (p platform) Resize(ctx context.Context, e *endpoint.Environment, c endpoint.Capacity) error {
	w := p.h.w
	return p.h.change(ctx, "Resize "+e.Name, func() error {
		real := w.Environments[e.Name]
		if real != nil && w.life != nil && !real.ready(w.Now) {
			return fmt.Errorf("environment %s is not Ready", e.Name)
		}
		// What the group was told beside is overwritten, but not its suspension.
		bounds := rollout.Scaling{Min: c.Min, Max: c.Max}
		if real != nil {
			bounds.Suspended = real.Scaling.Suspended
		}
		if err := p.scale(e.Name, bounds); err != nil {
			return err
		}
		real.Busy = w.Now.Add(w.boot())
		return nil
	})
}

func (p platform) Retire(ctx context.Context, e *endpoint.Environment) error {
	w := p.h.w
	return p.h.change(ctx, "Retire "+e.Name, func() error {
		real := w.Environments[e.Name]
		switch {
		case real == nil || !real.found(w.Now) || !real.Ends.IsZero():
		case !real.ready(w.Now):
			return fmt.Errorf("environment %s is not Ready", e.Name)
		default:
			real.Ending, real.Ends = w.Now, w.Now.Add(w.boot())
		}
		return nil
	})
}

// Forget leaves nothing of a terminated environment but the past.
func (p platform) Forget(ctx context.Context, _ *endpoint.Record, e *endpoint.Environment) error {
	w := p.h.w
	return p.h.change(ctx, "Forget "+e.Name, func() error {
		if real := w.Environments[e.Name]; real != nil && !real.found(w.Now) {
			delete(w.Environments, e.Name)
		}
		return nil
	})
}

func (p platform) Dissolve(ctx context.Context, _ *endpoint.Record) error {
	return p.h.change(ctx, "Dissolve", func() error { return nil })
}

// boot is how long an instance takes to become healthy, or the platform to do
// something. In a story it takes no time.
func (w *World) boot() time.Duration {
	if w.life == nil {
		return 0
	}
	return w.life.between(15*time.Second, 75*time.Second)
}

type balancer struct{ h *holder }

func (b balancer) Check(ctx context.Context, _ *endpoint.Record, _ bool) ([]endpoint.Problem, error) {
	return nil, b.h.call(ctx, "CheckBalancer", func() error { return nil })
}

func (b balancer) Observe(ctx context.Context, r *endpoint.Record, _ map[string]string) (rollout.Traffic, map[string][]string, error) {
	var traffic rollout.Traffic
	err := b.h.call(ctx, "ObserveTraffic", func() error {
		t := b.h.sees()
		traffic = b.h.w.at(t).traffic(r, t)
		return nil
	})
	if err == nil {
		b.h.looks++
		b.h.shown, b.h.looked = b.h.look, b.h.begun
	}
	return traffic, nil, err
}

func (b balancer) Shift(ctx context.Context, r *endpoint.Record, groups map[string]string, weights map[string]int) (string, error) {
	w := b.h.w
	weights = maps.Clone(weights)
	arn, old := "", ""
	if r.TakingOver() {
		old = r.Takeover.Groups[0].ARN
	}
	err := b.h.change(ctx, fmt.Sprint("Shift ", weights), func() error {
		for name := range weights {
			e := w.Environments[name]
			if w.life != nil && name != endpoint.OldGroups && (e == nil || groups[name] == "" || !e.found(w.Now)) {
				return fmt.Errorf("there is no target group of %s", name)
			}
		}
		w.routeTo(weights, old)
		arn = w.Rule.ARN
		return nil
	})
	return arn, err
}

func (b balancer) Unroute(ctx context.Context, arn string) error {
	w := b.h.w
	call := "Unroute"
	if arn == testRule {
		call = "Unaim"
	}
	return b.h.change(ctx, call, func() error {
		switch {
		case arn == testRule:
			w.TestTarget = ""
		case w.Rule != nil && w.Rule.ARN == arn:
			w.route(nil)
		}
		return nil
	})
}

func (b balancer) URL(context.Context, endpoint.Routing) (string, error) { return "http://model", nil }

type meter struct{ h *holder }

func (m meter) Requests(ctx context.Context, group string, since time.Time) (float64, error) {
	n := 0.0
	err := m.h.call(ctx, "Requests", func() error {
		e := m.h.w.Environments[nameOf(group)]
		if e != nil && (e.Share > 0 || e.LastShare.After(since) || e.Answers.After(since)) {
			n = 1
		}
		return nil
	})
	return n, err
}

func group(environment string) string { return "group/" + environment }

func nameOf(group string) string { return group[len("group/"):] }

// route replaces the rule's weights.
func (w *World) route(weights map[string]int) {
	old := ""
	if w.Rule != nil {
		old = w.Rule.Old
	}
	w.routeTo(weights, old)
}

// routeTo replaces them, and how the groups of a maker before us are in it.
func (w *World) routeTo(weights map[string]int, old string) {
	switch {
	case weights == nil:
		w.Rule = nil
	case w.Rule == nil:
		w.rules++
		w.Rule = &Rule{fmt.Sprint("rule ", w.rules), maps.Clone(weights), old}
	default:
		w.Rule = &Rule{w.Rule.ARN, maps.Clone(weights), old}
	}
	w.changed()
}
