// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// ValidateConfig checks what can be known from the configuration alone.
func (r *endpointResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config endpointModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	spec, diags := config.spec(ctx)
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return
	}
	known := config.known(ctx)
	var problems []endpoint.Problem
	for _, p := range spec.Validate() {
		if known(p.Attribute) {
			problems = append(problems, p)
		}
	}
	addProblems(&resp.Diagnostics, problems)
	if known("rollout") && known("timeouts") {
		config.checkTimeouts(ctx, spec, &resp.Diagnostics)
	}
}

// known returns a function that tells whether the argument an attribute belongs
// to is wholly known. Of one that is not, nothing can be said yet.
func (m endpointModel) known(ctx context.Context) func(attribute string) bool {
	whole := map[string]bool{}
	for name, v := range map[string]interface{ IsUnknown() bool }{"name": m.Name, "version": m.Version} {
		whole[name] = !v.IsUnknown()
	}
	for name, v := range map[string]types.Object{
		"container": m.Container, "beanstalk": m.Beanstalk, "capacity": m.Capacity, "health": m.Health,
		"routing": m.Routing, "dns": m.DNS, "test_route": m.TestRoute, "rollout": m.Rollout, "retention": m.Retention, "timeouts": m.Timeouts.Object,
	} {
		value, err := v.ToTerraformValue(ctx)
		whole[name] = err == nil && value.IsFullyKnown()
	}
	return func(attribute string) bool {
		root, _, _ := strings.Cut(attribute, ".")
		return whole[root]
	}
}

// checkTimeouts refuses bakes and pauses that cannot end before the timeout does.
func (m endpointModel) checkTimeouts(ctx context.Context, spec endpoint.Spec, diags *diag.Diagnostics) {
	least := spec.Rollout.LongestDuration(spec.Capacity.Min)
	update, d := m.Timeouts.Update(ctx, updateTimeout)
	diags.Append(d...)
	if !d.HasError() && least > update && !spec.Rollout.NoWait {
		diags.AddAttributeError(path.Root("rollout").AtName("steps"), "Rollout longer than its timeout", fmt.Sprintf(
			"rollout.steps: the bakes and pauses take up to %s together, which is more than timeouts.update, %s: shorten them, raise the timeout, or set rollout.wait = false.",
			endpoint.Duration(least), endpoint.Duration(update)))
	}
	// The first deployment has only the last step, unless it takes a rule over.
	steps := spec.Rollout.Plan()
	first, what := steps[len(steps)-1].Bake.Std()+steps[len(steps)-1].Pause.Deadline.Std(), "the last step takes"
	if spec.Routing.TakeoverRuleARN != "" && !spec.Rollout.NoWait {
		first, what = least, "the bakes and pauses of the takeover take"
	}
	create, d := m.Timeouts.Create(ctx, createTimeout)
	diags.Append(d...)
	if !d.HasError() && first > create {
		diags.AddAttributeError(path.Root("rollout").AtName("steps"), "Rollout longer than its timeout", fmt.Sprintf(
			"rollout.steps: %s up to %s, which is more than timeouts.create, %s: shorten them or raise the timeout.",
			what, endpoint.Duration(first), endpoint.Duration(create)))
	}
}

// ModifyPlan shows the rollout that will happen. What it shows is a function of
// configuration and prior state alone; what it asks AWS makes errors and warnings.
func (r *endpointResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		refuseProtected(ctx, req, resp)
		return
	}
	var config, plan endpointModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !config.whollyKnown(ctx) {
		return
	}
	spec, diags := plan.spec(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		if r.refuseReplacement(ctx, req, spec.Name, &resp.Diagnostics) {
			return
		}
		world := rollout.World{Record: endpoint.Record{Endpoint: spec.Name, Phase: endpoint.Creating, Desired: spec}}
		shown := rollout.Preview(world)
		plan.RolloutPlan = planValue(shown)
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
		if r.roller != nil {
			refused := r.warnOfLeftover(ctx, spec, &resp.Diagnostics)
			r.checkLive(ctx, spec, nil, shown, &resp.Diagnostics)
			if !refused {
				r.tellBegun(ctx, spec, &resp.Diagnostics)
			}
		}
		return
	}
	var state endpointModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	refuseMove(state, plan, &resp.Diagnostics)
	world, ok := readSnapshot(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !ok {
		return
	}
	if world.Record.Phase == endpoint.Deleting {
		// A destroy plans like this first, so it is no error here.
		resp.Diagnostics.AddWarning("Endpoint is being removed", fmt.Sprintf(
			"The removal of endpoint %s was interrupted. Finish it with terraform destroy; until then it cannot be changed.", spec.Name))
		return
	}
	warnOfStanding(world, spec, &resp.Diagnostics)
	shown := preview(world, spec)
	plan.promise(state, shown)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if warnOfRefusal(world, spec, shown, &resp.Diagnostics) {
		return // an apply does not begin
	}
	switch {
	case r.roller == nil:
	case shown.Kind == rollout.PlanNothing:
		r.warnOfOrphan(ctx, world, spec, &resp.Diagnostics)
	default:
		r.checkLive(ctx, spec, &world.Record, shown, &resp.Diagnostics)
	}
}

