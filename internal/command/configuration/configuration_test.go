// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	face "github.com/ionroller/terraform-provider-ionroller/internal/provider"
)

// full says something of everything.
func full() endpoint.Spec {
	minutes := func(n int) endpoint.Duration { return endpoint.Duration(time.Duration(n) * time.Minute) }
	rate, hosts := 1.5, 0
	return endpoint.Spec{
		Name: "checkout",
		Release: endpoint.Release{
			Version: "1.2.0",
			Container: endpoint.Container{
				Image: "acme/checkout", Port: 8080, Command: []string{"serve", "--all"}, Environment: map[string]string{"LEVEL": "info", "TOKEN": "hunter2"},
				Secrets:      map[string]string{"PASSWORD": "arn:aws:ssm:us-east-1:123456789012:parameter/password"},
				Volumes:      []endpoint.Volume{{HostDirectory: "/var/app/data", ContainerDirectory: "/data"}},
				RegistryAuth: endpoint.RegistryAuth{Bucket: "acme", Key: "registry.json"},
			},
			Beanstalk: endpoint.Beanstalk{
				InstanceType: "t3.small", VPCID: "vpc-1", Subnets: []string{"subnet-1"}, SecurityGroups: []string{"sg-1"}, InstanceProfile: "profile",
				ServiceRole: "role", KeyName: "key", PlatformARN: "arn:aws:elasticbeanstalk:us-east-1::platform/Docker/4.0.0",
				Settings:   []endpoint.Setting{{Namespace: "aws:autoscaling:launchconfiguration", Name: "RootVolumeSize", Value: "20"}},
				Extensions: map[string]string{"10-files.config": "files: {}\n${not} %{a} template"},
			},
			Health: endpoint.Health{Path: "/healthz", Interval: minutes(1), Timeout: minutes(1) / 2, HealthyThreshold: 3, UnhealthyThreshold: 5, Matcher: "200", DeregistrationDelay: minutes(1)},
		},
		Capacity:  endpoint.Capacity{Min: 2, Max: 4},
		Routing:   endpoint.Routing{ListenerARN: "arn:listener", Hosts: []string{"a.acme.com", "b.acme.com"}, Paths: []string{"/api/*"}, Priority: 7, TakeoverRuleARN: "arn:rule"},
		DNS:       &endpoint.DNS{ZoneID: "Z1"},
		TestRoute: &endpoint.TestRoute{Hosts: []string{"next.acme.com"}, Header: "X-Next", Values: []string{"1"}},
		Rollout: endpoint.RolloutPolicy{
			Steps: []endpoint.Step{{Weight: 5, Bake: minutes(10), Pause: endpoint.Pause{Deadline: minutes(60), Then: endpoint.ThenRollback}}, {Weight: 100}},
			By:    endpoint.ByWeight, HealthyWithin: minutes(15), MaxWeight: 50, Alarms: []string{"errors"},
			Analysis: &endpoint.Analysis{
				ErrorRate: &endpoint.ErrorRate{Max: &rate, MaxRatio: 2}, Latency: &endpoint.Latency{Percentile: 99.9, Max: minutes(1), MaxRatio: 3},
				UnhealthyHosts: &hosts, MinimumRequests: 50,
			},
			ExtendBake: minutes(10), Smoke: &endpoint.Smoke{Path: "/", Status: 200, Count: 3}, OnFailure: endpoint.Freeze, Retry: 1, NoWait: true,
		},
		Retention:          endpoint.Retention{KeepFor: minutes(60), Max: 2, FailedFor: minutes(5)},
		DeletionProtection: true,
		Timeouts:           endpoint.Timeouts{Create: "30m", Update: "2h", Delete: "30m"},
	}
}

// Every argument that the provider knows is written, and no other.
func TestEveryArgument(t *testing.T) {
	text, err := JSON(full(), true)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	var written []string
	walk(got, "", &written)
	if diff := cmp.Diff(known(t), slices.Compact(slices.Sorted(slices.Values(written)))); diff != "" {
		t.Errorf("the provider's arguments and those written differ:\n%s", diff)
	}
}

