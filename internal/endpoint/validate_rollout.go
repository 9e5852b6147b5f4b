// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"fmt"
	"math"
	"time"
)

// maxAlarms bounds rollout.alarms: DescribeAlarms takes so many names at a time.
const maxAlarms = 100

func (v *validator) rollout(p RolloutPolicy) {
	switch p.By {
	case "", ByWeight:
		v.steps(p.Steps)
	case ByInstance:
		v.byInstance(p)
	default:
		v.add("rollout.by", "%q is neither %q nor %q", p.By, ByWeight, ByInstance)
	}
	if p.HealthyWithin.Std() < time.Second {
		v.add("rollout.healthy_within", "%s is too short: an environment takes minutes to start", p.HealthyWithin)
	}
	if p.MaxWeight < 1 || p.MaxWeight > 100 {
		v.add("rollout.max_weight", "%d is outside 1 to 100: a weight is a percentage of the endpoint's requests", p.MaxWeight)
	}
	if n := len(p.Alarms); n > maxAlarms {
		v.add("rollout.alarms", "%d alarms: at most %d; put some of them together in a composite alarm", n, maxAlarms)
	}
	seen := map[string]bool{}
	for _, name := range p.Alarms {
		switch {
		case name == "" || len(name) > 255:
			v.add("rollout.alarms", "%q: an alarm's name has 1 to 255 characters; an ARN is not a name", name)
		case seen[name]:
			v.add("rollout.alarms", "%q is named twice", name)
		}
		seen[name] = true
	}
	if p.NoWait && len(p.Steps) == 0 {
		v.add("rollout.wait", "false without rollout.steps: all traffic moves at once, and nobody would finish the rollout; add steps, or take it out")
	}
	if p.OnFailure != "" && p.OnFailure != Rollback && p.OnFailure != Freeze {
		v.add("rollout.on_failure", "%q is neither %q nor %q", p.OnFailure, Rollback, Freeze)
	}
	if p.Retry < 0 {
		v.add("rollout.retry", "%d is negative: raise it from 0 on", p.Retry)
	}
	v.notNegative("rollout.extend_bake", p.ExtendBake)
	if p.Analysis != nil {
		v.analysis(*p.Analysis)
	}
}

func (v *validator) steps(steps []Step) {
	previous := 0
	for i, s := range steps {
		attribute := fmt.Sprintf("rollout.steps[%d].weight", i)
		switch {
		case s.Weight == 0:
			v.add(attribute, "is missing, or outside 1 to 100: it is the step's share of the endpoint's requests in percent; only with rollout.by = %q a step has none", ByInstance)
		case s.Weight < 1 || s.Weight > 100:
			v.add(attribute, "%d is outside 1 to 100: a weight is a percentage of the endpoint's requests", s.Weight)
		case s.Weight <= previous:
			v.add(attribute, "%d does not rise above the step before, %d: weights rise from step to step", s.Weight, previous)
		}
		previous = s.Weight
		v.step(i, s)
	}
}

// step checks what a step has by weight and by instance.
func (v *validator) step(i int, s Step) {
	v.notNegative(fmt.Sprintf("rollout.steps[%d].bake", i), s.Bake)
	v.pause(fmt.Sprintf("rollout.steps[%d].pause", i), s.Pause)
}

func (v *validator) pause(attribute string, p Pause) {
	switch p.Then {
	case "":
		return
	case ThenPromote, ThenRollback, ThenFreeze:
	default:
		v.add(attribute+".then", "%q is none of %q, %q and %q", p.Then, ThenPromote, ThenRollback, ThenFreeze)
	}
	if p.Deadline <= 0 {
		v.add(attribute+".deadline", "%s leaves nobody time to promote it", p.Deadline)
	}
}

func (v *validator) analysis(a Analysis) {
	const of = "rollout.analysis"
	if a.ErrorRate == nil && a.Latency == nil && a.UnhealthyHosts == nil {
		v.add(of, "bounds nothing: set error_rate, latency or unhealthy_hosts")
	}
	if e := a.ErrorRate; e != nil {
		if e.Max == nil && e.MaxRatio == 0 {
			v.add(of+".error_rate", "bounds nothing: set max or max_ratio")
		}
		if e.Max != nil && !(*e.Max >= 0 && *e.Max < 100) {
			v.add(of+".error_rate.max", "%g is outside 0 to 100: it is a percentage", *e.Max)
		}
		v.ratio(of+".error_rate.max_ratio", e.MaxRatio)
	}
	if l := a.Latency; l != nil {
		if l.Max == 0 && l.MaxRatio == 0 {
			v.add(of+".latency", "bounds nothing: set max or max_ratio")
		}
		v.percentile(of+".latency.percentile", l.Percentile)
		v.notNegative(of+".latency.max", l.Max)
		v.ratio(of+".latency.max_ratio", l.MaxRatio)
	}
	if a.UnhealthyHosts != nil && *a.UnhealthyHosts < 0 {
		v.add(of+".unhealthy_hosts", "%d is negative", *a.UnhealthyHosts)
	}
	if a.MinimumRequests < 1 {
		v.add(of+".minimum_requests", "%d: from no request nothing follows", a.MinimumRequests)
	}
}

// percentile checks one of CloudWatch's, which have at most two decimals: pNN.NN in
// "Get statistics for your CloudWatch metrics" of the EC2 user guide.
func (v *validator) percentile(attribute string, p float64) {
	hundredths := p * 100
	switch {
	case !(p > 0 && p <= 100):
		v.add(attribute, "%g is outside 0 to 100", p)
	case math.Abs(hundredths-math.Round(hundredths)) > 1e-6:
		v.add(attribute, "%g is not a percentile of CloudWatch: they have at most two decimals, as 99.95", p)
	}
}

// ratio checks a multiple of what the active environment has; 0 is none.
func (v *validator) ratio(attribute string, r float64) {
	if r != 0 && !(r >= 1) {
		v.add(attribute, "%g is below 1: the new release would have to be better than the live one", r)
	}
}
