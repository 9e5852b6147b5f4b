// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
)

// providerModel is the provider's configuration as Terraform has it.
type providerModel struct {
	Bucket      types.String `tfsdk:"bucket"`
	Owner       types.String `tfsdk:"owner"`
	Journal     types.Object `tfsdk:"journal"`
	DefaultTags types.Map    `tfsdk:"default_tags"`

	Region                 types.String `tfsdk:"region"`
	Profile                types.String `tfsdk:"profile"`
	AccessKey              types.String `tfsdk:"access_key"`
	SecretKey              types.String `tfsdk:"secret_key"`
	Token                  types.String `tfsdk:"token"`
	SharedConfigFiles      types.List   `tfsdk:"shared_config_files"`
	SharedCredentialsFiles types.List   `tfsdk:"shared_credentials_files"`
	AssumeRole             types.List   `tfsdk:"assume_role"`
	WebIdentity            types.Object `tfsdk:"assume_role_with_web_identity"`
	AllowedAccountIDs      types.Set    `tfsdk:"allowed_account_ids"`
	ForbiddenAccountIDs    types.Set    `tfsdk:"forbidden_account_ids"`

	Endpoints            types.Object `tfsdk:"endpoints"`
	S3UsePathStyle       types.Bool   `tfsdk:"s3_use_path_style"`
	UseFIPS              types.Bool   `tfsdk:"use_fips_endpoint"`
	UseDualStack         types.Bool   `tfsdk:"use_dualstack_endpoint"`
	SkipRegionValidation types.Bool   `tfsdk:"skip_region_validation"`
	RetryMode            types.String `tfsdk:"retry_mode"`
	MaxRetries           types.Int64  `tfsdk:"max_retries"`
	CustomCABundle       types.String `tfsdk:"custom_ca_bundle"`
	HTTPProxy            types.String `tfsdk:"http_proxy"`
	HTTPSProxy           types.String `tfsdk:"https_proxy"`
	NoProxy              types.String `tfsdk:"no_proxy"`
	MetadataEndpoint     types.String `tfsdk:"ec2_metadata_service_endpoint"`
	MetadataEndpointMode types.String `tfsdk:"ec2_metadata_service_endpoint_mode"`
	SkipMetadata         types.Bool   `tfsdk:"skip_metadata_api_check"`
}

type journalModel struct {
	Bucket types.String `tfsdk:"bucket"`
	Region types.String `tfsdk:"region"`
	Prefix types.String `tfsdk:"prefix"`
}

type assumeRoleModel struct {
	RoleARN           types.String `tfsdk:"role_arn"`
	SessionName       types.String `tfsdk:"session_name"`
	ExternalID        types.String `tfsdk:"external_id"`
	Duration          types.String `tfsdk:"duration"`
	Policy            types.String `tfsdk:"policy"`
	PolicyARNs        types.Set    `tfsdk:"policy_arns"`
	Tags              types.Map    `tfsdk:"tags"`
	TransitiveTagKeys types.Set    `tfsdk:"transitive_tag_keys"`
	SourceIdentity    types.String `tfsdk:"source_identity"`
}

type webIdentityModel struct {
	RoleARN     types.String `tfsdk:"role_arn"`
	SessionName types.String `tfsdk:"session_name"`
	Duration    types.String `tfsdk:"duration"`
	Policy      types.String `tfsdk:"policy"`
	PolicyARNs  types.Set    `tfsdk:"policy_arns"`
	Token       types.String `tfsdk:"web_identity_token"`
	TokenFile   types.String `tfsdk:"web_identity_token_file"`
}

// unknown says that something is not known yet without which AWS cannot be called,
// or the wrong endpoints would be seen. Tags can wait: nothing is made before an apply.
func (m providerModel) unknown(ctx context.Context) bool {
	for _, v := range []attr.Value{
		m.Bucket, m.Owner, m.Journal, m.Region, m.Profile, m.AccessKey, m.SecretKey, m.Token, m.SharedConfigFiles, m.SharedCredentialsFiles,
		m.AssumeRole, m.WebIdentity, m.AllowedAccountIDs, m.ForbiddenAccountIDs, m.Endpoints, m.S3UsePathStyle, m.UseFIPS, m.UseDualStack,
		m.SkipRegionValidation, m.RetryMode, m.MaxRetries, m.CustomCABundle, m.HTTPProxy, m.HTTPSProxy, m.NoProxy,
		m.MetadataEndpoint, m.MetadataEndpointMode, m.SkipMetadata,
	} {
		if value, err := v.ToTerraformValue(ctx); err == nil && !value.IsFullyKnown() {
			return true
		}
	}
	return false
}

