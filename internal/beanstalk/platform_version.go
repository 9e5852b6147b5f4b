// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// platformARN is the platform version that a new environment gets: the one its
// release names, or the one that the release proved itself on before, or the
// recommended one.
func (p *Platform) platformARN(ctx context.Context, e *endpoint.Environment) (string, error) {
	if arn := e.Release.Beanstalk.PlatformARN; arn != "" {
		return arn, nil
	}
	if e.PlatformARN != "" {
		version, err := p.platformVersion(ctx, e.PlatformARN)
		if err != nil {
			return "", err
		}
		if version != nil && version.PlatformStatus == types.PlatformStatusReady {
			return e.PlatformARN, nil
		}
	}
	arn, err := p.Recommended(ctx)
	if err == nil && arn == "" {
		err = fmt.Errorf("there is no recommended version of platform %q in %s", dockerBranch, p.region)
	}
	return arn, err
}

// dockerBranch is the platform branch that single containers run on.
const dockerBranch = "Docker running on 64bit Amazon Linux 2023"

// Recommended is the recommended version of the Docker platform, or "".
func (p *Platform) Recommended(ctx context.Context) (string, error) {
	equal := func(kind, value string) types.PlatformFilter {
		return types.PlatformFilter{Type: &kind, Operator: aws.String("="), Values: []string{value}}
	}
	pages := elasticbeanstalk.NewListPlatformVersionsPaginator(p.eb, &elasticbeanstalk.ListPlatformVersionsInput{
		Filters: []types.PlatformFilter{
			equal("PlatformBranchName", dockerBranch),
			equal("PlatformLifecycleState", "recommended"),
			equal("PlatformStatus", string(types.PlatformStatusReady)),
		},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("listing the versions of platform %q: %w", dockerBranch, err)
		}
		// A branch has one recommended version.
		for _, s := range page.PlatformSummaryList {
			return aws.ToString(s.PlatformArn), nil
		}
	}
	return "", nil
}

// platformVersion describes a platform version; nil when there is none.
func (p *Platform) platformVersion(ctx context.Context, arn string) (*types.PlatformDescription, error) {
	out, err := p.eb.DescribePlatformVersion(ctx, &elasticbeanstalk.DescribePlatformVersionInput{PlatformArn: &arn})
	switch c := code(err); {
	case c == "InvalidParameterValue" || c == "ResourceNotFoundException":
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("describing platform %s: %w", arn, err)
	}
	return out.PlatformDescription, nil
}

// checkPlatform looks at the platform version that the release names. The
// recommended one can do all that follows.
func (p *Platform) checkPlatform(ctx context.Context, release endpoint.Release, f *findings) error {
	arn := release.Beanstalk.PlatformARN
	if arn == "" {
		recommended, err := p.Recommended(ctx)
		if err == nil && recommended == "" {
			f.add("beanstalk.platform_arn", "there is no recommended version of %q in %s: name a platform", dockerBranch, p.region)
		}
		return err
	}
	version, err := p.platformVersion(ctx, arn)
	switch {
	case err != nil:
		return err
	case version == nil:
		f.add("beanstalk.platform_arn", "there is no platform %s", arn)
	case version.PlatformStatus != types.PlatformStatusReady:
		f.add("beanstalk.platform_arn", "platform %s is %s, not Ready", arn, version.PlatformStatus)
	default:
		checkLifecycle(version, f)
		checkSecrets(version, release.Container.Secrets, f)
	}
	return nil
}

// checkLifecycle names a platform version that AWS gives up or has given up. New
// environments of a retired branch are made only for customers who have some, see
// "Elastic Beanstalk platform support policy" in the Developer Guide.
func checkLifecycle(version *types.PlatformDescription, f *findings) {
	branch := aws.ToString(version.PlatformBranchName)
	switch state := aws.ToString(version.PlatformBranchLifecycleState); {
	case strings.EqualFold(state, "retired"):
		f.warn("beanstalk.platform_arn", "platform branch %q of %s is retired: it gets no updates, not even for security, and AWS makes new environments only in accounts that have one of it already; name a version of another branch, or leave platform_arn out for the recommended one of %q", branch, aws.ToString(version.PlatformArn), dockerBranch)
	case strings.EqualFold(state, "deprecated"):
		f.warn("beanstalk.platform_arn", "platform branch %q of %s is deprecated: AWS is about to retire it; name a version of another branch, or leave platform_arn out for the recommended one of %q", branch, aws.ToString(version.PlatformArn), dockerBranch)
	}
}

// The platform versions that read secrets, and single keys of JSON secrets, are
// those since 26 March 2025 and 13 January 2026, see "Fetching secrets and
// parameters to Elastic Beanstalk environment variables" in the Developer Guide. A
// version is made some days before it is announced.
var (
	readsSecrets = time.Date(2025, 3, 26, 0, 0, 0, 0, time.UTC).Add(-announcement)
	readsKeys    = time.Date(2026, 1, 13, 0, 0, 0, 0, time.UTC).Add(-announcement)
)

const announcement = 7 * 24 * time.Hour

func checkSecrets(version *types.PlatformDescription, secrets map[string]string, f *findings) {
	since, what := readsSecrets, "secrets"
	for _, arn := range secrets {
		if endpoint.JSONKey(arn) {
			since, what = readsKeys, "single keys of JSON secrets"
		}
	}
	made := aws.ToTime(version.DateCreated)
	if len(secrets) == 0 || made.IsZero() || !made.Before(since) {
		return
	}
	f.add("container.secrets", "platform %s is of %s and cannot read %s: Elastic Beanstalk's platforms can since %s; name a newer one in beanstalk.platform_arn, or leave it out for the recommended one",
		aws.ToString(version.PlatformArn), made.Format(time.DateOnly), what, since.Add(announcement).Format(time.DateOnly))
}
