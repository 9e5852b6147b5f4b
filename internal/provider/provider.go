// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package provider is the Terraform face of ionroller: it turns configurations
// into specs, shows the rollout a change will be, and lets the loop do it.
package provider

import (
	"context"
	"errors"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// ionroller is the provider.
type ionroller struct{ version string }

// New makes the provider of a version of this program.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &ionroller{version: version} }
}

type providerModel struct {
	Region      types.String     `tfsdk:"region"`
	Profile     types.String     `tfsdk:"profile"`
	AssumeRole  *assumeRoleModel `tfsdk:"assume_role"`
	DefaultTags types.Map        `tfsdk:"default_tags"`
	Bucket      types.String     `tfsdk:"bucket"`
	Owner       types.String     `tfsdk:"owner"`
}

type assumeRoleModel struct {
	RoleARN     types.String `tfsdk:"role_arn"`
	SessionName types.String `tfsdk:"session_name"`
	ExternalID  types.String `tfsdk:"external_id"`
}

func (m providerModel) unknown() bool {
	for _, v := range []interface{ IsUnknown() bool }{m.Region, m.Profile, m.DefaultTags, m.Bucket, m.Owner} {
		if v.IsUnknown() {
			return true
		}
	}
	return m.AssumeRole != nil && (m.AssumeRole.RoleARN.IsUnknown() || m.AssumeRole.SessionName.IsUnknown() || m.AssumeRole.ExternalID.IsUnknown())
}

// Metadata names the provider.
func (p *ionroller) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "ionroller", p.version
}

// Schema describes the provider's configuration.
func (p *ionroller) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Releases of HTTP services on AWS: immutable environments behind a load balancer, traffic moved step by step, the old environment kept hot.",
		Attributes: map[string]schema.Attribute{
			"region": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "AWS Region of the endpoints. By default that of the environment (`AWS_REGION`) or the profile.",
			},
			"profile": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Profile of the shared AWS configuration files. By default `AWS_PROFILE`.",
			},
			"assume_role": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Role to assume for all calls.",
				Attributes: map[string]schema.Attribute{
					"role_arn":     schema.StringAttribute{Required: true, MarkdownDescription: "ARN of the role."},
					"session_name": schema.StringAttribute{Optional: true, MarkdownDescription: "Name of the session, which the trail shows. Default `ionroller`."},
					"external_id":  schema.StringAttribute{Optional: true, MarkdownDescription: "External id that the role asks for."},
				},
			},
			"default_tags": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Tags for everything that is made. They are not baked in: a change applies to what is made afterwards.",
				Validators:          []validator.Map{mapvalidator.SizeAtMost(43)},
			},
			"bucket": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "S3 bucket, in the same Region, for bundles and the journal: what was intended, how far it got, and what happened.",
				Validators:          []validator.String{stringvalidator.LengthBetween(3, 63)},
			},
			"owner": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Whose endpoints these are, as `acme/infra//prod`. Another owner's endpoints are never touched.",
				Validators:          []validator.String{stringvalidator.LengthBetween(1, 200)},
			},
		},
	}
}

// Configure connects to AWS.
func (p *ionroller) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.unknown() {
		return
	}
	config := onaws.Config{
		AWS: awsclient.Config{
			Region: m.Region.ValueString(), Profile: m.Profile.ValueString(),
			Product: "terraform-provider-ionroller", Version: p.version,
		},
		Bucket: m.Bucket.ValueString(), Owner: m.Owner.ValueString(), Run: run(), Log: logger(),
	}
	resp.Diagnostics.Append(m.DefaultTags.ElementsAs(ctx, &config.DefaultTags, false)...)
	if a := m.AssumeRole; a != nil {
		config.AWS.AssumeRole = []awsclient.AssumeRole{{
			RoleARN: a.RoleARN.ValueString(), ExternalID: a.ExternalID.ValueString(), SessionName: sessionName(a.SessionName.ValueString()),
		}}
	}
	if resp.Diagnostics.HasError() {
		return
	}
	loop, err := onaws.Connect(ctx, config)
	var problems *roller.Problems
	if errors.As(err, &problems) {
		addProblems(&resp.Diagnostics, problems.Problems)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to connect to AWS", sentence(err))
		return
	}
	resp.ResourceData = loop
}

// run says what runs, for the trail. HCP Terraform tells the id of its run.
func run() string {
	if id := os.Getenv("TFC_RUN_ID"); id != "" {
		return "terraform " + id
	}
	return "terraform"
}

func sessionName(configured string) string {
	if configured == "" {
		return "ionroller"
	}
	return configured
}

// logger writes what TF_LOG_PROVIDER asks for: Terraform reads standard error of
// its providers as hclog's JSON.
func logger() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "ionroller", Level: hclog.Trace, Output: os.Stderr, JSONFormat: true})
}

// Resources lists the resources.
func (p *ionroller) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newEndpointResource}
}

// DataSources lists the data sources: none yet.
func (p *ionroller) DataSources(context.Context) []func() datasource.DataSource { return nil }
