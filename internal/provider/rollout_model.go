// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// The argument rollout as Terraform has it.
type (
	rolloutModel struct {
		Steps         types.List   `tfsdk:"steps"`
		HealthyWithin types.String `tfsdk:"healthy_within"`
		MaxWeight     types.Int64  `tfsdk:"max_weight"`
		Alarms        types.Set    `tfsdk:"alarms"`
		Analysis      types.Object `tfsdk:"analysis"`
		ExtendBake    types.String `tfsdk:"extend_bake"`
		OnFailure     types.String `tfsdk:"on_failure"`
		Retry         types.Int64  `tfsdk:"retry"`
		Wait          types.Bool   `tfsdk:"wait"`
	}
	stepModel struct {
		Weight types.Int64  `tfsdk:"weight"`
		Bake   types.String `tfsdk:"bake"`
		Pause  types.Object `tfsdk:"pause"`
	}
	pauseModel struct {
		Deadline types.String `tfsdk:"deadline"`
		Then     types.String `tfsdk:"then"`
	}
	analysisModel struct {
		ErrorRate       types.Object `tfsdk:"error_rate"`
		Latency         types.Object `tfsdk:"latency"`
		UnhealthyHosts  types.Int64  `tfsdk:"unhealthy_hosts"`
		MinimumRequests types.Int64  `tfsdk:"minimum_requests"`
	}
	errorRateModel struct {
		Max      types.Float64 `tfsdk:"max"`
		MaxRatio types.Float64 `tfsdk:"max_ratio"`
	}
	latencyModel struct {
		Percentile types.Float64 `tfsdk:"percentile"`
		Max        types.String  `tfsdk:"max"`
		MaxRatio   types.Float64 `tfsdk:"max_ratio"`
	}
)

// The types of its parts.
var (
	pauseType = types.ObjectType{AttrTypes: map[string]attr.Type{"deadline": types.StringType, "then": types.StringType}}
	stepType  = types.ObjectType{AttrTypes: map[string]attr.Type{
		"weight": types.Int64Type, "bake": types.StringType, "pause": pauseType,
	}}
	errorRateType = types.ObjectType{AttrTypes: map[string]attr.Type{"max": types.Float64Type, "max_ratio": types.Float64Type}}
	latencyType   = types.ObjectType{AttrTypes: map[string]attr.Type{
		"percentile": types.Float64Type, "max": types.StringType, "max_ratio": types.Float64Type,
	}}
	analysisType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"error_rate": errorRateType, "latency": latencyType, "unhealthy_hosts": types.Int64Type, "minimum_requests": types.Int64Type,
	}}
)

func (r *reader) rollout(o types.Object) endpoint.RolloutPolicy {
	var m rolloutModel
	r.object(o, &m)
	return endpoint.RolloutPolicy{
		Steps: r.steps(m.Steps), HealthyWithin: r.duration("rollout.healthy_within", m.HealthyWithin, defaultHealthyWithin),
		MaxWeight: integer(m.MaxWeight, defaultMaxWeight), Alarms: r.set(m.Alarms), Analysis: r.analysis(m.Analysis),
		ExtendBake: r.duration("rollout.extend_bake", m.ExtendBake, defaultExtendBake),
		OnFailure:  endpoint.OnFailure(text(m.OnFailure, defaultOnFailure)), Retry: integer(m.Retry, 0),
		NoWait: !m.Wait.IsNull() && !m.Wait.IsUnknown() && !m.Wait.ValueBool(),
	}
}

func (r *reader) steps(l types.List) []endpoint.Step {
	var out []endpoint.Step
	for i, v := range l.Elements() {
		var m stepModel
		r.object(v.(types.Object), &m)
		out = append(out, endpoint.Step{
			Weight: integer(m.Weight, 0), Bake: r.duration(stepAttribute(i, "bake"), m.Bake, "0s"), Pause: r.pause(i, m.Pause),
		})
	}
	return out
}

func (r *reader) pause(step int, o types.Object) endpoint.Pause {
	if o.IsNull() || o.IsUnknown() {
		return endpoint.Pause{}
	}
	var m pauseModel
	r.object(o, &m)
	return endpoint.Pause{
		Deadline: r.duration(stepAttribute(step, "pause.deadline"), m.Deadline, "0s"), Then: endpoint.AfterTheWait(text(m.Then, defaultThen)),
	}
}

