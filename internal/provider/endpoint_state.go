// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// The values of the attribute status.
const (
	statusLive       = "live"
	statusRollingOut = "rolling_out"
	statusDrifted    = "drifted"
	statusDeleting   = "deleting"
)

// setComputed writes what was seen of an endpoint into the model. Attributes
// that the plan promised (that are known) stay as they were promised.
func (m *endpointModel) setComputed(w rollout.World, url string) {
	r := &w.Record
	if m.Status.IsUnknown() {
		m.Status = types.StringValue(status(w))
	}
	if m.URL.IsUnknown() {
		m.URL = optional(url)
	}
	if m.ActiveEnvironment.IsUnknown() {
		m.ActiveEnvironment = optional(r.Active)
	}
	if m.Environments.IsUnknown() {
		m.Environments = environments(w)
	}
	if m.LastRollout.IsUnknown() {
		m.LastRollout = outcome(r.LastRollout)
	}
	if m.RolloutPlan.IsUnknown() {
		m.RolloutPlan = types.ObjectNull(planType.AttrTypes)
	}
}

// forgetComputed makes setComputed write everything anew.
func (m *endpointModel) forgetComputed() {
	m.Status, m.URL, m.ActiveEnvironment = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.Environments = types.ListUnknown(environmentType)
	m.LastRollout = types.ObjectUnknown(outcomeType.AttrTypes)
}

func status(w rollout.World) string {
	switch plan := preview(w, w.Record.Desired); {
	case w.Record.Phase == endpoint.Deleting:
		return statusDeleting
	case w.Record.Rollout != nil:
		return statusRollingOut
	case plan.Kind != rollout.PlanNothing:
		return statusDrifted
	default:
		return statusLive
	}
}

func environments(w rollout.World) types.List {
	values := []attr.Value{}
	for i := range w.Record.Environments {
		e := &w.Record.Environments[i]
		s := w.Sights[e.Name]
		expires, retained := w.Record.Expires(e)
		if !retained {
			expires = time.Time{}
		}
		values = append(values, types.ObjectValueMust(environmentType.AttrTypes, map[string]attr.Value{
			"name": types.StringValue(e.Name), "id": optional(e.ID),
			"version": types.StringValue(e.Release.Version), "fingerprint": types.StringValue(e.Fingerprint),
			"platform_arn": optional(e.PlatformARN), "image_digest": optional(e.ImageDigest),
			"role":   types.StringValue(string(w.Record.Role(e))),
			"weight": types.Int64Value(int64(w.Traffic.Percent(e.Name))),
			"health": types.StringValue(healthWord(s)), "capacity": types.Int64Value(int64(s.Desired)),
			"proven": types.BoolValue(e.Proven), "created": timestamp(e.Created), "retired": timestamp(e.OutSince),
			"expires": timestamp(expires),
		}))
	}
	return types.ListValueMust(environmentType, values)
}

func healthWord(s rollout.Sight) string {
	switch {
	case !s.Found || s.Terminating || s.Wrecked:
		return "gone"
	case s.Healthy > 0 && s.Healthy >= s.Desired:
		return "healthy"
	default:
		return "unhealthy"
	}
}

func outcome(o *endpoint.Outcome) types.Object {
	if o == nil {
		return types.ObjectNull(outcomeType.AttrTypes)
	}
	return types.ObjectValueMust(outcomeType.AttrTypes, map[string]attr.Value{
		"id": types.StringValue(o.ID), "from": optional(o.From), "to": types.StringValue(o.To),
		"started": timestamp(o.Started), "finished": timestamp(o.Finished),
		"outcome": types.StringValue(string(o.Result)), "reason": optional(o.Reason),
	})
}

func planValue(p rollout.Plan) types.Object {
	return types.ObjectValueMust(planType.AttrTypes, map[string]attr.Value{
		"kind": types.StringValue(string(p.Kind)), "from": optional(p.From), "to": types.StringValue(p.To),
		"steps":            types.ListValueMust(types.StringType, append([]attr.Value{}, stringValues(p.Steps)...)),
		"minimum_duration": types.StringValue(endpoint.Duration(p.MinimumDuration).String()),
		"peak_instances":   types.Int64Value(int64(p.PeakInstances)),
	})
}

// preview is the plan for an endpoint when a spec is what is desired.
func preview(w rollout.World, spec endpoint.Spec) rollout.Plan {
	w = w.Clone()
	if w.Record.Phase == endpoint.Live {
		w.Record.Desired, w.Record.GivenUp = spec, ""
	}
	return rollout.Preview(w)
}

func timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Truncate(time.Second).Format(time.RFC3339))
}
