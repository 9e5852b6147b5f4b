// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

// DescribeEnvironments lists terminated ones too, as long as they are remembered,
// unless they are not wanted. It knows nothing of unknown names: they are silently
// absent.
func (s beanstalk) DescribeEnvironments(_ context.Context, in *elasticbeanstalk.DescribeEnvironmentsInput) (*elasticbeanstalk.DescribeEnvironmentsOutput, error) {
	var found []types.EnvironmentDescription
	for _, e := range s.environments {
		if e.Status == types.EnvironmentStatusTerminated && (in.IncludeDeleted != nil && !*in.IncludeDeleted ||
			(in.IncludedDeletedBackTo != nil && e.terminated.Before(*in.IncludedDeletedBackTo))) {
			continue
		}
		if (in.ApplicationName == nil || *e.ApplicationName == *in.ApplicationName) &&
			(in.VersionLabel == nil || value(e.VersionLabel) == *in.VersionLabel) &&
			(len(in.EnvironmentIds) == 0 || slices.Contains(in.EnvironmentIds, e.id())) &&
			(len(in.EnvironmentNames) == 0 || slices.Contains(in.EnvironmentNames, e.name())) {
			found = append(found, e.EnvironmentDescription)
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 1000)
	return &elasticbeanstalk.DescribeEnvironmentsOutput{Environments: list, NextToken: next}, err
}

// DescribeEnvironmentResources names groups, instances and load balancers, but
// no target groups, as Elastic Beanstalk does.
func (s beanstalk) DescribeEnvironmentResources(_ context.Context, in *elasticbeanstalk.DescribeEnvironmentResourcesInput) (*elasticbeanstalk.DescribeEnvironmentResourcesOutput, error) {
	e, err := s.environment(in.EnvironmentId, in.EnvironmentName)
	if err != nil {
		return nil, err
	}
	d := &types.EnvironmentResourceDescription{
		EnvironmentName: e.EnvironmentName, AutoScalingGroups: []types.AutoScalingGroup{}, Instances: []types.Instance{},
		LaunchConfigurations: []types.LaunchConfiguration{}, LaunchTemplates: []types.LaunchTemplate{},
		LoadBalancers: []types.LoadBalancer{}, Queues: []types.Queue{}, Triggers: []types.Trigger{},
	}
	if g, err := s.scalingGroup(e.scalingGroup); err == nil {
		d.AutoScalingGroups = append(d.AutoScalingGroups, types.AutoScalingGroup{Name: &g.name})
		d.LaunchTemplates = append(d.LaunchTemplates, types.LaunchTemplate{Id: &g.template.id})
		for _, i := range g.instances {
			d.Instances = append(d.Instances, types.Instance{Id: &i.id})
		}
	}
	if e.group != "" {
		d.LoadBalancers = append(d.LoadBalancers, types.LoadBalancer{Name: ptr(e.options.get(nsBalancer, "SharedLoadBalancer"))})
	}
	return &elasticbeanstalk.DescribeEnvironmentResourcesOutput{EnvironmentResources: d}, nil
}

// DescribeConfigurationSettings gives defaults, what was set, and what Elastic
// Beanstalk writes by itself: the CNAME rule and the security group.
func (s beanstalk) DescribeConfigurationSettings(_ context.Context, in *elasticbeanstalk.DescribeConfigurationSettingsInput) (*elasticbeanstalk.DescribeConfigurationSettingsOutput, error) {
	e, err := s.environment(nil, in.EnvironmentName)
	if err != nil {
		return nil, err
	}
	if *e.ApplicationName != *in.ApplicationName {
		return nil, invalidValue("No Environment found for EnvironmentName = '%s'.", e.name())
	}
	all := slices.Clone(defaultOptions)
	set := func(o option) {
		if i := all.find(o.namespace, o.name); i >= 0 {
			all[i] = o
		} else {
			all = append(all, o)
		}
	}
	for _, o := range e.options {
		set(o)
	}
	if e.securityGroup != "" {
		groups := e.securityGroup
		if given := e.options.get(nsLaunch, "SecurityGroups"); given != "" {
			groups = given + "," + groups
		}
		set(option{nsLaunch, "SecurityGroups", groups})
	}
	hosts := *e.CNAME
	if given := e.options.get(nsRule, "HostHeaders"); given != "" {
		hosts = given + "," + hosts
	}
	set(option{nsRule, "HostHeaders", hosts})
	d := types.ConfigurationSettingsDescription{
		ApplicationName: e.ApplicationName, EnvironmentName: e.EnvironmentName, DateCreated: e.DateCreated, DateUpdated: e.DateUpdated,
		DeploymentStatus: types.ConfigurationDeploymentStatusDeployed, PlatformArn: e.PlatformArn, SolutionStackName: e.SolutionStackName,
	}
	switch {
	case e.failed:
		d.DeploymentStatus = types.ConfigurationDeploymentStatusFailed
	case e.Status != types.EnvironmentStatusReady:
		d.DeploymentStatus = types.ConfigurationDeploymentStatusPending
	}
	for _, o := range all {
		d.OptionSettings = append(d.OptionSettings, types.ConfigurationOptionSetting{Namespace: ptr(o.namespace), OptionName: ptr(o.name), Value: ptr(o.value)})
	}
	return &elasticbeanstalk.DescribeConfigurationSettingsOutput{ConfigurationSettings: []types.ConfigurationSettingsDescription{d}}, nil
}
