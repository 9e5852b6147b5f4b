// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package permission knows which AWS permissions ionroller needs, and for what. Its
// tests live whole lives of endpoints with them and nothing else.
package permission

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
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

// Checks says that the task looks, before it begins, whether there is room for what is
// to be made.
func (t Task) Checks() bool { return t == Plan || t == Provider }

// Statement is one of an IAM policy.
type Statement struct {
	Sid      string   `json:"Sid"`
	Effect   string   `json:"Effect"`
	Action   []string `json:"Action"`
	Resource []string `json:"Resource"`
	// Condition has values by key by operator.
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// Policy is an IAM policy.
type Policy struct {
	Version   string      `json:"Version"`
	Statement []Statement `json:"Statement"`
}

// Scope narrows a policy to what is used. Empty members mean any.
type Scope struct {
	Bucket    string // of bundles and, unless it is elsewhere, the journal; required
	Journal   string // the journal's own bucket
	Prefix    string // of the journal's keys
	Account   string
	Region    string
	Endpoints []string
	Roles     []string // ARNs of the instance profile's role and the service role
}

// For returns the least policy for a task.
//
// Making, resizing and terminating environments also takes what Elastic Beanstalk
// does in the caller's name, which AWS keeps in the managed policy
// AdministratorAccess-AWSElasticBeanstalk.
//
// Source of actions and resources: the Service Authorization Reference.
func For(t Task, s Scope) Policy {
	p := Policy{Version: "2012-10-17"}
	add := func(sid string, resources []string, actions ...string) {
		slices.Sort(actions)
		p.Statement = append(p.Statement, Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources})
	}
	buckets := []string{"arn:aws:s3:::" + s.Bucket}
	if s.journal() != s.Bucket {
		buckets = append(buckets, "arn:aws:s3:::"+s.journal())
	}
	records, trail, orders := s.journals("records", ".json"), s.journals("trail", "/*"), s.journals("orders", "/*")
	configurations := s.journals("configurations", "/*")
	bundles := s.objects(s.Bucket, "bundles", "/*")
	daemons := []string{s.object(s.journal(), path.Join(s.prefix(), "daemons"), "*")}

	add("Look", []string{"*"}, Looking(t)...)
	add("FindJournal", buckets, "s3:ListBucket")
	add("ReadTrail", trail, "s3:GetObject")
	switch t {
	case Plan, Command, Provider:
		add("HearDaemons", daemons, "s3:GetObject")
	case Daemon:
		add("BeDaemon", daemons, "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
	}
	if t == Plan || t == Command {
		add("ReadConfigurations", configurations, "s3:GetObject")
	}
	if t == Plan {
		add("ReadRecords", records, "s3:GetObject")
		return p
	}
	add("KeepRecords", records, "s3:GetObject", "s3:PutObject")
	add("AddToTrail", trail, "s3:PutObject")
	p.once()
	add("AddConfigurations", configurations, "s3:PutObject")
	p.once()
	add("ObeyOrders", orders, "s3:GetObject", "s3:DeleteObject")
	add("MakeRules", s.arns("elasticloadbalancing", "listener/app/*"), "elasticloadbalancing:CreateRule")
	add("KeepRules", s.arns("elasticloadbalancing", "listener-rule/app/*"),
		"elasticloadbalancing:AddTags", "elasticloadbalancing:DeleteRule", "elasticloadbalancing:ModifyRule", "elasticloadbalancing:SetRulePriorities")
	add("MoveInstances", s.arns("elasticloadbalancing", "targetgroup/awseb-*"),
		"elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets")
	add("HoldCapacity", s.arns("autoscaling", "autoScalingGroup:*:autoScalingGroupName/awseb-*"),
		"autoscaling:AttachLoadBalancerTargetGroups", "autoscaling:DetachLoadBalancerTargetGroups",
		"autoscaling:ResumeProcesses", "autoscaling:SuspendProcesses", "autoscaling:UpdateAutoScalingGroup")
	add("PointHosts", []string{"arn:aws:route53:::hostedzone/*"}, "route53:ChangeResourceRecordSets")
	remove := []string{"elasticbeanstalk:DeleteApplicationVersion", "elasticbeanstalk:TerminateEnvironment", "elasticbeanstalk:UpdateEnvironment"}
	if t == Command {
		add("GiveOrders", orders, "s3:PutObject")
		p.once()
		add("RemoveEnvironments", s.beanstalk(), remove...)
		add("RemoveBundles", bundles, "s3:DeleteObject")
		return p
	}
	add("KeepEnvironments", s.beanstalk(), append(remove,
		"elasticbeanstalk:AddTags", "elasticbeanstalk:CreateApplication", "elasticbeanstalk:CreateApplicationVersion",
		"elasticbeanstalk:CreateEnvironment", "elasticbeanstalk:DeleteApplication")...)
	add("KeepBundles", bundles, "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
	roles := s.Roles
	if len(roles) == 0 {
		roles = []string{"arn:aws:iam::" + s.account() + ":role/aws-elasticbeanstalk-*"}
	}
	add("GiveRoles", roles, "iam:PassRole")
	return p
}

// once narrows the last statement to writing what is not there yet: nobody who has
// the policy can replace it.
func (p *Policy) once() {
	p.Statement[len(p.Statement)-1].Condition = map[string]map[string]string{"StringEquals": {"s3:if-none-match": "*"}}
}

// Looking are the actions that read AWS for a task. Most of them know no resource.
func Looking(t Task) []string {
	// What runs, and how it does.
	actions := []string{
		"autoscaling:DescribeAutoScalingGroups",
		"cloudformation:DescribeStackResources",
		"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData",
		"elasticbeanstalk:DescribeEnvironments", "elasticbeanstalk:DescribeEvents", "elasticbeanstalk:ListTagsForResource",
		"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeRules",
		"elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
		"route53:ListResourceRecordSets",
	}
	// What an environment is made of, and leaves.
	if t == Command {
		actions = append(actions, "elasticbeanstalk:DescribeApplicationVersions")
	} else {
		actions = append(actions, "ecr:DescribeImages", "elasticbeanstalk:DescribeApplicationVersions", "elasticbeanstalk:DescribeApplications",
			"elasticbeanstalk:DescribePlatformVersion", "elasticbeanstalk:ListPlatformVersions")
	}
	// Whether there is room for it.
	if t.Checks() {
		actions = append(actions, "elasticbeanstalk:DescribeAccountAttributes", "elasticloadbalancing:DescribeAccountLimits", "route53:GetHostedZone")
	}
	return actions
}

// beanstalk are the endpoints' applications with their versions and environments.
func (s Scope) beanstalk() []string {
	var arns []string
	for _, name := range orAny(s.Endpoints) {
		arns = append(arns, s.arns("elasticbeanstalk", "application/"+name, "applicationversion/"+name+"/*", "environment/"+name+"/*")...)
	}
	return arns
}

// journals are the objects of a kind that the journal has for the endpoints.
func (s Scope) journals(kind, rest string) []string {
	return s.objects(s.journal(), path.Join(s.prefix(), kind), rest)
}

func (s Scope) objects(bucket, folder, rest string) []string {
	var arns []string
	for _, name := range orAny(s.Endpoints) {
		arns = append(arns, s.object(bucket, folder, name+rest))
	}
	return arns
}

func (s Scope) object(bucket, folder, name string) string {
	return fmt.Sprintf("arn:aws:s3:::%s/%s/%s/%s/%s", bucket, folder, s.account(), s.region(), name)
}

func (s Scope) journal() string { return cmp.Or(s.Journal, s.Bucket) }

func (s Scope) prefix() string { return strings.Trim(s.Prefix, "/") }

func (s Scope) arns(service string, resources ...string) []string {
	var arns []string
	for _, resource := range resources {
		arns = append(arns, fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, s.region(), s.account(), resource))
	}
	return arns
}

func (s Scope) account() string { return cmp.Or(s.Account, "*") }

func (s Scope) region() string { return cmp.Or(s.Region, "*") }

func orAny(names []string) []string {
	if len(names) == 0 {
		return []string{"*"}
	}
	return names
}
