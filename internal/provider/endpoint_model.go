// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// endpointModel is the resource as Terraform has it.
type endpointModel struct {
	Name               types.String   `tfsdk:"name"`
	Version            types.String   `tfsdk:"version"`
	Container          types.Object   `tfsdk:"container"`
	Beanstalk          types.Object   `tfsdk:"beanstalk"`
	Capacity           types.Object   `tfsdk:"capacity"`
	Health             types.Object   `tfsdk:"health"`
	Routing            types.Object   `tfsdk:"routing"`
	TestRoute          types.Object   `tfsdk:"test_route"`
	DNS                types.Object   `tfsdk:"dns"`
	Rollout            types.Object   `tfsdk:"rollout"`
	Retention          types.Object   `tfsdk:"retention"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`
	DeletionProtection types.Bool     `tfsdk:"deletion_protection"`

	Status            types.String `tfsdk:"status"`
	URL               types.String `tfsdk:"url"`
	TestURL           types.String `tfsdk:"test_url"`
	ActiveEnvironment types.String `tfsdk:"active_environment"`
	Environments      types.List   `tfsdk:"environments"`
	RolloutPlan       types.Object `tfsdk:"rollout_plan"`
	LastRollout       types.Object `tfsdk:"last_rollout"`
	Rejections        types.List   `tfsdk:"rejections"`
}

type capacityModel struct {
	Min types.Int64 `tfsdk:"min"`
	Max types.Int64 `tfsdk:"max"`
}

type healthModel struct {
	Path                types.String `tfsdk:"path"`
	Interval            types.String `tfsdk:"interval"`
	Timeout             types.String `tfsdk:"timeout"`
	HealthyThreshold    types.Int64  `tfsdk:"healthy_threshold"`
	UnhealthyThreshold  types.Int64  `tfsdk:"unhealthy_threshold"`
	Matcher             types.String `tfsdk:"matcher"`
	DeregistrationDelay types.String `tfsdk:"deregistration_delay"`
}

type routingModel struct {
	ListenerARN types.String `tfsdk:"listener_arn"`
	Hosts       types.Set    `tfsdk:"hosts"`
	Paths       types.Set    `tfsdk:"paths"`
	Priority    types.Int64  `tfsdk:"priority"`
	Takeover    types.String `tfsdk:"takeover_rule_arn"`
}

type dnsModel struct {
	ZoneID types.String `tfsdk:"zone_id"`
}

