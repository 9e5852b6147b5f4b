// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import "github.com/ionroller/terraform-provider-ionroller/internal/endpoint"

// Status is how an endpoint is, in one word.
type Status string

// The words.
const (
	StatusCreating   Status = "creating"    // no release has been live yet
	StatusLive       Status = "live"        // what runs is what is desired
	StatusRollingOut Status = "rolling_out" // a rollout is under way, or was interrupted
	StatusCapped     Status = "capped"      // the rollout stays at its cap
	StatusPaused     Status = "paused"      // the rollout waits to be promoted or resumed
	StatusFrozen     Status = "frozen"      // the rollout went wrong, and traffic was left as it is
	StatusDrifted    Status = "drifted"     // something was changed by others, or a retention is over
	StatusDeleting   Status = "deleting"
)

// StatusOf is the status of an endpoint as it was seen.
func StatusOf(w World) Status {
	w.Guards = nil // what they say is no drift
	d := &decider{World: w, r: &w.Record}
	f := w.Record.Rollout
	switch {
	case w.Record.Phase == endpoint.Deleting || w.Record.Phase == endpoint.Deleted:
		return StatusDeleting
	case f == nil || f.Back != nil:
	case f.Frozen != nil:
		return StatusFrozen
	case d.capped(f):
		return StatusCapped
	case f.Paused != nil || d.atPause(f):
		return StatusPaused
	}
	switch {
	case f != nil:
		return StatusRollingOut
	case w.Record.Phase == endpoint.Creating:
		return StatusCreating
	case Preview(w).Kind != PlanNothing:
		return StatusDrifted
	default:
		return StatusLive
	}
}

// atPause says that a step's bake is over and that it waits for consent.
func (d *decider) atPause(f *endpoint.Rollout) bool {
	return d.consentWanted(f) && !f.Since.IsZero() && !d.Now.Before(d.baked(f))
}
