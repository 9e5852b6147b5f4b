// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/float64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

func rolloutSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "How traffic moves to a new environment, and what watches it.",
		Default:             objectdefault.StaticValue(rolloutValue(defaultPolicy())),
		Attributes: map[string]schema.Attribute{
			"steps":          stepsSchema(),
			"by":             optionalString(defaultBy, "What the steps move: `weight`, shares of the requests; or `instance`, one instance after the other in one target group: an instance of the new environment is registered and, once it is healthy, one of the old deregistered. By instance a step has no `weight`, `max_weight` must be 100, analysis cannot compare the releases, and the environments do not scale by themselves meanwhile. Default `weight`."),
			"healthy_within": optionalDuration(defaultHealthyWithin, "Time that a new environment has to become healthy, and to get the capacity that a step or a raised `max_weight` needs. It counts from when the lack is first seen. Then the release is given up; it is rejected when it had traffic. Default `15m`."),
			"max_weight":     optionalInt(defaultMaxWeight, "Largest share that a new release gets, in percent, 1 to 100. Below 100 the rollout stops there, and apply succeeds; raise it to go on. A hot rollback heeds no cap. While the release rests at its cap, a daemon (`ionroller reconcile`) watches over it; a plan warns when none has been seen at work. Default `100`."),
			"alarms": schema.SetAttribute{
				Optional: true, Computed: true, Default: setdefault.StaticValue(stringSet(nil)), ElementType: types.StringType,
				MarkdownDescription: "Names of CloudWatch alarms, metric or composite, in the endpoint's account and Region. One that goes to `ALARM` during a rollout, its last bake included, ends it at once. None fires when a rollout begins, or it does not begin.",
			},
			"analysis":    analysisSchema(),
			"extend_bake": optionalDuration(defaultExtendBake, "How much longer a bake lasts at most when an alarm has no data or analysis too few requests. After that the rollout is frozen. Default `10m`."),
			"smoke": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "A check over `test_route` that a new environment passes before the first user's request reaches it. It must pass within `healthy_within` of its first failure.",
				Attributes: map[string]schema.Attribute{
					"path":   schema.StringAttribute{Required: true, MarkdownDescription: "Path that is asked with `GET`."},
					"status": optionalInt(defaultSmokeStatus, "HTTP code that is expected. Redirects are not followed. Default `200`."),
					"count":  optionalInt(defaultSmokeCount, "Number of expected answers in a row, about a second apart. Default `3`."),
				},
			},
			"on_failure": optionalString(defaultOnFailure, "What an alarm or analysis does: `rollback` takes all traffic back to the live release and rejects the new one; `freeze` leaves traffic as it is. Either way apply fails. Default `rollback`."),
			"retry":      optionalInt(0, "Raise it to try a rejected release, or to go on with a frozen rollout. Default `0`."),
			"wait": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "Whether apply stays until the rollout has ended. With `false` it returns when the new environment is healthy and the first step is set, and a daemon (`ionroller reconcile`) goes on with it; a plan warns when none has been seen at work. A first deployment is always waited for. Default `true`.",
			},
		},
	}
}

func stepsSchema() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional: true, Computed: true, Default: listdefault.StaticValue(stepList(nil)),
		MarkdownDescription: "The steps, in rising weight. None: all traffic moves at once. A list that ends below 100 is followed by a last step to 100. With `by = \"instance\"` each step is one instance, and the last is repeated for all that follow.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"weight": schema.Int64Attribute{Optional: true, MarkdownDescription: "Share of the endpoint's requests in percent, 1 to 100. Required, but for `by = \"instance\"`, where a step has none."},
			"bake":   optionalDuration("0s", "How long the step is watched before the next, as a duration. Default `0s`."),
			"pause": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Hold the rollout after the bake until somebody promotes it (`ionroller promote`). Alarms are watched meanwhile.",
				Attributes: map[string]schema.Attribute{
					"deadline": durationAttribute(schema.StringAttribute{Required: true, MarkdownDescription: "How long to hold it at most, as a duration, from the end of the bake."}),
					"then":     optionalString(defaultThen, "What happens when nobody promoted it by then: `promote`, `rollback` or `freeze`. Default `rollback`."),
				},
			},
		}},
	}
}

