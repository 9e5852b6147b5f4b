// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Schema describes the provider's configuration. Of AWS it says what the AWS provider
// says, by the same names.
func (p *ionroller) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Releases of HTTP services on AWS: immutable environments behind a load balancer, traffic moved step by step, the old environment kept hot.",
		Attributes: map[string]schema.Attribute{
			"bucket": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "S3 bucket, in the same Region, for bundles and, without `journal`, the journal: what was intended, how far it got, and what happened.",
				Validators:          bucketName,
			},
			"owner": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Whose endpoints these are, as `acme/infra//prod`. Another owner's endpoints are never touched.",
				Validators:          []validator.String{stringvalidator.LengthBetween(1, 200)},
			},
			"journal": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Keeps the journal elsewhere than with the bundles. It must not change while there are endpoints: move what is in it first.",
				Attributes: map[string]schema.Attribute{
					"bucket": schema.StringAttribute{Optional: true, Validators: bucketName, MarkdownDescription: "S3 bucket of the journal. By default that of the bundles."},
					"region": schema.StringAttribute{
						Optional: true, Validators: []validator.String{stringvalidator.AlsoRequires(path.MatchRelative().AtParent().AtName("bucket"))},
						MarkdownDescription: "AWS Region of the journal's bucket. By default that of the endpoints.",
					},
					"prefix": optionalText("Beginning of all keys of the journal, as `ionroller/prod`. None by default."),
				},
			},
			"default_tags": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Tags for everything that is made. They are not baked in: a change applies to what is made afterwards.",
				Validators:          []validator.Map{mapvalidator.SizeAtMost(43)},
			},

			"region":  optionalText("AWS Region of the endpoints. By default that of the environment (`AWS_REGION`) or the profile."),
			"profile": optionalText("Profile of the shared AWS configuration files. By default `AWS_PROFILE`."),
			"access_key": schema.StringAttribute{
				Optional: true, Validators: together("secret_key"),
				MarkdownDescription: "AWS access key. Better left to the environment (`AWS_ACCESS_KEY_ID`), a profile or a role.",
			},
			"secret_key": schema.StringAttribute{
				Optional: true, Sensitive: true, Validators: together("access_key"),
				MarkdownDescription: "AWS secret key of `access_key`. Better left to the environment (`AWS_SECRET_ACCESS_KEY`), a profile or a role.",
			},
			"token": schema.StringAttribute{
				Optional: true, Sensitive: true, Validators: together("access_key"),
				MarkdownDescription: "Session token of temporary keys. Better left to the environment (`AWS_SESSION_TOKEN`).",
			},
			"shared_config_files":      texts("Paths of shared configuration files. By default `AWS_CONFIG_FILE`, or `~/.aws/config`."),
			"shared_credentials_files": texts("Paths of shared credentials files. By default `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`."),

			"assume_role":                   assumeRoleSchema(),
			"assume_role_with_web_identity": webIdentitySchema(),

			"allowed_account_ids": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				Validators:          []validator.Set{setvalidator.ConflictsWith(path.MatchRoot("forbidden_account_ids")), setvalidator.ValueStringsAre(accountID)},
				MarkdownDescription: "The only AWS accounts in which anything is done. All by default.",
			},
			"forbidden_account_ids": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, Validators: []validator.Set{setvalidator.ValueStringsAre(accountID)},
				MarkdownDescription: "AWS accounts in which nothing is done. None by default.",
			},

			"endpoints":              endpointsSchema(),
			"s3_use_path_style":      flag("Name the bucket in the path of S3's URL, not in its host name, as some of S3's kin need it. Default `false`."),
			"use_fips_endpoint":      flag("Call the FIPS endpoints. By default `AWS_USE_FIPS_ENDPOINT`."),
			"use_dualstack_endpoint": flag("Call the endpoints that have IPv6 addresses too. By default `AWS_USE_DUALSTACK_ENDPOINT`."),
			"skip_region_validation": flag("Take a Region that this version does not know. Default `false`."),
			"retry_mode": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.OneOf("standard", "adaptive")},
				MarkdownDescription: "How calls are tried again: `standard` or `adaptive`. By default `AWS_RETRY_MODE`, or `standard`.",
			},
			"max_retries": schema.Int64Attribute{
				Optional: true, Validators: []validator.Int64{int64validator.AtLeast(1)},
				MarkdownDescription: "Number of times that a call is tried, the first included. By default `AWS_MAX_ATTEMPTS`, or `10`.",
			},
			"custom_ca_bundle": optionalText("Path of a file with the certificates (PEM) to trust. By default `AWS_CA_BUNDLE`."),
			"http_proxy":       optionalText("URL of the proxy for HTTP, and for HTTPS unless `https_proxy` says another. By default `HTTP_PROXY`."),
			"https_proxy":      optionalText("URL of the proxy for HTTPS. By default `HTTPS_PROXY`."),
			"no_proxy":         optionalText("Hosts that are called without a proxy, separated by commas. By default `NO_PROXY`."),

			"ec2_metadata_service_endpoint": optionalText("URL of the metadata service of EC2. By default `AWS_EC2_METADATA_SERVICE_ENDPOINT`."),
			"ec2_metadata_service_endpoint_mode": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.OneOf("IPv4", "IPv6")},
				MarkdownDescription: "Protocol of the metadata service: `IPv4` or `IPv6`. By default `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.",
			},
			"skip_metadata_api_check": flag("Do not ask the metadata service of EC2 for credentials. By default as `AWS_EC2_METADATA_DISABLED` says."),
		},
	}
}

