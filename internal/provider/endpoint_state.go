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

// addresses are where an endpoint is reached.
type addresses struct{ users, test string }

// setComputed writes what was seen of an endpoint into the model. Attributes
// that the plan promised (that are known) stay as they were promised.
func (m *endpointModel) setComputed(w rollout.World, at addresses) {
	r := &w.Record
	if m.Status.IsUnknown() {
		m.Status = types.StringValue(string(rollout.StatusOf(w)))
	}
	if m.URL.IsUnknown() {
		m.URL = optional(at.users)
	}
	if m.TestURL.IsUnknown() {
		m.TestURL = optional(at.test)
	}
	if m.ActiveEnvironment.IsUnknown() {
		m.ActiveEnvironment = types.StringNull()
		if r.Environment(r.Active) != nil {
			m.ActiveEnvironment = types.StringValue(r.Active)
		}
	}
	if m.Environments.IsUnknown() {
		m.Environments = environments(w)
	}
	if m.LastRollout.IsUnknown() {
		m.LastRollout = outcome(r.LastRollout)
	}
	if m.Rejections.IsUnknown() {
		m.Rejections = rejections(r.Rejections)
	}
	if m.RolloutPlan.IsUnknown() {
		m.RolloutPlan = types.ObjectNull(planType.AttrTypes)
	}
}

// forgetComputed makes setComputed write everything anew.
func (m *endpointModel) forgetComputed() {
	m.Status, m.URL, m.TestURL, m.ActiveEnvironment = types.StringUnknown(), types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.Environments = types.ListUnknown(environmentType)
	m.LastRollout = types.ObjectUnknown(outcomeType.AttrTypes)
	m.Rejections = types.ListUnknown(rejectionType)
}

func environments(w rollout.World) types.List {
	values := []attr.Value{}
	for i := range w.Record.Environments {
		e := &w.Record.Environments[i]
		s := w.Sights[e.Name]
		expires, ends := w.Record.Expires(e)
		if !ends {
			expires = time.Time{}
		}
		values = append(values, types.ObjectValueMust(environmentType.AttrTypes, map[string]attr.Value{
			"name": types.StringValue(e.Name), "id": optional(e.ID),
			"version": types.StringValue(e.Release.Version), "fingerprint": types.StringValue(e.Fingerprint),
			"platform_arn": optional(e.PlatformARN), "image_digest": optional(e.ImageDigest),
			"role":   types.StringValue(string(w.Record.Role(e))),
			"weight": types.Int64Value(int64(w.Percent(e.Name))),
			"health": types.StringValue(s.Health()), "capacity": types.Int64Value(int64(s.Desired)),
			"proven": types.BoolValue(e.Proven), "created": timestamp(e.Created), "retired": timestamp(e.OutSince),
			"expires": timestamp(expires),
		}))
	}
	return types.ListValueMust(environmentType, values)
}

func outcome(o *endpoint.Outcome) types.Object {
	if o == nil {
		return types.ObjectNull(outcomeType.AttrTypes)
	}
	return types.ObjectValueMust(outcomeType.AttrTypes, map[string]attr.Value{
		"id": types.StringValue(o.ID), "from": optional(o.From), "to": types.StringValue(o.To),
		"started": timestamp(o.Started), "finished": timestamp(o.Finished),
		"outcome": types.StringValue(string(o.Result)), "reason": optional(o.Reason),
		"rejected": types.BoolValue(o.Rejected), "evidence": evidence(o.Evidence),
	})
}

func evidence(e *endpoint.Evidence) types.Object {
	if e == nil {
		return types.ObjectNull(evidenceType.AttrTypes)
	}
	return types.ObjectValueMust(evidenceType.AttrTypes, map[string]attr.Value{
		"guard": types.StringValue(e.Guard), "subject": types.StringValue(e.Subject), "value": types.StringValue(e.Value),
		"threshold": types.StringValue(e.Threshold), "window": types.StringValue(e.Window),
		"share": types.Int64Value(int64(e.Share)), "exposed": types.Float64Value(e.Exposed),
	})
}

func rejections(all []endpoint.Rejection) types.List {
	values := []attr.Value{}
	for _, j := range all {
		values = append(values, types.ObjectValueMust(rejectionType.AttrTypes, map[string]attr.Value{
			"version": types.StringValue(j.Version), "fingerprint": types.StringValue(j.Fingerprint),
			"reason": types.StringValue(j.Reason), "time": timestamp(j.Time),
		}))
	}
	return types.ListValueMust(rejectionType, values)
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
	if w.Record.Phase != endpoint.Deleting {
		w.Record.Ask(spec)
	}
	return rollout.Preview(w)
}

func timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Truncate(time.Second).Format(time.RFC3339))
}
