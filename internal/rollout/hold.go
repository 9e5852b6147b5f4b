// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// A rollout may hold: at its cap, after a step that wants consent, by an
// operator's order, or frozen by a failure.

// obey carries out the oldest order.
func (d *decider) obey() (Decision, bool) {
	if len(d.Orders) == 0 {
		return pass()
	}
	return do(Obey{d.Orders[0]})
}

// parked says that the rollout rests on purpose: what else there is to do need
// not wait for its end.
func (d *decider) parked() bool {
	f := d.r.Rollout
	return f != nil && f.Back == nil && (f.Frozen != nil || d.capped(f))
}

// capped says that the rollout has come as far as the policy lets it.
func (d *decider) capped(f *endpoint.Rollout) bool {
	limit := d.r.Desired.Rollout.Cap()
	return f.From != "" && f.Kind != endpoint.Hot && f.Step >= 0 && !f.Since.IsZero() && limit < 100 &&
		f.Limit() == limit && f.Steps[f.Step].Weight >= limit && !d.Now.Before(d.baked(f))
}

// baked is when the step's bake is over.
func (d *decider) baked(f *endpoint.Rollout) time.Time {
	return f.Since.Add(f.Steps[f.Step].Bake.Std())
}

// lower follows a cap that was lowered while the rollout is in flight, before any
// weight above it is sent.
func (d *decider) lower() (Decision, bool) {
	f := d.r.Rollout
	if f == nil || f.Back != nil || f.Frozen != nil || f.Kind == endpoint.Hot || f.From == "" || f.Limit() <= d.r.Desired.Rollout.Cap() {
		return pass()
	}
	if f.Shared() && f.Step >= 0 {
		return do(Abandon{Back: endpoint.GoingBack{
			Result: endpoint.Superseded, Reason: fmt.Sprintf("it is capped at %d %% now (rollout.max_weight), and goes by instance", d.r.Desired.Rollout.Cap()),
		}})
	}
	return do(Recap{d.r.Desired.Rollout.Cap()})
}

// recap follows a cap that was raised while the rollout is in flight: capacity first.
func (d *decider) recap(f *endpoint.Rollout, to *endpoint.Environment) (Decision, bool) {
	need, healthy := d.need(f, f.Step), d.Sights[to.Name].Healthy
	if healthy < need {
		return d.lack(Health, "%s has %d healthy targets of the %d that the raised cap needs, for %s (rollout.healthy_within)", to.Name, healthy, need, d.r.Desired.Rollout.HealthyWithin)
	}
	return do(Recap{d.r.Desired.Rollout.Cap()})
}

// thaw goes on with a frozen rollout when rollout.retry was raised.
func (d *decider) thaw(f *endpoint.Rollout) (Decision, bool) {
	if d.r.Desired.Rollout.Retry > f.Frozen.Retry {
		return do(Thaw{})
	}
	return pass()
}

// consentWanted says that the step ends with a pause that nobody has lifted.
func (d *decider) consentWanted(f *endpoint.Rollout) bool {
	return f.Step >= 0 && f.Steps[f.Step].Pause.Then != "" && f.Promoted <= f.Step
}

// consent waits after a step with a pause until somebody promotes it, or its
// deadline passes.
func (d *decider) consent(f *endpoint.Rollout) (Decision, bool) {
	pause := f.Steps[f.Step].Pause
	deadline := d.baked(f).Add(pause.Deadline.Std())
	if d.Now.Before(deadline) {
		return waitUntil(deadline, Consent)
	}
	reason := fmt.Sprintf("nobody promoted step %d of %d within %s", f.Step+1, len(f.Steps), pause.Deadline)
	switch {
	case pause.Then == endpoint.ThenPromote:
		return do(Lift{})
	case f.From == "":
		return d.freeze(reason+"; there is no release to go back to", nil)
	case pause.Then == endpoint.ThenFreeze:
		return d.freeze(reason, nil)
	default:
		return do(Abandon{Back: endpoint.GoingBack{Result: endpoint.RolledBack, Reason: reason, Rejects: true}})
	}
}
