// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// What a plan warns of: an apply that will be refused, and rollouts that go
// another way than their user may think.

// warnOfRefusal warns of an apply that fails without doing anything, and says
// whether it is one.
func warnOfRefusal(w rollout.World, spec endpoint.Spec, shown rollout.Plan, diags *diag.Diagnostics) bool {
	r, f := &w.Record, w.Record.Rollout
	switch shown.Kind {
	case rollout.PlanRefused:
		j := r.Rejected(spec.Release.Fingerprint(), spec.Rollout.Retry)
		if j.Pinned {
			diags.AddAttributeWarning(path.Root("version"), "Endpoint is pinned", sentence(&roller.Rejected{Endpoint: spec.Name, Live: r.ActiveVersion(), Rejection: *j}))
			break
		}
		diags.AddAttributeWarning(path.Root("version"), "Release was rejected", fmt.Sprintf(
			"Release %s of endpoint %s was rejected at %s: %s. An apply is refused and touches nothing. Mend it and bump the version, or raise rollout.retry above %d to try it again.",
			j.Version, spec.Name, clock(j.Time), stop(j.Reason), j.Retry))
	case rollout.PlanFrozen:
		back := "ask for version " + r.ActiveVersion() + " to go back"
		switch {
		case r.TakingOver():
			back = "run ionroller abort " + spec.Name + " to give all traffic back to the old groups"
		case r.ActiveVersion() == "":
			back = "mend it and bump the version"
		}
		diags.AddAttributeWarning(path.Root("version"), "Rollout is frozen", fmt.Sprintf(
			"The rollout of endpoint %s to %s is frozen since %s, with %d %% of traffic on it: %s. An apply touches nothing. Raise rollout.retry above %d to go on with it, or %s.",
			spec.Name, shown.To, clock(f.Frozen.Since), f.Share(f.Step), stop(f.Frozen.Reason), f.Frozen.Retry, back))
	default:
		return false
	}
	return true
}

// warnOfLeftover warns when the endpoint to be created is there already: a first
// deployment that is frozen. It says whether it did.
func (r *endpointResource) warnOfLeftover(ctx context.Context, spec endpoint.Spec, diags *diag.Diagnostics) bool {
	world, err := r.roller.Observe(ctx, spec.Name)
	if err != nil || world == nil || world.Record.Phase != endpoint.Creating {
		return false // the check that follows tells what is wrong
	}
	return warnOfRefusal(*world, spec, preview(*world, spec), diags)
}

// warnOfRollout warns of what a rollout that begins or goes on may run into.
func (r *endpointResource) warnOfRollout(ctx context.Context, spec endpoint.Spec, shown rollout.Plan, diags *diag.Diagnostics) {
	begins := shown.Kind == rollout.PlanNew || shown.Kind == rollout.PlanWarm
	r.warnOfNobody(ctx, spec, shown, diags)
	if !begins {
		return
	}
	steps := spec.Rollout.Plan()
	if last, kept := steps[len(steps)-1].Bake, spec.Retention.KeepFor; shown.From != "" && spec.Rollout.Cap() == 100 && spec.Retention.Max > 0 && kept > 0 && kept <= last {
		diags.AddAttributeWarning(path.Root("retention").AtName("keep_for"), "Retention ends with the rollout", fmt.Sprintf(
			"The environment of %s leaves traffic when the last bake begins, which takes %s, and is kept for %s: it is removed as soon as the rollout ends, and there is nothing hot to go back to.", shown.From, last, kept))
	}
	r.warnOfRisk(spec, shown, diags)
	firing, slow, err := r.roller.Doubts(ctx, spec)
	if err != nil {
		addError(diags, "check", spec.Name, err)
		return
	}
	for _, p := range firing {
		diags.AddAttributeWarning(attributePath(p.Attribute), "Alarm fires already", "An apply would be refused now: "+p.Message+".")
	}
	for _, p := range slow {
		diags.AddAttributeWarning(attributePath(p.Attribute), "Alarm slower than a bake", sentence(p))
	}
}

// warnOfRisk warns of what would hurt when something goes wrong meanwhile.
func (r *endpointResource) warnOfRisk(spec endpoint.Spec, shown rollout.Plan, diags *diag.Diagnostics) {
	if shown.From != "" && spec.Rollout.Cap() == 100 && (spec.Retention.Max == 0 || spec.Retention.KeepFor == 0) {
		diags.AddAttributeWarning(path.Root("retention"), "Nothing is kept to go back to", fmt.Sprintf(
			"With this retention the environment of %s is removed as soon as the rollout ends. To go back from then on, a new environment has to be launched first, which takes minutes.", shown.From))
	}
	if spec.Capacity.Min == 1 {
		diags.AddAttributeWarning(path.Root("capacity").AtName("min"), "Single instance", fmt.Sprintf(
			"Endpoint %s may run on one instance: while that is replaced, nothing answers. Two in two zones bear the loss of one.", spec.Name))
	}
	if ends := r.roller.Expires; !ends.IsZero() && !spec.Rollout.NoWait {
		if left := ends.Sub(r.roller.Clock.Now()); left < shown.MinimumDuration {
			diags.AddAttributeWarning(path.Root("rollout").AtName("steps"), "Bakes longer than the credentials", fmt.Sprintf(
				"The AWS credentials end at %s, and the bakes alone take %s: the apply would be interrupted, with traffic as it is then. Apply with credentials that are renewed, as those of a profile or a role are.",
				clock(ends), endpoint.Duration(shown.MinimumDuration)))
		}
	}
}

// warnOfStanding warns of what a change does not alter, and of what is kept though
// its time is over. It is known from what was last seen.
func warnOfStanding(w rollout.World, spec endpoint.Spec, diags *diag.Diagnostics) {
	r, f := &w.Record, w.Record.Rollout
	if rule := spec.Routing.TakeoverRuleARN; rule != "" && r.Takeover == nil && rule == r.RuleARN {
		diags.AddAttributeWarning(path.Root("routing").AtName("takeover_rule_arn"), "Takeover is complete", fmt.Sprintf(
			"Listener rule %s is endpoint %s's own. Take routing.takeover_rule_arn out: that changes nothing, and what it names is not looked at any more.", rule, spec.Name))
	}
	if f != nil && f.Back == nil && r.Environment(f.To).Fingerprint == spec.Release.Fingerprint() && !slices.Equal(f.Steps, stepsNow(f, spec.Rollout)) {
		diags.AddAttributeWarning(path.Root("rollout").AtName("steps"), "Steps of the rollout in flight stay", fmt.Sprintf(
			"The rollout to %s began with other steps and goes on with those. The new ones are for the next rollout.", r.Environment(f.To).Release.Version))
	}
	for i := range r.Environments {
		e := &r.Environments[i]
		used := w.Sights[e.Name].UsedBy
		if at, ends := r.Expires(e); len(used) > 0 && ends && w.Now.After(at) {
			diags.AddWarning("Environment is kept for somebody else's rule", fmt.Sprintf(
				"The time of %s, of release %s, is over, but %s forwards to it. It is kept, and costs, until that rule is removed or points elsewhere.", e.Name, e.Release.Version, strings.Join(used, ", ")))
		}
	}
}

// stepsNow are the steps that the rollout in flight would have by this policy.
func stepsNow(f *endpoint.Rollout, p endpoint.RolloutPolicy) []endpoint.Step {
	if p.By == endpoint.ByInstance {
		return p.ForInstances(len(f.Steps))
	}
	return p.Plan()
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// stop takes the end off a text that goes on.
func stop(s string) string { return strings.TrimRight(s, ".") }