func assumeRoleSchema() schema.Attribute {
	return schema.ListNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Roles to assume for all calls, one after the other: each by the session of the one before it, the first by the credentials.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"role_arn":            schema.StringAttribute{Required: true, MarkdownDescription: "ARN of the role."},
			"session_name":        optionalText("Name of the session, which the trail shows. Default `ionroller`."),
			"external_id":         optionalText("External id that the role asks for."),
			"duration":            sessionDuration(),
			"policy":              optionalText("IAM policy in JSON that narrows what the session may do."),
			"policy_arns":         textSet("ARNs of managed IAM policies that narrow what the session may do."),
			"tags":                schema.MapAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: "Tags of the session."},
			"transitive_tag_keys": textSet("Keys of the tags that sessions of further roles have as well."),
			"source_identity":     optionalText("Source identity of the session, which CloudTrail shows and further roles keep."),
		}},
	}
}

func webIdentitySchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Role to assume with a web identity's token, as a CI system gives one. `assume_role` starts from its session. By default `AWS_ROLE_ARN` and `AWS_WEB_IDENTITY_TOKEN_FILE`.",
		Attributes: map[string]schema.Attribute{
			"role_arn":     schema.StringAttribute{Required: true, MarkdownDescription: "ARN of the role."},
			"session_name": optionalText("Name of the session, which the trail shows. Default `ionroller`."),
			"duration":     sessionDuration(),
			"policy":       optionalText("IAM policy in JSON that narrows what the session may do."),
			"policy_arns":  textSet("ARNs of managed IAM policies that narrow what the session may do."),
			"web_identity_token": schema.StringAttribute{
				Optional: true, Sensitive: true,
				Validators:          []validator.String{stringvalidator.ExactlyOneOf(path.MatchRelative().AtParent().AtName("web_identity_token_file"))},
				MarkdownDescription: "The token, an OpenID Connect one. Better in a file.",
			},
			"web_identity_token_file": optionalText("Path of a file with the token. It is read anew whenever the session is renewed."),
		},
	}
}

func endpointsSchema() schema.Attribute {
	services := map[string]schema.Attribute{}
	for service, name := range map[string]string{
		"autoscaling": "Auto Scaling", "cloudformation": "CloudFormation", "cloudwatch": "CloudWatch", "ecr": "ECR", "elasticbeanstalk": "Elastic Beanstalk",
		"elbv2": "Elastic Load Balancing", "route53": "Route 53", "s3": "S3", "sso": "IAM Identity Center", "sts": "STS",
	} {
		services[service] = schema.StringAttribute{
			Optional: true, Validators: []validator.String{webAddress},
			MarkdownDescription: "URL at which " + name + " is called.",
		}
	}
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Where services are called instead of AWS's public endpoints, as at VPC endpoints. By default `AWS_ENDPOINT_URL` and its kin of single services, as `AWS_ENDPOINT_URL_S3`.",
		Attributes:          services,
	}
}

func sessionDuration() schema.Attribute {
	return schema.StringAttribute{
		Optional: true, Validators: []validator.String{durationBetween{minSession, maxSession}},
		MarkdownDescription: "How long a session lasts before it is renewed, as a duration from `15m` to `12h`; at most `1h` when a role is assumed by another's session. Default `15m`.",
	}
}

func optionalText(description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}, MarkdownDescription: description}
}

func texts(description string) schema.Attribute {
	return schema.ListAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description}
}

func textSet(description string) schema.Attribute {
	return schema.SetAttribute{Optional: true, ElementType: types.StringType, MarkdownDescription: description}
}

func flag(description string) schema.Attribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
}
