// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import "slices"

// Fault is one kind of bad luck.
type Fault string

// The faults that befall one call.
const (
	KilledBefore Fault = "killed before" // the run dies before the call, and its lease stays
	KilledAfter  Fault = "killed after"  // it dies before it hears the answer
	Throttled    Fault = "throttled"     // this call and some more are refused
	Lost         Fault = "answer lost"   // the effect happens and an error is answered
	Late         Fault = "late effect"   // the effect comes after the caller gave the call up
	Paused       Fault = "paused"        // the run stands still beyond its lease
)

// The faults that befall the world, or a run as a whole.
const (
	Dying       Fault = "instances die"
	Reweighted  Fault = "weights edited"
	RuleDeleted Fault = "rule deleted"
	Terminated  Fault = "terminated"     // an environment, by a person
	Rescaled    Fault = "scaling edited" // by a person
	Contended   Fault = "second run"     // another run wants the endpoint at the same time
	Interrupted Fault = "interrupted"    // the run is asked to end
	Firing      Fault = "alarm fires"    // and is OK again later
	Dataless    Fault = "no data"        // guards cannot tell for a while
	Ordered     Fault = "order"          // an operator orders something
	Preempted   Fault = "rolled back"    // by an operator, who takes the lease from whoever has it
)

// The faults that are in force for a while.
const (
	Stale   Fault = "stale reads"   // reads show the past
	Refused Fault = "refused"       // a launch is refused for good
	Broken  Fault = "broken launch" // an environment comes up with errors
	Sick    Fault = "never healthy" // an environment comes up and never becomes healthy
	Skewed  Fault = "clock skew"    // the run's machine is hours off
)

var (
	ofCalls   = []Fault{KilledBefore, KilledAfter, Throttled, Lost, Late, Paused}
	ofWorld   = []Fault{Dying, Reweighted, RuleDeleted, Terminated, Rescaled, Contended, Interrupted, Firing, Dataless, Ordered, Preempted}
	whileLong = []Fault{Stale, Refused, Broken, Sick, Skewed}

	// Faults are all kinds.
	Faults = slices.Concat(ofCalls, ofWorld, whileLong)
)
