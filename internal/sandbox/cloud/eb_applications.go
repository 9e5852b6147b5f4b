// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

func (s beanstalk) CreateApplication(_ context.Context, in *elasticbeanstalk.CreateApplicationInput) (*elasticbeanstalk.CreateApplicationOutput, error) {
	a, err := s.createApplication(*in.ApplicationName, value(in.Description), in.Tags)
	if err != nil {
		return nil, err
	}
	a.lifecycle = in.ResourceLifecycleConfig
	return &elasticbeanstalk.CreateApplicationOutput{Application: s.describeApplication(a)}, nil
}

func (s beanstalk) createApplication(name, description string, tags []types.Tag) (*application, error) {
	if err := checkLength("applicationName", name, 1, 100); err != nil {
		return nil, err
	}
	if err := checkLength("description", description, 0, 200); err != nil {
		return nil, err
	}
	if _, err := s.application(name); err == nil {
		return nil, invalidValue("Application %s already exists.", name)
	}
	if most := s.config.Quotas.Applications; len(s.applications) >= most {
		return nil, &types.TooManyApplicationsException{Message: ptr("You cannot have more than " + itoa(most) + " Applications. Either remove some Applications first or request a limit increase.")}
	}
	a := &application{name: name, description: description, created: s.now(), updated: s.now()}
	if err := setBeanstalkTags(&a.tags, tags); err != nil {
		return nil, err
	}
	s.applications = append(s.applications, a)
	return a, nil
}

func (s beanstalk) describeApplication(a *application) *types.ApplicationDescription {
	d := &types.ApplicationDescription{
		ApplicationArn: ptr(s.arn("elasticbeanstalk", "application/"+a.name)), ApplicationName: &a.name,
		DateCreated: &a.created, DateUpdated: &a.updated, ResourceLifecycleConfig: a.lifecycle,
		ConfigurationTemplates: []string{}, Versions: []string{},
	}
	if a.description != "" {
		d.Description = &a.description
	}
	for _, v := range a.versions {
		d.Versions = append(d.Versions, *v.VersionLabel)
	}
	return d
}

func (s beanstalk) DescribeApplications(_ context.Context, in *elasticbeanstalk.DescribeApplicationsInput) (*elasticbeanstalk.DescribeApplicationsOutput, error) {
	out := &elasticbeanstalk.DescribeApplicationsOutput{}
	for _, a := range s.applications {
		if len(in.ApplicationNames) == 0 || slices.Contains(in.ApplicationNames, a.name) {
			out.Applications = append(out.Applications, *s.describeApplication(a))
		}
	}
	return out, nil
}

func (s beanstalk) UpdateApplication(_ context.Context, in *elasticbeanstalk.UpdateApplicationInput) (*elasticbeanstalk.UpdateApplicationOutput, error) {
	a, err := s.application(*in.ApplicationName)
	if err != nil {
		return nil, err
	}
	if err := checkLength("description", value(in.Description), 0, 200); err != nil {
		return nil, err
	}
	if in.Description != nil {
		a.description = *in.Description
	}
	a.updated = s.now()
	return &elasticbeanstalk.UpdateApplicationOutput{Application: s.describeApplication(a)}, nil
}

// DeleteApplication takes the versions along and refuses while environments run.
func (s beanstalk) DeleteApplication(_ context.Context, in *elasticbeanstalk.DeleteApplicationInput) (*elasticbeanstalk.DeleteApplicationOutput, error) {
	name := *in.ApplicationName
	if _, err := s.application(name); err != nil { // deleting what is gone succeeds
		return &elasticbeanstalk.DeleteApplicationOutput{}, nil
	}
	for _, e := range s.present() {
		if *e.ApplicationName != name {
			continue
		}
		if !value(in.TerminateEnvByForce) {
			return nil, invalidValue("Unable to delete application %s because it has an environment running: %s.", name, e.name())
		}
		if e.Status == types.EnvironmentStatusReady {
			s.beginTermination(e, "")
		}
	}
	s.applications = slices.DeleteFunc(s.applications, func(a *application) bool { return a.name == name })
	return &elasticbeanstalk.DeleteApplicationOutput{}, nil
}

func (s beanstalk) DescribeAccountAttributes(context.Context, *elasticbeanstalk.DescribeAccountAttributesInput) (*elasticbeanstalk.DescribeAccountAttributesOutput, error) {
	quota := func(n int) *types.ResourceQuota { return &types.ResourceQuota{Maximum: ptr(int32(n))} }
	return &elasticbeanstalk.DescribeAccountAttributesOutput{ResourceQuotas: &types.ResourceQuotas{
		ApplicationQuota: quota(s.config.Quotas.Applications), ApplicationVersionQuota: quota(s.config.Quotas.ApplicationVersions),
		EnvironmentQuota: quota(s.config.Quotas.Environments), ConfigurationTemplateQuota: quota(2000), CustomPlatformQuota: quota(50),
	}}, nil
}