// spec reads the arguments into a Spec. What is null takes its default, so that
// a configuration can be checked before Terraform has filled it in; what is
// unknown reads as null.
func (m endpointModel) spec(ctx context.Context) (endpoint.Spec, diag.Diagnostics) {
	r := reader{ctx: ctx}
	var container containerModel
	var beanstalk beanstalkModel
	var capacity capacityModel
	var health healthModel
	var routing routingModel
	var rollout rolloutModel
	var retention retentionModel
	r.object(m.Container, &container)
	r.object(m.Beanstalk, &beanstalk)
	r.object(m.Capacity, &capacity)
	r.object(m.Health, &health)
	r.object(m.Routing, &routing)
	r.object(m.Rollout, &rollout)
	r.object(m.Retention, &retention)

	s := endpoint.Spec{
		Name: m.Name.ValueString(),
		Release: endpoint.Release{
			Version: m.Version.ValueString(),
			Container: endpoint.Container{
				Image: container.Image.ValueString(), Port: integer(container.Port, defaultPort),
				Command: r.strings(container.Command), Environment: r.stringMap(container.Environment), Secrets: r.stringMap(container.Secrets),
				Volumes: r.volumes(container.Volumes), RegistryAuth: r.registryAuth(container.RegistryAuth),
			},
			Beanstalk: endpoint.Beanstalk{
				InstanceType: text(beanstalk.InstanceType, defaultInstanceType), VPCID: beanstalk.VPCID.ValueString(),
				Subnets: r.set(beanstalk.Subnets), SecurityGroups: r.set(beanstalk.SecurityGroups),
				InstanceProfile: text(beanstalk.InstanceProfile, defaultInstanceProfile), ServiceRole: text(beanstalk.ServiceRole, defaultServiceRole),
				KeyName: beanstalk.KeyName.ValueString(), PlatformARN: beanstalk.PlatformARN.ValueString(),
				Settings: r.settings(beanstalk.Settings), Extensions: r.stringMap(beanstalk.Extensions),
			},
			Health: endpoint.Health{
				Path:               text(health.Path, defaultHealthPath),
				Interval:           r.duration("health.interval", health.Interval, defaultInterval),
				Timeout:            r.duration("health.timeout", health.Timeout, defaultTimeout),
				HealthyThreshold:   integer(health.HealthyThreshold, defaultHealthyThreshold),
				UnhealthyThreshold: integer(health.UnhealthyThreshold, defaultUnhealthyThreshold),
				Matcher:            text(health.Matcher, defaultMatcher), DeregistrationDelay: r.duration("health.deregistration_delay", health.DeregistrationDelay, defaultDeregistration),
			},
		},
		Capacity: endpoint.Capacity{Min: integer(capacity.Min, defaultMin), Max: integer(capacity.Max, defaultMax)},
		Routing: endpoint.Routing{
			ListenerARN: routing.ListenerARN.ValueString(), Hosts: r.set(routing.Hosts), Paths: r.set(routing.Paths),
			Priority: integer(routing.Priority, 0), TakeoverRuleARN: routing.Takeover.ValueString(),
		},
		DNS:       r.dns(m.DNS),
		TestRoute: r.testRoute(m.TestRoute),
		Rollout:   r.rollout(rollout),
		Retention: r.retention(retention),

		DeletionProtection: m.DeletionProtection.IsNull() || m.DeletionProtection.ValueBool(),
		Timeouts:           r.timeouts(m.Timeouts),
	}
	return s, r.diags
}

// says reports whether the model's arguments mean the spec.
func (m endpointModel) says(ctx context.Context, s endpoint.Spec) bool {
	if m.Version.IsNull() {
		return false // as an import leaves it
	}
	spec, diags := m.spec(ctx)
	return !diags.HasError() && reflect.DeepEqual(spec, s)
}

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

