// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

func (s beanstalk) CreateEnvironment(ctx context.Context, in *elasticbeanstalk.CreateEnvironmentInput) (*elasticbeanstalk.CreateEnvironmentOutput, error) {
	a, err := s.application(*in.ApplicationName)
	if err != nil {
		return nil, err
	}
	name := value(in.EnvironmentName)
	if err := s.checkNewEnvironment(name, value(in.Description)); err != nil {
		return nil, err
	}
	version, err := a.version(value(in.VersionLabel))
	if err != nil {
		return nil, err
	}
	p, err := s.platform(in.PlatformArn, in.SolutionStackName)
	if err != nil {
		return nil, err
	}
	if t := in.Tier; t != nil && value(t.Name) != "" && *t.Name != "WebServer" {
		return nil, invalidValue("The tier '%s' is not served.", *t.Name)
	}
	settings := options(nil).with(in.OptionSettings, in.OptionsToRemove)
	if err := settings.check(); err != nil {
		return nil, err
	}
	if err := settings.checkSecrets(p); err != nil {
		return nil, err
	}
	if _, err := s.sharedListeners(settings); err != nil {
		return nil, err
	}
	cname, err := s.cname(name, value(in.CNAMEPrefix))
	if err != nil {
		return nil, err
	}
	now := s.now()
	id := "e-" + s.id(lowerLetters+digits, 10)
	e := &environment{
		EnvironmentDescription: types.EnvironmentDescription{
			EnvironmentId: &id, EnvironmentName: &name, ApplicationName: &a.name, Description: in.Description,
			EnvironmentArn: ptr(s.arn("elasticbeanstalk", fmt.Sprintf("environment/%s/%s", a.name, name))),
			CNAME:          &cname, DateCreated: &now, DateUpdated: &now, OperationsRole: in.OperationsRole,
			PlatformArn: &p.arn, SolutionStackName: &p.solutionStack, VersionLabel: version.VersionLabel,
			Tier:                         &types.EnvironmentTier{Name: ptr("WebServer"), Type: ptr("Standard"), Version: ptr("1.0")},
			AbortableOperationInProgress: ptr(false), EnvironmentLinks: []types.EnvironmentLink{},
			Status: types.EnvironmentStatusLaunching, Health: types.EnvironmentHealthGrey, HealthStatus: types.EnvironmentHealthStatusPending,
		},
		options:   settings,
		requestID: callerOf(ctx).requestID,
		races:     s.effect.Race,
	}
	if err := setBeanstalkTags(&e.tags, in.Tags); err != nil {
		return nil, err
	}
	for _, t := range []tag{{"elasticbeanstalk:environment-name", name}, {"elasticbeanstalk:environment-id", id}, {"Name", name}} {
		if _, given := e.tags.get(t.key); !given {
			e.tags.set(t.key, t.value)
		}
	}
	s.environments = append(s.environments, e)
	s.beginLaunch(e)
	return (*elasticbeanstalk.CreateEnvironmentOutput)(output(e)), nil
}

func (s beanstalk) checkNewEnvironment(name, description string) error {
	if err := checkLength("environmentName", name, 4, 40); err != nil {
		return err
	}
	if strings.Trim(name, lowerLetters+upperLetters+digits+"-") != "" || strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-") {
		return invalidValue("Value '%s' at 'environmentName' failed to satisfy constraint: only letters, digits and hyphens, and no hyphen at either end", name)
	}
	if err := checkLength("description", description, 0, 200); err != nil {
		return err
	}
	present := s.present()
	if slices.ContainsFunc(present, func(e *environment) bool { return e.name() == name }) {
		return invalidValue("Environment %s already exists.", name)
	}
	if most := s.config.Quotas.Environments; len(present) >= most {
		return &types.TooManyEnvironmentsException{Message: ptr(fmt.Sprintf("You cannot have more than %d Environments. Either remove some Environments first or request a limit increase.", most))}
	}
	return nil
}

// cname is the environment's own address: the prefix that was asked for, or
// one that is free for sure.
func (s beanstalk) cname(name, prefix string) (string, error) {
	if prefix == "" {
		return fmt.Sprintf("%s.eba-%s.%s.elasticbeanstalk.com", name, s.id(lowerLetters+digits, 8), s.config.Region), nil
	}
	if err := checkLength("cNAMEPrefix", prefix, 4, 63); err != nil {
		return "", err
	}
	cname := s.fullCNAME(prefix)
	if !s.cnameFree(cname) {
		return "", invalidValue("DNS name (%s) is not available.", cname)
	}
	return cname, nil
}

