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

// Action is one small thing to do. Some only change the record; those that
// change AWS are idempotent, so that one whose answer was lost is done again.
type Action interface{ fmt.Stringer }

// The actions that only change the record.
type (
	// Start begins a rollout to the desired release; for a new environment it
	// chooses its name.
	Start struct{ Rollout endpoint.Rollout }
	// Note notes what a rule does that is to be taken over; nothing: that there is none.
	Note struct{ Takeover endpoint.Takeover }
	// Count notes a read of a candidate's health: one more healthy one, or the
	// end of a row.
	Count struct {
		Environment string
		Healthy     bool
	}
	// Advance says which step's weight is to be set next.
	Advance struct{ Step int }
	// Obey carries out an operator's order.
	Obey struct{ Order endpoint.Order }
	// Join lets the instances of the active environment join the target group of the
	// candidate, to make room there one by one; none of them, and it is by weight.
	Join struct{ Instances int }
	// Recap follows a changed cap of the rollout's weights.
	Recap struct{ Cap int }
	// Lift notes that the pause after the step is over, by its own deadline.
	Lift struct{}
	// Freeze leaves traffic as it is until somebody decides.
	Freeze struct{ Stall endpoint.Stall }
	// Lack notes what the rollout lacks, from now on; nothing: that it lacks nothing.
	Lack struct{ Of Awaited }
	// Thaw goes on with a frozen rollout.
	Thaw struct{}
	// Probe asks the candidate over the test route.
	Probe struct{ Environment string }
	// Probed notes the answer to a Probe: what was wrong with it, or "".
	Probed struct{ Fault string }
	// Settle notes that the weights sent were read back.
	Settle struct{ Weights map[string]int }
	// Promote ends a rollout whose last bake is over.
	Promote struct{ Proven bool }
	// Abandon gives a rollout up: traffic is to go back.
	Abandon struct {
		Back    endpoint.GoingBack
		Refused bool // the platform refused the environment for good
	}
	// Conclude ends a rollout whose traffic went back.
	Conclude struct{}
	// Lose notes that an environment is gone and nobody here removed it.
	Lose struct{ Environment string }
	// Restore makes a retained environment the active one, because nothing serves.
	Restore struct{ Environment string }
	// Accept notes that what is desired has been reached.
	Accept struct{}
)

// The actions that change AWS.
type (
	// Launch asks the platform for an environment.
	Launch struct{ Environment string }
	// Shift sets the weights of the endpoint's rule, making it where it is missing.
	Shift struct {
		Weights map[string]int
		Why     string
	}
	// Scale bounds a scaling group and suspends or resumes its own scaling.
	Scale struct {
		Environment string
		Scaling     Scaling
	}
	// Resize tells the platform a new capacity for a serving environment.
	Resize struct {
		Environment string
		Capacity    endpoint.Capacity
	}
	// Attach lets an environment's scaling group fill its target group again, with all
	// of its instances.
	Attach struct{ Environment string }
	// Detach takes them out, and no more come in by themselves.
	Detach struct{ Environment string }
	// Register puts instances into an environment's target group, its own or another
	// environment's.
	Register struct {
		Environment string
		Instances   []string
	}
	// Deregister takes them out.
	Deregister struct {
		Environment string
		Instances   []string
	}
	// Aim makes the test route reach an environment; none removes its rule.
	Aim struct{ Environment string }
	// Unroute removes the endpoint's rule.
	Unroute struct{}
	// Point sets the DNS record of a host.
	Point struct {
		Alias endpoint.Alias
		Why   string // empty: it is new
	}
	// Unpoint removes it.
	Unpoint struct{ Alias endpoint.Alias }
	// Retire asks the platform to terminate an environment.
	Retire struct {
		Environment string
		Why         string
	}
	// Forget removes what is left of a terminated environment.
	Forget struct{ Environment string }
	// Dissolve removes what the platform keeps for the endpoint as a whole.
	Dissolve struct{}
)

// The actions that end a run.
type (
	// Rest says that there is nothing to do.
	Rest struct{}
	// Stop says that somebody has to do something first.
	Stop struct{ Reason string }
)

