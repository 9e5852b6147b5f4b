// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// What is left to a daemon is left to nobody where none is at work.

// warnOfNobody warns of a rollout that begins or goes on, and will be left to a daemon
// that has not been seen.
func (r *endpointResource) warnOfNobody(ctx context.Context, spec endpoint.Spec, shown rollout.Plan, diags *diag.Diagnostics) {
	switch shown.Kind {
	case rollout.PlanNew, rollout.PlanWarm, rollout.PlanResume:
		if shown.From != "" {
			r.warnUnwatched(ctx, spec, fmt.Sprintf("With rollout.wait = false the apply ends when the first step of %s has its traffic", shown.To), shown.To, diags)
		}
	}
}

// warnOfOrphan warns of a rollout in flight of which an apply does nothing more, and
// that no daemon has been seen to go on with.
func (r *endpointResource) warnOfOrphan(ctx context.Context, w rollout.World, spec endpoint.Spec, diags *diag.Diagnostics) {
	f := w.Record.Rollout
	if f == nil || f.Back != nil || f.Frozen != nil || f.Step < 0 {
		return
	}
	to := w.Record.Environment(f.To).Release.Version
	r.warnUnwatched(ctx, spec, fmt.Sprintf("The rollout to %s is at step %d of %d, with %d %% of traffic, and with rollout.wait = false no apply goes on with it", to, f.Step+1, len(f.Steps), f.Share(f.Step)), to, diags)
}

// warnUnwatched warns when a policy counts on a daemon and none is at work. left says
// what is left to it where nobody waits.
func (r *endpointResource) warnUnwatched(ctx context.Context, spec endpoint.Spec, left, to string, diags *diag.Diagnostics) {
	p := spec.Rollout
	if !p.NoWait && p.Cap() == 100 {
		return
	}
	daemon, err := r.roller.Watcher(ctx, spec.Name)
	if err != nil {
		diags.AddWarning("Unable to see whether a daemon is at work", sentence(err))
		return
	}
	if daemon != nil && daemon.AtWork() {
		return
	}
	seen := "no daemon has been seen at work on it"
	if daemon != nil {
		seen = fmt.Sprintf("the last daemon that was seen at work on it, on %s, has been silent for %s", daemon.Who.Host, endpoint.Duration(daemon.Silent.Truncate(time.Second)))
	}
	if p.NoWait {
		diags.AddAttributeWarning(path.Root("rollout").AtName("wait"), "Nobody goes on with the rollout", fmt.Sprintf(
			"%s. From there on a daemon looks after endpoint %s, and %s: until one is started with ionroller reconcile, nothing watches over the release and nothing finishes its rollout.", left, spec.Name, seen))
		return
	}
	diags.AddAttributeWarning(path.Root("rollout").AtName("max_weight"), "Nobody watches over the release at its cap", fmt.Sprintf(
		"Release %s stays at %d %% of traffic until rollout.max_weight is raised. Meanwhile a daemon looks after endpoint %s, and %s: until one is started with ionroller reconcile, nothing but the next apply takes traffic back when the release fails.", to, p.Cap(), spec.Name, seen))
}