// maps of users' own names, which are no arguments.
var free = []string{"container.environment", "container.secrets", "beanstalk.extensions"}

func walk(v any, path string, all *[]string) {
	switch v := v.(type) {
	case map[string]any:
		if slices.Contains(free, path) {
			*all = append(*all, path)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			walk(v[name], strings.TrimPrefix(path+"."+name, "."), all)
		}
	case []any:
		for _, member := range v {
			if _, ok := member.(map[string]any); ok {
				walk(member, path, all)
			} else {
				*all = append(*all, path)
			}
		}
	default:
		*all = append(*all, path)
	}
}

// known are the provider's arguments that are no objects, by path.
func known(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, make := range face.New("test")().Resources(t.Context()) {
		var s resource.SchemaResponse
		make().Schema(t.Context(), resource.SchemaRequest{}, &s)
		into(s.Schema.Attributes, "", &all)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func into(attributes map[string]schema.Attribute, path string, all *[]string) {
	for name, a := range attributes {
		if !a.IsRequired() && !a.IsOptional() {
			continue
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		switch a := a.(type) {
		case schema.SingleNestedAttribute:
			into(a.Attributes, at, all)
		case schema.ListNestedAttribute:
			into(a.NestedObject.Attributes, at, all)
		case schema.SetNestedAttribute:
			into(a.NestedObject.Attributes, at, all)
		default:
			*all = append(*all, at)
		}
	}
}

// The block is HCL, reads as what it was made of, and tells no value unasked.
func TestHCL(t *testing.T) {
	for values, secret := range map[bool]string{false: Hidden, true: "hunter2"} {
		text := HCL(full(), values)
		if strings.Contains(string(text), "hunter2") != values || !strings.Contains(string(text), secret) {
			t.Errorf("with values %v:\n%s", values, text)
		}
		file, diags := hclsyntax.ParseConfig(text, "x.tf", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatalf("%v:\n%s", diags, text)
		}
		block := file.Body.(*hclsyntax.Body).Blocks[0]
		if block.Type != "resource" || !slices.Equal(block.Labels, []string{"ionroller_endpoint", "checkout"}) {
			t.Errorf("it is %s %v", block.Type, block.Labels)
		}
		for _, a := range arguments(full(), values) {
			got, diags := block.Body.Attributes[a.name].Expr.Value(nil)
			if diags.HasErrors() {
				t.Errorf("%s: %v", a.name, diags)
				continue
			}
			// A literal with names is an object, whatever it was made of.
			if equal := cmp.Equal(plain(t, got), plain(t, a.value)); !equal {
				t.Errorf("%s is read as %#v, written from %#v", a.name, got, a.value)
			}
		}
	}
	if got := label("1st.of-all"); got != "_1st_of-all" {
		t.Errorf("label %s", got)
	}
}

func TestChanges(t *testing.T) {
	a, b := full(), full()
	b.Release.Version = "1.3.0"
	b.Release.Container.Environment = map[string]string{"LEVEL": "debug", "TOKEN": "hunter2", "NEW": "x"}
	b.Rollout.Steps = b.Rollout.Steps[1:]
	b.DNS = nil
	want := []Change{
		{"container.environment.LEVEL", Hidden, Hidden},
		{"container.environment.NEW", "", Hidden},
		{"dns.zone_id", "Z1", ""},
		{"rollout.steps[0].bake", "10m", "0s"},
		{"rollout.steps[0].pause.deadline", "1h", ""},
		{"rollout.steps[0].pause.then", "rollback", ""},
		{"rollout.steps[0].weight", "5", "100"},
		{"rollout.steps[1].bake", "0s", ""},
		{"rollout.steps[1].weight", "100", ""},
		{"version", "1.2.0", "1.3.0"},
	}
	if diff := cmp.Diff(want, Changes(a, b)); diff != "" {
		t.Error(diff)
	}
	if got := Changes(a, full()); len(got) != 0 {
		t.Errorf("equal ones differ: %v", got)
	}
}

// plain is a value without the types that HCL does not have.
func plain(t *testing.T, v cty.Value) any {
	t.Helper()
	text, err := ctyjson.SimpleJSONValue{Value: v}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
