// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// aim keeps the test route on the newest environment.
func (d *decider) aim() (Decision, bool) {
	f := d.r.Rollout
	if f != nil && f.Kind == endpoint.Hot && f.Since.IsZero() {
		return pass() // going back comes first
	}
	seen, newest := d.Traffic.Test, d.r.Newest()
	switch {
	case d.r.Desired.TestRoute == nil && seen.RuleARN != "":
		return do(Aim{})
	case newest == "" && d.stale(seen.Target):
		return do(Aim{}) // what it reaches was given up, and there is nothing else
	case d.r.Desired.TestRoute == nil || newest == "" || d.Traffic.RuleARN == "" && d.r.Active != "":
		return pass()
	case seen.RuleARN != "" && seen.Routed && seen.Target == newest:
		return pass()
	case d.r.Environment(newest).TargetGroup == "":
		return pass()
	}
	return do(Aim{newest})
}

// stale says that the test route's environment is to go, or is not to be shown.
func (d *decider) stale(target string) bool {
	e := d.r.Environment(target)
	return e != nil && (d.r.TakingOver() || d.due(e) != "")
}

// How long after a probe the next follows.
const (
	probeAgain = 5 * time.Second // after one that failed
	probeNext  = time.Second     // after one that passed
)

// smoke probes a healthy candidate over the test route until it has passed often
// enough in a row. It says whether there is still something to do.
func (d *decider) smoke(f *endpoint.Rollout, to *endpoint.Environment) (Decision, bool) {
	check := d.r.Desired.Rollout.Smoke
	if check == nil || f.Smoked >= check.Count || f.Kind == endpoint.Hot {
		return pass()
	}
	pause := probeNext
	if f.SmokeFault != "" {
		if d.overdue(f) && d.Now.Before(f.Probed.Add(probeAgain)) { // it was asked just now
			return d.giveUp("%s does not pass its smoke check within %s (rollout.healthy_within): %s", to.Name, d.r.Desired.Rollout.HealthyWithin, f.SmokeFault)
		}
		pause = probeAgain
	}
	if at := f.Probed.Add(pause); !f.Probed.IsZero() && d.Now.Before(at) {
		return waitUntil(at, Smoke)
	}
	return do(Probe{to.Name})
}

// probed notes the answer to a smoke check: what was wrong with it, or "".
func (e *effect) probed(fault string) {
	f := e.r.Rollout
	f.SmokeFault, f.Probed = fault, e.Now
	if fault != "" {
		f.Smoked = 0
		if f.Lacking.IsZero() {
			e.lack(Smoke)
		}
		return
	}
	f.Smoked++
	if f.Smoked == e.r.Desired.Rollout.Smoke.Count {
		e.lack("")
		e.tell(endpoint.SmokePassed, e.r.Environment(f.To), "the smoke check passed %d times in a row", f.Smoked)
	}
}

// aim notes what the test route reaches; "" is nothing.
func (e *effect) aim(name string) {
	if name == "" {
		e.r.TestRuleARN = ""
		e.tell(endpoint.TestRouteAimed, nil, "the test route is removed")
		return
	}
	env := e.r.Environment(name)
	e.r.TestRuleARN = e.Traffic.Test.RuleARN
	e.tell(endpoint.TestRouteAimed, env, "the test route reaches %s, environment %s", env.Release.Version, name)
}