func (a Start) String() string {
	return fmt.Sprintf("start %s rollout to %s", a.Rollout.Kind, a.Rollout.To)
}
func (a Note) String() string    { return "note what is to be taken over: " + a.Takeover.String() }
func (a Count) String() string   { return "count a read of the health of " + a.Environment }
func (a Advance) String() string { return fmt.Sprintf("advance to step %d", a.Step+1) }
func (a Settle) String() string  { return "note that traffic is " + Shares(a.Weights) }
func (a Obey) String() string    { return "obey the order to " + string(a.Order.Kind) }
func (a Join) String() string {
	return fmt.Sprintf("let %s join the candidate's target group", instances(a.Instances))
}
func (a Attach) String() string { return "attach the scaling group of " + a.Environment }
func (a Detach) String() string { return "detach the scaling group of " + a.Environment }
func (a Register) String() string {
	return fmt.Sprintf("register %s with %s", strings.Join(a.Instances, ", "), a.Environment)
}
func (a Deregister) String() string {
	return fmt.Sprintf("deregister %s from %s", strings.Join(a.Instances, ", "), a.Environment)
}
func (a Recap) String() string  { return fmt.Sprintf("follow the cap of %d %%", a.Cap) }
func (Lift) String() string     { return "lift the pause" }
func (a Freeze) String() string { return "freeze the rollout: " + a.Stall.Reason }
func (a Lack) String() string {
	if a.Of == "" {
		return "note the end of a wait"
	}
	return "note the wait for " + string(a.Of)
}
func (Thaw) String() string      { return "go on with the frozen rollout" }
func (Promote) String() string   { return "finish the rollout" }
func (a Abandon) String() string { return "give the rollout up: " + a.Back.Reason }
func (Conclude) String() string  { return "close the rollout that was given up" }
func (a Lose) String() string    { return "note that " + a.Environment + " is gone" }
func (a Restore) String() string { return "make " + a.Environment + " the active environment" }
func (Accept) String() string    { return "accept the desired state" }
func (a Launch) String() string  { return "create environment " + a.Environment }
func (a Shift) String() string   { return "set traffic to " + Shares(a.Weights) }
func (a Probe) String() string   { return "ask " + a.Environment + " over the test route" }
func (a Probed) String() string {
	if a.Fault == "" {
		return "note that the smoke check passed"
	}
	return "note that the smoke check failed: " + a.Fault
}
func (a Aim) String() string {
	if a.Environment == "" {
		return "remove the test route"
	}
	return "aim the test route at " + a.Environment
}
func (Unroute) String() string { return "remove the listener rule" }
func (a Point) String() string {
	text := "point " + a.Alias.Host + " at the load balancer"
	if a.Alias.Type == endpoint.TypeAAAA {
		text += " for IPv6"
	}
	return text
}
func (a Unpoint) String() string { return "remove the DNS record of " + a.Alias.String() }
func (a Retire) String() string  { return "terminate environment " + a.Environment }
func (a Forget) String() string  { return "remove what is left of " + a.Environment }
func (Dissolve) String() string  { return "remove the application" }
func (Rest) String() string      { return "rest" }
func (a Stop) String() string    { return a.Reason }
func (a Scale) String() string {
	s := fmt.Sprintf("scale %s to %d-%d instances", a.Environment, a.Scaling.Min, a.Scaling.Max)
	if a.Scaling.Suspended {
		s += ", its own scaling suspended"
	}
	return s
}
func (a Resize) String() string {
	return fmt.Sprintf("set the capacity of %s to %d-%d instances", a.Environment, a.Capacity.Min, a.Capacity.Max)
}

// Shares words weights in percent: "checkout-1-0-0-ab12cd 90 %, ...", in the
// order of names.
func Shares(weights map[string]int) string {
	var parts []string
	for name, w := range weights {
		parts = append(parts, fmt.Sprintf("%s %d %%", name, w))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// Decision is what Decide answers. Without an Action it says to wait.
type Decision struct {
	Action Action
	Wake   Wake
}

// Wake is when to look again, and at what.
type Wake struct {
	At  time.Time // zero: soon, and again
	For Awaited
}

// Awaited is what a decision waits for.
type Awaited string

// What can be waited for.
const (
	Health  Awaited = "the environment to become healthy"
	Bake    Awaited = "the step's bake"
	Verdict Awaited = "alarms and analysis to have enough data"
	Smoke   Awaited = "the smoke check to pass"
	Consent Awaited = "somebody to promote the rollout"
	Drain   Awaited = "requests in flight to end"
	Removal Awaited = "the environment to terminate"
	Update  Awaited = "the platform to finish its update"
	Expiry  Awaited = "a retention to end"
	Watch   Awaited = "nothing but what guards a rollout that rests"
)
