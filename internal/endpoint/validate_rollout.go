// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// The rules of a rollout: its steps, and what watches over it.

func (v *validator) rollout(p RolloutPolicy) {
	v.steps(p.Steps)
	if p.HealthyWithin.Std() < time.Second {
		v.add("rollout.healthy_within", "%s is too short: an environment takes minutes to start", p.HealthyWithin)
	}
	if p.MaxWeight < 0 || p.MaxWeight > 100 {
		v.add("rollout.max_weight", "%d is outside 1 to 100: it is a percentage of the endpoint's requests", p.MaxWeight)
	}
	v.alarms(p.Alarms)
	if p.Analysis != nil {
		v.analysis(*p.Analysis)
	}
	v.notNegative("rollout.extend_bake", p.ExtendBake)
	if !slices.Contains([]OnFailure{"", Rollback, Freeze}, p.OnFailure) {
		v.add("rollout.on_failure", "%q is neither %q nor %q", p.OnFailure, Rollback, Freeze)
	}
	if p.Retry < 0 {
		v.add("rollout.retry", "%d is negative: it begins at 0 and is raised to try a rejected release again", p.Retry)
	}
	if p.NoWait && len(p.Steps) == 0 {
		v.add("rollout.wait", "false without rollout.steps: all traffic moves at once, and nobody would finish the rollout; add steps, or take it out")
	}
}

func (v *validator) steps(steps []Step) {
	previous := 0
	for i, s := range steps {
		at := func(name string) string { return fmt.Sprintf("rollout.steps[%d].%s", i, name) }
		switch {
		case s.Weight < 1 || s.Weight > 100:
			v.add(at("weight"), "%d is outside 1 to 100: a weight is a percentage of the endpoint's requests", s.Weight)
		case s.Weight <= previous:
			v.add(at("weight"), "%d does not rise above the step before, %d: weights rise from step to step", s.Weight, previous)
		}
		previous = s.Weight
		v.notNegative(at("bake"), s.Bake)
		if s.Pause == (Pause{}) {
			continue
		}
		if s.Pause.Deadline <= 0 {
			v.add(at("pause.deadline"), "%s is too short for anybody to promote the step: a deadline is more than 0s", s.Pause.Deadline)
		}
		if !slices.Contains([]AfterTheWait{ThenPromote, ThenRollback, ThenFreeze}, s.Pause.Then) {
			v.add(at("pause.then"), "%q is none of %q, %q and %q", s.Pause.Then, ThenPromote, ThenRollback, ThenFreeze)
		}
	}
}

func (v *validator) alarms(names []string) {
	if n := len(names); n > MaxAlarms {
		v.add("rollout.alarms", "%d alarms: at most %d can watch over a rollout; put some together in a composite alarm", n, MaxAlarms)
	}
	seen := map[string]bool{}
	for _, name := range names {
		switch {
		case name == "" || len(name) > MaxAlarmName:
			v.add("rollout.alarms", "%q has %d characters: the name of a CloudWatch alarm has 1 to %d", name, len(name), MaxAlarmName)
		case seen[name]:
			v.add("rollout.alarms", "%q is named twice", name)
		}
		seen[name] = true
	}
}

func (v *validator) analysis(a Analysis) {
	if a.ErrorRate == nil && a.Latency == nil && a.UnhealthyHosts == nil {
		v.add("rollout.analysis", "judges nothing: say error_rate, latency or unhealthy_hosts, or take it out")
	}
	if a.ErrorRate != nil {
		v.errorRate(*a.ErrorRate)
	}
	if a.Latency != nil {
		v.latency(*a.Latency)
	}
	if n := a.UnhealthyHosts; n != nil && *n < 0 {
		v.add("rollout.analysis.unhealthy_hosts", "%d is negative: 0 bears no unhealthy target", *n)
	}
	if a.MinimumRequests < 1 {
		v.add("rollout.analysis.minimum_requests", "%d: a verdict needs at least 1 request", a.MinimumRequests)
	}
}

func (v *validator) errorRate(e ErrorRate) {
	const attribute = "rollout.analysis.error_rate"
	if e.Max == nil && e.MaxRatio == 0 {
		v.add(attribute, "bounds nothing: say max, max_ratio or both")
	}
	if e.Max != nil && !(*e.Max >= 0 && *e.Max <= 100) {
		v.add(attribute+".max", "%g is outside 0 to 100: it is a percentage of the requests", *e.Max)
	}
	v.ratio(attribute+".max_ratio", e.MaxRatio)
}

func (v *validator) latency(l Latency) {
	const attribute = "rollout.analysis.latency"
	if l.Max == 0 && l.MaxRatio == 0 {
		v.add(attribute, "bounds nothing: say max, max_ratio or both")
	}
	v.notNegative(attribute+".max", l.Max)
	v.ratio(attribute+".max_ratio", l.MaxRatio)
	// CloudWatch takes percentiles with two decimals: pNN.NN in "Get statistics for
	// your CloudWatch metrics" of the EC2 user guide.
	hundredths := l.Percentile * 100
	if !(l.Percentile > 0 && l.Percentile <= 100) || math.Abs(hundredths-math.Round(hundredths)) > 1e-6 {
		v.add(attribute+".percentile", "%g is not a percentile of CloudWatch: more than 0, at most 100, with at most two decimals, as 99 or 99.9", l.Percentile)
	}
}

// ratio checks a bound relative to the active environment; 0 is none. One below 1
// would speak against a release that is exactly as good.
func (v *validator) ratio(attribute string, r float64) {
	if r != 0 && !(r >= 1) || math.IsInf(r, 0) {
		v.add(attribute, "%g is below 1: a release that is as good as the active one would fail; 1.5 allows half as much again", r)
	}
}
