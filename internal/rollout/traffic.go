// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"maps"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// settle notes that weights that were sent have been read back.
func (d *decider) settle() (Decision, bool) {
	want := d.r.Weights()
	if d.untouched() {
		return pass()
	}
	if want == nil || !d.Traffic.Is(want) || !d.Traffic.Routed || d.entering() && !d.placed() {
		return pass()
	}
	// The later steps by instance need no change of the rule.
	if d.proven(want) || d.entering() && d.followed() && d.r.Move == nil {
		return do(Settle{want})
	}
	return pass()
}

// sent says that these were the last weights sent, and not read back yet. A read
// that shows weights which were not sent may show the past.
func (d *decider) sent(want map[string]int) bool {
	return d.r.Move != nil && maps.Equal(d.r.Move.Weights, want)
}

// proven says that a read which shows these weights shows what was sent, and not the
// time before: AWS answered, or the rule never had them, or reads have caught up.
// Otherwise nobody knows whether AWS took them, and they are sent once more.
func (d *decider) proven(want map[string]int) bool {
	return d.sent(want) && (d.r.Move.Answered || d.r.Move.Fresh || d.Now.Sub(d.r.Move.Since) > readsBehind)
}

// stepping says that the weights of a step, or of the way back, are being set and
// were not read back yet.
func (d *decider) stepping() bool {
	f := d.r.Rollout
	return f != nil && f.Step >= 0 && f.Since.IsZero()
}

// repair makes the rule send what the record says, whoever changed it.
func (d *decider) repair() (Decision, bool) {
	want := d.r.Weights()
	switch {
	case want == nil, d.untouched(), d.sends(want), d.leaving():
		return pass()
	case !d.addressed(want):
		return wait(Health)
	case d.tooFar(want):
		return d.retreat()
	case d.worse(want), d.hasty(want):
		return d.spare()
	}
	return do(Shift{Weights: want, Why: d.whyShift()})
}

// sends says that the rule sends these weights, and that it is no read of the past
// which shows them.
func (d *decider) sends(want map[string]int) bool {
	doubtful := d.r.Move != nil && !d.proven(want)
	return d.Traffic.Is(want) && d.Traffic.Routed && !d.unsent(want) && !doubtful
}

// unsent says that these weights are to be sent, whatever a read shows.
func (d *decider) unsent(want map[string]int) bool {
	return !d.sent(want) && (d.r.Move != nil || d.stepping() && !d.followed() || d.owned())
}

// addressed says that all environments with a weight have a target group to send to.
func (d *decider) addressed(want map[string]int) bool {
	for name := range want {
		if e := d.r.Environment(name); e != nil && e.TargetGroup == "" {
			return false
		}
	}
	return true
}

// tooFar says that the weight in force is the one to be at: since this one was decided on,
// and before its weight is there, the candidate's capacity went or a guard spoke against it.
func (d *decider) tooFar(want map[string]int) bool {
	f := d.r.Rollout
	if !d.stepping() || d.followed() || d.Traffic.Percent(f.To) >= want[f.To] {
		return false
	}
	late := d.unsent(want) || d.Now.Sub(d.r.Move.Since) > readsBehind
	return late && (d.short(f) || d.condemned(f))
}

// retreat goes back to the weight in force: that of the step before, or the one under the
// cap that was in force before it was raised.
func (d *decider) retreat() (Decision, bool) {
	f := d.r.Rollout
	if f.Given > 0 && f.Given < f.Share(f.Step) && (f.Step == 0 || f.Given > f.Share(f.Step-1)) {
		return do(Recap{f.Given})
	}
	return do(Advance{f.Step - 1})
}

// leaving says that an operator's rollback is about to take all traffic from what is
// live: to repair its weights would send users there once more.
func (d *decider) leaving() bool {
	f := d.r.Rollout
	if !d.left(d.r.Active) || f != nil && (f.Kind != endpoint.Hot || f.Step >= 0 || f.Back != nil) {
		return false
	}
	if f != nil {
		return f.Steps[0].Weight == 100 && d.pinned(d.r.Environment(f.To))
	}
	to := d.existing(d.target())
	return to != nil && to.Proven && d.pinned(to) && d.hotSteps(to, d.r.Environment(d.r.Active))[0].Weight == 100
}

// worse says that these weights would take traffic from what is healthy, where
// somebody else sent it, to what is not.
func (d *decider) worse(want map[string]int) bool {
	for name := range want {
		if d.Sights[name].Able() > 0 {
			return false
		}
	}
	for name, weight := range d.Traffic.Weights {
		if weight > 0 && d.Sights[name].Able() > 0 {
			return true
		}
	}
	// Where traffic goes back from has its share still, though a read of the past shows none.
	f := d.r.Rollout
	return f != nil && f.Back != nil && f.Step >= 0 && !d.sent(want) && d.Sights[f.To].Able() > 0
}

// hasty says that traffic which goes back, because another release was asked for, would
// be more than what it goes back to can carry, while the candidate serves its share.
// A release that failed, and an operator's rollback, do not wait.
func (d *decider) hasty(want map[string]int) bool {
	f := d.r.Rollout
	if f == nil || f.Back == nil || f.Back.Result != endpoint.Superseded || f.Kind == endpoint.Hot || d.r.Pin != nil || d.sent(want) {
		return false
	}
	from, s := d.r.Environment(f.From), d.Sights[f.From]
	if from == nil || s.Healthy >= from.Full || d.Sights[f.To].Healthy == 0 || d.Traffic.Percent(f.To) == 0 {
		return false
	}
	return s.Ready && !d.floored(f) || d.Now.Sub(f.Back.Since) < d.r.Desired.Rollout.HealthyWithin.Std()
}

// spare leaves traffic where it is healthy. Its way back waits for capacity;
// otherwise what else is to be done may be what helps.
func (d *decider) spare() (Decision, bool) {
	if f := d.r.Rollout; f == nil || f.Back == nil && !d.stepping() {
		return pass()
	}
	if decision, ok := d.scale(); ok {
		return decision, true
	}
	if d.deserted() {
		return do(Promote{Proven: false})
	}
	return wait(Health)
}

// hold waits with a repair that would be for the worse.
func (d *decider) hold() (Decision, bool) {
	if want := d.r.Weights(); want != nil && !d.untouched() && (!d.Traffic.Is(want) || !d.Traffic.Routed) {
		return wait(Health)
	}
	return pass()
}

// readsBehind is how far AWS's answers may be behind.
const readsBehind = time.Minute

func (d *decider) whyShift() string {
	f := d.r.Rollout
	switch {
	case f != nil && f.Back != nil:
		return "traffic goes back: " + f.Back.Reason
	case d.entering() && !d.followed():
		return fmt.Sprintf("the instances of %s stand in its target group, and make room one by one", d.r.ActiveVersion())
	case d.stepping():
		return fmt.Sprintf("step %d of %d", f.Step+1, len(f.Steps))
	case d.Traffic.RuleARN == "":
		return "the listener rule is missing"
	case d.owned():
		return "the listener rule is the endpoint's own now"
	case !d.Traffic.Routed:
		return "the rule's conditions, priority or stickiness differ from the configuration"
	case d.r.Move != nil:
		return d.r.Move.Why
	default:
		return "weights were changed outside ionroller"
	}
}