func (r *reader) analysis(o types.Object) *endpoint.Analysis {
	if o.IsNull() || o.IsUnknown() {
		return nil
	}
	var m analysisModel
	r.object(o, &m)
	a := &endpoint.Analysis{MinimumRequests: integer(m.MinimumRequests, defaultMinimumRequests)}
	if !m.UnhealthyHosts.IsNull() {
		n := integer(m.UnhealthyHosts, 0)
		a.UnhealthyHosts = &n
	}
	if !m.ErrorRate.IsNull() {
		var e errorRateModel
		r.object(m.ErrorRate, &e)
		a.ErrorRate = &endpoint.ErrorRate{Max: e.Max.ValueFloat64Pointer(), MaxRatio: r.bound("rollout.analysis.error_rate.max_ratio", e.MaxRatio)}
	}
	if !m.Latency.IsNull() {
		var l latencyModel
		r.object(m.Latency, &l)
		a.Latency = &endpoint.Latency{Percentile: defaultPercentile, MaxRatio: r.bound("rollout.analysis.latency.max_ratio", l.MaxRatio)}
		if !l.Percentile.IsNull() {
			a.Latency.Percentile = l.Percentile.ValueFloat64()
		}
		if !l.Max.IsNull() && !l.Max.IsUnknown() {
			a.Latency.Max = r.duration("rollout.analysis.latency.max", l.Max, "")
			r.positive("rollout.analysis.latency.max", float64(a.Latency.Max))
		}
	}
	return a
}

// bound reads a number for which 0 would mean none: then it is to be left out, so
// that an import writes what was configured.
func (r *reader) bound(attribute string, v types.Float64) float64 {
	if v.IsNull() || v.IsUnknown() {
		return 0
	}
	r.positive(attribute, v.ValueFloat64())
	return v.ValueFloat64()
}

func (r *reader) positive(attribute string, v float64) {
	if v == 0 && !r.diags.HasError() {
		r.diags.AddAttributeError(attributePath(attribute), "Invalid "+attribute, attribute+": 0 bounds nothing: say more, or leave it out for no bound")
	}
}

// rolloutValue is the argument that means a policy.
func rolloutValue(p endpoint.RolloutPolicy) types.Object {
	steps := types.ListNull(stepType)
	if len(p.Steps) > 0 {
		var values []attr.Value
		for _, s := range p.Steps {
			values = append(values, types.ObjectValueMust(stepType.AttrTypes, map[string]attr.Value{
				"weight": types.Int64Value(int64(s.Weight)), "bake": types.StringValue(s.Bake.String()), "pause": pauseValue(s.Pause),
			}))
		}
		steps = types.ListValueMust(stepType, values)
	}
	onFailure := p.OnFailure
	if onFailure == "" {
		onFailure = endpoint.Rollback
	}
	return object(map[string]attr.Value{
		"steps": steps, "healthy_within": types.StringValue(p.HealthyWithin.String()), "max_weight": types.Int64Value(int64(p.Cap())),
		"alarms": stringSet(p.Alarms), "analysis": analysisValue(p.Analysis), "extend_bake": types.StringValue(p.ExtendBake.String()),
		"on_failure": types.StringValue(string(onFailure)), "retry": types.Int64Value(int64(p.Retry)), "wait": types.BoolValue(!p.NoWait),
	})
}

func pauseValue(p endpoint.Pause) types.Object {
	if p == (endpoint.Pause{}) {
		return types.ObjectNull(pauseType.AttrTypes)
	}
	return types.ObjectValueMust(pauseType.AttrTypes, map[string]attr.Value{
		"deadline": types.StringValue(p.Deadline.String()), "then": types.StringValue(string(p.Then)),
	})
}

func analysisValue(a *endpoint.Analysis) types.Object {
	if a == nil {
		return types.ObjectNull(analysisType.AttrTypes)
	}
	rate, latency, hosts := types.ObjectNull(errorRateType.AttrTypes), types.ObjectNull(latencyType.AttrTypes), types.Int64Null()
	if e := a.ErrorRate; e != nil {
		rate = types.ObjectValueMust(errorRateType.AttrTypes, map[string]attr.Value{
			"max": types.Float64PointerValue(e.Max), "max_ratio": boundValue(e.MaxRatio),
		})
	}
	if l := a.Latency; l != nil {
		most := types.StringNull()
		if l.Max > 0 {
			most = types.StringValue(l.Max.String())
		}
		latency = types.ObjectValueMust(latencyType.AttrTypes, map[string]attr.Value{
			"percentile": types.Float64Value(l.Percentile), "max": most, "max_ratio": boundValue(l.MaxRatio),
		})
	}
	if n := a.UnhealthyHosts; n != nil {
		hosts = types.Int64Value(int64(*n))
	}
	return types.ObjectValueMust(analysisType.AttrTypes, map[string]attr.Value{
		"error_rate": rate, "latency": latency, "unhealthy_hosts": hosts, "minimum_requests": types.Int64Value(int64(a.MinimumRequests)),
	})
}

func boundValue(v float64) types.Float64 {
	if v == 0 {
		return types.Float64Null()
	}
	return types.Float64Value(v)
}
