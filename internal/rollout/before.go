// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Before returns the record as it is to be committed before an action changes
// AWS: with the intent, and for a change of weights what they shall be and why.
func Before(w World, a Action) (endpoint.Record, []endpoint.Event) {
	r := w.Record.Clone()
	r.Intent = &endpoint.Intent{Action: a.String(), Since: w.Now}
	if launch, ok := a.(Launch); ok {
		r.Environment(launch.Environment).Created = w.Now
	}
	if point, ok := a.(Point); ok && !slices.Contains(r.Pointed(), point.Alias) {
		r.Pointing = append(r.Pointing, point.Alias) // whatever becomes of this run, it is to be let go of
	}
	if retire, ok := a.(Retire); ok {
		// From here on it may end, whatever becomes of this run: nobody shall use it.
		r.Environment(retire.Environment).Retired = w.Now
	}
	shift, ok := a.(Shift)
	if !ok {
		return r, nil
	}
	move := endpoint.Move{Weights: shift.Weights, Why: shift.Why, Since: w.Now}
	f := r.Rollout
	if r.Move != nil && maps.Equal(r.Move.Weights, shift.Weights) {
		move.Since, move.Fresh = r.Move.Since, r.Move.Fresh // it is sent again
	} else if f != nil && f.Back == nil {
		move.Fresh = f.Kind == endpoint.New && shift.Weights[f.To] > f.Most
		f.Most = max(f.Most, shift.Weights[f.To])
	}
	r.Move = &move
	if r.TakingOver() {
		r.Takeover.Begun = true
	}
	if f != nil && f.Back == nil && (&decider{World: w, r: &r}).stepping() {
		f.Give(shift.Weights[f.To], w.Now)
	}
	for name := range shift.Weights {
		// From here on requests may reach it, whatever becomes of this run.
		if env := r.Environment(name); env != nil {
			env.Carried, env.OutSince = true, time.Time{}
		}
	}
	for name, weight := range w.Traffic.Weights {
		// Somebody else's change may have brought requests to it meanwhile.
		if env := r.Environment(name); env != nil && weight > 0 {
			env.Carried, env.OutSince = true, time.Time{}
		}
	}
	return r, []endpoint.Event{{
		Time: w.Now, Type: endpoint.TrafficRequested, Version: toVersion(&r),
		Message: fmt.Sprintf("traffic is to be %s: %s", Shares(shift.Weights), shift.Why),
		Data:    weightData(shift.Weights),
	}}
}
