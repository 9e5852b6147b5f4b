// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// A rollout waits for what it lacks only so long. The time, rollout.healthy_within,
// counts from when somebody first saw the lack: what went before it may have been a
// bake, a pause, a cap, or time in which nobody was there to see.

// lack waits for what the rollout lacks, or gives it up when that takes too long.
func (d *decider) lack(of Awaited, format string, args ...any) (Decision, bool) {
	f := d.r.Rollout
	switch {
	case f.Step >= 0 && f.From != "" && d.Sights[f.From].Healthy == 0:
		// There is nothing better to go back to.
	case f.Lacking.IsZero():
		return do(Lack{of})
	case d.overdue(f):
		return d.giveUp(format, args...)
	}
	return wait(of)
}

// overdue says that what the rollout lacks has been lacking for too long.
func (d *decider) overdue(f *endpoint.Rollout) bool {
	return !f.Lacking.IsZero() && d.Now.Sub(f.Lacking) >= d.r.Desired.Rollout.HealthyWithin.Std()
}

// sated says that the rollout, which lacked something, waits for something else now, or
// rests: what it lacks later is another lack.
func (d *decider) sated(next Decision) bool {
	if d.r.Rollout.Lacking.IsZero() || next.Action != nil {
		return false
	}
	switch next.Wake.For {
	case Health, Update, Smoke:
		return false
	}
	return true
}

// giveUp ends a rollout whose environment is not what it should be. Once it had
// traffic, its release is rejected: it has hurt users. What is all that serves stays.
func (d *decider) giveUp(format string, args ...any) (Decision, bool) {
	f, reason := d.r.Rollout, fmt.Sprintf(format, args...)
	if f.From == "" && f.Step >= 0 && d.r.Phase != endpoint.Creating {
		return d.freeze(reason+"; there is no release to go back to", nil)
	}
	return do(Abandon{Back: endpoint.GoingBack{Result: endpoint.RolledBack, Reason: reason, Rejects: f.Step >= 0}})
}

// lack notes from when on the rollout lacks something; of nothing, that it lacks nothing.
func (e *effect) lack(of Awaited) {
	e.r.Rollout.Lacking = time.Time{}
	if of != "" {
		e.r.Rollout.Lacking = e.Now
	}
}
