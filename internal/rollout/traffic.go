// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"maps"
	"time"
)

// settle notes that weights that were sent have been read back.
func (d *decider) settle() (Decision, bool) {
	want := d.r.Weights()
	if d.untouched() {
		return pass()
	}
	if want != nil && d.proven(want) && d.Traffic.Is(want) && d.Traffic.Routed {
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
	unsent := !d.sent(want) && (d.r.Move != nil || d.stepping() || d.owned())
	doubtful := d.r.Move != nil && !d.proven(want)
	if d.untouched() {
		return pass()
	}
	if want == nil || (d.Traffic.Is(want) && d.Traffic.Routed && !unsent && !doubtful) {
		return pass()
	}
	for name := range want {
		if e := d.r.Environment(name); e != nil && e.TargetGroup == "" {
			return wait(Health)
		}
	}
	if f := d.r.Rollout; d.stepping() && (unsent || d.Now.Sub(d.r.Move.Since) > readsBehind) && d.Traffic.Percent(f.To) < want[f.To] && (d.Sights[f.To].Healthy < d.need(f, f.Step) || d.alarmed(f)) {
		// Its capacity went, or an alarm went off, after the step was decided on: back
		// to the step before.
		return do(Advance{f.Step - 1})
	}
	if d.worse(want) {
		return d.spare()
	}
	return do(Shift{Weights: want, Why: d.whyShift()})
}

// worse says that these weights would take traffic from what is healthy, where
// somebody else sent it, to what is not.
func (d *decider) worse(want map[string]int) bool {
	for name := range want {
		if d.Sights[name].Healthy > 0 {
			return false
		}
	}
	for name, weight := range d.Traffic.Weights {
		if weight > 0 && d.Sights[name].Healthy > 0 {
			return true
		}
	}
	return false
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