func (r *reader) dns(o types.Object) *endpoint.DNS {
	if o.IsNull() || o.IsUnknown() {
		return nil
	}
	var m dnsModel
	r.object(o, &m)
	return &endpoint.DNS{ZoneID: m.ZoneID.ValueString()}
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

// setArguments writes a Spec into the model: what an import restores.
func (m *endpointModel) setArguments(s endpoint.Spec) {
	b, h := s.Release.Beanstalk, s.Release.Health
	m.Name, m.Version = types.StringValue(s.Name), types.StringValue(s.Release.Version)
	m.Container = object(map[string]attr.Value{
		"image": types.StringValue(s.Release.Container.Image), "port": types.Int64Value(int64(s.Release.Container.Port)),
		"command": stringList(s.Release.Container.Command), "environment": stringMap(s.Release.Container.Environment),
		"secrets": stringMap(s.Release.Container.Secrets), "volumes": volumeSet(s.Release.Container.Volumes),
		"registry_auth": registryAuthObject(s.Release.Container.RegistryAuth),
	})
	m.Beanstalk = object(map[string]attr.Value{
		"instance_type": types.StringValue(b.InstanceType), "vpc_id": types.StringValue(b.VPCID),
		"subnets": stringSet(b.Subnets), "security_groups": stringSet(b.SecurityGroups),
		"instance_profile": types.StringValue(b.InstanceProfile), "service_role": types.StringValue(b.ServiceRole),
		"key_name": optional(b.KeyName), "platform_arn": optional(b.PlatformARN), "settings": settingSet(b.Settings),
		"extensions": stringMap(b.Extensions),
	})
	m.Capacity = object(map[string]attr.Value{
		"min": types.Int64Value(int64(s.Capacity.Min)), "max": types.Int64Value(int64(s.Capacity.Max)),
	})
	m.Health = object(map[string]attr.Value{
		"path": types.StringValue(h.Path), "interval": types.StringValue(h.Interval.String()), "timeout": types.StringValue(h.Timeout.String()),
		"healthy_threshold": types.Int64Value(int64(h.HealthyThreshold)), "unhealthy_threshold": types.Int64Value(int64(h.UnhealthyThreshold)),
		"matcher": types.StringValue(h.Matcher), "deregistration_delay": types.StringValue(h.DeregistrationDelay.String()),
	})
	priority := types.Int64Null()
	if s.Routing.Priority != 0 {
		priority = types.Int64Value(int64(s.Routing.Priority))
	}
	m.Routing = object(map[string]attr.Value{
		"listener_arn": types.StringValue(s.Routing.ListenerARN), "hosts": stringSet(s.Routing.Hosts),
		"paths": stringSet(s.Routing.Paths), "priority": priority,
		"takeover_rule_arn": optional(s.Routing.TakeoverRuleARN),
	})
	m.DNS = dnsValue(s.DNS)
	m.TestRoute = testRouteValue(s.TestRoute)
	m.Rollout = rolloutValue(s.Rollout)
	m.Retention = retentionValue(s.Retention)
	m.DeletionProtection = types.BoolValue(s.DeletionProtection)
	m.Timeouts = timeoutsValue(s.Timeouts)
}

// fill says what a state of an older provider leaves out and today has a default.
// What the state says stays as it was written.
func (m *endpointModel) fill(s endpoint.Spec) {
	var whole endpointModel
	whole.setArguments(s)
	for _, part := range []struct{ kept, whole *types.Object }{
		{&m.Container, &whole.Container}, {&m.Beanstalk, &whole.Beanstalk}, {&m.Capacity, &whole.Capacity}, {&m.Health, &whole.Health},
		{&m.Routing, &whole.Routing}, {&m.TestRoute, &whole.TestRoute}, {&m.Rollout, &whole.Rollout}, {&m.Retention, &whole.Retention},
	} {
		if part.kept.IsNull() {
			*part.kept = *part.whole
			continue
		}
		values := part.kept.Attributes()
		for name, v := range values {
			if v.IsNull() {
				values[name] = part.whole.Attributes()[name]
			}
		}
		*part.kept = object(values)
	}
}

func dnsValue(d *endpoint.DNS) types.Object {
	if d == nil {
		return types.ObjectNull(map[string]attr.Type{"zone_id": types.StringType})
	}
	return object(map[string]attr.Value{"zone_id": types.StringValue(d.ZoneID)})
}

func timeoutsValue(t endpoint.Timeouts) timeouts.Value {
	kinds := map[string]attr.Type{"create": types.StringType, "update": types.StringType, "delete": types.StringType}
	if t == (endpoint.Timeouts{}) {
		return timeouts.Value{Object: types.ObjectNull(kinds)}
	}
	return timeouts.Value{Object: types.ObjectValueMust(kinds, map[string]attr.Value{
		"create": optional(t.Create), "update": optional(t.Update), "delete": optional(t.Delete),
	})}
}

func stringValues(s []string) []attr.Value {
	out := []attr.Value{}
	for _, v := range s {
		out = append(out, types.StringValue(v))
	}
	return out
}

func stringSet(s []string) types.Set {
	return types.SetValueMust(types.StringType, stringValues(s))
}

func stringList(s []string) types.List {
	return types.ListValueMust(types.StringType, stringValues(s))
}

func stringMap(m map[string]string) types.Map {
	out := map[string]attr.Value{}
	for k, v := range m {
		out[k] = types.StringValue(v)
	}
	return types.MapValueMust(types.StringType, out)
}

// optional is null for what is empty.
func optional(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}
