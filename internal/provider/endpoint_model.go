// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

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
	Rollout            types.Object   `tfsdk:"rollout"`
	Retention          types.Object   `tfsdk:"retention"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`
	DeletionProtection types.Bool     `tfsdk:"deletion_protection"`

	Status            types.String `tfsdk:"status"`
	URL               types.String `tfsdk:"url"`
	ActiveEnvironment types.String `tfsdk:"active_environment"`
	Environments      types.List   `tfsdk:"environments"`
	RolloutPlan       types.Object `tfsdk:"rollout_plan"`
	LastRollout       types.Object `tfsdk:"last_rollout"`
	Rejections        types.List   `tfsdk:"rejections"`
}

type containerModel struct {
	Image       types.String `tfsdk:"image"`
	Port        types.Int64  `tfsdk:"port"`
	Command     types.List   `tfsdk:"command"`
	Environment types.Map    `tfsdk:"environment"`
}

type beanstalkModel struct {
	InstanceType    types.String `tfsdk:"instance_type"`
	VPCID           types.String `tfsdk:"vpc_id"`
	Subnets         types.Set    `tfsdk:"subnets"`
	SecurityGroups  types.Set    `tfsdk:"security_groups"`
	InstanceProfile types.String `tfsdk:"instance_profile"`
	ServiceRole     types.String `tfsdk:"service_role"`
	KeyName         types.String `tfsdk:"key_name"`
	PlatformARN     types.String `tfsdk:"platform_arn"`
	Settings        types.Set    `tfsdk:"settings"`
}

type settingModel struct {
	Namespace types.String `tfsdk:"namespace"`
	Name      types.String `tfsdk:"name"`
	Value     types.String `tfsdk:"value"`
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
}

type retentionModel struct {
	For       types.String `tfsdk:"for"`
	Max       types.Int64  `tfsdk:"max"`
	FailedFor types.String `tfsdk:"failed_for"`
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
	var retention retentionModel
	r.object(m.Container, &container)
	r.object(m.Beanstalk, &beanstalk)
	r.object(m.Capacity, &capacity)
	r.object(m.Health, &health)
	r.object(m.Routing, &routing)
	r.object(m.Retention, &retention)

	s := endpoint.Spec{
		Name: m.Name.ValueString(),
		Release: endpoint.Release{
			Version: m.Version.ValueString(),
			Container: endpoint.Container{
				Image: container.Image.ValueString(), Port: integer(container.Port, defaultPort),
				Command: r.strings(container.Command), Environment: r.stringMap(container.Environment),
			},
			Beanstalk: endpoint.Beanstalk{
				InstanceType: text(beanstalk.InstanceType, defaultInstanceType), VPCID: beanstalk.VPCID.ValueString(),
				Subnets: r.set(beanstalk.Subnets), SecurityGroups: r.set(beanstalk.SecurityGroups),
				InstanceProfile: text(beanstalk.InstanceProfile, defaultInstanceProfile), ServiceRole: text(beanstalk.ServiceRole, defaultServiceRole),
				KeyName: beanstalk.KeyName.ValueString(), PlatformARN: beanstalk.PlatformARN.ValueString(),
				Settings: r.settings(beanstalk.Settings),
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
			Priority: integer(routing.Priority, 0),
		},
		Rollout: r.rollout(m.Rollout),
		Retention: endpoint.Retention{
			For: r.duration("retention.for", retention.For, defaultRetention), Max: integer(retention.Max, defaultRetained),
			FailedFor: r.duration("retention.failed_for", retention.FailedFor, defaultFailedRetention),
		},

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
