// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// scale keeps every scaling group at the capacity its role asks for.
func (d *decider) scale() (Decision, bool) {
	f := d.r.Rollout
	if f != nil && f.Kind == endpoint.Hot && f.Since.IsZero() {
		return pass() // going back comes first; the capacity is there
	}
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		s := d.Sights[e.Name]
		if !s.Found || s.Terminating || s.ScalingGroup == "" || !e.Retired.IsZero() || d.due(e) != "" {
			continue
		}
		want := d.scaling(e)
		switch {
		case s.Scaling == want:
		case s.Ready:
			return do(Scale{e.Name, want})
		case f == nil && e.Name == d.r.Active:
			return wait(Update)
		}
	}
	return pass()
}

// scaling is the capacity that an environment's role asks for. A serving
// environment scales by itself, above a floor; one that is kept for going back
// stays at what it had under all traffic.
func (d *decider) scaling(e *endpoint.Environment) Scaling {
	f := d.r.Rollout
	want := Scaling{Min: e.Capacity.Min, Max: e.Capacity.Max}
	switch d.r.Role(e) {
	case endpoint.Active:
		if f != nil {
			want.Min = max(want.Min, e.Full)
		}
		want.Suspended = d.still(e)
	case endpoint.Candidate:
		want.Min = max(want.Min, d.need(f, f.Step+1), e.Full)
		want.Suspended = d.still(e)
	case endpoint.Retained:
		want.Min, want.Suspended = max(e.Full, 1), true
	default:
		// What was held still for a rollout by instance and is kept for a look moves again.
		want = d.Sights[e.Name].Scaling
		want.Suspended = false
		return want
	}
	want.Max = max(want.Max, want.Min)
	return want
}

// resize follows the configured capacity, in place.
func (d *decider) resize() (Decision, bool) {
	active := d.r.Environment(d.r.Active)
	if d.r.Rollout != nil || active == nil || active.Capacity == d.r.Desired.Capacity {
		return pass()
	}
	if !d.Sights[active.Name].Ready {
		return wait(Update)
	}
	return do(Resize{active.Name, d.r.Desired.Capacity})
}
