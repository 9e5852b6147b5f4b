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
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// ionroller is the provider.
type ionroller struct{ version string }

var _ provider.ProviderWithFunctions = (*ionroller)(nil)

// New makes the provider of a version of this program.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &ionroller{version: version} }
}

// Metadata names the provider.
func (p *ionroller) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "ionroller", p.version
}

// Configure connects to AWS. It does not while something that matters for it is not
// known yet, as at the plan of a run that makes the bucket.
func (p *ionroller) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var m providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.unknown(ctx) {
		return
	}
	config := m.config(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	config.AWS.Product, config.AWS.Version = "terraform-provider-ionroller", p.version
	config.Run, config.Log = run(), logger()
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
	resp.ResourceData, resp.DataSourceData = loop, loop
}

// run says what runs, for the trail. HCP Terraform tells the id of its run.
func run() string {
	if id := os.Getenv("TFC_RUN_ID"); id != "" {
		return "terraform " + id
	}
	return "terraform"
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

// DataSources lists the data sources.
func (p *ionroller) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newEndpointData, newEndpointsData, newEventsData}
}
