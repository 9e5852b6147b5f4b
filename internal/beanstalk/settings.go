// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// The namespaces of the option settings that are set, see "General options for
// all environments" in the Elastic Beanstalk Developer Guide.
const (
	nsEnvironment = "aws:elasticbeanstalk:environment"
	nsProcess     = "aws:elasticbeanstalk:environment:process:default"
	nsVariables   = "aws:elasticbeanstalk:application:environment"
	nsSecrets     = "aws:elasticbeanstalk:application:environmentsecrets"
	nsHealth      = "aws:elasticbeanstalk:healthreporting:system"
	nsManaged     = "aws:elasticbeanstalk:managedactions"
	nsBalancer    = "aws:elbv2:loadbalancer"
	nsListener    = "aws:elbv2:listener:" // and the port
	nsVPC         = "aws:ec2:vpc"
	nsGroup       = "aws:autoscaling:asg"
	nsInstances   = "aws:autoscaling:launchconfiguration"
)

// front is the shared load balancer that environments stand behind.
type front struct {
	loadBalancer   string // ARN
	port           int32  // of the endpoint's listener
	securityGroups []string
}

// frontOf finds the load balancer of a listener.
func (p *Platform) frontOf(ctx context.Context, listenerARN string) (front, error) {
	listeners, err := p.elb.DescribeListeners(ctx, &elasticloadbalancingv2.DescribeListenersInput{ListenerArns: []string{listenerARN}})
	if err != nil {
		return front{}, fmt.Errorf("describing listener %s: %w", listenerARN, err)
	}
	if len(listeners.Listeners) == 0 {
		return front{}, fmt.Errorf("there is no listener %s", listenerARN)
	}
	l := listeners.Listeners[0]
	balancers, err := p.elb.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{LoadBalancerArns: []string{aws.ToString(l.LoadBalancerArn)}})
	if err != nil {
		return front{}, fmt.Errorf("describing load balancer %s: %w", aws.ToString(l.LoadBalancerArn), err)
	}
	f := front{loadBalancer: aws.ToString(l.LoadBalancerArn), port: aws.ToInt32(l.Port)}
	for _, b := range balancers.LoadBalancers {
		f.securityGroups = b.SecurityGroups
	}
	return f, nil
}

// settings are an environment's option settings. The user's own take the place of
// ours, but for the last.
func settings(e *endpoint.Environment, f front) []types.ConfigurationOptionSetting {
	var s set
	b, h := e.Release.Beanstalk, e.Release.Health

	s.add(nsEnvironment, "EnvironmentType", "LoadBalanced")
	s.add(nsEnvironment, "LoadBalancerType", "application")
	s.add(nsEnvironment, "LoadBalancerIsShared", "true")
	s.add(nsEnvironment, "ServiceRole", b.ServiceRole)
	s.add(nsBalancer, "SharedLoadBalancer", f.loadBalancer)
	// With the groups that it has, Elastic Beanstalk adds none of its own to a load
	// balancer that is not its own.
	s.add(nsBalancer, "SecurityGroups", strings.Join(f.securityGroups, ","))
	s.add(nsListener+strconv.Itoa(int(f.port)), "Rules", "default")

	s.add(nsVPC, "VPCId", b.VPCID)
	s.add(nsVPC, "Subnets", strings.Join(b.Subnets, ","))

	// The instances' proxy listens on 80 and passes on to the container.
	s.add(nsProcess, "Port", "80")
	s.add(nsProcess, "Protocol", "HTTP")
	s.add(nsProcess, "HealthCheckPath", h.Path)
	s.add(nsProcess, "HealthCheckInterval", seconds(h.Interval))
	s.add(nsProcess, "HealthCheckTimeout", seconds(h.Timeout))
	s.add(nsProcess, "HealthyThresholdCount", strconv.Itoa(h.HealthyThreshold))
	s.add(nsProcess, "UnhealthyThresholdCount", strconv.Itoa(h.UnhealthyThreshold))
	s.add(nsProcess, "MatcherHTTPCode", h.Matcher)
	s.add(nsProcess, "DeregistrationDelay", seconds(h.DeregistrationDelay))

	s = append(s, capacitySettings(e.Capacity)...)
	s.add(nsInstances, "InstanceType", b.InstanceType)
	s.add(nsInstances, "IamInstanceProfile", b.InstanceProfile)
	s.add(nsInstances, "EC2KeyName", b.KeyName)
	s.add(nsInstances, "SecurityGroups", strings.Join(b.SecurityGroups, ","))
	s.add(nsInstances, "RootVolumeType", "gp3")
	s.add(nsInstances, "DisableIMDSv1", "true")

	s.add(nsHealth, "SystemType", "enhanced")

	variables, secrets := e.Release.Container.Environment, e.Release.Container.Secrets
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		s.put(nsVariables, name, variables[name])
	}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		s.put(nsSecrets, name, secrets[name]) // the ARN; the instances read the value
	}
	for _, user := range b.Settings {
		s.put(user.Namespace, user.Name, user.Value)
	}
	s.put(nsManaged, "ManagedActionsEnabled", "false") // an environment never changes
	return s
}

// capacitySettings bound the number of instances.
func capacitySettings(c endpoint.Capacity) []types.ConfigurationOptionSetting {
	var s set
	s.add(nsGroup, "MinSize", strconv.Itoa(c.Min))
	s.add(nsGroup, "MaxSize", strconv.Itoa(c.Max))
	return s
}

type set []types.ConfigurationOptionSetting

// add adds a setting, unless it has no value: Elastic Beanstalk's default holds.
func (s *set) add(namespace, name, value string) {
	if value != "" {
		s.put(namespace, name, value)
	}
}

// put adds a setting or changes the one of that name.
func (s *set) put(namespace, name, value string) {
	for i, o := range *s {
		if *o.Namespace == namespace && *o.OptionName == name {
			(*s)[i].Value = &value
			return
		}
	}
	*s = append(*s, types.ConfigurationOptionSetting{
		Namespace: aws.String(namespace), OptionName: aws.String(name), Value: aws.String(value),
	})
}

func seconds(d endpoint.Duration) string { return strconv.Itoa(int(d.Std().Seconds())) }
