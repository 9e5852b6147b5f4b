// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package simulation is a model of AWS and of the journal in memory, on a model
// clock, with bad luck on demand. The real loop and the real decisions run in it:
// what it finds is a defect of theirs. It has no I/O and nothing in it waits.
//
// A World alone is for stories with one run at a time. A life (Live) is a World in
// which users, people at the console and several runs meet every fault there is,
// all of it drawn from one seed, while invariants are watched.
package simulation

import (
	"slices"
	"time"

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
	// version answers with a 5xx code, in percent; Smoking are versions that fail
	// their smoke check.
	Alarms  map[string]rollout.Alarm
	Errors  map[string]float64
	Smoking map[string]bool
	// TestTarget is the environment that the test route reaches; empty: it has no
	// rule.
	TestTarget string
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

	writes  map[string]write // of the records
	rules   int              // ever made
	made    int              // instances, ever
	agenda  agenda
	history []moment
	life    *life // nil in a story
}

// Environment is one as the model's platform has it. What it is like is a function
// of the time, so that its past can be looked at.
type Environment struct {
	Release  endpoint.Release
	Launched time.Time
	Known    time.Time // its groups exist from then on
	Settled  time.Time // its launch is over
	Busy     time.Time // the platform updates it until then
	Ends     time.Time // its termination ends then; zero: it stays
	Gone     bool
	Scaling  rollout.Scaling
	// Instances are replaced as a whole and never changed, because the past shares
	// the slice; so are Seats.
	Instances []Instance
	// Detached says that instances are not in the target group by themselves. Seats
	// are those that were put there, or taken out.
	Detached bool
	Seats    map[string]seat
	Errors   []string // what the platform reports of its launch
	Sick     bool     // it never becomes healthy

	Share     int       // of the rule's weights
	LastShare time.Time // when it last had a share of traffic
	Answers   time.Time // until when it answers requests after it left traffic
	First     time.Time // from when an instance can be healthy
	Ending    time.Time // its termination was asked for
	Foreign   time.Time // somebody else's doing gave it a share
}

// Rule is the endpoint's listener rule. Its weights are replaced, never changed.
type Rule struct {
	ARN     string
	Weights map[string]int
	Old     string // how the groups of a maker before us are in it; empty: they are not
}

// moment is what AWS was like since a time.
type moment struct {
	since        time.Time
	environments map[string]Environment
	rule         string // its ARN; empty: there is none
	test         string // the test route's target
	weights      map[string]int
	old          string
}

// New makes an empty world at a fixed time.
func New() *World {
	return &World{
		Now:          time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
		Environments: map[string]*Environment{}, Records: map[string]*endpoint.Record{},
		Hosts:      map[endpoint.Alias]bool{},
		LaunchTime: 5 * time.Minute, Unhealthy: map[string]bool{}, writes: map[string]write{},
		Alarms: map[string]rollout.Alarm{}, Errors: map[string]float64{}, Smoking: map[string]bool{},
	}
}

// Roller is the real loop in this world, as one run has it.
func (w *World) Roller(run string) *roller.Roller { return (&holder{w: w, run: run}).roller() }

// Healthy is how many healthy instances an environment has now.
func (w *World) Healthy(name string) int {
	e := w.Environments[name]
	if e == nil || w.Unhealthy[e.Release.Version] {
		return 0
	}
	return e.healthy(w.Now)
}

// present is what AWS is like now.
func (w *World) present() moment {
	m := moment{since: w.Now, test: w.TestTarget, environments: make(map[string]Environment, len(w.Environments))}
	for name, e := range w.Environments {
		m.environments[name] = *e
	}
	if w.Rule != nil {
		m.rule, m.weights, m.old = w.Rule.ARN, w.Rule.Weights, w.Rule.Old
	}
	return m
}

// changed follows every change of the model's AWS: shares are noted, and the past
// is kept where somebody may look at it.
func (w *World) changed() {
	for name, e := range w.Environments {
		share := 0
		if w.Rule != nil {
			share = w.Rule.Weights[name]
		}
		if share > 0 || e.Share > 0 {
			e.LastShare = w.Now
		}
		e.Share = share
	}
	if w.life != nil {
		w.history = append(w.history, w.present())
	}
}

// at is what AWS was like at a time.
func (w *World) at(t time.Time) moment {
	if w.life == nil {
		return w.present()
	}
	for _, m := range slices.Backward(w.history) {
		if !m.since.After(t) {
			return m
		}
	}
	return moment{since: t}
}

// between calls do with AWS at a time, just before and at each of its changes since,
// and now. In between it only changes as its environments do with time.
func (w *World) between(t time.Time, do func(m moment, at time.Time)) {
	m := w.at(t)
	do(m, t)
	first, _ := slices.BinarySearchFunc(w.history, t, func(m moment, t time.Time) int {
		if m.since.After(t) {
			return 1
		}
		return -1
	})
	for _, next := range w.history[first:] {
		do(m, next.since.Add(-1))
		do(next, next.since)
		m = next
	}
	do(m, w.Now)
}

func (e *Environment) found(t time.Time) bool {
	return !e.Gone && !t.Before(e.Launched) && (e.Ends.IsZero() || t.Before(e.Ends))
}

func (e *Environment) ready(t time.Time) bool {
	return e.found(t) && e.Ends.IsZero() && !t.Before(e.Settled) && !t.Before(e.Busy)
}

// resize makes instances, each healthy at a time, or takes them away.
func (w *World) resize(e *Environment, to int, healthy time.Time) {
	all := slices.Clone(e.Instances[:min(to, len(e.Instances))])
	for len(all) < to {
		all = append(all, w.instance(healthy))
		if healthy.Before(e.First) {
			e.First = healthy
		}
	}
	e.Instances = all
}

// sight is what the platform shows of an environment.
func (w *World) sight(name string, m moment, t time.Time) rollout.Sight {
	e, ok := m.environments[name]
	if !ok || !e.found(t) {
		// The platform goes on listing what it terminated.
		return rollout.Sight{Terminated: ok && !t.Before(e.Launched)}
	}
	s := rollout.Sight{Found: true, Ready: e.ready(t), Terminating: !e.Ends.IsZero(), ID: "e-" + name}
	if !t.Before(e.Known) {
		s.TargetGroup, s.ScalingGroup = group(name), name
		s.Desired, s.Scaling, s.Healthy = len(e.Instances), e.Scaling, e.healthy(t)
		s.Detached, s.Instances, s.Targets = e.Detached, e.inService(t), w.targets(m, name, t)
	}
	if w.Unhealthy[e.Release.Version] {
		s.Healthy = 0
	}
	if !t.Before(e.Settled) {
		s.Errors = e.Errors
	}
	return s
}
