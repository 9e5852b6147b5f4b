// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import "fmt"

// By says what the steps of a rollout move.
type By string

const (
	ByWeight   By = "weight"   // shares of the requests
	ByInstance By = "instance" // one instance after the other, in one target group
)

// ForInstances returns the steps in which so many instances take the place of
// others, one each. The policy's steps are for the first ones, and its last for all
// that follow.
func (p RolloutPolicy) ForInstances(n int) []Step {
	steps := make([]Step, n)
	for i := range steps {
		if len(p.Steps) > 0 {
			steps[i] = p.Steps[min(i, len(p.Steps)-1)]
		}
		steps[i].Weight = 100 * (i + 1) / n
	}
	return steps
}

// Shared says that instances of both environments stand in To's target group, to
// which all requests go from the first step on.
func (f *Rollout) Shared() bool { return !f.Joined.IsZero() && f.From != "" && f.Back == nil }

// byInstance checks a policy under which instances move. All of them stand in one
// target group, and their scaling groups do not scale meanwhile.
func (v *validator) byInstance(p RolloutPolicy) {
	for i, s := range p.Steps {
		if s.Weight != 0 {
			v.add(fmt.Sprintf("rollout.steps[%d].weight", i), `%d, and rollout.by is %q: a step is one instance there and has no weight; leave it out. The last step's bake and pause hold for all further instances`, s.Weight, ByInstance)
		}
		v.step(i, s)
	}
	if p.MaxWeight < 100 {
		v.add("rollout.max_weight", `%d, and rollout.by is %q: the rollout would rest with the scaling of both environments suspended; use a pause with a deadline, or rollout.by = %q`, p.MaxWeight, ByInstance, ByWeight)
	}
	if a := p.Analysis; a != nil && a.ErrorRate != nil && a.ErrorRate.MaxRatio != 0 {
		v.incomparable("rollout.analysis.error_rate.max_ratio")
	}
	if a := p.Analysis; a != nil && a.Latency != nil && a.Latency.MaxRatio != 0 {
		v.incomparable("rollout.analysis.latency.max_ratio")
	}
}

func (v *validator) incomparable(attribute string) {
	v.add(attribute, `with rollout.by = %q both releases answer from one target group, whose metrics do not tell them apart: bound both together by max, or use rollout.by = %q`, ByInstance, ByWeight)
}
