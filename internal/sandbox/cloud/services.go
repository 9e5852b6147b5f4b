// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"slices"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// Operations names what the sandbox serves, but for S3, EC2 and Route 53, as
// service:Operation with the names under which clients sign.
func Operations() []string {
	var names []string
	for _, s := range (&Cloud{}).serve() {
		for _, o := range s.Operations() {
			names = append(names, s.Name+":"+o)
		}
	}
	slices.Sort(names)
	return names
}

// serve gives the services by the name under which clients sign for them. The
// required members are those that the API models mark so, of the operations
// served; ones that depend on other members are checked by the operations.
func (c *Cloud) serve() map[string]*wire.Service {
	services := map[string]*wire.Service{}
	add := func(s *wire.Service, receiver any) {
		s.Serve(receiver)
		services[s.Name] = s
	}
	add(&wire.Service{
		Name: "sts", Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Required: map[string][]string{
			"AssumeRole":                {"RoleArn", "RoleSessionName"},
			"AssumeRoleWithWebIdentity": {"RoleArn", "RoleSessionName", "WebIdentityToken"},
		},
	}, tokenService{c})
	add(&wire.Service{
		Name: "iam", Version: "2010-05-08", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Required: map[string][]string{
			"GetRole":                 {"RoleName"},
			"SimulatePrincipalPolicy": {"ActionNames", "PolicySourceArn"},
		},
	}, identities{c})
	add(&wire.Service{
		Name: "elasticbeanstalk", Version: "2010-12-01", Namespace: "http://elasticbeanstalk.amazonaws.com/docs/2010-12-01/",
		Required: map[string][]string{
			"CheckDNSAvailability":          {"CNAMEPrefix"},
			"CreateApplication":             {"ApplicationName"},
			"CreateApplicationVersion":      {"ApplicationName", "VersionLabel"},
			"CreateEnvironment":             {"ApplicationName"},
			"DeleteApplication":             {"ApplicationName"},
			"DeleteApplicationVersion":      {"ApplicationName", "VersionLabel"},
			"DescribeConfigurationSettings": {"ApplicationName"},
			"ListTagsForResource":           {"ResourceArn"},
			"UpdateApplication":             {"ApplicationName"},
			"UpdateTagsForResource":         {"ResourceArn"},
		},
	}, beanstalk{c})
	add(&wire.Service{
		Name: "elasticloadbalancing", Version: "2015-12-01", Namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
		Required: map[string][]string{
			"AddTags":                        {"ResourceArns", "Tags"},
			"CreateListener":                 {"DefaultActions", "LoadBalancerArn"},
			"CreateLoadBalancer":             {"Name"},
			"CreateRule":                     {"Actions", "Conditions", "ListenerArn", "Priority"},
			"CreateTargetGroup":              {"Name"},
			"DeleteListener":                 {"ListenerArn"},
			"DeleteLoadBalancer":             {"LoadBalancerArn"},
			"DeleteRule":                     {"RuleArn"},
			"DeleteTargetGroup":              {"TargetGroupArn"},
			"DeregisterTargets":              {"TargetGroupArn", "Targets"},
			"DescribeListenerAttributes":     {"ListenerArn"},
			"DescribeLoadBalancerAttributes": {"LoadBalancerArn"},
			"DescribeTags":                   {"ResourceArns"},
			"DescribeTargetGroupAttributes":  {"TargetGroupArn"},
			"DescribeTargetHealth":           {"TargetGroupArn"},
			"ModifyListener":                 {"ListenerArn"},
			"ModifyLoadBalancerAttributes":   {"Attributes", "LoadBalancerArn"},
			"ModifyRule":                     {"RuleArn"},
			"ModifyTargetGroup":              {"TargetGroupArn"},
			"ModifyTargetGroupAttributes":    {"Attributes", "TargetGroupArn"},
			"RegisterTargets":                {"TargetGroupArn", "Targets"},
			"RemoveTags":                     {"ResourceArns", "TagKeys"},
			"SetRulePriorities":              {"RulePriorities"},
		},
	}, balancing{c})
	add(&wire.Service{
		Name: "autoscaling", Version: "2011-01-01", Namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
		Required: map[string][]string{
			"AttachLoadBalancerTargetGroups":      {"AutoScalingGroupName", "TargetGroupARNs"},
			"AttachTrafficSources":                {"AutoScalingGroupName", "TrafficSources"},
			"DescribeLoadBalancerTargetGroups":    {"AutoScalingGroupName"},
			"DescribeTrafficSources":              {"AutoScalingGroupName"},
			"DetachLoadBalancerTargetGroups":      {"AutoScalingGroupName", "TargetGroupARNs"},
			"DetachTrafficSources":                {"AutoScalingGroupName", "TrafficSources"},
			"ResumeProcesses":                     {"AutoScalingGroupName"},
			"SetDesiredCapacity":                  {"AutoScalingGroupName", "DesiredCapacity"},
			"SetInstanceHealth":                   {"HealthStatus", "InstanceId"},
			"SuspendProcesses":                    {"AutoScalingGroupName"},
			"TerminateInstanceInAutoScalingGroup": {"InstanceId", "ShouldDecrementDesiredCapacity"},
			"UpdateAutoScalingGroup":              {"AutoScalingGroupName"},
		},
	}, scalingService{c})
	add(&wire.Service{
		Name: "cloudformation", Version: "2010-05-15", Namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
		Required: map[string][]string{
			"DescribeStackResource": {"LogicalResourceId", "StackName"},
			"ListStackResources":    {"StackName"},
		},
	}, formation{c})
	add(&wire.Service{
		Name: "monitoring", Version: "2010-08-01", Namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
		Unions: []any{
			&cwtypes.EvaluationCriteriaMemberPromQLCriteria{},
			&cwtypes.EvaluationWindowMemberSlidingWindow{},
			&cwtypes.EvaluationWindowMemberWallClockWindow{},
		},
		Required: map[string][]string{
			"DeleteAlarms":            {"AlarmNames"},
			"DescribeAlarmsForMetric": {"MetricName", "Namespace"},
			"DisableAlarmActions":     {"AlarmNames"},
			"EnableAlarmActions":      {"AlarmNames"},
			"GetMetricData":           {"EndTime", "MetricDataQueries", "StartTime"},
			"GetMetricStatistics":     {"EndTime", "MetricName", "Namespace", "Period", "StartTime"},
			"ListTagsForResource":     {"ResourceARN"},
			"PutCompositeAlarm":       {"AlarmName", "AlarmRule"},
			"PutMetricAlarm":          {"AlarmName", "ComparisonOperator", "EvaluationPeriods"},
			"PutMetricData":           {"Namespace"},
			"SetAlarmState":           {"AlarmName", "StateReason", "StateValue"},
			"TagResource":             {"ResourceARN", "Tags"},
			"UntagResource":           {"ResourceARN", "TagKeys"},
		},
	}, monitoring{c})
	add(&wire.Service{
		Name: "ecr", Version: "2015-09-21",
		Required: map[string][]string{
			"CreateRepository": {"RepositoryName"},
			"DescribeImages":   {"RepositoryName"},
			"PutImage":         {"ImageManifest", "RepositoryName"},
		},
	}, registry{c})
	return services
}
