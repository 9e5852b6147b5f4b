// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The defaults of the arguments that have one.
const (
	defaultPort               = 8080
	defaultInstanceType       = "t3.small"
	defaultInstanceProfile    = "aws-elasticbeanstalk-ec2-role"
	defaultServiceRole        = "aws-elasticbeanstalk-service-role"
	defaultMin                = 2
	defaultMax                = 4
	defaultHealthPath         = "/"
	defaultInterval           = "15s"
	defaultTimeout            = "5s"
	defaultHealthyThreshold   = 3
	defaultUnhealthyThreshold = 5
	defaultMatcher            = "200"
	defaultDeregistration     = "20s"
	defaultHealthyWithin      = "15m"
	defaultMaxWeight          = 100
	defaultExtendBake         = "10m"
	defaultOnFailure          = "rollback"
	defaultBy                 = "weight"
	defaultThen               = "rollback"
	defaultMinimumRequests    = 50
	defaultPercentile         = 99
	defaultSmokeStatus        = 200
	defaultSmokeCount         = 3
	defaultRetention          = "1h"
	defaultRetained           = 2
	defaultFailedFor          = "0s"
)

func endpointSchema(ctx context.Context) schema.Schema {
	return schema.Schema{
		Version:             stateVersion,
		MarkdownDescription: "What serves a host name: a service's release behind an Application Load Balancer. A change to anything marked *baked in* makes a new immutable environment and moves traffic to it step by step; the old environment is kept hot, so that going back takes seconds.",
		Attributes: withComputed(map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the endpoint, and of its Elastic Beanstalk application: 1 to 40 letters, digits and hyphens. It cannot be changed.",
			},
			"version": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The desired version: the tag of the container's image. The line that a pull request bumps. *Baked in.*",
			},
			"container":  containerSchema(),
			"beanstalk":  beanstalkSchema(),
			"capacity":   capacitySchema(),
			"health":     healthSchema(),
			"routing":    routingSchema(),
			"dns":        dnsSchema(),
			"test_route": testRouteSchema(),
			"rollout":    rolloutSchema(),
			"retention":  retentionSchema(),
			"timeouts":   timeoutsSchema(ctx),
			"deletion_protection": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Refuse to destroy the endpoint. Default `true`: to destroy it, set it to `false`, apply, then destroy.",
			},
		}),
	}
}

func capacitySchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "Number of instances of the serving environment. Changed in place.",
		Default: objectdefault.StaticValue(object(map[string]attr.Value{
			"min": types.Int64Value(defaultMin), "max": types.Int64Value(defaultMax),
		})),
		Attributes: map[string]schema.Attribute{
			"min": optionalInt(defaultMin, "Smallest number of instances. Default `2`."),
			"max": optionalInt(defaultMax, "Largest number of instances. Default `4`."),
		},
	}
}

func healthSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The load balancer's health check of an instance. *Baked in.*",
		Default: objectdefault.StaticValue(object(map[string]attr.Value{
			"path": types.StringValue(defaultHealthPath), "interval": types.StringValue(defaultInterval),
			"timeout": types.StringValue(defaultTimeout), "healthy_threshold": types.Int64Value(defaultHealthyThreshold),
			"unhealthy_threshold": types.Int64Value(defaultUnhealthyThreshold), "matcher": types.StringValue(defaultMatcher),
			"deregistration_delay": types.StringValue(defaultDeregistration),
		})),
		Attributes: map[string]schema.Attribute{
			"path":                 optionalString(defaultHealthPath, "Path that is asked. Default `/`."),
			"interval":             optionalDuration(defaultInterval, "Time between two checks, 5 to 300 seconds. Default `15s`."),
			"timeout":              optionalDuration(defaultTimeout, "Time within which an answer must come; below the interval. Default `5s`."),
			"healthy_threshold":    optionalInt(defaultHealthyThreshold, "Passed checks in a row that make an unhealthy instance healthy, 2 to 10. Default `3`."),
			"unhealthy_threshold":  optionalInt(defaultUnhealthyThreshold, "Failed checks in a row that make an instance unhealthy, 2 to 10. Default `5`."),
			"matcher":              optionalString(defaultMatcher, "HTTP codes that pass, as `200` or `200-299`. Default `200`."),
			"deregistration_delay": optionalDuration(defaultDeregistration, "How long requests in flight may go on after an instance was taken out, up to an hour. Default `20s`."),
		},
	}
}

func routingSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Required:            true,
		MarkdownDescription: "Which requests are the endpoint's. Hosts, paths and priority change in place; the endpoint owns its listener rule, and no other tool must declare it.",
		Attributes: map[string]schema.Attribute{
			"listener_arn": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "ARN of the listener, on an Application Load Balancer. It cannot be changed.",
			},
			"hosts": schema.SetAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: "Host names, `*` and `?` allowed. Hosts and paths together are at most five.",
			},
			"paths": schema.SetAttribute{
				Optional: true, Computed: true, Default: setdefault.StaticValue(stringSet(nil)), ElementType: types.StringType,
				MarkdownDescription: "Path patterns, as `/api/*`. Every path by default.",
			},
			"priority": schema.Int64Attribute{
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)}, // 0 would read as left out
				MarkdownDescription: "Priority of the listener rule, 1 to 50000. A free one by default.",
			},
			"takeover_rule_arn": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "ARN of a rule of this listener that serves the hosts today, whatever made it and whatever its target groups have in them. The first deployment then begins no rule of its own: it moves traffic step by step from that rule's target groups to the first environment, and owns the rule from then on. The rule must have exactly `hosts` and `paths`, and do nothing but forward, to at most four groups. Until the rollout is over nothing but its weights is changed, and a rollout that fails, is aborted or is destroyed gives them back as they were. The old groups, and what is in them, are never changed or removed. What declares the rule today must let go of it, as Terraform does with a `removed` block. It matters for the first deployment only, and can be taken out after that. No takeover by default.",
			},
		},
	}
}

func dnsSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Route 53 records of the hosts: an alias `A` record for each of `routing.hosts`, and `AAAA` where the load balancer has IPv6 addresses, pointing at the load balancer. They are set once a release serves, kept right, and removed first on destroy; changed in place. A record that is there already is taken over when it points at the load balancer, and otherwise an error: nothing that others made is overwritten. One that was pointed elsewhere since is left alone on destroy. `EvaluateTargetHealth` is off in them, and turned off when somebody turns it on: with it, Route 53 would take the shared load balancer for unhealthy as soon as one of its target groups, whosever it is, has no registered target or only unhealthy ones, as has every environment while it is launched. Whatever fails over by this record's health would then leave a load balancer that serves. Where several endpoints share a host by paths, give `dns` to one of them. It needs `route53:GetHostedZone`, `route53:ListResourceRecordSets` and `route53:ChangeResourceRecordSets` on the zone; traffic moves without them once the records are set. No records by default.",
		Attributes: map[string]schema.Attribute{
			"zone_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Id of the hosted zone in which all of `routing.hosts` lie, as `Z0123456789ABCDEFGHIJ`. A wildcard is allowed as a host's first label only.",
			},
		},
	}
}

func timeoutsSchema(ctx context.Context) schema.Attribute {
	a := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, Update: true, Delete: true,
		CreateDescription: "How long making the endpoint may take, as a duration. Default `45m`.",
		UpdateDescription: "How long a rollout may take, as a duration; it must be longer than the bakes together. Default `2h`.",
		DeleteDescription: "How long removing the endpoint may take, as a duration. Default `45m`.",
	}).(schema.SingleNestedAttribute)
	a.MarkdownDescription = "How long one run of Terraform may take. When the time is over, traffic stays as it is and the next apply goes on."
	return a
}

func optionalString(value, description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Computed: true, Default: stringdefault.StaticString(value), MarkdownDescription: description}
}

func optionalDuration(value, description string) schema.StringAttribute {
	return durationAttribute(optionalString(value, description))
}

// durationAttribute makes equal durations equal however they are written.
func durationAttribute(a schema.StringAttribute) schema.StringAttribute {
	a.PlanModifiers = []planmodifier.String{sameDuration{}}
	return a
}

func optionalInt(value int64, description string) schema.Int64Attribute {
	return schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(value), MarkdownDescription: description}
}

// object makes a value whose type is that of its parts.
func object(values map[string]attr.Value) types.Object {
	kinds := make(map[string]attr.Type, len(values))
	for name, v := range values {
		kinds[name] = v.Type(context.Background())
	}
	return types.ObjectValueMust(kinds, values)
}
