// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// endpointData is the data source ionroller_endpoint.
type endpointData struct{ looker }

var _ datasource.DataSourceWithConfigure = (*endpointData)(nil)

func newEndpointData() datasource.DataSource { return &endpointData{} }

// endpointDataModel is what it tells.
type endpointDataModel struct {
	Name               types.String `tfsdk:"name"`
	Version            types.String `tfsdk:"version"`
	LiveVersion        types.String `tfsdk:"live_version"`
	Container          types.Object `tfsdk:"container"`
	Beanstalk          types.Object `tfsdk:"beanstalk"`
	Capacity           types.Object `tfsdk:"capacity"`
	Health             types.Object `tfsdk:"health"`
	Routing            types.Object `tfsdk:"routing"`
	TestRoute          types.Object `tfsdk:"test_route"`
	DNS                types.Object `tfsdk:"dns"`
	Rollout            types.Object `tfsdk:"rollout"`
	Retention          types.Object `tfsdk:"retention"`
	DeletionProtection types.Bool   `tfsdk:"deletion_protection"`

	Status            types.String `tfsdk:"status"`
	URL               types.String `tfsdk:"url"`
	TestURL           types.String `tfsdk:"test_url"`
	ActiveEnvironment types.String `tfsdk:"active_environment"`
	Environments      types.List   `tfsdk:"environments"`
	LastRollout       types.Object `tfsdk:"last_rollout"`
	Rejections        types.List   `tfsdk:"rejections"`
}

// Metadata names the data source.
func (d *endpointData) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_endpoint"
}

// Schema describes it: the resource's attributes, of what is there.
func (d *endpointData) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := shown(without(endpointSchema(ctx).Attributes, "timeouts", "rollout_plan"))
	attributes["name"] = schema.StringAttribute{Required: true, MarkdownDescription: "Name of the endpoint."}
	attributes["version"] = schema.StringAttribute{Computed: true, MarkdownDescription: "The version that was asked for, by the last apply that succeeded."}
	attributes["live_version"] = schema.StringAttribute{Computed: true, MarkdownDescription: "The version that is live; null before a first one is. During a rollout it is the one before."}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An endpoint: what is running, and what is its configuration. It may be made by another configuration, of the same owner.",
		Attributes:          attributes,
	}
}

// Configure takes the loop that the provider made.
func (d *endpointData) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.use(req.ProviderData)
}

// Read asks the journal and AWS.
func (d *endpointData) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config endpointDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	name := config.Name.ValueString()
	if resp.Diagnostics.HasError() || !d.configured(&resp.Diagnostics, "ionroller_endpoint") {
		return
	}
	world, err := d.roller.Observe(ctx, name)
	if err != nil {
		addError(&resp.Diagnostics, "read", name, err)
		return
	}
	if world == nil {
		resp.Diagnostics.AddError("Unable to read endpoint "+name, fmt.Sprintf("There is no endpoint %s in this account and Region.", name))
		return
	}
	spec := world.Record.Desired // of one that is being made
	if world.Record.Accepted != nil {
		spec = *world.Record.Accepted
	}
	at, err := (&endpointResource{roller: d.roller}).addresses(ctx, spec)
	if err != nil {
		addError(&resp.Diagnostics, "read", name, err)
		return
	}
	var m endpointModel
	m.setArguments(spec)
	m.forgetComputed()
	m.setComputed(*world, at)
	resp.Diagnostics.Append(resp.State.Set(ctx, endpointDataModel{
		Name: m.Name, Version: m.Version, LiveVersion: optional(world.Record.ActiveVersion()),
		Container: m.Container, Beanstalk: m.Beanstalk, Capacity: m.Capacity, Health: m.Health, Routing: m.Routing, TestRoute: m.TestRoute,
		DNS: m.DNS, Rollout: m.Rollout, Retention: m.Retention, DeletionProtection: m.DeletionProtection,
		Status: m.Status, URL: m.URL, TestURL: m.TestURL, ActiveEnvironment: m.ActiveEnvironment, Environments: m.Environments,
		LastRollout: m.LastRollout, Rejections: m.Rejections,
	})...)
}

// endpointsData is the data source ionroller_endpoints.
type endpointsData struct{ looker }

var _ datasource.DataSourceWithConfigure = (*endpointsData)(nil)

func newEndpointsData() datasource.DataSource { return &endpointsData{} }

type endpointsModel struct {
	Names     []string            `tfsdk:"names"`
	Endpoints []endpointListModel `tfsdk:"endpoints"`
}

type endpointListModel struct {
	Name        string       `tfsdk:"name"`
	Version     string       `tfsdk:"version"`
	LiveVersion types.String `tfsdk:"live_version"`
	Hosts       []string     `tfsdk:"hosts"`
	Phase       string       `tfsdk:"phase"`
	Created     types.String `tfsdk:"created"`
}

// Metadata names the data source.
func (d *endpointsData) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_endpoints"
}

// Schema describes it.
func (d *endpointsData) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The endpoints of the provider's owner, account and Region, by what the journal knows of them. What is running is told by the data source `ionroller_endpoint`.",
		Attributes: map[string]schema.Attribute{
			"names": schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Names of the endpoints, in order."},
			"endpoints": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The endpoints, in order of their names.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name":         shownString("Name of the endpoint."),
					"version":      shownString("The version that is asked for."),
					"live_version": shownString("The version that is live; null before a first one is."),
					"hosts":        schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Its host names."},
					"phase":        shownString("`creating`: no release has been live yet; `live`; `deleting`."),
					"created":      shownString("When it was made (RFC 3339, UTC)."),
				}},
			},
		},
	}
}

func shownString(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

// Configure takes the loop that the provider made.
func (d *endpointsData) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.use(req.ProviderData)
}

// Read asks the journal.
func (d *endpointsData) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.configured(&resp.Diagnostics, "ionroller_endpoints") {
		return
	}
	records, err := d.roller.Endpoints(ctx)
	if err != nil {
		resp.Diagnostics.AddError("Unable to list the endpoints", sentence(err))
		return
	}
	m := endpointsModel{Names: []string{}, Endpoints: []endpointListModel{}}
	for _, r := range records {
		m.Names = append(m.Names, r.Endpoint)
		m.Endpoints = append(m.Endpoints, listed(r))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func listed(r endpoint.Record) endpointListModel {
	return endpointListModel{
		Name: r.Endpoint, Version: r.Desired.Release.Version, LiveVersion: optional(r.ActiveVersion()),
		Hosts: append([]string{}, r.Desired.Routing.Hosts...), Phase: string(r.Phase), Created: timestamp(r.Created),
	}
}