// config reads what is known.
func (m providerModel) config(ctx context.Context, diags *diag.Diagnostics) onaws.Config {
	r := reader{ctx: ctx}
	var journal journalModel
	r.object(m.Journal, &journal)
	config := onaws.Config{
		Bucket: m.Bucket.ValueString(), Owner: m.Owner.ValueString(), DefaultTags: r.stringMap(m.DefaultTags),
		Journal: onaws.Journal{Bucket: journal.Bucket.ValueString(), Region: journal.Region.ValueString(), Prefix: journal.Prefix.ValueString()},
		AWS: awsclient.Config{
			Region: m.Region.ValueString(), Profile: m.Profile.ValueString(),
			AccessKey: m.AccessKey.ValueString(), SecretKey: m.SecretKey.ValueString(), Token: m.Token.ValueString(),
			SharedConfigFiles: r.strings(m.SharedConfigFiles), SharedCredentialsFiles: r.strings(m.SharedCredentialsFiles),
			WebIdentity: r.webIdentity(m.WebIdentity), AssumeRole: r.roles(m.AssumeRole),
			AllowedAccountIDs: r.set(m.AllowedAccountIDs), ForbiddenAccountIDs: r.set(m.ForbiddenAccountIDs),
			Endpoints: map[string]string{}, S3UsePathStyle: m.S3UsePathStyle.ValueBool(),
			UseFIPS: m.UseFIPS.ValueBool(), UseDualStack: m.UseDualStack.ValueBool(),
			RetryMode: m.RetryMode.ValueString(), MaxRetries: int(m.MaxRetries.ValueInt64()),
			CustomCABundle: m.CustomCABundle.ValueString(), HTTPProxy: m.HTTPProxy.ValueStringPointer(), HTTPSProxy: m.HTTPSProxy.ValueStringPointer(),
			NoProxy: m.NoProxy.ValueString(), MetadataEndpoint: m.MetadataEndpoint.ValueString(), MetadataEndpointMode: m.MetadataEndpointMode.ValueString(),
			NoMetadata: m.SkipMetadata.ValueBoolPointer(), KnownRegion: !m.SkipRegionValidation.ValueBool(),
		},
	}
	for service, url := range m.Endpoints.Attributes() {
		config.AWS.Endpoints[service] = url.(types.String).ValueString()
	}
	diags.Append(r.diags...)
	return config
}

func (r *reader) roles(l types.List) []awsclient.AssumeRole {
	var roles []awsclient.AssumeRole
	for _, v := range l.Elements() {
		var m assumeRoleModel
		r.object(v.(types.Object), &m)
		roles = append(roles, awsclient.AssumeRole{
			RoleARN: m.RoleARN.ValueString(), ExternalID: m.ExternalID.ValueString(), SessionName: sessionName(m.SessionName),
			SourceIdentity: m.SourceIdentity.ValueString(), Duration: r.session(m.Duration), Policy: m.Policy.ValueString(),
			PolicyARNs: r.set(m.PolicyARNs), Tags: r.stringMap(m.Tags), TransitiveTagKeys: r.set(m.TransitiveTagKeys),
		})
	}
	return roles
}

func (r *reader) webIdentity(o types.Object) *awsclient.WebIdentity {
	if missing(o) {
		return nil
	}
	var m webIdentityModel
	r.object(o, &m)
	return &awsclient.WebIdentity{
		RoleARN: m.RoleARN.ValueString(), SessionName: sessionName(m.SessionName), Duration: r.session(m.Duration),
		Policy: m.Policy.ValueString(), PolicyARNs: r.set(m.PolicyARNs), Token: m.Token.ValueString(), TokenFile: m.TokenFile.ValueString(),
	}
}

// session is how long a role's session lasts; 0 when nothing is said of it.
func (r *reader) session(v types.String) time.Duration { return r.duration("duration", v, "0s").Std() }

func sessionName(v types.String) string { return cmp.Or(v.ValueString(), "ionroller") }
