// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
)

// Config says as whom and where AWS is called. What is empty comes from the
// environment and the shared configuration files.
type Config struct {
	Region  string
	Profile string

	AccessKey, SecretKey, Token string

	SharedConfigFiles      []string
	SharedCredentialsFiles []string

	// WebIdentity is a role that is assumed with a token of somebody else's, and
	// AssumeRole are roles that are assumed after that, one by the other.
	WebIdentity *WebIdentity
	AssumeRole  []AssumeRole
	// AllowedAccountIDs refuses every other account; empty allows all.
	AllowedAccountIDs   []string
	ForbiddenAccountIDs []string

	// Endpoints are URLs by service: autoscaling, cloudformation, cloudwatch, ecr,
	// elasticbeanstalk, elbv2, route53, s3, sso, sts.
	Endpoints      map[string]string
	S3UsePathStyle bool
	UseFIPS        bool
	UseDualStack   bool

	RetryMode  string // "standard" or "adaptive"
	MaxRetries int    // how often a call is tried

	CustomCABundle        string // file
	HTTPProxy, HTTPSProxy *string
	NoProxy               string

	MetadataEndpoint, MetadataEndpointMode string
	// NoMetadata keeps from asking the instance's metadata service for credentials,
	// whatever the environment says; nil leaves it to that.
	NoMetadata *bool

	// KnownRegion refuses a Region that is not known here.
	KnownRegion bool

	// Product and Version are what the user agent says.
	Product, Version string
}

// AssumeRole is a role to assume.
type AssumeRole struct {
	RoleARN           string
	ExternalID        string
	SessionName       string
	SourceIdentity    string
	Duration          time.Duration // of the session; 0 takes the role's own
	Policy            string        // JSON that narrows what the session may do
	PolicyARNs        []string
	Tags              map[string]string
	TransitiveTagKeys []string
}

// WebIdentity is a role that is assumed with a token.
type WebIdentity struct {
	RoleARN          string
	SessionName      string
	Duration         time.Duration
	Policy           string
	PolicyARNs       []string
	Token, TokenFile string
}

// Calls are tried this often unless something else is said, with at most this
// between two tries. Throttling is among what is tried again.
const (
	maxAttempts = 10
	maxBackoff  = 5 * time.Second
)

// base is the configuration in the terms of the library that reads it.
func (c Config) base() awsbase.Config {
	base := awsbase.Config{
		Region: c.Region, Profile: c.Profile,
		AccessKey: c.AccessKey, SecretKey: c.SecretKey, Token: c.Token,
		SharedConfigFiles: c.SharedConfigFiles, SharedCredentialsFiles: c.SharedCredentialsFiles,
		StsEndpoint: c.Endpoints["sts"], SsoEndpoint: c.Endpoints["sso"],
		UseFIPSEndpoint: c.UseFIPS, UseDualStackEndpoint: c.UseDualStack,
		RetryMode: aws.RetryMode(c.RetryMode), MaxRetries: c.MaxRetries, MaxBackoff: maxBackoff,
		CustomCABundle: c.CustomCABundle, HTTPProxy: c.HTTPProxy, HTTPSProxy: c.HTTPSProxy, NoProxy: c.NoProxy,
		EC2MetadataServiceEndpoint: c.MetadataEndpoint, EC2MetadataServiceEndpointMode: c.MetadataEndpointMode,
		SkipCredsValidation: true, // New asks by itself
		CallerName:          "ionroller",
		UserAgent:           awsbase.UserAgentProducts{{Name: c.Product, Version: c.Version}},
	}
	if no := c.NoMetadata; no != nil {
		base.EC2MetadataServiceEnableState = map[bool]imds.ClientEnableState{false: imds.ClientEnabled, true: imds.ClientDisabled}[*no]
	}
	if w := c.WebIdentity; w != nil {
		base.AssumeRoleWithWebIdentity = &awsbase.AssumeRoleWithWebIdentity{
			RoleARN: w.RoleARN, SessionName: w.SessionName, Duration: w.Duration, Policy: w.Policy, PolicyARNs: w.PolicyARNs,
			WebIdentityToken: w.Token, WebIdentityTokenFile: w.TokenFile,
		}
	}
	for _, r := range c.AssumeRole {
		base.AssumeRole = append(base.AssumeRole, awsbase.AssumeRole{
			RoleARN: r.RoleARN, ExternalID: r.ExternalID, SessionName: r.SessionName, SourceIdentity: r.SourceIdentity,
			Duration: r.Duration, Policy: r.Policy, PolicyARNs: r.PolicyARNs, Tags: r.Tags, TransitiveTagKeys: r.TransitiveTagKeys,
		})
	}
	return base
}
