// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package beanstalk runs environments on AWS Elastic Beanstalk: each is one
// immutable copy of a release behind a shared Application Load Balancer, with its
// own Auto Scaling group and target group.
//
// An endpoint's application is named like the endpoint, and its application
// versions by the release's label. What carries no tags of ours is never changed
// or removed. Listener rules are not made here, but for the one that Elastic
// Beanstalk itself makes for an environment's CNAME.
package beanstalk

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Kind is the name under which records know this platform.
const Kind = "elasticbeanstalk"

// Options say whose environments these are.
type Options struct {
	Owner  string
	Bucket string            // of source bundles, in the environments' Region
	Tags   map[string]string // put on everything that is made, beside our own
}

// Platform makes, observes and removes environments.
type Platform struct {
	Options
	partition, account, region string

	eb      *elasticbeanstalk.Client
	elb     *elasticloadbalancingv2.Client
	scaling *autoscaling.Client
	stacks  *cloudformation.Client
	s3      *s3.Client
	images  *awsclient.Images
}

var _ roller.Platform = (*Platform)(nil)

// New returns the platform of the clients' account and Region.
func New(c *awsclient.Clients, o Options) *Platform {
	return &Platform{
		Options: o, partition: c.Partition, account: c.Account, region: c.Region,
		eb: c.Beanstalk, elb: c.LoadBalancing, scaling: c.AutoScaling, stacks: c.CloudFormation, s3: c.S3, images: c.Images,
	}
}

// Launch makes the application, the bundle and the version where they are
// missing, and asks for the environment. One that an earlier call made is
// adopted.
func (p *Platform) Launch(ctx context.Context, r *endpoint.Record, e *endpoint.Environment) error {
	if err := p.launch(ctx, r, e); err != nil {
		return refuse(fmt.Errorf("creating environment %s: %w", e.Name, err))
	}
	return nil
}

func (p *Platform) launch(ctx context.Context, r *endpoint.Record, e *endpoint.Environment) error {
	if err := p.ensureApplication(ctx, r); err != nil {
		return err
	}
	digest, err := p.ensureVersion(ctx, r, e)
	if err != nil {
		return err
	}
	platform, err := p.platformARN(ctx, e)
	if err != nil {
		return err
	}
	front, err := p.frontOf(ctx, r.Desired.Routing.ListenerARN)
	if err != nil {
		return err
	}
	_, err = p.eb.CreateEnvironment(ctx, &elasticbeanstalk.CreateEnvironmentInput{
		ApplicationName: &r.Endpoint,
		EnvironmentName: &e.Name,
		Description:     aws.String(fmt.Sprintf("Release %s of endpoint %s. Made by ionroller; do not change it by hand.", e.Release.Version, r.Endpoint)),
		VersionLabel:    aws.String(e.Release.Label()),
		PlatformArn:     &platform,
		Tier:            &types.EnvironmentTier{Name: aws.String("WebServer"), Type: aws.String("Standard")},
		OptionSettings:  settings(e, front),
		Tags:            p.environmentTags(r, e, digest),
	})
	if code(err) != "InvalidParameterValue" {
		return err
	}
	// It may be there already: an earlier call's answer was lost, or the name is
	// somebody else's.
	found, lookErr := p.live(ctx, r.Endpoint, e.Name)
	if lookErr == nil && found == nil && made(err) {
		return nil // reads do not show it yet; once they do, its tags say whether it is ours
	}
	if lookErr != nil || found == nil {
		return err
	}
	ours, lookErr := p.isOurs(ctx, aws.ToString(found.EnvironmentArn), r.Endpoint)
	if lookErr != nil {
		return lookErr
	}
	if !ours {
		return &roller.Refusal{Err: fmt.Errorf("an environment of that name exists and is not ionroller's for owner %s: %w", p.Owner, err)}
	}
	return nil
}

// Resize tells Elastic Beanstalk the capacity, which passes it on to the group.
func (p *Platform) Resize(ctx context.Context, e *endpoint.Environment, c endpoint.Capacity) error {
	_, err := p.eb.UpdateEnvironment(ctx, &elasticbeanstalk.UpdateEnvironmentInput{
		EnvironmentId: &e.ID, OptionSettings: capacitySettings(c),
	})
	if err != nil {
		return fmt.Errorf("setting the capacity of environment %s: %w", e.Name, err)
	}
	return nil
}

// Retire asks for the termination. What is terminating or gone is retired.
func (p *Platform) Retire(ctx context.Context, e *endpoint.Environment) error {
	if e.ID == "" {
		return fmt.Errorf("terminating environment %s: its ID is not known yet", e.Name)
	}
	_, err := p.eb.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &e.ID})
	if err == nil {
		return nil
	}
	if code(err) == "InvalidParameterValue" {
		out, lookErr := p.eb.DescribeEnvironments(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{
			EnvironmentIds: []string{e.ID}, IncludeDeleted: aws.Bool(false),
		})
		if lookErr == nil && !slices.ContainsFunc(out.Environments, stays) {
			return nil
		}
	}
	return fmt.Errorf("terminating environment %s (%s): %w", e.Name, e.ID, err)
}

// stays says that nobody has asked for the environment's termination.
func stays(d types.EnvironmentDescription) bool {
	return d.Status != types.EnvironmentStatusTerminating && d.Status != types.EnvironmentStatusTerminated
}

// live returns the application's environment of a name that is not terminated,
// or nil.
func (p *Platform) live(ctx context.Context, application, name string) (*types.EnvironmentDescription, error) {
	found, err := p.describe(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{
		ApplicationName: &application, EnvironmentNames: []string{name}, IncludeDeleted: aws.Bool(false),
	})
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		if d.Status != types.EnvironmentStatusTerminated {
			return &d, nil
		}
	}
	return nil, nil
}

// describe lists environments, all pages of them.
func (p *Platform) describe(ctx context.Context, in *elasticbeanstalk.DescribeEnvironmentsInput) ([]types.EnvironmentDescription, error) {
	var all []types.EnvironmentDescription
	for {
		out, err := p.eb.DescribeEnvironments(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("describing environments: %w", err)
		}
		all = append(all, out.Environments...)
		if out.NextToken == nil {
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}
