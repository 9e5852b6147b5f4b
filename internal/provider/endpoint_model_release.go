// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// The types of what sets hold.
var (
	settingType = types.ObjectType{AttrTypes: map[string]attr.Type{"namespace": types.StringType, "name": types.StringType, "value": types.StringType}}
	volumeType  = types.ObjectType{AttrTypes: map[string]attr.Type{"host_directory": types.StringType, "container_directory": types.StringType}}
)

type containerModel struct {
	Image        types.String `tfsdk:"image"`
	Port         types.Int64  `tfsdk:"port"`
	Command      types.List   `tfsdk:"command"`
	Environment  types.Map    `tfsdk:"environment"`
	Secrets      types.Map    `tfsdk:"secrets"`
	Volumes      types.Set    `tfsdk:"volumes"`
	RegistryAuth types.Object `tfsdk:"registry_auth"`
}

type volumeModel struct {
	HostDirectory      types.String `tfsdk:"host_directory"`
	ContainerDirectory types.String `tfsdk:"container_directory"`
}

type registryAuthModel struct {
	Bucket types.String `tfsdk:"bucket"`
	Key    types.String `tfsdk:"key"`
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
	Extensions      types.Map    `tfsdk:"extensions"`
}

type settingModel struct {
	Namespace types.String `tfsdk:"namespace"`
	Name      types.String `tfsdk:"name"`
	Value     types.String `tfsdk:"value"`
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

func (r *reader) volumes(s types.Set) []endpoint.Volume {
	var out []endpoint.Volume
	for _, v := range s.Elements() {
		var m volumeModel
		r.object(v.(types.Object), &m)
		out = append(out, endpoint.Volume{HostDirectory: m.HostDirectory.ValueString(), ContainerDirectory: m.ContainerDirectory.ValueString()})
	}
	slices.SortFunc(out, endpoint.CompareVolumes)
	return out
}

func (r *reader) registryAuth(o types.Object) endpoint.RegistryAuth {
	var m registryAuthModel
	r.object(o, &m)
	return endpoint.RegistryAuth{Bucket: m.Bucket.ValueString(), Key: m.Key.ValueString()}
}

func settingSet(settings []endpoint.Setting) types.Set {
	out := []attr.Value{}
	for _, s := range settings {
		out = append(out, object(map[string]attr.Value{
			"namespace": types.StringValue(s.Namespace), "name": types.StringValue(s.Name), "value": types.StringValue(s.Value),
		}))
	}
	return types.SetValueMust(settingType, out)
}

func volumeSet(volumes []endpoint.Volume) types.Set {
	out := []attr.Value{}
	for _, v := range volumes {
		out = append(out, object(map[string]attr.Value{
			"host_directory": types.StringValue(v.HostDirectory), "container_directory": types.StringValue(v.ContainerDirectory),
		}))
	}
	return types.SetValueMust(volumeType, out)
}

func registryAuthObject(a endpoint.RegistryAuth) types.Object {
	o := object(map[string]attr.Value{"bucket": optional(a.Bucket), "key": types.StringValue(a.Key)})
	if a.Key == "" {
		return types.ObjectNull(o.AttributeTypes(context.Background()))
	}
	return o
}
