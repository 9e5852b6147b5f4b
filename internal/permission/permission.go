// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package permission knows which AWS permissions ionroller needs, and for what. Its
// tests live whole lives of endpoints with them and nothing else.
package permission

import (
	"fmt"
	"slices"
)

// Task is what somebody wants to do with ionroller.
type Task string

// The tasks.
const (
	Plan     Task = "plan"     // read only: terraform plan, status, events
	Command  Task = "command"  // steer rollouts and go back, without making environments
	Provider Task = "provider" // terraform apply
	Daemon   Task = "daemon"   // ionroller reconcile
)

// Tasks lists them.
func Tasks() []Task { return []Task{Plan, Command, Provider, Daemon} }

// Statement is one of an IAM policy.
type Statement struct {
	Sid      string   `json:"Sid"`
	Effect   string   `json:"Effect"`
	Action   []string `json:"Action"`
	Resource []string `json:"Resource"`
}

// Policy is an IAM policy.
type Policy struct {
	Version   string      `json:"Version"`
	Statement []Statement `json:"Statement"`
}

// Scope narrows a policy to what is used. Empty members mean any.
type Scope struct {
	Bucket    string // of bundles and, unless it is elsewhere, the journal; required
	Journal   string // bucket of the journal, where it is another one
	Account   string
	Region    string
	Endpoints []string
	Roles     []string // ARNs of the instance profile's role and the service role
}

// For returns the least policy for a task.
//
// Making environments also takes what Elastic Beanstalk does in the caller's name,
// which AWS keeps in the managed policy AdministratorAccess-AWSElasticBeanstalk.
//
// Source of actions and resources: the Service Authorization Reference.
func For(t Task, s Scope) Policy {
	p := Policy{Version: "2012-10-17"}
	add := func(sid string, actions, resources []string) {
		slices.Sort(actions)
		p.Statement = append(p.Statement, Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources})
	}
	buckets := []string{"arn:aws:s3:::" + s.Bucket}
	if s.Journal != "" && s.Journal != s.Bucket {
		buckets = append(buckets, "arn:aws:s3:::"+s.Journal)
	}
	var objects []string
	for _, bucket := range buckets {
		objects = append(objects, bucket+"/*")
	}
	add("Look", looking(), []string{"*"})
	add("FindJournal", []string{"s3:ListBucket"}, buckets)
	if t == Plan {
		add("ReadJournal", []string{"s3:GetObject"}, objects)
		return p
	}
	add("KeepJournal", []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, objects)
	add("MoveTraffic", []string{"elasticloadbalancing:CreateRule", "elasticloadbalancing:ModifyRule", "elasticloadbalancing:DeleteRule", "elasticloadbalancing:SetRulePriorities", "elasticloadbalancing:AddTags"},
		[]string{s.arn("elasticloadbalancing", "listener/app/*"), s.arn("elasticloadbalancing", "listener-rule/*")})
	add("HoldCapacity", []string{"autoscaling:UpdateAutoScalingGroup", "autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses"},
		[]string{s.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/awseb-*")})
	add("PointHosts", []string{"route53:ChangeResourceRecordSets"}, []string{"arn:aws:route53:::hostedzone/*"})
	add("RemoveEnvironments", []string{"elasticbeanstalk:TerminateEnvironment", "elasticbeanstalk:DeleteApplicationVersion", "elasticbeanstalk:UpdateEnvironment"}, s.beanstalk())
	if t == Command {
		return p
	}
	add("MakeEnvironments", []string{
		"elasticbeanstalk:CreateApplication", "elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:CreateEnvironment",
		"elasticbeanstalk:DeleteApplication", "elasticbeanstalk:AddTags",
	}, s.beanstalk())
	roles := s.Roles
	if len(roles) == 0 {
		roles = []string{"arn:aws:iam::" + s.account() + ":role/aws-elasticbeanstalk-*"}
	}
	add("GiveRoles", []string{"iam:PassRole"}, roles)
	return p
}

// looking are the actions that read. Most of them know no resource.
func looking() []string {
	return []string{
		"autoscaling:DescribeAutoScalingGroups",
		"cloudformation:DescribeStackResources",
		"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData",
		"ecr:DescribeImages",
		"elasticbeanstalk:DescribeAccountAttributes", "elasticbeanstalk:DescribeApplicationVersions", "elasticbeanstalk:DescribeApplications",
		"elasticbeanstalk:DescribeEnvironments", "elasticbeanstalk:DescribeEvents", "elasticbeanstalk:DescribePlatformVersion",
		"elasticbeanstalk:ListPlatformVersions", "elasticbeanstalk:ListTagsForResource",
		"elasticloadbalancing:DescribeAccountLimits", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancers",
		"elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroups",
		"elasticloadbalancing:DescribeTargetHealth",
		"route53:GetHostedZone", "route53:ListResourceRecordSets",
	}
}

// beanstalk are the endpoints' applications with their versions and environments.
func (s Scope) beanstalk() []string {
	endpoints := s.Endpoints
	if len(endpoints) == 0 {
		endpoints = []string{"*"}
	}
	var arns []string
	for _, name := range endpoints {
		arns = append(arns, s.arn("elasticbeanstalk", "application/"+name),
			s.arn("elasticbeanstalk", "applicationversion/"+name+"/*"), s.arn("elasticbeanstalk", "environment/"+name+"/*"))
	}
	return arns
}

func (s Scope) arn(service, rest string) string {
	region := s.Region
	if region == "" {
		region = "*"
	}
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, s.account(), rest)
}

func (s Scope) account() string {
	if s.Account == "" {
		return "*"
	}
	return s.Account
}
