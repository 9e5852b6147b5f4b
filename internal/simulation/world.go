// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package simulation is a model of AWS and of the journal in memory, on a model
// clock, with bad luck on demand. The real loop and the real decisions run in it:
// what it finds is a defect of theirs. It has no I/O and nothing in it waits.
package simulation

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// World is an AWS account with one endpoint in it.
type World struct {
	Now          time.Time
	Environments map[string]*Environment // by name
	Rule         *Rule                   // nil: none
	Hosts        map[endpoint.Alias]bool // DNS records, and whether they point at the load balancer
	Records      map[string]*endpoint.Record
	Trail        []endpoint.Event

	// LaunchTime is how long a launch takes.
	LaunchTime time.Duration
	// Alarms are CloudWatch's, by name. Errors is the share of requests that each
	// version answers with a 5xx code, in percent.
	Alarms map[string]rollout.Alarm
	Errors map[string]float64
	// Orders are those that operators left and nobody has carried out.
	Orders []endpoint.Order
	// Unhealthy are versions that never become healthy.
	Unhealthy map[string]bool
	// Fault is asked before and after each call takes effect; an error ends the
	// call there.
	Fault func(call string, after bool) error
	// Calls are those that changed something, in order.
	Calls []string
	// Watch is called after every change.
	Watch func(w *World)
}

// Environment is one as the model's platform has it.
type Environment struct {
	Release   endpoint.Release
	Launched  time.Time
	Scaling   rollout.Scaling
	Desired   int
	Gone      bool
	LastShare time.Time // when it last had a share of traffic
}

// Rule is the endpoint's listener rule.
type Rule struct{ Weights map[string]int }

// New makes an empty world at a fixed time.
func New() *World {
	return &World{
		Now:          time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
		Environments: map[string]*Environment{}, Records: map[string]*endpoint.Record{},
		Hosts:      map[endpoint.Alias]bool{},
		LaunchTime: 5 * time.Minute, Unhealthy: map[string]bool{},
		Alarms: map[string]rollout.Alarm{}, Errors: map[string]float64{},
	}
}

// Roller is the real loop in this world.
func (w *World) Roller(run string) *roller.Roller {
	return &roller.Roller{
		Platform: platform{w}, Balancer: balancer{w}, DNS: dns{w}, Meter: meter{w}, Journal: &journal{w: w, holder: run},
		Clock: clock{w}, Who: endpoint.Who{Run: run}, Log: hclog.NewNullLogger(),
	}
}

// Healthy is how many healthy instances an environment has now.
func (w *World) Healthy(name string) int {
	e := w.Environments[name]
	if e == nil || e.Gone || w.Unhealthy[e.Release.Version] || w.Now.Before(e.Launched.Add(w.LaunchTime)) {
		return 0
	}
	return e.Desired
}

// change makes a call that changes something, with its faults.
func (w *World) change(call string, effect func() error) error {
	if err := w.fault(call, false); err != nil {
		return err
	}
	if err := effect(); err != nil {
		return err
	}
	w.Calls = append(w.Calls, call)
	if w.Rule != nil {
		for name, share := range w.Rule.Weights {
			if e := w.Environments[name]; e != nil && share > 0 {
				e.LastShare = w.Now
			}
		}
	}
	if w.Watch != nil {
		w.Watch(w)
	}
	return w.fault(call, true)
}

func (w *World) fault(call string, after bool) error {
	if w.Fault == nil {
		return nil
	}
	return w.Fault(call, after)
}

type clock struct{ w *World }

func (c clock) Now() time.Time { return c.w.Now }

// Sleep passes the model's time at once.
func (c clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.w.Now = c.w.Now.Add(d)
	return nil
}

type meter struct{ w *World }

func (m meter) Requests(_ context.Context, group string, since time.Time) (float64, error) {
	e := m.w.Environments[nameOf(group)]
	if e != nil && e.LastShare.After(since) {
		return 1, nil
	}
	return 0, m.w.fault("Requests", false)
}

// Measure is that of a thousand requests a minute, shared by weight.
func (m meter) Measure(_ context.Context, group string, since time.Time, _ float64) (rollout.Measure, error) {
	name := nameOf(group)
	measure := rollout.Measure{From: since, To: m.w.Now}
	e := m.w.Environments[name]
	if e == nil || m.w.Rule == nil {
		return measure, m.w.fault("Measure", false)
	}
	measure.Requests = m.w.Now.Sub(since).Minutes() * 10 * float64(m.w.Rule.Weights[name])
	measure.Errors = measure.Requests * m.w.Errors[e.Release.Version] / 100
	return measure, m.w.fault("Measure", false)
}

