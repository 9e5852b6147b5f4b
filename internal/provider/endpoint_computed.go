// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// withComputed adds what the provider tells of an endpoint to what users say.
func withComputed(arguments map[string]schema.Attribute) map[string]schema.Attribute {
	maps.Copy(arguments, map[string]schema.Attribute{
		"status": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "`live`: what runs is what is configured; `rolling_out`: a rollout is under way or was interrupted; `capped`: it stays at `rollout.max_weight`; `paused`: it waits to be promoted; `frozen`: it went wrong and traffic was left as it is; `drifted`: something was changed by others, or a retention is over; `deleting`.",
		},
		"url": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Address at which users reach the endpoint: its first host, on the listener's protocol and port.",
		},
		"test_url": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Address of the test route, which reaches the newest environment; null without `test_route`. With `test_route.header` it is the endpoint's own.",
		},
		"active_environment": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "Name of the environment that is live.",
		},
		"environments": schema.ListNestedAttribute{
			Computed:            true,
			MarkdownDescription: "The environments that exist, the newest last.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"platform_arn": computedString("Platform version that it was made on, and stays on."),
				"image_digest": computedString("What the image's tag pointed to when the release was packed, as `sha256:...`; null for images that are not in Amazon ECR, and when asking ECR is not allowed."),

				"name":        computedString("Name in Elastic Beanstalk."),
				"id":          computedString("Elastic Beanstalk's id, as `e-abcd1234`."),
				"version":     computedString("Version of the release."),
				"fingerprint": computedString("Names all that is baked in: equal releases have equal fingerprints."),
				"role":        computedString("`active`, `candidate`, `retained` or `failed`."),
				"weight":      schema.Int64Attribute{Computed: true, MarkdownDescription: "Share of the endpoint's requests, in percent."},
				"health":      computedString("`healthy` when all its instances pass their health check, `unhealthy` when some do not, `gone` when it does not exist any more."),
				"capacity":    schema.Int64Attribute{Computed: true, MarkdownDescription: "Number of instances it keeps."},
				"proven":      schema.BoolAttribute{Computed: true, MarkdownDescription: "It has carried all traffic through its last bake."},
				"created":     computedString("When its launch was asked for (RFC 3339, UTC)."),
				"retired":     computedString("When it left traffic (RFC 3339, UTC); null while it has some."),
				"expires":     computedString("When its retention ends (RFC 3339, UTC); null unless it is retained, or failed and kept."),
			}},
		},
		"rollout_plan": schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "What the change does, known at plan: read it before you approve. After the apply it is what was done, and null from the next refresh on, so that the next plan shows its own steps alone (a refresh-only plan tells of that once); `last_rollout` stays.",
			Attributes: map[string]schema.Attribute{
				"kind":             computedString("`new`: a new environment; `hot`: back to a retained release in one change of weight; `warm`: a retained release, step by step; `resume`; `repair`; `remove-expired`; `update`: in place; `refused`: the release was rejected, an apply does nothing; `frozen`: the rollout waits for a decision."),
				"from":             computedString("Version that is live before; null when none is."),
				"to":               computedString("Version that is live afterwards."),
				"steps":            schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "What will be done, in order."},
				"minimum_duration": computedString("Bakes and drains together; the launch of an environment comes on top."),
				"peak_instances":   schema.Int64Attribute{Computed: true, MarkdownDescription: "Largest number of instances that run at a time."},
			},
		},
		"last_rollout": schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "How the last rollout ended.",
			Attributes: map[string]schema.Attribute{
				"id":       computedString("Names it in the trail."),
				"from":     computedString("Version before; null when none was live."),
				"to":       computedString("Version it moved to."),
				"started":  computedString("When it began (RFC 3339, UTC)."),
				"finished": computedString("When it ended (RFC 3339, UTC)."),
				"outcome":  computedString("`succeeded`, `failed` or `superseded`."),
				"reason":   computedString("Why it did not succeed; null otherwise."),
				"rejected": schema.BoolAttribute{Computed: true, MarkdownDescription: "The release was rejected: it is not tried again unasked."},
				"evidence": schema.SingleNestedAttribute{
					Computed:            true,
					MarkdownDescription: "What a guard saw; null when none spoke against the release.",
					Attributes: map[string]schema.Attribute{
						"guard":     computedString("`alarm`, `error rate`, `latency p99`, `unhealthy hosts`."),
						"subject":   computedString("Name of the alarm or the environment."),
						"value":     computedString("What was seen."),
						"threshold": computedString("What is allowed."),
						"window":    computedString("Over which time, or CloudWatch's own reason of the alarm."),
						"share":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Share of traffic that the release had, in percent."},
						"exposed":   schema.Float64Attribute{Computed: true, MarkdownDescription: "Requests that it had answered, as far as CloudWatch knew. With `rollout.by = \"instance\"`: both releases together, in the target group that they share."},
					},
				},
			},
		},
		"rejections": schema.ListNestedAttribute{
			Computed:            true,
			MarkdownDescription: "Releases that were taken out and are not tried again unasked.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"version":     computedString("Version of the release."),
				"fingerprint": computedString("Names all that is baked in."),
				"reason":      computedString("Why it was taken out."),
				"time":        computedString("When (RFC 3339, UTC)."),
			}},
		},
	})
	return arguments
}

func computedString(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

// The types of the computed objects.
var (
	environmentType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"name": types.StringType, "id": types.StringType, "version": types.StringType, "fingerprint": types.StringType,
		"platform_arn": types.StringType, "image_digest": types.StringType,
		"role": types.StringType, "weight": types.Int64Type, "health": types.StringType, "capacity": types.Int64Type,
		"proven": types.BoolType, "created": types.StringType, "retired": types.StringType, "expires": types.StringType,
	}}
	planType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"kind": types.StringType, "from": types.StringType, "to": types.StringType,
		"steps":            types.ListType{ElemType: types.StringType},
		"minimum_duration": types.StringType, "peak_instances": types.Int64Type,
	}}
	outcomeType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "from": types.StringType, "to": types.StringType, "started": types.StringType,
		"finished": types.StringType, "outcome": types.StringType, "reason": types.StringType,
		"rejected": types.BoolType, "evidence": evidenceType,
	}}
	evidenceType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"guard": types.StringType, "subject": types.StringType, "value": types.StringType, "threshold": types.StringType,
		"window": types.StringType, "share": types.Int64Type, "exposed": types.Float64Type,
	}}
	rejectionType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"version": types.StringType, "fingerprint": types.StringType, "reason": types.StringType, "time": types.StringType,
	}}
)
