// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// What an environment's end waits for: connections may still be in use after it
// left the rule, and the load balancer takes a moment to follow a change.
const (
	// PropagationMargin is added to the deregistration delay.
	PropagationMargin = 5 * time.Second
	// DrainDeadline is how long an environment that still answers requests is
	// waited for.
	DrainDeadline = 5 * time.Minute
	// retireAgainAfter is how long a termination may leave an environment Ready
	// before it is asked for again.
	retireAgainAfter = 2 * time.Minute
)

// retire removes environments that are not worth keeping any more, one at a
// time, and never one that a request can reach. While traffic moves it is not
// asked: progress always has something to do or to wait for.
func (d *decider) retire() (Decision, bool) {
	var waiting Decision
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		why := d.due(e)
		if why == "" || len(d.Sights[e.Name].UsedBy) > 0 {
			continue
		}
		decision := d.end(e, why)
		if decision.Action != nil {
			return decision, true
		}
		waiting = decision
	}
	return waiting, waiting.Wake.For != ""
}

// due says why an environment is to be removed, or "" when it is to stay.
func (d *decider) due(e *endpoint.Environment) string {
	switch d.r.Role(e) {
	case endpoint.Failed:
		if e.Dropped != "" {
			return e.Dropped
		}
		if at, ok := d.r.Expires(e); ok && d.Now.Before(at) && e.Retired.IsZero() {
			return ""
		}
		if e.Failure == "" {
			return "it never had traffic"
		}
		return "it was given up"
	case endpoint.Retained:
		if !e.Retired.IsZero() {
			return "its retention is over"
		}
		// Whom traffic may still go back to stays.
		if d.r.Rollout != nil && !d.parked() {
			return ""
		}
		if at, ok := d.r.Expires(e); ok && !d.Now.Before(at) {
			return fmt.Sprintf("its retention of %s is over", d.r.Desired.Retention.KeepFor)
		}
		if d.newer(e) >= d.r.Desired.Retention.Max {
			return fmt.Sprintf("at most %d old environments are kept", d.r.Desired.Retention.Max)
		}
	}
	return ""
}

// newer counts the retained environments that left traffic after e.
func (d *decider) newer(e *endpoint.Environment) int {
	n := 0
	for i := range d.r.Environments {
		o := &d.r.Environments[i]
		if o.Name != e.Name && d.r.Role(o) == endpoint.Retained && o.Retired.IsZero() && o.OutSince.After(e.OutSince) {
			n++
		}
	}
	return n
}

// end takes one environment a step further towards its removal.
func (d *decider) end(e *endpoint.Environment, why string) Decision {
	s := d.Sights[e.Name]
	if !s.Found {
		if !e.Created.IsZero() && d.Now.Sub(e.Created) < unseenFor && !e.Refused && !s.Terminated {
			return Decision{Wake: Wake{For: Removal}}
		}
		return Decision{Action: Forget{e.Name}}
	}
	if s.Terminating || (!e.Retired.IsZero() && d.Now.Sub(e.Retired) < retireAgainAfter) {
		return Decision{Wake: Wake{For: Removal}}
	}
	if _, routed := d.Traffic.Weights[e.Name]; routed {
		if d.r.Active == "" && d.r.Phase != endpoint.Deleting {
			return Decision{} // nothing else serves: it is in the rule until something does
		}
		return Decision{Wake: Wake{For: Drain}}
	}
	if d.lodges(e.Name) {
		return Decision{Wake: Wake{For: Drain}} // another target group still sends to its instances
	}
	if d.Traffic.Test.Target == e.Name {
		return Decision{Wake: Wake{For: Drain}} // the test route moves on first
	}
	if at := d.drained(e); d.Now.Before(at) {
		return Decision{Wake: Wake{At: at, For: Drain}}
	}
	if !s.Ready {
		return Decision{Wake: Wake{For: Update}} // the platform refuses it before
	}
	return Decision{Action: Retire{e.Name, why}}
}

// drained is when no request can reach the environment any more: the
// deregistration delay and a margin after it left traffic, or the drain deadline
// when it still answers.
func (d *decider) drained(e *endpoint.Environment) time.Time {
	if !e.Carried || e.OutSince.IsZero() {
		return time.Time{}
	}
	at := e.OutSince.Add(e.Release.Health.DeregistrationDelay.Std() + PropagationMargin)
	if !d.Sights[e.Name].Quiet && !d.Now.Before(at) {
		return e.OutSince.Add(max(DrainDeadline, at.Sub(e.OutSince)))
	}
	return at
}

// remove takes everything away: first the DNS records, then the rule, then, drained,
// the environments, then the application.
func (d *decider) remove() Decision {
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		if used := d.Sights[e.Name].UsedBy; len(used) > 0 {
			return Decision{Action: Stop{fmt.Sprintf("environment %s is still used by a listener rule that is not ionroller's: %s; remove that rule or take the environment's target group out of it, then try again", e.Name, strings.Join(used, ", "))}}
		}
	}
	if aliases := d.r.Pointed(); len(aliases) > 0 {
		return Decision{Action: Unpoint{aliases[0]}}
	}
	if d.Traffic.Test.RuleARN != "" {
		return Decision{Action: Aim{}}
	}
	if d.r.TakingOver() {
		// The rule is its maker's: what it did it does again, and it stays.
		if decision, ok := d.giveBack(); ok {
			return decision
		}
		return d.empty()
	}
	// A rule that was made is removed, whatever a read shows: it may show the past.
	if d.Traffic.RuleARN != "" || d.r.RuleARN != "" {
		return Decision{Action: Unroute{}}
	}
	if d.r.Move != nil && d.Now.Sub(d.r.Move.Since) < readsBehind {
		return Decision{Wake: Wake{At: d.r.Move.Since.Add(readsBehind), For: Drain}}
	}
	if d.r.Move != nil {
		return Decision{Action: Unroute{}} // it was made and somebody else removed it: the drain begins
	}
	return d.empty()
}

// empty takes away what no request reaches any more: the environments, then the
// application.
func (d *decider) empty() Decision {
	var waiting Decision
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		decision := d.end(e, "the endpoint is removed")
		if decision.Action != nil {
			return decision
		}
		waiting = decision
	}
	if len(d.r.Environments) > 0 {
		return waiting
	}
	return Decision{Action: Dissolve{}}
}

// rest is what there is to wait for when there is nothing to do. A rollout that rests
// at its cap, or is frozen, is looked at: its environments and guards go on.
func (d *decider) rest() Wake {
	if d.r.Rollout != nil {
		return Wake{For: Watch}
	}
	return d.nextExpiry()
}

// nextExpiry is when the first retention ends.
func (d *decider) nextExpiry() Wake {
	var times []time.Time
	for i := range d.r.Environments {
		if at, ok := d.r.Expires(&d.r.Environments[i]); ok {
			times = append(times, at)
		}
	}
	if len(times) == 0 {
		return Wake{}
	}
	return Wake{At: slices.MinFunc(times, time.Time.Compare), For: Expiry}
}

// Ending names the environments that left traffic and are about to be removed:
// those of which it matters whether they still answer requests.
func Ending(w World) []string {
	d := &decider{World: w, r: &w.Record}
	var names []string
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		ends := d.r.Phase == endpoint.Deleting || d.due(e) != ""
		if ends && e.Carried && !e.OutSince.IsZero() && e.Retired.IsZero() && e.TargetGroup != "" {
			names = append(names, e.Name)
		}
	}
	return names
}
