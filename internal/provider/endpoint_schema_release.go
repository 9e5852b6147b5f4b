// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func containerSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Required:            true,
		MarkdownDescription: "The Docker container that every instance runs. *Baked in.*",
		Attributes: map[string]schema.Attribute{
			"image": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The image's repository without a tag, as `acme/checkout`; the tag is `version`. An image in Amazon ECR, as `123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout`, needs no credentials but the permission of the instance profile to pull it (the managed policy `AmazonEC2ContainerRegistryReadOnly`). Its tag is resolved when a release is packed (with `ecr:DescribeImages`), and instances pull by that digest, also those that start after the tag was moved. From other registries they pull what the tag points to at the time: let tags there be immutable. For other private registries see `registry_auth`.",
			},
			"port": schema.Int64Attribute{
				Optional: true, Computed: true, Default: int64default.StaticInt64(defaultPort),
				MarkdownDescription: "The port on which the container listens for HTTP. Default `8080`.",
			},
			"command": schema.ListAttribute{
				Optional: true, Computed: true, Default: listdefault.StaticValue(stringList(nil)), ElementType: types.StringType,
				MarkdownDescription: "The command's words, instead of the image's own.",
			},
			"environment": schema.MapAttribute{
				Optional: true, Computed: true, Default: mapdefault.StaticValue(stringMap(nil)), ElementType: types.StringType,
				MarkdownDescription: "Environment variables of the container. They are kept in state and journal in clear: for secrets see `secrets`.",
			},
			"secrets": schema.MapAttribute{
				Optional: true, Computed: true, Default: mapdefault.StaticValue(stringMap(nil)), ElementType: types.StringType,
				MarkdownDescription: "Environment variables whose values are in AWS Secrets Manager or in the Parameter Store of Systems Manager, by ARN: `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf`, with `:KEY` behind it for one key of a JSON secret, or `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`. The instances read the values when they boot, so the instance profile must be allowed `secretsmanager:GetSecretValue` or `ssm:GetParameter`, and `kms:Decrypt` where the key is your own. The value itself is never read here, and is in no state, journal or trail. A secret that was changed is read by instances that boot afterwards. It needs a platform of 26 March 2025 or later, with `:KEY` of 13 January 2026 or later. A name cannot be in `environment` as well.",
			},
			"volumes": schema.SetNestedAttribute{
				Optional: true, Computed: true, Default: setdefault.StaticValue(volumeSet(nil)),
				MarkdownDescription: "Directories of the instance that the container sees. They last as long as the instance.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"host_directory":      schema.StringAttribute{Required: true, MarkdownDescription: "Whole path on the instance, as `/var/app/data`."},
					"container_directory": schema.StringAttribute{Required: true, MarkdownDescription: "Whole path in the container, as `/data`."},
				}},
			},
			"registry_auth": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "The S3 object with the credentials of a private registry that is not Amazon ECR, in the form of Docker's `config.json`. The instances fetch it, so the instance profile must be allowed `s3:GetObject` on it. Only its place is known here: its content is never read, and is in no state, journal or trail.",
				Attributes: map[string]schema.Attribute{
					"bucket": schema.StringAttribute{Optional: true, MarkdownDescription: "Bucket, in the endpoint's Region. By default the provider's `bucket`."},
					"key":    schema.StringAttribute{Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}, MarkdownDescription: "Key, as `registry/config.json`."},
				},
			},
		},
	}
}

func beanstalkSchema() schema.Attribute {
	return schema.SingleNestedAttribute{
		Required:            true,
		MarkdownDescription: "The Elastic Beanstalk environment that runs the container. *Baked in.*",
		Attributes: map[string]schema.Attribute{
			"instance_type": optionalString(defaultInstanceType, "EC2 instance type. Default `t3.small`."),
			"vpc_id": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "VPC of the instances: the load balancer's.",
			},
			"subnets": schema.SetAttribute{
				Required: true, ElementType: types.StringType,
				MarkdownDescription: "Subnets of the instances, in that VPC.",
			},
			"security_groups": schema.SetAttribute{
				Optional: true, Computed: true, Default: setdefault.StaticValue(stringSet(nil)), ElementType: types.StringType,
				MarkdownDescription: "Security groups of the instances, beside the one that Elastic Beanstalk makes.",
			},
			"instance_profile": optionalString(defaultInstanceProfile, "IAM instance profile of the instances. Default `aws-elasticbeanstalk-ec2-role`."),
			"service_role":     optionalString(defaultServiceRole, "IAM role that Elastic Beanstalk assumes. Default `aws-elasticbeanstalk-service-role`."),
			"key_name": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "EC2 key pair for logging in to the instances. None by default.",
			},
			"platform_arn": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "ARN of the Docker platform version. By default the recommended one at the time the environment is made, which then stays with it; managed platform updates are always off. An environment that was lost is made again on the version on which its release proved itself. A version of a retired or deprecated branch gives a warning at plan.",
			},
			"settings": schema.SetNestedAttribute{
				Optional: true, Computed: true, Default: setdefault.StaticValue(settingSet(nil)),
				MarkdownDescription: "Further Elastic Beanstalk option settings, each at most once. What another argument says, as the number of instances or the health check, cannot be set here, nor what makes environments what they are: the shared load balancer, and managed updates, which are always off.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"namespace": schema.StringAttribute{Required: true, MarkdownDescription: "Namespace, as `aws:autoscaling:launchconfiguration`."},
					"name":      schema.StringAttribute{Required: true, MarkdownDescription: "Option's name, as `RootVolumeSize`."},
					"value":     schema.StringAttribute{Required: true, MarkdownDescription: "Value, as Elastic Beanstalk writes it."},
				}},
			},
			"extensions": schema.MapAttribute{
				Optional: true, Computed: true, Default: mapdefault.StaticValue(stringMap(nil)), ElementType: types.StringType,
				MarkdownDescription: "Files of the bundle's `.ebextensions`, by name: YAML or JSON with Elastic Beanstalk's `Resources`, `files`, `packages`, `commands` and so on, as from `file(\"10-files.config\")` or `yamlencode({...})`. Names end with `.config`; Elastic Beanstalk reads the files in the order of their names. Together they have at most 64 KiB, and they are kept in state and journal in clear. Option settings in them lose against those that ionroller makes.",
			},
		},
	}
}
