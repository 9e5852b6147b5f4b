// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// endpointResource is ionroller_endpoint.
type endpointResource struct{ roller *roller.Roller }

var (
	_ resource.ResourceWithConfigure      = (*endpointResource)(nil)
	_ resource.ResourceWithImportState    = (*endpointResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*endpointResource)(nil)
	_ resource.ResourceWithValidateConfig = (*endpointResource)(nil)
)

func newEndpointResource() resource.Resource { return &endpointResource{} }

// Metadata names the resource.
func (r *endpointResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_endpoint"
}

// Schema describes the resource.
func (r *endpointResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = endpointSchema(ctx)
}

// Configure takes the loop that the provider made. There is none while the
// provider's own configuration is not known.
func (r *endpointResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.roller, _ = req.ProviderData.(*roller.Roller)
}

// Create makes the endpoint. A failed one leaves neither state nor anything in
// AWS; one that was interrupted, or is frozen, is adopted by the next.
func (r *endpointResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan endpointModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	spec, diags := plan.spec(ctx)
	resp.Diagnostics.Append(diags...)
	timeout, diags := plan.Timeouts.Create(ctx, createTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	world, err := r.roller.Create(ctx, spec)
	if err != nil {
		addError(&resp.Diagnostics, "create", spec.Name, err)
		return
	}
	at, err := r.addresses(ctx, spec)
	if err != nil {
		resp.Diagnostics.AddWarning("Unable to tell the URL of endpoint "+spec.Name, sentence(err))
	}
	plan.setComputed(world, at)
	writeSnapshot(ctx, resp.Private, world, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// Read tells what is live, and notices what others changed. It writes nothing.
func (r *endpointResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state endpointModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name := state.Name.ValueString()
	if r.roller == nil {
		// The plan is made from what was last seen; the apply knows more, and refuses
		// what has become riskier.
		resp.Diagnostics.AddWarning("Endpoint was not looked at", "An argument of the ionroller provider is not known before the apply, so endpoint "+name+" is planned as it was last seen.")
		return
	}
	world, err := r.roller.Observe(ctx, name)
	if err != nil {
		addError(&resp.Diagnostics, "read", name, err)
		return
	}
	if world == nil || world.Record.Accepted == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	accepted := *world.Record.Accepted
	if state.says(ctx, accepted) {
		state.fill(accepted)
	} else {
		state.setArguments(accepted)
	}
	at, err := r.addresses(ctx, accepted)
	if err != nil {
		addError(&resp.Diagnostics, "read", name, err)
		return
	}
	state.forgetComputed()
	// Once it is done the plan has been read: left in the state, Terraform would show
	// the next one as a difference to it.
	state.RolloutPlan = types.ObjectNull(planType.AttrTypes)
	state.setComputed(*world, at)
	writeSnapshot(ctx, resp.Private, *world, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update moves the endpoint to what is configured. A failure leaves the
// arguments of the release that is live in the state, so that the next plan
// shows the difference again.
func (r *endpointResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state endpointModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	spec, diags := plan.spec(ctx)
	resp.Diagnostics.Append(diags...)
	timeout, diags := plan.Timeouts.Update(ctx, updateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	var expect *roller.Expectation
	if before, ok := readSnapshot(ctx, req.Private, &resp.Diagnostics); ok {
		expect = &roller.Expectation{Active: before.Record.Active, Plan: preview(before, spec)}
	}
	work, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	world, err := r.roller.Update(work, spec, expect)
	if err != nil {
		addError(&resp.Diagnostics, "update", spec.Name, err)
		r.keepLive(ctx, state, resp)
		return
	}
	at, err := r.addresses(ctx, spec)
	if err != nil {
		resp.Diagnostics.AddWarning("Unable to tell the URL of endpoint "+spec.Name, sentence(err))
	}
	plan.setComputed(world, at)
	writeSnapshot(ctx, resp.Private, world, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// keepLive saves what is live after an update that failed. The call's own
// context may be over, so it has one of its own.
func (r *endpointResource) keepLive(ctx context.Context, state endpointModel, resp *resource.UpdateResponse) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readAfterFailure)
	defer cancel()
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	world, err := r.roller.Observe(ctx, state.Name.ValueString())
	if err != nil || world == nil {
		return // the state before is the best there is; the next refresh tells more
	}
	// Of a release that was accepted at a part of the traffic, nothing may be left.
	if a := world.Record.Accepted; a != nil && !state.says(ctx, *a) {
		state.setArguments(*a)
	}
	at := addresses{users: state.URL.ValueString(), test: state.TestURL.ValueString()}
	state.forgetComputed()
	state.setComputed(*world, at)
	writeSnapshot(ctx, resp.Private, *world, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Delete takes the endpoint away: its rule first, then the rest.
func (r *endpointResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state endpointModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, diags := state.Timeouts.Delete(ctx, deleteTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || !r.configured(&resp.Diagnostics) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := r.roller.Remove(ctx, state.Name.ValueString()); err != nil {
		addError(&resp.Diagnostics, "destroy", state.Name.ValueString(), err)
	}
}

// ImportState takes an endpoint by its name; the journal knows every argument.
func (r *endpointResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.configured(&resp.Diagnostics) {
		return
	}
	world, err := r.roller.Observe(ctx, req.ID)
	switch {
	case err != nil:
		addError(&resp.Diagnostics, "import", req.ID, err)
		return
	case world == nil:
		resp.Diagnostics.AddError("Unable to import endpoint "+req.ID, "The journal has no endpoint of that name: import takes the endpoint's name, as in terraform import ionroller_endpoint.checkout checkout.")
		return
	case world.Record.Accepted == nil:
		resp.Diagnostics.AddError("Unable to import endpoint "+req.ID, "No release of it has been live yet: its creation was interrupted. Apply its configuration, which adopts what there is.")
		return
	}
	var model endpointModel
	model.setArguments(*world.Record.Accepted)
	model.forgetComputed()
	model.RolloutPlan = types.ObjectNull(planType.AttrTypes)
	model.setComputed(*world, addresses{})
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), req.ID)...)
}

// addresses asks the load balancer where an endpoint is reached.
func (r *endpointResource) addresses(ctx context.Context, s endpoint.Spec) (addresses, error) {
	users, err := r.roller.Balancer.URL(ctx, s.Routing)
	if err != nil {
		return addresses{}, err
	}
	test, err := r.roller.Balancer.TestURL(ctx, s)
	return addresses{users: users, test: test}, err
}

// configured says that the provider's configuration is known.
func (r *endpointResource) configured(diags *diag.Diagnostics) bool {
	if r.roller == nil {
		diags.AddError("The provider's configuration is not known yet", "An argument of the ionroller provider depends on a resource that does not exist yet. Make that resource first, for example with terraform apply -target.")
	}
	return r.roller != nil
}

// readAfterFailure bounds the look at what is live after an update failed.
const readAfterFailure = 20 * time.Second
