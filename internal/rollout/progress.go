// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// progress takes the rollout one thing further.
func (d *decider) progress() (Decision, bool) {
	if d.r.Rollout == nil {
		return pass()
	}
	decision, ok := d.further()
	if d.sated(decision) {
		return do(Lack{})
	}
	return decision, ok
}

// further is progress, whatever was lacking until now.
func (d *decider) further() (Decision, bool) {
	f := d.r.Rollout
	to := d.r.Environment(f.To)
	switch {
	case !to.Launched:
		return do(Launch{to.Name})
	case f.Step < 0 && to.HealthyReads < endpoint.HealthyReadsWanted:
		return d.gate(f, to)
	case f.Step < 0:
		if decision, ok := d.smoke(f, to); ok {
			return decision, ok
		}
		return d.advance(f, to)
	case f.Shared():
		if decision, ok := d.exchange(f); ok {
			return decision, ok
		}
	}
	s := d.Sights[to.Name]
	if f.From != "" && s.Healthy == 0 && d.Sights[f.From].Healthy > 0 {
		return d.giveUp("%s has no healthy target left at %d %% of traffic", to.Name, f.Share(f.Step))
	}
	if f.Frozen != nil {
		return d.thaw(f)
	}
	v := d.verdict(f)
	if v.against != nil {
		return d.fail(f, *v.against)
	}
	if d.unaccepted() && d.handedOver(f) {
		return do(Accept{})
	}
	if f.Kind != endpoint.Hot && f.From != "" && f.Limit() < d.r.Desired.Rollout.Cap() {
		return d.recap(f, to)
	}
	if end := d.baked(f); d.Now.Before(end) {
		return waitUntil(end, Bake)
	}
	// A first deployment has had no users yet, and there is nothing to go back to.
	if v.unclear != "" && f.From != "" {
		limit := d.baked(f).Add(d.r.Desired.Rollout.ExtendBake.Std())
		if d.Now.Before(limit) {
			return waitUntil(limit, Verdict)
		}
		return d.freeze(v.unclear+", for "+d.r.Desired.Rollout.ExtendBake.String()+" beyond the bake (rollout.extend_bake)", nil)
	}
	switch {
	case d.capped(f):
		return pass()
	case f.Paused != nil:
		return wait(Consent)
	case d.consentWanted(f):
		return d.consent(f)
	case f.Step < len(f.Steps)-1:
		return d.advance(f, to)
	}
	if s.Healthy >= d.need(f, f.Step) {
		return do(Promote{Proven: true})
	}
	// It carries all traffic without the capacity for it: not a success.
	return d.lack(Health, "%s has %d healthy targets of %d at the end of its last bake, for %s (rollout.healthy_within)", to.Name, s.Healthy, d.need(f, f.Step), d.r.Desired.Rollout.HealthyWithin)
}

// gate waits until a candidate is healthy in three consecutive reads. Nothing
// reaches it before.
func (d *decider) gate(f *endpoint.Rollout, to *endpoint.Environment) (Decision, bool) {
	s := d.Sights[to.Name]
	if !to.Carried && s.Raced && d.attempts(to) < launchAttempts {
		return do(Abandon{Back: endpoint.GoingBack{
			Result: endpoint.Superseded, Reason: to.Name + " lost a race for the priority of its listener rule, and another is made",
		}})
	}
	if !to.Carried && len(s.Errors) > 0 {
		return d.giveUp("Elastic Beanstalk reports for %s: %s", to.Name, strings.TrimRight(strings.Join(s.Errors, " "), "."))
	}
	healthy := s.Found && s.Ready && s.Desired > 0 && s.Healthy >= max(s.Desired, d.need(f, 0))
	if !healthy {
		if to.HealthyReads > 0 {
			return do(Count{to.Name, false})
		}
		return d.lack(Health, "%s is not healthy within %s (rollout.healthy_within): %d of %d targets pass their health check", to.Name, d.r.Desired.Rollout.HealthyWithin, s.Healthy, s.Desired)
	}
	if next := to.LastRead.Add(endpoint.HealthyReadsInterval); to.HealthyReads > 0 && d.Now.Before(next) {
		return waitUntil(next, Health)
	}
	return do(Count{to.Name, true})
}

// launchAttempts is how many environments of a release are made when their
// launches lose races.
const launchAttempts = 3

// attempts counts the environments of e's release that never had traffic, with e.
func (d *decider) attempts(e *endpoint.Environment) int {
	n := 0
	for _, other := range d.r.Environments {
		if other.Fingerprint == e.Fingerprint && !other.Carried {
			n++
		}
	}
	return n
}

// advance sets the next weight, once there is healthy capacity for it.
func (d *decider) advance(f *endpoint.Rollout, to *endpoint.Environment) (Decision, bool) {
	next := f.Step + 1
	s := d.Sights[to.Name]
	if v := d.verdict(f); f.Step < 0 && v.against != nil {
		return d.fail(f, *v.against) // no request has reached it yet
	}
	if f.Paused != nil {
		return wait(Consent)
	}
	if f.Step < 0 && f.Kind != endpoint.Hot && !d.floored(f) {
		return d.lack(Update, "%s does not take a change of its capacity, for %s (rollout.healthy_within)", f.From, d.r.Desired.Rollout.HealthyWithin)
	}
	if f.Shared() {
		return d.oneMore(f, to)
	}
	if need := d.need(f, next); s.Healthy < need {
		return d.lack(Health, "%s has %d healthy targets of the %d that %d %% of traffic need, for %s (rollout.healthy_within)", to.Name, s.Healthy, need, f.Share(next), d.r.Desired.Rollout.HealthyWithin)
	}
	if d.joins(f) {
		return do(Join{d.load(d.r.Environment(f.From))})
	}
	return do(Advance{next})
}

// floored says that the environment which traffic may have to go back to keeps the
// capacity for all of it.
func (d *decider) floored(f *endpoint.Rollout) bool {
	from, s := d.r.Environment(f.From), d.Sights[f.From]
	if from == nil || s.Healthy == 0 {
		return true // there is nothing to keep
	}
	return s.Scaling.Min >= d.scaling(from).Min
}

// need is the healthy capacity that a step takes: its share of the instances
// that carried all traffic when the rollout began, rounded up.
func (d *decider) need(f *endpoint.Rollout, step int) int {
	from := d.r.Environment(f.From)
	if from == nil {
		return max(1, d.r.Environment(f.To).Capacity.Min)
	}
	if f.Urgent || f.Kind == endpoint.Hot && d.r.Pin != nil && d.Sights[f.From].Healthy == 0 {
		return 1 // an operator wants it, and whatever there is is better than what serves
	}
	share := f.Steps[min(max(step, 0), len(f.Steps)-1)].Weight
	if f.Kind != endpoint.Hot {
		share = min(share, d.r.Desired.Rollout.Cap())
	}
	if f.By == endpoint.ByInstance {
		share = 100 // one by one they are all needed, and each is healthy before it is
	}
	return max(1, (share*from.Full+99)/100)
}
