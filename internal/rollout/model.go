// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"maps"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Model is an AWS without bad luck: what is asked for is there at once.
type Model struct {
	World
	calmed bool // nothing speaks against the rollout, nor will
}

// NewModel begins with what was seen of the real one.
func NewModel(w World) *Model {
	m := &Model{World: w.Clone()}
	if m.Sights == nil {
		m.Sights = map[string]Sight{}
	}
	for name, s := range m.Sights {
		s.Quiet = true // the drain deadline is a maximum
		m.Sights[name] = s
		m.seat(name)
	}
	if m.DNS == nil {
		m.DNS = AssumedDNS(&m.Record)
	}
	m.Orders = nil
	if rule := m.Record.ToTakeOver(); rule != "" && m.Traffic.Old == nil {
		m.Traffic.Old = &endpoint.Takeover{RuleARN: rule} // what it does is not known beforehand
	}
	m.calm()
	return m
}

// accused says that a guard speaks against the rollout in flight already: that is
// not bad luck to come.
func (m *Model) accused() bool {
	d := &decider{World: m.World, r: &m.Record}
	f := d.r.Rollout
	return f != nil && f.Back == nil && f.Frozen == nil && d.Guards != nil && d.verdict(f).against != nil
}

// Do applies an action that changes AWS to the model, and then its effect to the
// record, as the loop does.
func (m *Model) Do(a Action) {
	if _, ok := a.(Probe); ok {
		a = Probed{}
	}
	if Touches(a) {
		m.Record, _ = Before(m.World, a)
		m.touch(a)
	}
	m.Record, _ = Effect(m.World, a)
	Learn(&m.Record, m.Sights)
	m.calm()
}

// calm lets guards say that all is well, once what speaks against the rollout had its way.
func (m *Model) calm() {
	m.calmed = m.calmed || !m.accused()
	if m.calmed {
		m.Guards = content(&m.Record, m.Now)
	}
}

func (m *Model) touch(a Action) {
	switch a := a.(type) {
	case Launch:
		e := m.Record.Environment(a.Environment)
		m.Sights[e.Name] = Sight{
			Found: true, Ready: true, Quiet: true,
			ID: "e-model", TargetGroup: "model/" + e.Name, ScalingGroup: "model/" + e.Name,
			Healthy: e.Capacity.Min, Desired: e.Capacity.Min,
			Scaling: Scaling{Min: e.Capacity.Min, Max: e.Capacity.Max},
		}
		m.seat(e.Name)
	case Shift:
		m.Traffic = Traffic{RuleARN: orNew(either(m.Traffic.RuleARN, m.Record.Rule())), Weights: maps.Clone(a.Weights), Routed: true, Test: m.Traffic.Test}
	case Scale:
		m.scale(a.Environment, a.Scaling)
	case Resize:
		m.scale(a.Environment, Scaling{Min: a.Capacity.Min, Max: a.Capacity.Max})
	case Attach:
		m.attach(a.Environment, true)
	case Detach:
		m.attach(a.Environment, false)
	case Register:
		m.change(a.Environment, a.Instances, true)
	case Deregister:
		m.change(a.Environment, a.Instances, false)
	case Aim:
		m.Traffic.Test = TestRule{}
		if a.Environment != "" {
			m.Traffic.Test = TestRule{RuleARN: "model/test-rule", Target: a.Environment, Routed: true}
		}
	case Unroute:
		m.Traffic = Traffic{}
	case Point:
		m.DNS.point(a.Alias)
	case Unpoint:
		m.DNS.unpoint(a.Alias)
	case Retire:
		m.Sights[a.Environment] = Sight{Terminated: true}
	}
}

func (m *Model) scale(name string, to Scaling) {
	s := m.Sights[name]
	s.Scaling = to
	s.Desired = min(max(s.Desired, to.Min), to.Max)
	s.Healthy = s.Desired
	m.Sights[name] = s
	m.seat(name)
}

// instances is how many instances run in the model.
func (m *Model) instances() int {
	n := 0
	for _, s := range m.Sights {
		n += s.Desired
	}
	return n
}

// wake passes the model's time, and lets happen what is waited for.
func (m *Model) wake(w Wake) {
	if w.At.IsZero() {
		m.Now = m.Now.Add(time.Minute)
	} else if w.At.After(m.Now) {
		m.Now = w.At
	}
	m.calm()
	if f := m.Record.Rollout; f != nil && w.For == Consent {
		f.Paused, f.Promoted = nil, f.Step+1
	}
	for name, s := range m.Sights {
		if s.Terminating {
			s = Sight{Terminated: true}
		}
		s.Quiet = true
		if s.Found {
			s.Ready = true
			s.Healthy = max(s.Healthy, s.Desired, 1)
		}
		m.Sights[name] = s
		m.check(name)
	}
}

// Touches says whether an action changes AWS, and not the record alone.
func Touches(a Action) bool {
	switch a.(type) {
	case Launch, Shift, Scale, Resize, Attach, Detach, Register, Deregister, Aim, Unroute, Point, Unpoint, Retire, Forget, Dissolve:
		return true
	}
	return false
}

func orNew(arn string) string {
	if arn == "" {
		return "model/rule"
	}
	return arn
}
