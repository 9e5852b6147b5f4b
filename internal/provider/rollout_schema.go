// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

func rolloutSchema() schema.Attribute {
	policy := endpoint.RolloutPolicy{MaxWeight: defaultMaxWeight, OnFailure: defaultOnFailure}
	policy.HealthyWithin, _ = endpoint.ParseDuration(defaultHealthyWithin)
	policy.ExtendBake, _ = endpoint.ParseDuration(defaultExtendBake)
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "How traffic moves to a new environment, and what watches over it. Changed in place; a rollout in flight keeps its steps.",
		Default:             objectdefault.StaticValue(rolloutValue(policy)),
		Attributes: map[string]schema.Attribute{
			"steps": schema.ListNestedAttribute{
				Optional:            true,
				MarkdownDescription: "The steps, in rising weight. None: all traffic moves at once. A list that ends below 100 is followed by a last step to 100.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"weight": schema.Int64Attribute{Required: true, MarkdownDescription: "Share of the endpoint's requests in percent, 1 to 100."},
					"bake":   optionalDuration("0s", "How long the step is watched before the next, as a duration. Default `0s`."),
					"pause":  pauseSchema(),
				}},
			},
			"healthy_within": optionalDuration(defaultHealthyWithin, "Time that a new environment has to become healthy, from its launch. Then it is given up; no request has reached it. Default `15m`."),
			"max_weight":     optionalInt(defaultMaxWeight, "Largest share of the endpoint's requests that a new release gets, in percent, 1 to 100. Below 100 the rollout rests there, `status` is `capped`, and raising it goes on. It may be below the first step. Hot rollbacks and first deployments do not heed it. Default `100`."),
			"alarms": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Names of CloudWatch alarms, metric or composite, in the endpoint's account and Region; at most 100. No rollout begins while one is in state `ALARM`, and one that fires during a rollout, also while nobody was looking, ends it as `on_failure` says. None by default.",
			},
			"analysis":    analysisSchema(),
			"extend_bake": optionalDuration(defaultExtendBake, "How much longer a bake may last, as a duration, when an alarm has insufficient data or `analysis` too few requests for a verdict. After that the rollout freezes. Default `10m`."),
			"on_failure":  optionalString(defaultOnFailure, "What happens when an alarm or `analysis` speaks against a release that has traffic. `rollback`: traffic goes back and the release is rejected. `freeze`: traffic stays as it is until somebody decides. Default `rollback`."),
			"retry":       optionalInt(0, "Raise it by one to try a rejected release again, or to go on with a frozen rollout. Default `0`."),
			"wait": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether an apply stays until the rollout is over. `false`: it ends when the first step has its traffic, and something else has to go on, as `ionroller reconcile`; it needs `steps`. A first deployment and a hot rollback are always waited for. Default `true`.",
			},
		},
	}
}

func pauseSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Hold the rollout after the bake until somebody promotes it. None by default.",
		Attributes: map[string]schema.Attribute{
			"deadline": schema.StringAttribute{
				Required: true, PlanModifiers: []planmodifier.String{sameDuration{}},
				MarkdownDescription: "How long it is held at most, as a duration of more than `0s`, from the end of the bake.",
			},
			"then": optionalString(defaultThen, "What happens when nobody promoted it by then. `promote`: the rollout goes on. `rollback`: traffic goes back and the release is rejected. `freeze`: traffic stays as it is until somebody decides. Default `rollback`."),
		},
	}
}

func analysisSchema() schema.Attribute {
	ratio := func(what string) schema.Attribute {
		return schema.Float64Attribute{Optional: true, MarkdownDescription: "Largest " + what + " borne, as a multiple of the active environment's over the same time, 1 or more. It is not judged at 100 %, where there is nothing to compare with. No bound by default."}
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Judge a new environment by what the load balancer measured of it in the whole minutes since its step began. One bound that is passed ends the rollout as `on_failure` says. None by default; at least one of `error_rate`, `latency` and `unhealthy_hosts` otherwise.",
		Attributes: map[string]schema.Attribute{
			"error_rate": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Bounds the share of requests that failed: answers of the instances with a 5xx code, and connections to them that failed. At least one of `max` and `max_ratio`.",
				Attributes: map[string]schema.Attribute{
					"max":       schema.Float64Attribute{Optional: true, MarkdownDescription: "Largest share borne, in percent of the requests, 0 to 100. No bound by default."},
					"max_ratio": ratio("share"),
				},
			},
			"latency": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Bounds the time that instances take to begin their answer. At least one of `max` and `max_ratio`.",
				Attributes: map[string]schema.Attribute{
					"percentile": schema.Float64Attribute{
						Optional: true, Computed: true, Default: float64default.StaticFloat64(defaultPercentile),
						MarkdownDescription: "Which percentile is judged: more than 0, at most 100, with at most two decimals, as `99.9`. Default `99`.",
					},
					"max": schema.StringAttribute{
						Optional: true, PlanModifiers: []planmodifier.String{sameDuration{}},
						MarkdownDescription: "Largest value borne, as a duration of more than `0s`, as `300ms`. No bound by default.",
					},
					"max_ratio": ratio("value"),
				},
			},
			"unhealthy_hosts": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Largest number of unhealthy instances borne at a time, 0 or more. No bound by default.",
			},
			"minimum_requests": optionalInt(defaultMinimumRequests, "Number of requests, on each side where two are compared, below which error rate and latency are not judged, and the bake is extended; 1 or more. Default `50`."),
		},
	}
}
