// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// ensureApplication makes the endpoint's application where there is none. One
// that is there without our tags is used, and never removed.
func (p *Platform) ensureApplication(ctx context.Context, r *endpoint.Record) error {
	found, err := p.application(ctx, r.Endpoint)
	if err != nil || found != nil {
		return err
	}
	_, err = p.eb.CreateApplication(ctx, &elasticbeanstalk.CreateApplicationInput{
		ApplicationName: &r.Endpoint,
		Description:     aws.String("Endpoint " + r.Endpoint + ". Made by ionroller."),
		Tags:            list(p.tags(r.Endpoint)),
	})
	if made(err) {
		return nil // made a moment ago, by a call whose answer was lost
	}
	if err != nil {
		return fmt.Errorf("creating application %s: %w", r.Endpoint, err)
	}
	return nil
}

// application returns the application of a name, or nil.
func (p *Platform) application(ctx context.Context, name string) (*types.ApplicationDescription, error) {
	out, err := p.eb.DescribeApplications(ctx, &elasticbeanstalk.DescribeApplicationsInput{ApplicationNames: []string{name}})
	if err != nil {
		return nil, fmt.Errorf("describing application %s: %w", name, err)
	}
	if len(out.Applications) == 0 {
		return nil, nil
	}
	return &out.Applications[0], nil
}

// ensureVersion uploads the bundle of an environment's release and makes its
// application version. It returns the digest of the image that is in it, or "".
func (p *Platform) ensureVersion(ctx context.Context, r *endpoint.Record, e *endpoint.Environment) (string, error) {
	release, label := e.Release, e.Release.Label()
	found, err := p.hasVersion(ctx, r.Endpoint, label)
	if err != nil {
		return "", err
	}
	if found {
		return p.versionDigest(ctx, r.Endpoint, release)
	}
	digest, err := p.digest(ctx, e)
	if err != nil {
		return "", err
	}
	text, err := p.bundle(release, digest)
	if err != nil {
		return "", fmt.Errorf("packing the bundle of %s: %w", label, err)
	}
	key := p.bundleKey(r.Endpoint, release)
	_, err = p.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &p.Bucket, Key: &key, Body: bytes.NewReader(text), ContentType: aws.String("application/zip"),
	})
	if err != nil {
		return "", fmt.Errorf("uploading s3://%s/%s: %w", p.Bucket, key, err)
	}
	_, err = p.eb.CreateApplicationVersion(ctx, &elasticbeanstalk.CreateApplicationVersionInput{
		ApplicationName: &r.Endpoint,
		VersionLabel:    &label,
		Description:     aws.String("Image tag " + release.Version),
		SourceBundle:    &types.S3Location{S3Bucket: &p.Bucket, S3Key: &key},
		Tags:            list(withDigest(p.tags(r.Endpoint), digest)),
	})
	if made(err) {
		return p.versionDigest(ctx, r.Endpoint, release)
	}
	if err != nil {
		return "", fmt.Errorf("creating application version %s of %s: %w", label, r.Endpoint, err)
	}
	return digest, nil
}

// made says that what was to be made is there already. Elastic Beanstalk has no
// code of its own for it, and its reads may not show it yet.
func made(err error) bool {
	return code(err) == "InvalidParameterValue" && exists.MatchString(err.Error())
}

func (p *Platform) hasVersion(ctx context.Context, application, label string) (bool, error) {
	out, err := p.eb.DescribeApplicationVersions(ctx, &elasticbeanstalk.DescribeApplicationVersionsInput{
		ApplicationName: &application, VersionLabels: []string{label},
	})
	if code(err) == "InvalidParameterValue" {
		return false, nil // there is no such application
	}
	if err != nil {
		return false, fmt.Errorf("describing version %s of application %s: %w", label, application, err)
	}
	return len(out.ApplicationVersions) > 0, nil
}

// Forget removes the application version and the bundle of a terminated
// environment, unless another environment of the record has the same release.
func (p *Platform) Forget(ctx context.Context, r *endpoint.Record, e *endpoint.Environment) error {
	label := e.Release.Label()
	for _, other := range r.Environments {
		if other.Name != e.Name && other.Release.Label() == label {
			return nil
		}
	}
	found, err := p.hasVersion(ctx, r.Endpoint, label)
	if err != nil {
		return err
	}
	if found {
		_, err = p.eb.DeleteApplicationVersion(ctx, &elasticbeanstalk.DeleteApplicationVersionInput{
			ApplicationName: &r.Endpoint, VersionLabel: &label, DeleteSourceBundle: aws.Bool(true),
		})
		if err != nil {
			return fmt.Errorf("removing application version %s of %s: %w", label, r.Endpoint, err)
		}
		return nil
	}
	// A run may have died between the bundle and the version.
	key := p.bundleKey(r.Endpoint, e.Release)
	if _, err := p.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.Bucket, Key: &key}); err != nil {
		return fmt.Errorf("removing s3://%s/%s: %w", p.Bucket, key, err)
	}
	return nil
}

// Dissolve removes the endpoint's application if it carries our tags and nobody
// else has anything in it.
func (p *Platform) Dissolve(ctx context.Context, r *endpoint.Record) error {
	found, err := p.application(ctx, r.Endpoint)
	if err != nil || found == nil {
		return err
	}
	ours, err := p.isOurs(ctx, aws.ToString(found.ApplicationArn), r.Endpoint)
	if err != nil || !ours {
		return err
	}
	empty, err := p.empty(ctx, r.Endpoint)
	if err != nil || !empty {
		return err
	}
	_, err = p.eb.DeleteApplication(ctx, &elasticbeanstalk.DeleteApplicationInput{ApplicationName: &r.Endpoint})
	if err != nil {
		return fmt.Errorf("removing application %s: %w", r.Endpoint, err)
	}
	return nil
}

// empty says that an application has neither environments nor versions of others.
// Versions of ours may still be listed after they were removed.
func (p *Platform) empty(ctx context.Context, application string) (bool, error) {
	environments, err := p.describe(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{
		ApplicationName: &application, IncludeDeleted: aws.Bool(false),
	})
	if err != nil {
		return false, err
	}
	for _, d := range environments {
		if d.Status == types.EnvironmentStatusTerminated {
			continue
		}
		ours, err := p.isOurs(ctx, aws.ToString(d.EnvironmentArn), application)
		if err != nil || !ours {
			return false, err
		}
		// Ours are removed before the application is: this is a read of the past.
		return false, fmt.Errorf("environment %s is still listed in application %s", aws.ToString(d.EnvironmentName), application)
	}
	versions, err := p.versions(ctx, &elasticbeanstalk.DescribeApplicationVersionsInput{ApplicationName: &application})
	if err != nil {
		return false, err
	}
	for _, v := range versions {
		ours, err := p.isOurs(ctx, aws.ToString(v.ApplicationVersionArn), application)
		if code(err) == "ResourceNotFoundException" {
			continue
		}
		if err != nil || !ours {
			return false, err
		}
	}
	return true, nil
}
