// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// The types of the optional objects, for their nulls.
var (
	pauseType = types.ObjectType{AttrTypes: map[string]attr.Type{"deadline": types.StringType, "then": types.StringType}}
	stepType  = types.ObjectType{AttrTypes: map[string]attr.Type{"weight": types.Int64Type, "bake": types.StringType, "pause": pauseType}}
	smokeType = types.ObjectType{AttrTypes: map[string]attr.Type{"path": types.StringType, "status": types.Int64Type, "count": types.Int64Type}}
	rateType  = types.ObjectType{AttrTypes: map[string]attr.Type{"max": types.Float64Type, "max_ratio": types.Float64Type}}

	latencyType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"percentile": types.Float64Type, "max": types.StringType, "max_ratio": types.Float64Type,
	}}
	analysisType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"error_rate": rateType, "latency": latencyType, "unhealthy_hosts": types.Int64Type, "minimum_requests": types.Int64Type,
	}}
	testRouteType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"hosts": types.SetType{ElemType: types.StringType}, "header": types.StringType, "values": types.SetType{ElemType: types.StringType},
	}}
)

type rolloutModel struct {
	Steps         types.List   `tfsdk:"steps"`
	By            types.String `tfsdk:"by"`
	HealthyWithin types.String `tfsdk:"healthy_within"`
	MaxWeight     types.Int64  `tfsdk:"max_weight"`
	Alarms        types.Set    `tfsdk:"alarms"`
	Analysis      types.Object `tfsdk:"analysis"`
	ExtendBake    types.String `tfsdk:"extend_bake"`
	Smoke         types.Object `tfsdk:"smoke"`
	OnFailure     types.String `tfsdk:"on_failure"`
	Retry         types.Int64  `tfsdk:"retry"`
	Wait          types.Bool   `tfsdk:"wait"`
}

type stepModel struct {
	Weight types.Int64  `tfsdk:"weight"`
	Bake   types.String `tfsdk:"bake"`
	Pause  types.Object `tfsdk:"pause"`
}

type pauseModel struct {
	Deadline types.String `tfsdk:"deadline"`
	Then     types.String `tfsdk:"then"`
}

type analysisModel struct {
	ErrorRate       types.Object `tfsdk:"error_rate"`
	Latency         types.Object `tfsdk:"latency"`
	UnhealthyHosts  types.Int64  `tfsdk:"unhealthy_hosts"`
	MinimumRequests types.Int64  `tfsdk:"minimum_requests"`
}

type rateModel struct {
	Max      types.Float64 `tfsdk:"max"`
	MaxRatio types.Float64 `tfsdk:"max_ratio"`
}

type latencyModel struct {
	Percentile types.Float64 `tfsdk:"percentile"`
	Max        types.String  `tfsdk:"max"`
	MaxRatio   types.Float64 `tfsdk:"max_ratio"`
}

type smokeModel struct {
	Path   types.String `tfsdk:"path"`
	Status types.Int64  `tfsdk:"status"`
	Count  types.Int64  `tfsdk:"count"`
}

type testRouteModel struct {
	Hosts  types.Set    `tfsdk:"hosts"`
	Header types.String `tfsdk:"header"`
	Values types.Set    `tfsdk:"values"`
}

type retentionModel struct {
	KeepFor   types.String `tfsdk:"keep_for"`
	Max       types.Int64  `tfsdk:"max"`
	FailedFor types.String `tfsdk:"failed_for"`
}

// missing says that an optional object says nothing.
func missing(o types.Object) bool { return o.IsNull() || o.IsUnknown() }

func (r *reader) rollout(m rolloutModel) endpoint.RolloutPolicy {
	return endpoint.RolloutPolicy{
		Steps:         r.steps(m.Steps),
		By:            endpoint.By(text(m.By, defaultBy)),
		HealthyWithin: r.duration("rollout.healthy_within", m.HealthyWithin, defaultHealthyWithin),
		MaxWeight:     integer(m.MaxWeight, defaultMaxWeight),
		Alarms:        r.set(m.Alarms),
		Analysis:      r.analysis(m.Analysis),
		ExtendBake:    r.duration("rollout.extend_bake", m.ExtendBake, defaultExtendBake),
		Smoke:         r.smoke(m.Smoke),
		OnFailure:     endpoint.OnFailure(text(m.OnFailure, defaultOnFailure)),
		Retry:         integer(m.Retry, 0),
		NoWait:        !m.Wait.IsNull() && !m.Wait.IsUnknown() && !m.Wait.ValueBool(),
	}
}

