// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/distribution/reference"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Functions lists the functions.
func (p *ionroller) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		func() function.Function { return linearSteps{} },
		func() function.Function { return canarySteps{} },
		func() function.Function { return parseImage{} },
	}
}

// plainStepType is a step without a pause, which is left out.
var plainStepType = types.ObjectType{AttrTypes: map[string]attr.Type{"weight": types.Int64Type, "bake": types.StringType}}

// linearSteps is linear_steps.
type linearSteps struct{}

// Metadata names the function.
func (linearSteps) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "linear_steps"
}

// Definition describes it.
func (linearSteps) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Steps of equal size",
		MarkdownDescription: "Makes `rollout.steps` of equal size that end at 100 %: `linear_steps(4, \"5m\")` are steps of 25, 50, 75 and 100 %, watched for five minutes each.",
		Parameters: []function.Parameter{
			function.Int64Parameter{Name: "number", MarkdownDescription: "Number of steps, 1 to 100."},
			function.StringParameter{Name: "bake", MarkdownDescription: "How long each is watched, as a duration."},
		},
		Return: function.ListReturn{ElementType: plainStepType},
	}
}

// Run makes the steps.
func (linearSteps) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var number int64
	var bake string
	if resp.Error = req.Arguments.Get(ctx, &number, &bake); resp.Error != nil {
		return
	}
	if number < 1 || number > 100 {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("%d steps: there are 1 to 100, because weights are whole percents", number))
		return
	}
	var steps []endpoint.Step
	for i := range number {
		steps = append(steps, endpoint.Step{Weight: int(100 * (i + 1) / number)})
	}
	returnSteps(ctx, steps, []bakeArgument{{1, bake}}, resp)
}

// canarySteps is canary_steps.
type canarySteps struct{}

// Metadata names the function.
func (canarySteps) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "canary_steps"
}

// Definition describes it.
func (canarySteps) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "A small step, then all traffic",
		MarkdownDescription: "Makes `rollout.steps` of a canary: `canary_steps(5, \"10m\", \"30m\")` are a step of 5 %, watched for ten minutes, and one of 100 %, watched for half an hour.",
		Parameters: []function.Parameter{
			function.Int64Parameter{Name: "weight", MarkdownDescription: "Share of the canary in percent, 1 to 99."},
			function.StringParameter{Name: "bake", MarkdownDescription: "How long the canary is watched, as a duration."},
			function.StringParameter{Name: "last_bake", MarkdownDescription: "How long all traffic is watched, as a duration."},
		},
		Return: function.ListReturn{ElementType: plainStepType},
	}
}

// Run makes the steps.
func (canarySteps) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var weight int64
	var bake, last string
	if resp.Error = req.Arguments.Get(ctx, &weight, &bake, &last); resp.Error != nil {
		return
	}
	if weight < 1 || weight > 99 {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("%d %%: a canary has 1 to 99 %% of the requests", weight))
		return
	}
	returnSteps(ctx, []endpoint.Step{{Weight: int(weight)}, {Weight: 100}}, []bakeArgument{{1, bake}, {2, last}}, resp)
}

// bakeArgument is the time of a step, and which argument says it.
type bakeArgument struct {
	argument int64
	bake     string
}

// returnSteps answers with steps and their bakes, of which the last is that of all
// further steps.
func returnSteps(ctx context.Context, steps []endpoint.Step, bakes []bakeArgument, resp *function.RunResponse) {
	values := []attr.Value{}
	for i, s := range steps {
		b := bakes[min(i, len(bakes)-1)]
		d, err := endpoint.ParseDuration(b.bake)
		if err == nil && d < 0 {
			err = fmt.Errorf("%s is negative", d)
		}
		if err != nil {
			resp.Error = function.NewArgumentFuncError(b.argument, err.Error())
			return
		}
		values = append(values, types.ObjectValueMust(plainStepType.AttrTypes, map[string]attr.Value{
			"weight": types.Int64Value(int64(s.Weight)), "bake": types.StringValue(d.String()),
		}))
	}
	resp.Error = resp.Result.Set(ctx, types.ListValueMust(plainStepType, values))
}

// parseImage is parse_image.
type parseImage struct{}

// Metadata names the function.
func (parseImage) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_image"
}

// imageType is what parse_image returns.
var imageType = map[string]attr.Type{
	"image": types.StringType, "registry": types.StringType, "repository": types.StringType, "tag": types.StringType, "digest": types.StringType,
}

// Definition describes it.
func (parseImage) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Parts of a Docker image's name",
		MarkdownDescription: "Takes the name of a Docker image apart: `image` and `tag` are what `container.image` and `version` of `ionroller_endpoint` take. Further there are `registry`, `repository` and `digest`. `tag` and `digest` are null where the name has none.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "name", MarkdownDescription: "Name, as `123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout:1.2.0`."},
		},
		Return: function.ObjectReturn{AttributeTypes: imageType},
	}
}

// Run takes a name apart.
func (parseImage) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var name string
	if resp.Error = req.Arguments.Get(ctx, &name); resp.Error != nil {
		return
	}
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("%q is not the name of an image: %s", name, err))
		return
	}
	tag, digest := types.StringNull(), types.StringNull()
	if t, ok := named.(reference.Tagged); ok {
		tag = types.StringValue(t.Tag())
	}
	if d, ok := named.(reference.Digested); ok {
		digest = types.StringValue(d.Digest().String())
	}
	resp.Error = resp.Result.Set(ctx, types.ObjectValueMust(imageType, map[string]attr.Value{
		"image": types.StringValue(reference.FamiliarName(named)), "registry": types.StringValue(reference.Domain(named)),
		"repository": types.StringValue(reference.Path(named)), "tag": tag, "digest": digest,
	}))
}
