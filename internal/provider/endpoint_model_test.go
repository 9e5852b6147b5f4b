// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Whatever is accepted, an import restores: a spec that became arguments is the
// same spec again.
func TestSpecSurvivesArguments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawSpec(t)
		var m endpointModel
		m.setArguments(spec)
		got, diags := m.spec(t.Context())
		if diags.HasError() {
			t.Fatalf("reading the arguments: %v", diags)
		}
		if diff := cmp.Diff(spec, got); diff != "" {
			t.Fatalf("the spec differs:\n%s", diff)
		}
		if !m.says(t.Context(), spec) {
			t.Fatal("the arguments do not say the spec")
		}
	})
}

// drawSpec draws a spec in which everything may be set or left out.
func drawSpec(t *rapid.T) endpoint.Spec {
	word := rapid.StringMatching(`[a-z0-9][a-z0-9./_-]{0,12}`)
	maybe := rapid.OneOf(rapid.Just(""), word)
	number := rapid.IntRange(1, 60000)
	duration := rapid.Custom(func(t *rapid.T) endpoint.Duration {
		return endpoint.Duration(time.Duration(rapid.IntRange(0, 100000).Draw(t, "milliseconds")) * time.Millisecond)
	})
	// The members of a set, in order; none is nil, as an argument left out.
	set := func(name string, least int) []string {
		s := rapid.SliceOfNDistinct(word, least, 4, rapid.ID).Draw(t, name)
		slices.Sort(s)
		return slices.Clip(append([]string(nil), s...))
	}
	spec := endpoint.Spec{
		Name: word.Draw(t, "name"),
		Release: endpoint.Release{
			Version: word.Draw(t, "version"),
			Container: endpoint.Container{
				Image: word.Draw(t, "image"), Port: number.Draw(t, "port"),
				Command: append([]string(nil), rapid.SliceOfN(word, 0, 3).Draw(t, "command")...),
			},
			Beanstalk: endpoint.Beanstalk{
				InstanceType: word.Draw(t, "instance_type"), VPCID: word.Draw(t, "vpc_id"), Subnets: set("subnets", 1),
				SecurityGroups: set("security_groups", 0), InstanceProfile: word.Draw(t, "instance_profile"),
				ServiceRole: word.Draw(t, "service_role"), KeyName: maybe.Draw(t, "key_name"), PlatformARN: maybe.Draw(t, "platform_arn"),
			},
			Health: endpoint.Health{
				Path: word.Draw(t, "path"), Interval: duration.Draw(t, "interval"), Timeout: duration.Draw(t, "timeout"),
				HealthyThreshold: number.Draw(t, "healthy"), UnhealthyThreshold: number.Draw(t, "unhealthy"),
				Matcher: word.Draw(t, "matcher"), DeregistrationDelay: duration.Draw(t, "delay"),
			},
		},
		Capacity: endpoint.Capacity{Min: number.Draw(t, "min"), Max: number.Draw(t, "max")},
		Routing: endpoint.Routing{
			ListenerARN: word.Draw(t, "listener_arn"), Hosts: set("hosts", 1), Paths: set("paths", 0), Priority: rapid.IntRange(0, 50000).Draw(t, "priority"),
		},
		TestRoute: drawTestRoute(t, set, maybe),
		Rollout: endpoint.RolloutPolicy{
			By: endpoint.By(word.Draw(t, "by")), HealthyWithin: duration.Draw(t, "healthy_within"), MaxWeight: rapid.IntRange(1, 100).Draw(t, "max_weight"), Alarms: set("alarms", 0),
			Analysis: drawAnalysis(t, duration), ExtendBake: duration.Draw(t, "extend_bake"), OnFailure: endpoint.OnFailure(word.Draw(t, "on_failure")),
			Retry: rapid.IntRange(0, 9).Draw(t, "retry"), NoWait: rapid.Bool().Draw(t, "no_wait"),
		},
		Retention: endpoint.Retention{
			KeepFor: duration.Draw(t, "keep_for"), Max: rapid.IntRange(0, 9).Draw(t, "retained"), FailedFor: duration.Draw(t, "failed_for"),
		},
		DeletionProtection: rapid.Bool().Draw(t, "deletion_protection"),
		Timeouts:           endpoint.Timeouts{Create: maybe.Draw(t, "create"), Update: maybe.Draw(t, "update"), Delete: maybe.Draw(t, "delete")},
	}
	if zone := maybe.Draw(t, "zone_id"); zone != "" {
		spec.DNS = &endpoint.DNS{ZoneID: zone}
	}
	if vars := rapid.MapOfN(word, maybe, 0, 3).Draw(t, "environment"); len(vars) > 0 {
		spec.Release.Container.Environment = vars
	}
	for _, name := range set("settings", 0) {
		spec.Release.Beanstalk.Settings = append(spec.Release.Beanstalk.Settings, endpoint.Setting{Namespace: "aws:some", Name: name, Value: maybe.Draw(t, "value")})
	}
	if secrets := rapid.MapOfN(word, word, 0, 3).Draw(t, "secrets"); len(secrets) > 0 {
		spec.Release.Container.Secrets = secrets
	}
	if files := rapid.MapOfN(word, word, 0, 3).Draw(t, "extensions"); len(files) > 0 {
		spec.Release.Beanstalk.Extensions = files
	}
	for _, directory := range set("volumes", 0) {
		spec.Release.Container.Volumes = append(spec.Release.Container.Volumes, endpoint.Volume{HostDirectory: word.Draw(t, "host_directory"), ContainerDirectory: directory})
	}
	if key := maybe.Draw(t, "key"); key != "" {
		spec.Release.Container.RegistryAuth = endpoint.RegistryAuth{Bucket: maybe.Draw(t, "bucket"), Key: key}
	}
	for range rapid.IntRange(0, 4).Draw(t, "steps") {
		spec.Rollout.Steps = append(spec.Rollout.Steps, endpoint.Step{Weight: rapid.IntRange(1, 100).Draw(t, "weight"), Bake: duration.Draw(t, "bake")})
		if rapid.Bool().Draw(t, "pause") {
			spec.Rollout.Steps[len(spec.Rollout.Steps)-1].Pause = endpoint.Pause{Deadline: duration.Draw(t, "deadline"), Then: endpoint.AfterTheWait(word.Draw(t, "then"))}
		}
	}
	if rapid.Bool().Draw(t, "smoke") {
		spec.Rollout.Smoke = &endpoint.Smoke{Path: word.Draw(t, "smoke path"), Status: number.Draw(t, "status"), Count: number.Draw(t, "count")}
	}
	return spec
}

