// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// setArguments writes a Spec into the model: what an import restores.
func (m *endpointModel) setArguments(s endpoint.Spec) {
	b, h := s.Release.Beanstalk, s.Release.Health
	m.Name, m.Version = types.StringValue(s.Name), types.StringValue(s.Release.Version)
	m.Container = object(map[string]attr.Value{
		"image": types.StringValue(s.Release.Container.Image), "port": types.Int64Value(int64(s.Release.Container.Port)),
		"command": stringList(s.Release.Container.Command), "environment": stringMap(s.Release.Container.Environment),
	})
	m.Beanstalk = object(map[string]attr.Value{
		"instance_type": types.StringValue(b.InstanceType), "vpc_id": types.StringValue(b.VPCID),
		"subnets": stringSet(b.Subnets), "security_groups": stringSet(b.SecurityGroups),
		"instance_profile": types.StringValue(b.InstanceProfile), "service_role": types.StringValue(b.ServiceRole),
		"key_name": optional(b.KeyName), "platform_arn": optional(b.PlatformARN), "settings": settingSet(b.Settings),
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
	})
	m.Rollout = rolloutValue(s.Rollout)
	m.Retention = object(map[string]attr.Value{
		"for": types.StringValue(s.Retention.For.String()), "max": types.Int64Value(int64(s.Retention.Max)),
		"failed_for": types.StringValue(s.Retention.FailedFor.String()),
	})
	m.DeletionProtection = types.BoolValue(s.DeletionProtection)
	m.Timeouts = timeoutsValue(s.Timeouts)
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

func settingSet(settings []endpoint.Setting) types.Set {
	kind := types.ObjectType{AttrTypes: map[string]attr.Type{"namespace": types.StringType, "name": types.StringType, "value": types.StringType}}
	if len(settings) == 0 {
		return types.SetNull(kind)
	}
	var out []attr.Value
	for _, s := range settings {
		out = append(out, object(map[string]attr.Value{
			"namespace": types.StringValue(s.Namespace), "name": types.StringValue(s.Name), "value": types.StringValue(s.Value),
		}))
	}
	return types.SetValueMust(kind, out)
}

func stringValues(s []string) []attr.Value {
	var out []attr.Value
	for _, v := range s {
		out = append(out, types.StringValue(v))
	}
	return out
}

func stringSet(s []string) types.Set {
	if len(s) == 0 {
		return types.SetNull(types.StringType)
	}
	return types.SetValueMust(types.StringType, stringValues(s))
}

func stringList(s []string) types.List {
	if len(s) == 0 {
		return types.ListNull(types.StringType)
	}
	return types.ListValueMust(types.StringType, stringValues(s))
}

func stringMap(m map[string]string) types.Map {
	if len(m) == 0 {
		return types.MapNull(types.StringType)
	}
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
