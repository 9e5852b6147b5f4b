// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// start begins the rollout to the desired release.
func (d *decider) start() (Decision, bool) {
	desired := d.r.Desired.Release
	active := d.r.Environment(d.r.Active)
	target := d.target()
	if d.r.Rollout != nil || target == d.r.GivenUp || (active != nil && active.Fingerprint == target) {
		return pass()
	}
	if d.r.Rejected(target, d.r.Desired.Rollout.Retry) != nil {
		return pass()
	}
	f := endpoint.Rollout{
		ID: fmt.Sprintf("r%d", d.r.Trail.Sequence+1), Kind: endpoint.New, From: d.r.Active,
		Step: -1, Started: d.Now, Steps: d.r.Desired.Rollout.Plan(), Cap: d.r.Desired.Rollout.MaxWeight,
	}
	if to := d.existing(target); to != nil {
		f.To, f.Kind = to.Name, endpoint.Warm
		if to.Proven && (d.whole(to) || d.pinned(to)) {
			f.Kind, f.Cap = endpoint.Hot, 0
			f.Steps = d.hotSteps(to, active)
		}
	} else {
		f.To = endpoint.EnvironmentName(d.r.Endpoint, desired, d.r.Serial+1)
	}
	if d.r.Desired.Rollout.By == endpoint.ByInstance && f.Kind != endpoint.Hot && active != nil {
		f.By, f.Steps = endpoint.ByInstance, d.r.Desired.Rollout.ForInstances(d.load(active))
	}
	if f.From == "" {
		// Nothing serves: there is nobody to share traffic with.
		f.Steps = f.Steps[len(f.Steps)-1:]
	}
	return do(Start{f})
}

// existing returns a usable environment of the release, or nil.
func (d *decider) existing(fingerprint string) *endpoint.Environment {
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		if e.Fingerprint == fingerprint && d.r.Role(e) == endpoint.Retained && e.Retired.IsZero() && d.Sights[e.Name].Found {
			return e
		}
	}
	return nil
}

// whole reports whether an environment has all the capacity it is to keep, healthy.
func (d *decider) whole(e *endpoint.Environment) bool {
	s := d.Sights[e.Name]
	return s.Found && s.Ready && s.Healthy >= max(e.Full, 1)
}

// pinned says that an operator wants an environment's release now, with whatever
// healthy capacity there is.
func (d *decider) pinned(e *endpoint.Environment) bool {
	return d.r.Pin != nil && d.r.Pin.Fingerprint == e.Fingerprint && d.Sights[e.Name].Healthy > 0
}

// hotSteps moves at once the share that healthy capacity carries: all of it as a
// rule, less when the live release has grown since.
func (d *decider) hotSteps(to, active *endpoint.Environment) []endpoint.Step {
	all := []endpoint.Step{{Weight: 100}}
	if active == nil || d.r.Pin != nil && d.Sights[active.Name].Healthy == 0 {
		return all
	}
	share := d.Sights[to.Name].Healthy * 100 / max(d.load(active), 1)
	if share >= 100 || share < 1 {
		return all
	}
	return append([]endpoint.Step{{Weight: share}}, all...)
}

// load is the number of instances that carries all traffic at the moment.
func (d *decider) load(active *endpoint.Environment) int {
	s := d.Sights[active.Name]
	return max(s.Healthy, s.Desired, active.Capacity.Min)
}