func drawTestRoute(t *rapid.T, set func(string, int) []string, maybe *rapid.Generator[string]) *endpoint.TestRoute {
	if !rapid.Bool().Draw(t, "test_route") {
		return nil
	}
	return &endpoint.TestRoute{Hosts: set("test hosts", 0), Header: maybe.Draw(t, "header"), Values: set("values", 0)}
}

func drawAnalysis(t *rapid.T, duration *rapid.Generator[endpoint.Duration]) *endpoint.Analysis {
	if !rapid.Bool().Draw(t, "analysis") {
		return nil
	}
	ratio := rapid.SampledFrom([]float64{0, 1, 2.5})
	a := endpoint.Analysis{MinimumRequests: rapid.IntRange(1, 1000).Draw(t, "minimum_requests")}
	if rapid.Bool().Draw(t, "error_rate") {
		a.ErrorRate = &endpoint.ErrorRate{MaxRatio: ratio.Draw(t, "error ratio")}
		if rapid.Bool().Draw(t, "max rate") {
			most := rapid.Float64Range(0, 99).Draw(t, "max")
			a.ErrorRate.Max = &most
		}
	}
	if rapid.Bool().Draw(t, "latency") {
		a.Latency = &endpoint.Latency{
			Percentile: rapid.Float64Range(0.1, 100).Draw(t, "percentile"), Max: duration.Draw(t, "max latency"), MaxRatio: ratio.Draw(t, "latency ratio"),
		}
	}
	if rapid.Bool().Draw(t, "unhealthy_hosts") {
		n := rapid.IntRange(0, 9).Draw(t, "hosts")
		a.UnhealthyHosts = &n
	}
	return &a
}