func (s beanstalk) fullCNAME(prefix string) string {
	return fmt.Sprintf("%s.%s.elasticbeanstalk.com", strings.ToLower(prefix), s.config.Region)
}

func (s beanstalk) cnameFree(cname string) bool {
	return !slices.ContainsFunc(s.present(), func(e *environment) bool { return *e.CNAME == cname })
}

func (s beanstalk) CheckDNSAvailability(_ context.Context, in *elasticbeanstalk.CheckDNSAvailabilityInput) (*elasticbeanstalk.CheckDNSAvailabilityOutput, error) {
	if err := checkLength("cNAMEPrefix", *in.CNAMEPrefix, 4, 63); err != nil {
		return nil, err
	}
	cname := s.fullCNAME(*in.CNAMEPrefix)
	return &elasticbeanstalk.CheckDNSAvailabilityOutput{Available: ptr(s.cnameFree(cname)), FullyQualifiedCNAME: &cname}, nil
}

func (s beanstalk) UpdateEnvironment(ctx context.Context, in *elasticbeanstalk.UpdateEnvironmentInput) (*elasticbeanstalk.UpdateEnvironmentOutput, error) {
	e, err := s.environment(in.EnvironmentId, in.EnvironmentName)
	if err != nil {
		return nil, err
	}
	if err := e.ready(); err != nil {
		return nil, err
	}
	next := update{options: e.options.with(in.OptionSettings, in.OptionsToRemove), version: *e.VersionLabel}
	if err := next.options.check(); err != nil {
		return nil, err
	}
	p, err := s.platform(e.PlatformArn, nil)
	if in.PlatformArn != nil || in.SolutionStackName != nil {
		p, err = s.platform(in.PlatformArn, in.SolutionStackName)
	}
	if err != nil {
		return nil, err
	}
	if err := next.options.checkSecrets(p); err != nil {
		return nil, err
	}
	if in.VersionLabel != nil {
		a, err := s.application(*e.ApplicationName)
		if err != nil {
			return nil, err
		}
		if _, err := a.version(*in.VersionLabel); err != nil {
			return nil, err
		}
		next.version = *in.VersionLabel
	}
	e.PlatformArn, e.SolutionStackName = &p.arn, &p.solutionStack
	e.Description = cmp.Or(in.Description, e.Description)
	e.requestID = callerOf(ctx).requestID
	s.beginUpdate(e, next)
	return (*elasticbeanstalk.UpdateEnvironmentOutput)(output(e)), nil
}

func (s beanstalk) TerminateEnvironment(ctx context.Context, in *elasticbeanstalk.TerminateEnvironmentInput) (*elasticbeanstalk.TerminateEnvironmentOutput, error) {
	e, err := s.environment(in.EnvironmentId, in.EnvironmentName)
	if err != nil {
		return nil, err
	}
	if err := e.ready(); err != nil {
		return nil, err
	}
	s.beginTermination(e, callerOf(ctx).requestID)
	return (*elasticbeanstalk.TerminateEnvironmentOutput)(output(e)), nil
}

// output is an environment as create, update and terminate answer it; their
// output structs are alike.
func output(e *environment) *elasticbeanstalk.CreateEnvironmentOutput {
	return &elasticbeanstalk.CreateEnvironmentOutput{
		ApplicationName: e.ApplicationName, CNAME: e.CNAME, DateCreated: e.DateCreated, DateUpdated: e.DateUpdated,
		Description: e.Description, EndpointURL: e.EndpointURL, EnvironmentArn: e.EnvironmentArn, EnvironmentId: e.EnvironmentId,
		EnvironmentName: e.EnvironmentName, Health: e.Health, HealthStatus: e.HealthStatus, OperationsRole: e.OperationsRole,
		PlatformArn: e.PlatformArn, SolutionStackName: e.SolutionStackName, Status: e.Status, Tier: e.Tier, VersionLabel: e.VersionLabel,
		AbortableOperationInProgress: e.AbortableOperationInProgress, EnvironmentLinks: e.EnvironmentLinks,
	}
}
