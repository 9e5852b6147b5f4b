// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package configuration writes an endpoint's configuration as a user writes it, with
// the arguments of ionroller_endpoint, and says in what two of them differ.
package configuration

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// argument is one of ionroller_endpoint's, as a user writes it.
type argument struct {
	name  string
	value cty.Value
}

// Hidden stands in place of what is not shown unasked.
const Hidden = "(hidden)"

// arguments are what a configuration says, in the order of the reference; what it
// leaves out has no argument. The values of environment variables are not secrets, for
// which there are others, but people put them there all the same.
func arguments(s endpoint.Spec, values bool) []argument {
	c, b, h := s.Release.Container, s.Release.Beanstalk, s.Release.Health
	variables := c.Environment
	if !values && len(variables) > 0 {
		variables = map[string]string{}
		for name := range c.Environment {
			variables[name] = Hidden
		}
	}
	all := []argument{
		{"name", cty.StringVal(s.Name)},
		{"version", cty.StringVal(s.Release.Version)},
		{"container", given(
			"image", text(c.Image), "port", number(c.Port), "command", words(c.Command), "environment", table(variables),
			"secrets", table(c.Secrets), "volumes", volumes(c.Volumes), "registry_auth", registryAuth(c.RegistryAuth))},
		{"beanstalk", given(
			"instance_type", text(b.InstanceType), "vpc_id", text(b.VPCID), "subnets", words(b.Subnets), "security_groups", words(b.SecurityGroups),
			"instance_profile", text(b.InstanceProfile), "service_role", text(b.ServiceRole), "key_name", text(b.KeyName),
			"platform_arn", text(b.PlatformARN), "settings", settings(b.Settings), "extensions", table(b.Extensions))},
		{"capacity", given("min", number(s.Capacity.Min), "max", number(s.Capacity.Max))},
		{"health", given(
			"path", text(h.Path), "interval", duration(h.Interval), "timeout", duration(h.Timeout), "healthy_threshold", number(h.HealthyThreshold),
			"unhealthy_threshold", number(h.UnhealthyThreshold), "matcher", text(h.Matcher), "deregistration_delay", duration(h.DeregistrationDelay))},
		{"routing", given(
			"listener_arn", text(s.Routing.ListenerARN), "hosts", words(s.Routing.Hosts), "paths", words(s.Routing.Paths), "priority", unlessZero(s.Routing.Priority),
			"takeover_rule_arn", text(s.Routing.TakeoverRuleARN))},
		{"dns", dns(s.DNS)},
		{"test_route", testRoute(s.TestRoute)},
		{"rollout", policy(s.Rollout)},
		{"retention", given("keep_for", duration(s.Retention.KeepFor), "max", number(s.Retention.Max), "failed_for", duration(s.Retention.FailedFor))},
		{"deletion_protection", cty.BoolVal(s.DeletionProtection)},
		{"timeouts", given("create", text(s.Timeouts.Create), "update", text(s.Timeouts.Update), "delete", text(s.Timeouts.Delete))},
	}
	return slices.DeleteFunc(all, func(a argument) bool { return a.value.IsNull() })
}

func policy(p endpoint.RolloutPolicy) cty.Value {
	return given(
		"steps", steps(p.Steps), "by", text(string(p.By)), "healthy_within", duration(p.HealthyWithin), "max_weight", number(p.Cap()), "alarms", words(p.Alarms),
		"analysis", analysis(p.Analysis), "extend_bake", duration(p.ExtendBake), "smoke", smoke(p.Smoke),
		"on_failure", text(string(p.OnFailure)), "retry", number(p.Retry), "wait", cty.BoolVal(!p.NoWait))
}

func steps(all []endpoint.Step) cty.Value {
	return list(all, func(s endpoint.Step) cty.Value {
		pause := none
		if s.Pause.Then != "" {
			pause = given("deadline", duration(s.Pause.Deadline), "then", text(string(s.Pause.Then)))
		}
		return given("weight", unlessZero(s.Weight), "bake", duration(s.Bake), "pause", pause)
	})
}

