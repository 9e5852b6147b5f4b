// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package awsclient is the one place that builds SDK clients: where credentials
// come from, which roles are assumed, how calls are retried, and whose account it
// is. It makes no calls of its own but those that say who the caller is.
//
// Endpoints follow AWS_ENDPOINT_URL and its per-service kin, as in every SDK.
package awsclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"
)

// Config says as whom and where AWS is called. What is empty comes from the
// environment and the shared configuration files.
type Config struct {
	Region  string
	Profile string
	// AssumeRole are roles that are assumed one after the other.
	AssumeRole []AssumeRole
	// AllowedAccountIDs refuses every other account; empty allows all.
	AllowedAccountIDs []string
	// Product and Version are what the user agent says.
	Product, Version string
}

// AssumeRole is a role to assume.
type AssumeRole struct {
	RoleARN     string
	ExternalID  string
	SessionName string
	Duration    time.Duration // of the session; 0 takes the role's own
}

// Clients are the clients of all services in one Region, and as whom they call.
type Clients struct {
	Account   string // twelve digits
	Partition string // "aws", "aws-cn", "aws-us-gov"
	Region    string
	CallerARN string

	Clock          *Clock // AWS's time
	Beanstalk      *elasticbeanstalk.Client
	LoadBalancing  *elasticloadbalancingv2.Client
	AutoScaling    *autoscaling.Client
	CloudFormation *cloudformation.Client
	CloudWatch     *cloudwatch.Client
	Route53        *route53.Client
	S3             *s3.Client
	Images         *Images
}

// Calls are tried this often, with at most this between two tries. Throttling is
// among what is tried again.
const (
	maxAttempts = 10
	maxBackoff  = 5 * time.Second
)

// New builds the clients and asks STS who the caller is.
func New(ctx context.Context, c Config) (*Clients, error) {
	base := awsbase.Config{
		Region: c.Region, Profile: c.Profile,
		AllowedAccountIds: c.AllowedAccountIDs,
		MaxRetries:        maxAttempts, MaxBackoff: maxBackoff, RetryMode: aws.RetryModeStandard,
		SkipCredsValidation: true, // New asks by itself
		CallerName:          "ionroller",
		UserAgent:           awsbase.UserAgentProducts{{Name: c.Product, Version: c.Version}},
	}
	for _, r := range c.AssumeRole {
		base.AssumeRole = append(base.AssumeRole, awsbase.AssumeRole{
			RoleARN: r.RoleARN, ExternalID: r.ExternalID, SessionName: r.SessionName, Duration: r.Duration,
		})
	}
	_, config, diags := awsbase.GetAwsConfig(ctx, &base)
	if err := explain(c, diags); err != nil {
		return nil, err
	}
	if config.Region == "" {
		return nil, errors.New("no AWS Region: set the provider's region, AWS_REGION, or region in the profile of the shared configuration file")
	}
	config.APIOptions = append(slices.Clone(config.APIOptions), punctual)
	clients := build(config)
	if err := clients.identify(ctx, config); err != nil {
		return nil, err
	}
	if ids := c.AllowedAccountIDs; len(ids) > 0 && !slices.Contains(ids, clients.Account) {
		return nil, fmt.Errorf("the credentials are of account %s, and allowed_account_ids has only %s", clients.Account, strings.Join(ids, ", "))
	}
	return clients, nil
}

func build(config aws.Config) *Clients {
	clock := NewClock()
	telling := config.Copy() // the services whose answers tell the time
	telling.APIOptions = append(slices.Clone(config.APIOptions), clock.follow)
	return &Clients{
		Region:         config.Region,
		Clock:          clock,
		Beanstalk:      elasticbeanstalk.NewFromConfig(telling),
		LoadBalancing:  elasticloadbalancingv2.NewFromConfig(telling),
		AutoScaling:    autoscaling.NewFromConfig(telling),
		CloudFormation: cloudformation.NewFromConfig(telling),
		CloudWatch:     cloudwatch.NewFromConfig(telling),
		Route53:        route53.NewFromConfig(telling),
		S3:             s3.NewFromConfig(config),
		Images:         NewImages(config),
	}
}

// identify asks STS as whom the clients call.
func (c *Clients) identify(ctx context.Context, config aws.Config) error {
	out, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, nil)
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