func (r *reader) steps(l types.List) []endpoint.Step {
	var out []endpoint.Step
	for i, v := range l.Elements() {
		var m stepModel
		r.object(v.(types.Object), &m)
		step := endpoint.Step{Weight: integer(m.Weight, 0), Bake: r.duration(stepAttribute(i, "bake"), m.Bake, "0s")}
		if !missing(m.Pause) {
			var pause pauseModel
			r.object(m.Pause, &pause)
			step.Pause = endpoint.Pause{
				Deadline: r.duration(stepAttribute(i, "pause.deadline"), pause.Deadline, "0s"),
				Then:     endpoint.AfterTheWait(text(pause.Then, defaultThen)),
			}
		}
		out = append(out, step)
	}
	return out
}

func (r *reader) analysis(o types.Object) *endpoint.Analysis {
	if missing(o) {
		return nil
	}
	var m analysisModel
	r.object(o, &m)
	a := endpoint.Analysis{MinimumRequests: integer(m.MinimumRequests, defaultMinimumRequests)}
	if !missing(m.ErrorRate) {
		var rate rateModel
		r.object(m.ErrorRate, &rate)
		a.ErrorRate = &endpoint.ErrorRate{Max: rate.Max.ValueFloat64Pointer(), MaxRatio: r.bound("rollout.analysis.error_rate.max_ratio", rate.MaxRatio)}
	}
	if !missing(m.Latency) {
		var latency latencyModel
		r.object(m.Latency, &latency)
		a.Latency = &endpoint.Latency{
			Percentile: defaultPercentile, MaxRatio: r.bound("rollout.analysis.latency.max_ratio", latency.MaxRatio),
		}
		if !latency.Max.IsNull() && !latency.Max.IsUnknown() {
			a.Latency.Max = r.duration("rollout.analysis.latency.max", latency.Max, "")
			r.positive("rollout.analysis.latency.max", float64(a.Latency.Max))
		}
		if !latency.Percentile.IsNull() && !latency.Percentile.IsUnknown() {
			a.Latency.Percentile = latency.Percentile.ValueFloat64()
		}
	}
	if !m.UnhealthyHosts.IsNull() && !m.UnhealthyHosts.IsUnknown() {
		n := int(m.UnhealthyHosts.ValueInt64())
		a.UnhealthyHosts = &n
	}
	return &a
}

// bound reads a number for which 0 would mean none: then it is to be left out, so
// that an import writes what was configured.
func (r *reader) bound(attribute string, v types.Float64) float64 {
	if !v.IsNull() && !v.IsUnknown() {
		r.positive(attribute, v.ValueFloat64())
	}
	return v.ValueFloat64()
}

func (r *reader) positive(attribute string, v float64) {
	if v == 0 && !r.diags.HasError() {
		r.diags.AddAttributeError(attributePath(attribute), "Invalid "+attribute, attribute+": 0 bounds nothing: say more, or leave it out for no bound")
	}
}

func (r *reader) smoke(o types.Object) *endpoint.Smoke {
	if missing(o) {
		return nil
	}
	var m smokeModel
	r.object(o, &m)
	return &endpoint.Smoke{Path: m.Path.ValueString(), Status: integer(m.Status, defaultSmokeStatus), Count: integer(m.Count, defaultSmokeCount)}
}

func (r *reader) testRoute(o types.Object) *endpoint.TestRoute {
	if missing(o) {
		return nil
	}
	var m testRouteModel
	r.object(o, &m)
	return &endpoint.TestRoute{Hosts: r.set(m.Hosts), Header: m.Header.ValueString(), Values: r.set(m.Values)}
}