func analysis(a *endpoint.Analysis) cty.Value {
	if a == nil {
		return none
	}
	rate, latency, hosts := none, none, none
	if e := a.ErrorRate; e != nil {
		most := none
		if e.Max != nil {
			most = cty.NumberFloatVal(*e.Max)
		}
		rate = given("max", most, "max_ratio", ratio(e.MaxRatio))
	}
	if l := a.Latency; l != nil {
		most := none
		if l.Max != 0 {
			most = duration(l.Max)
		}
		latency = given("percentile", cty.NumberFloatVal(l.Percentile), "max", most, "max_ratio", ratio(l.MaxRatio))
	}
	if a.UnhealthyHosts != nil {
		hosts = number(*a.UnhealthyHosts)
	}
	return given("error_rate", rate, "latency", latency, "unhealthy_hosts", hosts, "minimum_requests", number(a.MinimumRequests))
}

func smoke(s *endpoint.Smoke) cty.Value {
	if s == nil {
		return none
	}
	return given("path", text(s.Path), "status", number(s.Status), "count", number(s.Count))
}

func dns(d *endpoint.DNS) cty.Value {
	if d == nil {
		return none
	}
	return given("zone_id", text(d.ZoneID))
}

func testRoute(t *endpoint.TestRoute) cty.Value {
	if t == nil {
		return none
	}
	return given("hosts", words(t.Hosts), "header", text(t.Header), "values", words(t.Values))
}

func registryAuth(a endpoint.RegistryAuth) cty.Value {
	if a.Key == "" {
		return none
	}
	return given("bucket", text(a.Bucket), "key", text(a.Key))
}

func volumes(all []endpoint.Volume) cty.Value {
	return list(all, func(v endpoint.Volume) cty.Value {
		return given("host_directory", text(v.HostDirectory), "container_directory", text(v.ContainerDirectory))
	})
}

func settings(all []endpoint.Setting) cty.Value {
	return list(all, func(s endpoint.Setting) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{
			"namespace": cty.StringVal(s.Namespace), "name": cty.StringVal(s.Name), "value": cty.StringVal(s.Value),
		})
	})
}

// none is what is left out.
var none = cty.NullVal(cty.DynamicPseudoType)

// given makes an object of names and values, without what is left out; of nothing
// comes nothing.
func given(namesAndValues ...any) cty.Value {
	members := map[string]cty.Value{}
	for i := 0; i < len(namesAndValues); i += 2 {
		if v := namesAndValues[i+1].(cty.Value); !v.IsNull() {
			members[namesAndValues[i].(string)] = v
		}
	}
	if len(members) == 0 {
		return none
	}
	return cty.ObjectVal(members)
}

func list[T any](all []T, value func(T) cty.Value) cty.Value {
	if len(all) == 0 {
		return none
	}
	var values []cty.Value
	for _, v := range all {
		values = append(values, value(v))
	}
	return cty.TupleVal(values)
}

func words(all []string) cty.Value { return list(all, cty.StringVal) }

func table(all map[string]string) cty.Value {
	if len(all) == 0 {
		return none
	}
	members := map[string]cty.Value{}
	for name, v := range all {
		members[name] = cty.StringVal(v)
	}
	return cty.MapVal(members)
}

func text(s string) cty.Value {
	if s == "" {
		return none
	}
	return cty.StringVal(s)
}

func number(n int) cty.Value { return cty.NumberIntVal(int64(n)) }

func unlessZero(n int) cty.Value {
	if n == 0 {
		return none
	}
	return number(n)
}

func ratio(r float64) cty.Value {
	if r == 0 {
		return none
	}
	return cty.NumberFloatVal(r)
}

func duration(d endpoint.Duration) cty.Value { return cty.StringVal(d.String()) }