func (m meter) Alarms(_ context.Context, names []string, since time.Time) (map[string]rollout.Alarm, error) {
	alarms := map[string]rollout.Alarm{}
	for _, name := range names {
		if a, ok := m.w.Alarms[name]; ok {
			if since.IsZero() || a.Fired.Before(since) {
				a.Fired = time.Time{}
			}
			alarms[name] = a
		}
	}
	return alarms, m.w.fault("Alarms", false)
}

type platform struct{ w *World }

func (p platform) Check(context.Context, *endpoint.Record, bool) ([]endpoint.Problem, error) {
	return nil, p.w.fault("CheckPlatform", false)
}

func (p platform) Launch(_ context.Context, _ *endpoint.Record, e *endpoint.Environment) error {
	return p.w.change("Launch "+e.Name, func() error {
		if p.w.Environments[e.Name] == nil {
			p.w.Environments[e.Name] = &Environment{
				Release: e.Release, Launched: p.w.Now, Desired: e.Capacity.Min,
				Scaling: rollout.Scaling{Min: e.Capacity.Min, Max: e.Capacity.Max},
			}
		}
		return nil
	})
}

func (p platform) Observe(_ context.Context, r *endpoint.Record) (map[string]rollout.Sight, error) {
	sights := map[string]rollout.Sight{}
	for _, known := range r.Environments {
		e := p.w.Environments[known.Name]
		if e == nil || e.Gone {
			sights[known.Name] = rollout.Sight{}
			continue
		}
		sights[known.Name] = rollout.Sight{
			Found: true, Ready: !p.w.Now.Before(e.Launched.Add(p.w.LaunchTime)),
			ID: "e-" + known.Name, TargetGroup: group(known.Name), ScalingGroup: known.Name,
			Healthy: p.w.Healthy(known.Name), Desired: e.Desired, Scaling: e.Scaling,
		}
	}
	return sights, p.w.fault("Observe", false)
}

func (p platform) Scale(_ context.Context, e *endpoint.Environment, s rollout.Scaling) error {
	return p.w.change("Scale "+e.Name, func() error {
		env := p.w.Environments[e.Name]
		env.Scaling = s
		env.Desired = min(max(env.Desired, s.Min), s.Max)
		return nil
	})
}

func (p platform) Resize(ctx context.Context, e *endpoint.Environment, c endpoint.Capacity) error {
	return p.Scale(ctx, e, rollout.Scaling{Min: c.Min, Max: c.Max})
}

func (p platform) Retire(_ context.Context, e *endpoint.Environment) error {
	return p.w.change("Retire "+e.Name, func() error {
		p.w.Environments[e.Name].Gone = true
		return nil
	})
}

func (p platform) Forget(_ context.Context, _ *endpoint.Record, e *endpoint.Environment) error {
	return p.w.change("Forget "+e.Name, func() error {
		delete(p.w.Environments, e.Name)
		return nil
	})
}

func (p platform) Dissolve(context.Context, *endpoint.Record) error {
	return p.w.change("Dissolve", func() error { return nil })
}

type balancer struct{ w *World }

func (b balancer) Check(context.Context, *endpoint.Record, bool) ([]endpoint.Problem, error) {
	return nil, b.w.fault("CheckBalancer", false)
}

func (b balancer) Observe(context.Context, *endpoint.Record, map[string]string) (rollout.Traffic, map[string][]string, error) {
	if err := b.w.fault("ObserveTraffic", false); err != nil {
		return rollout.Traffic{}, nil, err
	}
	if b.w.Rule == nil {
		return rollout.Traffic{}, nil, nil
	}
	return rollout.Traffic{RuleARN: "rule", Weights: maps.Clone(b.w.Rule.Weights), Routed: true}, nil, nil
}

func (b balancer) Shift(_ context.Context, _ *endpoint.Record, _ map[string]string, weights map[string]int) (string, error) {
	return "rule", b.w.change(fmt.Sprint("Shift ", weights), func() error {
		b.w.Rule = &Rule{Weights: maps.Clone(weights)}
		return nil
	})
}

func (b balancer) Unroute(context.Context, string) error {
	return b.w.change("Unroute", func() error {
		b.w.Rule = nil
		return nil
	})
}

func (b balancer) URL(context.Context, endpoint.Routing) (string, error) { return "http://model", nil }

func group(environment string) string { return "group/" + environment }

func nameOf(group string) string { return group[len("group/"):] }