// promise says which computed attributes the change leaves alone, and what it
// will do.
func (m *endpointModel) promise(state endpointModel, shown rollout.Plan) {
	m.Status, m.URL, m.ActiveEnvironment = state.Status, state.URL, state.ActiveEnvironment
	m.TestURL, m.Rejections = state.TestURL, state.Rejections
	m.Environments, m.RolloutPlan, m.LastRollout = state.Environments, state.RolloutPlan, state.LastRollout
	if !m.Routing.Equal(state.Routing) {
		m.URL, m.TestURL = types.StringUnknown(), types.StringUnknown()
	}
	if !m.TestRoute.Equal(state.TestRoute) {
		m.TestURL = types.StringUnknown()
	}
	if !m.Retention.Equal(state.Retention) {
		m.Environments = types.ListUnknown(environmentType)
	}
	if shown.Kind == rollout.PlanNothing {
		return
	}
	m.RolloutPlan = planValue(shown)
	if len(shown.Steps) == 0 {
		return
	}
	m.Status = types.StringUnknown()
	m.Environments = types.ListUnknown(environmentType)
	switch shown.Kind {
	case rollout.PlanNew, rollout.PlanHot, rollout.PlanWarm, rollout.PlanResume, rollout.PlanRepair:
		m.ActiveEnvironment = types.StringUnknown()
		m.LastRollout = types.ObjectUnknown(outcomeType.AttrTypes)
		m.Rejections = types.ListUnknown(rejectionType)
	}
}

// checkLive asks AWS what would stop the change: quotas, a priority that is
// taken, a listener that does not fit. It writes nothing.
func (r *endpointResource) checkLive(ctx context.Context, spec endpoint.Spec, record *endpoint.Record, shown rollout.Plan, diags *diag.Diagnostics) {
	problems, err := r.roller.Check(ctx, spec, record, shown.Creates)
	if err != nil {
		addError(diags, "check", spec.Name, err)
		return
	}
	addProblems(diags, problems)
	if !slices.ContainsFunc(problems, func(p endpoint.Problem) bool { return !p.Warning }) {
		r.warnOfRollout(ctx, spec, shown, diags)
	}
}

// tellBegun tells of a creation that was interrupted, with which apply goes on.
func (r *endpointResource) tellBegun(ctx context.Context, spec endpoint.Spec, diags *diag.Diagnostics) {
	if diags.HasError() {
		return
	}
	begun, err := r.roller.Begun(ctx, spec)
	if err != nil {
		addError(diags, "check", spec.Name, err)
		return
	}
	if begun != "" {
		diags.AddWarning("Endpoint is being created already", fmt.Sprintf(
			"The creation of endpoint %s was interrupted: %s. Apply goes on with it.", spec.Name, begun))
	}
}

func refuseProtected(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state endpointModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if state.DeletionProtection.ValueBool() {
		resp.Diagnostics.AddAttributeError(path.Root("deletion_protection"), "Endpoint is protected from deletion", fmt.Sprintf(
			"Unable to destroy endpoint %s: deletion_protection is on. Set it to false, apply, and then destroy.", state.Name.ValueString()))
	}
}

// refuseReplacement refuses to take an endpoint away only to make it again, and says
// whether that was planned: a creation of what has a private state already. One whose
// removal had come to its end, when the run that did it died, has that too.
func (r *endpointResource) refuseReplacement(ctx context.Context, req resource.ModifyPlanRequest, name string, diags *diag.Diagnostics) bool {
	text, _ := req.Private.GetKey(ctx, snapshotKey)
	if len(text) == 0 {
		return false
	}
	if r.roller != nil {
		if world, err := r.roller.Observe(ctx, name); err == nil && world == nil {
			return false
		}
	}
	diags.AddError("Endpoint cannot be replaced", fmt.Sprintf(
		"Unable to replace endpoint %s: it would be taken away from its users before it is made anew. Plan without -replace, after terraform untaint if it is tainted. A new environment is made by a change to anything that is baked in, as a new version, and traffic moves to it step by step.", name))
	return true
}

// refuseMove refuses what would take an endpoint away from its users.
func refuseMove(state, plan endpointModel, diags *diag.Diagnostics) {
	if !plan.Name.Equal(state.Name) {
		diags.AddAttributeError(path.Root("name"), "Endpoint cannot be renamed", fmt.Sprintf(
			"Unable to rename endpoint %s to %s: its application, environments and trail carry the name. Add a second ionroller_endpoint with the new name and another priority, move its users, and then destroy this one.",
			state.Name.ValueString(), plan.Name.ValueString()))
	}
	from, to := state.Routing.Attributes()["listener_arn"], plan.Routing.Attributes()["listener_arn"]
	if from != nil && to != nil && !from.Equal(to) {
		diags.AddAttributeError(path.Root("routing").AtName("listener_arn"), "Endpoint cannot move to another listener", fmt.Sprintf(
			"Unable to move endpoint %s to another listener: its environments belong to the load balancer of %s. Add a second ionroller_endpoint on the new listener, move the host's DNS record, and then destroy this one.",
			state.Name.ValueString(), from))
	}
}

// whollyKnown says that no argument waits for another resource.
func (m endpointModel) whollyKnown(ctx context.Context) bool {
	known := m.known(ctx)
	for _, name := range []string{"name", "version", "container", "beanstalk", "capacity", "health", "routing", "dns", "test_route", "rollout", "retention", "timeouts"} {
		if !known(name) {
			return false
		}
	}
	return !m.DeletionProtection.IsUnknown()
}

const (
	createTimeout = 45 * time.Minute
	updateTimeout = 2 * time.Hour
	deleteTimeout = 45 * time.Minute
)
