// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Check returns what would stop an environment from being made, and warnings.
func (p *Platform) Check(ctx context.Context, r *endpoint.Record, creates bool) ([]endpoint.Problem, error) {
	if !creates {
		return nil, nil
	}
	var f findings
	if n := len(p.Tags); n > maxTags-ownTags {
		f.add("default_tags", "%d tags: Elastic Beanstalk allows %d on an environment, of which ionroller needs %d", n, maxTags, ownTags)
	}
	application, err := p.application(ctx, r.Endpoint)
	if err != nil {
		return nil, err
	}
	if application != nil {
		tags, err := p.tagsOf(ctx, aws.ToString(application.ApplicationArn))
		if err != nil {
			return nil, err
		}
		if owner, ok := tags[tagOwner]; ok && owner != p.Owner {
			f.add("name", "application %s belongs to owner %q: choose another name", r.Endpoint, owner)
		}
	}
	if err := p.checkPlatform(ctx, r.Desired.Release, &f); err != nil {
		return nil, err
	}
	if err := p.checkImage(ctx, r.Endpoint, r.Desired.Release, &f); err != nil {
		return nil, err
	}
	if err := p.checkRegistryAuth(ctx, r.Desired.Release.Container.RegistryAuth, &f); err != nil {
		return nil, err
	}
	if err := p.checkQuotas(ctx, r, application == nil, &f); err != nil {
		return nil, err
	}
	return f, nil
}

type findings []endpoint.Problem

func (f *findings) add(attribute, format string, args ...any) {
	*f = append(*f, endpoint.Problem{Attribute: attribute, Message: fmt.Sprintf(format, args...)})
}

func (f *findings) warn(attribute, format string, args ...any) {
	*f = append(*f, endpoint.Problem{Attribute: attribute, Message: fmt.Sprintf(format, args...), Warning: true})
}

// checkQuotas compares what is there, and what will be made, with the account's
// quotas of this Region.
func (p *Platform) checkQuotas(ctx context.Context, r *endpoint.Record, newApplication bool, f *findings) error {
	quotas, err := p.Quotas(ctx)
	if err != nil || len(quotas) == 0 {
		return err
	}
	wanted := map[string]int{environments: 1, versions: 1}
	found, err := p.hasVersion(ctx, r.Endpoint, r.Desired.Release.Label())
	if err != nil {
		return err
	}
	if found {
		wanted[versions] = 0
	}
	if newApplication {
		wanted[applications] = 1
	}
	for _, q := range quotas {
		if wanted[q.Of] > 0 && q.Have+wanted[q.Of] > q.Most {
			f.add("name", "account %s has %d Elastic Beanstalk %s in %s, and its quota is %d: remove some or ask AWS for more", p.account, q.Have, q.Of, p.region, q.Most)
		}
	}
	return nil
}

// What Elastic Beanstalk's quotas bound.
const (
	applications = "applications"
	versions     = "application versions"
	environments = "environments"
)

// Quota is how many the account has of something in this Region, and may have at most.
type Quota struct {
	Of         string
	Have, Most int
}

// Quotas returns Elastic Beanstalk's quotas, as far as it tells them.
func (p *Platform) Quotas(ctx context.Context) ([]Quota, error) {
	account, err := p.eb.DescribeAccountAttributes(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("describing the quotas of Elastic Beanstalk: %w", err)
	}
	told := account.ResourceQuotas
	if told == nil {
		return nil, nil
	}
	counts, err := p.count(ctx)
	if err != nil {
		return nil, err
	}
	var quotas []Quota
	for _, q := range []struct {
		of    string
		quota *types.ResourceQuota
	}{
		{applications, told.ApplicationQuota}, {versions, told.ApplicationVersionQuota}, {environments, told.EnvironmentQuota},
	} {
		if q.quota != nil && q.quota.Maximum != nil {
			quotas = append(quotas, Quota{q.of, counts[q.of], int(*q.quota.Maximum)})
		}
	}
	return quotas, nil
}

// count counts what the quotas bound.
func (p *Platform) count(ctx context.Context) (map[string]int, error) {
	apps, err := p.eb.DescribeApplications(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("describing applications: %w", err)
	}
	live, err := p.describe(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{IncludeDeleted: aws.Bool(false)})
	if err != nil {
		return nil, err
	}
	counts := map[string]int{applications: len(apps.Applications)}
	for _, d := range live {
		if d.Status != types.EnvironmentStatusTerminated {
			counts[environments]++
		}
	}
	packed, err := p.versions(ctx, &elasticbeanstalk.DescribeApplicationVersionsInput{})
	if err != nil {
		return nil, err
	}
	counts[versions] = len(packed)
	return counts, nil
}

// versions lists application versions, all pages of them.
func (p *Platform) versions(ctx context.Context, in *elasticbeanstalk.DescribeApplicationVersionsInput) ([]types.ApplicationVersionDescription, error) {
	var all []types.ApplicationVersionDescription
	for {
		out, err := p.eb.DescribeApplicationVersions(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("describing application versions: %w", err)
		}
		all = append(all, out.ApplicationVersions...)
		if out.NextToken == nil {
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}