func (r *reader) retention(m retentionModel) endpoint.Retention {
	return endpoint.Retention{
		KeepFor: r.duration("retention.keep_for", m.KeepFor, defaultRetention), Max: integer(m.Max, defaultRetained),
		FailedFor: r.duration("retention.failed_for", m.FailedFor, defaultFailedFor),
	}
}

func rolloutValue(p endpoint.RolloutPolicy) types.Object {
	return object(map[string]attr.Value{
		"steps": stepList(p.Steps), "by": types.StringValue(string(p.By)), "healthy_within": types.StringValue(p.HealthyWithin.String()),
		"max_weight": types.Int64Value(int64(p.MaxWeight)), "alarms": stringSet(p.Alarms),
		"analysis": analysisValue(p.Analysis), "extend_bake": types.StringValue(p.ExtendBake.String()),
		"smoke": smokeValue(p.Smoke), "on_failure": types.StringValue(string(p.OnFailure)),
		"retry": types.Int64Value(int64(p.Retry)), "wait": types.BoolValue(!p.NoWait),
	})
}

func stepList(steps []endpoint.Step) types.List {
	out := []attr.Value{}
	for _, s := range steps {
		pause, weight := types.ObjectNull(pauseType.AttrTypes), types.Int64Null()
		if s.Weight != 0 {
			weight = types.Int64Value(int64(s.Weight))
		}
		if s.Pause.Then != "" {
			pause = object(map[string]attr.Value{"deadline": types.StringValue(s.Pause.Deadline.String()), "then": types.StringValue(string(s.Pause.Then))})
		}
		out = append(out, object(map[string]attr.Value{
			"weight": weight, "bake": types.StringValue(s.Bake.String()), "pause": pause,
		}))
	}
	return types.ListValueMust(stepType, out)
}

func analysisValue(a *endpoint.Analysis) types.Object {
	if a == nil {
		return types.ObjectNull(analysisType.AttrTypes)
	}
	rate, latency, hosts := types.ObjectNull(rateType.AttrTypes), types.ObjectNull(latencyType.AttrTypes), types.Int64Null()
	if e := a.ErrorRate; e != nil {
		rate = object(map[string]attr.Value{"max": types.Float64PointerValue(e.Max), "max_ratio": optionalFloat(e.MaxRatio)})
	}
	if l := a.Latency; l != nil {
		most := types.StringNull()
		if l.Max != 0 {
			most = types.StringValue(l.Max.String())
		}
		latency = object(map[string]attr.Value{"percentile": types.Float64Value(l.Percentile), "max": most, "max_ratio": optionalFloat(l.MaxRatio)})
	}
	if a.UnhealthyHosts != nil {
		hosts = types.Int64Value(int64(*a.UnhealthyHosts))
	}
	return object(map[string]attr.Value{
		"error_rate": rate, "latency": latency, "unhealthy_hosts": hosts, "minimum_requests": types.Int64Value(int64(a.MinimumRequests)),
	})
}

func smokeValue(s *endpoint.Smoke) types.Object {
	if s == nil {
		return types.ObjectNull(smokeType.AttrTypes)
	}
	return object(map[string]attr.Value{
		"path": types.StringValue(s.Path), "status": types.Int64Value(int64(s.Status)), "count": types.Int64Value(int64(s.Count)),
	})
}

func testRouteValue(t *endpoint.TestRoute) types.Object {
	if t == nil {
		return types.ObjectNull(testRouteType.AttrTypes)
	}
	return object(map[string]attr.Value{"hosts": stringSet(t.Hosts), "header": optional(t.Header), "values": stringSet(t.Values)})
}

func retentionValue(r endpoint.Retention) types.Object {
	return object(map[string]attr.Value{
		"keep_for": types.StringValue(r.KeepFor.String()), "max": types.Int64Value(int64(r.Max)), "failed_for": types.StringValue(r.FailedFor.String()),
	})
}

// optionalFloat is null for 0.
func optionalFloat(v float64) types.Float64 {
	if v == 0 {
		return types.Float64Null()
	}
	return types.Float64Value(v)
}
