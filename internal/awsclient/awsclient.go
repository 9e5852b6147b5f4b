// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package awsclient is the one place that builds SDK clients: where credentials
// come from, which roles are assumed, how calls are retried, and whose account it
// is. It makes no calls of its own but those that say who the caller is.
//
// Endpoints follow AWS_ENDPOINT_URL and its per-service kin, as in every SDK, unless
// they are configured.
package awsclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdkconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"
	"github.com/hashicorp/aws-sdk-go-base/v2/validation"
)

// Clients are the clients of all services in one Region, and as whom they call.
type Clients struct {
	Account   string // twelve digits
	Partition string // "aws", "aws-cn", "aws-us-gov"
	Region    string
	CallerARN string
	// Expires is when the credentials end, if they are keys that somebody handed over
	// with the time of their end; zero for those that are renewed.
	Expires time.Time

	Clock          *Clock // AWS's time
	Beanstalk      *elasticbeanstalk.Client
	LoadBalancing  *elasticloadbalancingv2.Client
	AutoScaling    *autoscaling.Client
	CloudFormation *cloudformation.Client
	CloudWatch     *cloudwatch.Client
	Route53        *route53.Client
	S3             *s3.Client
	Images         *Images
	IAM            *iam.Client
}

// New builds the clients and asks STS who the caller is.
func New(ctx context.Context, c Config) (*Clients, error) {
	base := c.base()
	_, config, diags := awsbase.GetAwsConfig(ctx, &base)
	if err := explain(c, diags); err != nil {
		return nil, err
	}
	if config.Region == "" {
		return nil, errors.New("no AWS Region: set the provider's region, AWS_REGION, or region in the profile of the shared configuration file")
	}
	if err := validation.SupportedRegion(config.Region); err != nil && c.KnownRegion {
		return nil, fmt.Errorf("%q is no AWS Region that is known here: if it is a new one, set skip_region_validation = true", config.Region)
	}
	if config.RetryMaxAttempts == 0 { // neither here, nor by AWS_MAX_ATTEMPTS or the profile
		retryer := config.Retryer
		config.Retryer = func() aws.Retryer { return retry.AddWithMaxAttempts(retryer(), maxAttempts) }
	}
	config.APIOptions = append(slices.Clone(config.APIOptions), punctual)
	clients := build(config, c)
	if err := clients.identify(ctx, config, c.Endpoints["sts"]); err != nil {
		return nil, err
	}
	clients.Expires = handedOver(ctx, config)
	if ids := c.AllowedAccountIDs; len(ids) > 0 && !slices.Contains(ids, clients.Account) {
		return nil, fmt.Errorf("the credentials are of account %s, and allowed_account_ids has only %s", clients.Account, strings.Join(ids, ", "))
	}
	if slices.Contains(c.ForbiddenAccountIDs, clients.Account) {
		return nil, fmt.Errorf("the credentials are of account %s, which is among forbidden_account_ids", clients.Account)
	}
	return clients, nil
}

func build(config aws.Config, c Config) *Clients {
	clock := NewClock()
	telling := config.Copy() // the services whose answers tell the time
	telling.APIOptions = append(slices.Clone(config.APIOptions), clock.follow)
	at := func(service string, base **string) {
		if url := c.Endpoints[service]; url != "" {
			*base = &url
		}
	}
	return &Clients{
		Region:         config.Region,
		Clock:          clock,
		Beanstalk:      elasticbeanstalk.NewFromConfig(telling, func(o *elasticbeanstalk.Options) { at("elasticbeanstalk", &o.BaseEndpoint) }),
		LoadBalancing:  elasticloadbalancingv2.NewFromConfig(telling, func(o *elasticloadbalancingv2.Options) { at("elbv2", &o.BaseEndpoint) }),
		AutoScaling:    autoscaling.NewFromConfig(telling, func(o *autoscaling.Options) { at("autoscaling", &o.BaseEndpoint) }),
		CloudFormation: cloudformation.NewFromConfig(telling, func(o *cloudformation.Options) { at("cloudformation", &o.BaseEndpoint) }),
		CloudWatch:     cloudwatch.NewFromConfig(telling, func(o *cloudwatch.Options) { at("cloudwatch", &o.BaseEndpoint) }),
		Route53:        route53.NewFromConfig(telling, func(o *route53.Options) { at("route53", &o.BaseEndpoint) }),
		S3: s3.NewFromConfig(config, func(o *s3.Options) {
			at("s3", &o.BaseEndpoint)
			o.UsePathStyle = o.UsePathStyle || c.S3UsePathStyle
		}),
		Images: NewImages(config, c.Endpoints["ecr"]),
		IAM:    iam.NewFromConfig(config),
	}
}

// S3In is the S3 client for buckets of a Region.
func (c *Clients) S3In(region string) *s3.Client {
	if region == "" || region == c.Region {
		return c.S3
	}
	return s3.New(c.S3.Options(), func(o *s3.Options) { o.Region = region })
}

// handedOver is when keys from the environment end: whoever exports those of a session
// (aws configure export-credentials) says so in AWS_CREDENTIAL_EXPIRATION.
func handedOver(ctx context.Context, config aws.Config) time.Time {
	keys, err := config.Credentials.Retrieve(ctx)
	if err != nil || keys.Source != sdkconfig.CredentialsSourceName {
		return time.Time{}
	}
	ends, err := time.Parse(time.RFC3339, os.Getenv("AWS_CREDENTIAL_EXPIRATION"))
	if err != nil {
		return time.Time{} // nobody said
	}
	return ends
}

// identify asks STS as whom the clients call.
func (c *Clients) identify(ctx context.Context, config aws.Config, endpoint string) error {
	client := sts.NewFromConfig(config, func(o *sts.Options) {
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	})
	out, err := client.GetCallerIdentity(ctx, nil)
	if err != nil {
		return fmt.Errorf("asking STS in %s who the caller is: %w", c.Region, err)
	}
	c.CallerARN, c.Account = aws.ToString(out.Arn), aws.ToString(out.Account)
	caller, err := arn.Parse(c.CallerARN)
	if err != nil {
		return fmt.Errorf("asking STS in %s who the caller is: %q: %w", c.Region, c.CallerARN, err)
	}
	c.Partition = caller.Partition
	return nil
}

// explain makes an error of what went wrong with the configuration.
func explain(c Config, diags diag.Diagnostics) error {
	if !diags.HasError() {
		return nil
	}
	d := diags.Errors()[0]
	cause := d.Detail()
	if with, ok := d.(diag.DiagnosticWithErr); ok {
		cause = with.Err().Error()
	}
	switch {
	case awsbase.IsNoValidCredentialSourcesError(d) && c.Profile != "":
		return fmt.Errorf("no AWS credentials in profile %q: %s", c.Profile, cause)
	case awsbase.IsNoValidCredentialSourcesError(d):
		return fmt.Errorf("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile: %s", cause)
	case awsbase.IsCannotAssumeRoleError(d):
		return fmt.Errorf("assuming a role of assume_role: %s", cause)
	}
	return fmt.Errorf("configuring AWS: %s: %s", d.Summary(), cause)
}