func analysisSchema() schema.Attribute {
	ratio := func(description string) schema.Attribute {
		return schema.Float64Attribute{Optional: true, MarkdownDescription: description}
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Judges the new environment by the load balancer's own metrics over each step, without any set-up. What is over a bound ends the rollout as an alarm does.",
		Attributes: map[string]schema.Attribute{
			"error_rate": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Share of the new environment's requests that it answered with a 5xx code or could not be asked, in percent.",
				Attributes: map[string]schema.Attribute{
					"max":       ratio("Largest rate, in percent. No bound by default."),
					"max_ratio": ratio("Largest rate as a multiple of the active environment's over the same time; that one counts as one error at least. No bound by default."),
				},
			},
			"latency": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Time that instances take to answer, at a percentile.",
				Attributes: map[string]schema.Attribute{
					"percentile": schema.Float64Attribute{
						Optional: true, Computed: true, Default: float64default.StaticFloat64(defaultPercentile),
						MarkdownDescription: "Percentile, above 0 and up to 100. Default `99`.",
					},
					"max":       durationAttribute(schema.StringAttribute{Optional: true, MarkdownDescription: "Largest time, as a duration. No bound by default."}),
					"max_ratio": ratio("Largest time as a multiple of the active environment's over the same time. No bound by default."),
				},
			},
			"unhealthy_hosts":  schema.Int64Attribute{Optional: true, MarkdownDescription: "Largest number of the new environment's instances that fail their health check at a time. No bound by default."},
			"minimum_requests": optionalInt(defaultMinimumRequests, "Number of requests below which error rate and latency say nothing; the bake is then extended, up to `extend_bake`. Default `50`."),
		},
	}
}

func testRouteSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "A way to the newest environment, before and while users get there: by hosts of its own, or by a header on the endpoint's. It has a listener rule of its own.",
		Attributes: map[string]schema.Attribute{
			"hosts": schema.SetAttribute{
				Optional: true, Computed: true, Default: setdefault.StaticValue(stringSet(nil)), ElementType: types.StringType,
				MarkdownDescription: "Host names for tests, as `next.checkout.acme.com`.",
			},
			"header": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Name of an HTTP header that picks requests to `routing.hosts`, when there are no `hosts`.",
			},
			"values": schema.SetAttribute{
				Optional: true, Computed: true, Default: setdefault.StaticValue(stringSet(nil)), ElementType: types.StringType,
				MarkdownDescription: "Values of the header, any of which picks a request; `*` and `?` allowed. With the hosts and paths of `routing` they are at most five.",
			},
		},
	}
}

func retentionSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "How long old environments are kept hot, with the capacity they had under full traffic. Their instances cost money until then.",
		Default:             objectdefault.StaticValue(retentionValue(defaultKeeping())),
		Attributes: map[string]schema.Attribute{
			"keep_for":   optionalDuration(defaultRetention, "Time after an environment left traffic. When it is over, the next apply or a daemon removes it. Default `1h`."),
			"max":        optionalInt(defaultRetained, "Number of old environments that are kept at most, the newest first; `0` keeps none. Default `2`."),
			"failed_for": optionalDuration(defaultFailedFor, "How long an environment that was given up is kept without traffic, so that people can look at it. Default `0s`: it is removed at once."),
		},
	}
}

// defaultPolicy is the rollout of a configuration that says nothing of it.
func defaultPolicy() endpoint.RolloutPolicy {
	return (&reader{}).rollout(rolloutModel{})
}

func defaultKeeping() endpoint.Retention { return (&reader{}).retention(retentionModel{}) }