// An empty configuration means what the schema's defaults say.
func TestDefaults(t *testing.T) {
	spec, diags := endpointModel{}.spec(t.Context())
	if diags.HasError() {
		t.Fatal(diags)
	}
	if !spec.DeletionProtection || spec.Capacity != (endpoint.Capacity{Min: 2, Max: 4}) || spec.Retention != (endpoint.Retention{KeepFor: endpoint.Duration(time.Hour), Max: 2}) {
		t.Errorf("defaults %+v", spec)
	}
	// The default of a whole object and those of its parts must not drift apart.
	attributes := endpointSchema(t.Context()).Attributes
	for _, name := range []string{"capacity", "health", "rollout", "retention"} {
		a := attributes[name].(schema.SingleNestedAttribute)
		var resp defaults.ObjectResponse
		a.Default.DefaultObject(t.Context(), defaults.ObjectRequest{}, &resp)
		for part, v := range resp.PlanValue.Attributes() {
			if want := defaultOf(t, a.Attributes[part]); want != nil && !v.Equal(want) {
				t.Errorf("%s.%s is %s by the object's default and %s by its own", name, part, v, want)
			}
		}
	}
}

// defaultOf is an attribute's own default, or nil when it has none.
func defaultOf(t *testing.T, a schema.Attribute) attr.Value {
	switch a := a.(type) {
	case schema.StringAttribute:
		var resp defaults.StringResponse
		a.Default.DefaultString(t.Context(), defaults.StringRequest{}, &resp)
		return resp.PlanValue
	case schema.Int64Attribute:
		var resp defaults.Int64Response
		a.Default.DefaultInt64(t.Context(), defaults.Int64Request{}, &resp)
		return resp.PlanValue
	}
	return nil
}

// A bound of 0 would be read back as none, so it is refused where it is said.
func TestBoundOfNothing(t *testing.T) {
	var m endpointModel
	m.setArguments(endpoint.Spec{})
	analysis := func(rate types.Object, latency types.Object) types.Object {
		return types.ObjectValueMust(analysisType.AttrTypes, map[string]attr.Value{
			"error_rate": rate, "latency": latency, "unhealthy_hosts": types.Int64Null(), "minimum_requests": types.Int64Null(),
		})
	}
	for attribute, value := range map[string]types.Object{
		"rollout.analysis.latency.max": analysis(types.ObjectNull(rateType.AttrTypes), types.ObjectValueMust(latencyType.AttrTypes, map[string]attr.Value{
			"percentile": types.Float64Null(), "max": types.StringValue("0s"), "max_ratio": types.Float64Value(2),
		})),
		"rollout.analysis.error_rate.max_ratio": analysis(types.ObjectValueMust(rateType.AttrTypes, map[string]attr.Value{
			"max": types.Float64Value(0), "max_ratio": types.Float64Value(0),
		}), types.ObjectNull(latencyType.AttrTypes)),
	} {
		parts := m.Rollout.Attributes()
		parts["analysis"] = value
		other := m
		other.Rollout = types.ObjectValueMust(m.Rollout.AttributeTypes(t.Context()), parts)
		if _, diags := other.spec(t.Context()); len(diags) != 1 || diags[0].Summary() != "Invalid "+attribute {
			t.Errorf("%s of 0: %v", attribute, diags)
		}
	}
}
