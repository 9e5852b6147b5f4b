// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

// A platform is a version of one of the platform branches that the sandbox has.
type platform struct {
	arn, branch, state, linux, version, solutionStack string
	recommended                                       bool
	created                                           time.Time
}

const operatingName = "Amazon Linux"

// platforms are the versions, the newest first; the newest is recommended. The
// last one is of a branch that is retired.
func (c *Cloud) platforms() []platform {
	version := func(linux, state, v string, created time.Time) platform {
		branch := "Docker running on 64bit Amazon Linux " + linux
		return platform{
			arn:    fmt.Sprintf("arn:aws:elasticbeanstalk:%s::platform/%s/%s", c.config.Region, branch, v),
			branch: branch, state: state, linux: linux, version: v, created: created,
			solutionStack: "64bit Amazon Linux " + linux + " v" + v + " running Docker",
		}
	}
	var list []platform
	for n, v := range []string{"4.9.0", "4.8.2", "4.8.0", "4.7.3"} {
		list = append(list, version("2023", "Supported", v, time.Date(2026, time.Month(9-2*n), 15, 12, 0, 0, 0, time.UTC)))
	}
	list[0].recommended = true
	return append(list, version("2", "Retired", "4.0.8", time.Date(2025, 2, 10, 12, 0, 0, 0, time.UTC)))
}

// platform finds one by ARN or by the name of its solution stack.
func (c *Cloud) platform(arn, stack *string) (platform, error) {
	if arn != nil && stack != nil {
		return platform{}, invalidCombination("You cannot specify both a platform ARN and a solution stack name.")
	}
	for _, p := range c.platforms() {
		if (arn != nil && p.arn == *arn) || (stack != nil && p.solutionStack == *stack) {
			return p, nil
		}
	}
	switch {
	case arn != nil:
		return platform{}, invalidValue("No Platform named '%s' found.", *arn)
	case stack != nil:
		return platform{}, invalidValue("No Solution Stack named '%s' found.", *stack)
	}
	return platform{}, invalidCombination("You must specify a platform ARN or a solution stack name.")
}

func (p platform) lifecycle() string {
	if p.recommended {
		return "recommended"
	}
	return ""
}

func (p platform) summary() types.PlatformSummary {
	s := types.PlatformSummary{
		PlatformArn: ptr(p.arn), PlatformVersion: ptr(p.version), PlatformStatus: types.PlatformStatusReady, PlatformOwner: ptr("AWSElasticBeanstalk"),
		PlatformCategory: ptr("Docker"), PlatformBranchName: ptr(p.branch), PlatformBranchLifecycleState: ptr(p.state),
		OperatingSystemName: ptr(operatingName), OperatingSystemVersion: ptr(p.linux),
		SupportedTierList: []string{"WebServer/Standard", "Worker/SQS/HTTP"}, SupportedAddonList: []string{"Log/S3", "Monitoring/Healthd", "WorkerDaemon/SQSD"},
	}
	if p.recommended {
		s.PlatformLifecycleState = ptr(p.lifecycle())
	}
	return s
}

func (s beanstalk) ListPlatformVersions(_ context.Context, in *elasticbeanstalk.ListPlatformVersionsInput) (*elasticbeanstalk.ListPlatformVersionsOutput, error) {
	var found []types.PlatformSummary
	for _, p := range s.platforms() {
		ok := true
		for _, f := range in.Filters {
			matches, err := p.matches(f)
			if err != nil {
				return nil, err
			}
			ok = ok && matches
		}
		if ok {
			found = append(found, p.summary())
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 1000)
	return &elasticbeanstalk.ListPlatformVersionsOutput{PlatformSummaryList: list, NextToken: next}, err
}

// matches applies one filter of ListPlatformVersions.
func (p platform) matches(f types.PlatformFilter) (bool, error) {
	have, ok := map[string]string{
		"PlatformName": p.branch, "PlatformVersion": p.version, "PlatformStatus": "Ready",
		"PlatformBranchName": p.branch, "PlatformLifecycleState": p.lifecycle(), "PlatformOwner": "AWSElasticBeanstalk",
		"SupportedTier": "WebServer/Standard", "ProgrammingLanguageName": "", "OperatingSystemName": operatingName,
	}[value(f.Type)]
	if !ok {
		return false, invalidValue("Value '%s' at 'filters.type' failed to satisfy constraint", value(f.Type))
	}
	if *f.Type == "PlatformOwner" && slices.Contains(f.Values, "AmazonElasticBeanstalk") {
		return true, nil
	}
	some := func(test func(v string) bool) bool { return slices.ContainsFunc(f.Values, test) }
	switch op := value(f.Operator); op {
	case "=", "in":
		return some(func(v string) bool {
			return v == have || (v == "latest" && *f.Type == "PlatformVersion" && p.recommended)
		}), nil
	case "!=", "not_in":
		return !some(func(v string) bool { return v == have }), nil
	case "contains":
		return some(func(v string) bool { return strings.Contains(have, v) }), nil
	case "begins_with":
		return some(func(v string) bool { return strings.HasPrefix(have, v) }), nil
	case "ends_with":
		return some(func(v string) bool { return strings.HasSuffix(have, v) }), nil
	default:
		return false, invalidValue("Value '%s' at 'filters.operator' failed to satisfy constraint", op)
	}
}

func (s beanstalk) DescribePlatformVersion(_ context.Context, in *elasticbeanstalk.DescribePlatformVersionInput) (*elasticbeanstalk.DescribePlatformVersionOutput, error) {
	p, err := s.platform(in.PlatformArn, nil)
	if err != nil {
		return nil, err
	}
	x := p.summary()
	return &elasticbeanstalk.DescribePlatformVersionOutput{PlatformDescription: &types.PlatformDescription{
		PlatformArn: x.PlatformArn, PlatformName: ptr(p.branch), PlatformVersion: x.PlatformVersion, PlatformStatus: x.PlatformStatus,
		PlatformOwner: x.PlatformOwner, PlatformCategory: x.PlatformCategory, PlatformBranchName: x.PlatformBranchName,
		PlatformBranchLifecycleState: x.PlatformBranchLifecycleState, PlatformLifecycleState: x.PlatformLifecycleState,
		OperatingSystemName: x.OperatingSystemName, OperatingSystemVersion: x.OperatingSystemVersion, SolutionStackName: &p.solutionStack,
		SupportedTierList: x.SupportedTierList, SupportedAddonList: x.SupportedAddonList, DateCreated: &p.created, DateUpdated: &p.created,
		Description: ptr(p.solutionStack),
	}}, nil
}

func (s beanstalk) ListAvailableSolutionStacks(context.Context, *elasticbeanstalk.ListAvailableSolutionStacksInput) (*elasticbeanstalk.ListAvailableSolutionStacksOutput, error) {
	out := &elasticbeanstalk.ListAvailableSolutionStacksOutput{}
	for _, p := range s.platforms() {
		out.SolutionStacks = append(out.SolutionStacks, p.solutionStack)
		out.SolutionStackDetails = append(out.SolutionStackDetails, types.SolutionStackDescription{SolutionStackName: ptr(p.solutionStack), PermittedFileTypes: []string{"zip"}})
	}
	return out, nil
}
