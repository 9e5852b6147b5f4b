// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// reader reads Terraform values and gathers what is wrong with them.
type reader struct {
	ctx   context.Context
	diags diag.Diagnostics
}

func (r *reader) object(o types.Object, into any) {
	if o.IsNull() || o.IsUnknown() {
		return
	}
	r.diags.Append(o.As(r.ctx, into, basetypes.ObjectAsOptions{})...)
}

func (r *reader) duration(attribute string, v types.String, byDefault string) endpoint.Duration {
	d, err := endpoint.ParseDuration(text(v, byDefault))
	if err != nil {
		r.diags.AddAttributeError(attributePath(attribute), "Invalid duration", attribute+": "+err.Error())
	}
	return d
}

func (r *reader) strings(l types.List) []string {
	var out []string
	for _, v := range l.Elements() {
		out = append(out, v.(types.String).ValueString())
	}
	return out
}

// set returns a set's members in order, so that equal sets make equal specs.
func (r *reader) set(s types.Set) []string {
	var out []string
	for _, v := range s.Elements() {
		out = append(out, v.(types.String).ValueString())
	}
	slices.Sort(out)
	return out
}

func (r *reader) stringMap(m types.Map) map[string]string {
	if len(m.Elements()) == 0 {
		return nil
	}
	out := map[string]string{}
	for k, v := range m.Elements() {
		out[k] = v.(types.String).ValueString()
	}
	return out
}

func (r *reader) settings(s types.Set) []endpoint.Setting {
	var out []endpoint.Setting
	for _, v := range s.Elements() {
		var m settingModel
		r.object(v.(types.Object), &m)
		out = append(out, endpoint.Setting{Namespace: m.Namespace.ValueString(), Name: m.Name.ValueString(), Value: m.Value.ValueString()})
	}
	slices.SortFunc(out, endpoint.CompareSettings)
	return out
}

func (r *reader) timeouts(t timeouts.Value) endpoint.Timeouts {
	if t.IsNull() || t.IsUnknown() {
		return endpoint.Timeouts{}
	}
	get := func(name string) string {
		s, _ := t.Attributes()[name].(types.String)
		return s.ValueString()
	}
	return endpoint.Timeouts{Create: get("create"), Update: get("update"), Delete: get("delete")}
}

func text(v types.String, byDefault string) string {
	if v.IsNull() || v.IsUnknown() {
		return byDefault
	}
	return v.ValueString()
}

func integer(v types.Int64, byDefault int) int {
	if v.IsNull() || v.IsUnknown() {
		return byDefault
	}
	return int(v.ValueInt64())
}
