// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
)

// resources gives, by IAM action, the resource that a call is about: a template
// in which {Member} is replaced by the input's member, by each of its elements
// or, when it is absent, by *. What begins with a member or "arn:" is a whole ARN; the
// rest follows "arn:aws:service:region:account:". {environment}, {group} and {role}
// are looked up, and {rule} is any of the listener. Actions that are not here have no
// resource.
//
// Source: the Service Authorization Reference.
var resources = map[string]string{
	"autoscaling:AttachLoadBalancerTargetGroups":      "{group}",
	"autoscaling:AttachTrafficSources":                "{group}",
	"autoscaling:DetachLoadBalancerTargetGroups":      "{group}",
	"autoscaling:DetachTrafficSources":                "{group}",
	"autoscaling:ResumeProcesses":                     "{group}",
	"autoscaling:SetDesiredCapacity":                  "{group}",
	"autoscaling:SetInstanceHealth":                   "{group}",
	"autoscaling:SuspendProcesses":                    "{group}",
	"autoscaling:TerminateInstanceInAutoScalingGroup": "{group}",
	"autoscaling:UpdateAutoScalingGroup":              "{group}",

	"cloudformation:DescribeStackResource":  "stack/{StackName}/*",
	"cloudformation:DescribeStackResources": "stack/{StackName}/*",
	"cloudformation:DescribeStacks":         "stack/{StackName}/*",
	"cloudformation:ListStackResources":     "stack/{StackName}/*",

	"cloudwatch:DeleteAlarms":         "alarm:{AlarmNames}",
	"cloudwatch:DescribeAlarmHistory": "alarm:{AlarmName}",
	"cloudwatch:DescribeAlarms":       "alarm:*", // whatever names are asked for
	"cloudwatch:DisableAlarmActions":  "alarm:{AlarmNames}",
	"cloudwatch:EnableAlarmActions":   "alarm:{AlarmNames}",
	"cloudwatch:ListTagsForResource":  "{ResourceARN}",
	"cloudwatch:PutCompositeAlarm":    "alarm:{AlarmName}",
	"cloudwatch:PutMetricAlarm":       "alarm:{AlarmName}",
	"cloudwatch:SetAlarmState":        "alarm:{AlarmName}",
	"cloudwatch:TagResource":          "{ResourceARN}",
	"cloudwatch:UntagResource":        "{ResourceARN}",

	"ecr:CreateRepository": "repository/{RepositoryName}",
	"ecr:DescribeImages":   "repository/{RepositoryName}",
	"ecr:PutImage":         "repository/{RepositoryName}",

	"elasticbeanstalk:CreateApplication":             "application/{ApplicationName}",
	"elasticbeanstalk:CreateApplicationVersion":      "applicationversion/{ApplicationName}/{VersionLabel}",
	"elasticbeanstalk:CreateEnvironment":             "environment/{ApplicationName}/{EnvironmentName}",
	"elasticbeanstalk:DeleteApplication":             "application/{ApplicationName}",
	"elasticbeanstalk:DeleteApplicationVersion":      "applicationversion/{ApplicationName}/{VersionLabel}",
	"elasticbeanstalk:DescribeApplicationVersions":   "applicationversion/{ApplicationName}/{VersionLabels}",
	"elasticbeanstalk:DescribeApplications":          "application/{ApplicationNames}",
	"elasticbeanstalk:DescribeConfigurationSettings": "environment/{ApplicationName}/{EnvironmentName}",
	"elasticbeanstalk:DescribeEnvironmentHealth":     "{environment}",
	"elasticbeanstalk:DescribeEnvironmentResources":  "{environment}",
	"elasticbeanstalk:DescribeEnvironments":          "{environment}",
	"elasticbeanstalk:DescribeEvents":                "{environment}",
	"elasticbeanstalk:DescribeInstancesHealth":       "{environment}",
	"elasticbeanstalk:DescribePlatformVersion":       "{PlatformArn}",
	"elasticbeanstalk:ListTagsForResource":           "{ResourceArn}",
	"elasticbeanstalk:TerminateEnvironment":          "{environment}",
	"elasticbeanstalk:UpdateApplication":             "application/{ApplicationName}",
	"elasticbeanstalk:UpdateEnvironment":             "{environment}",

	"elasticloadbalancing:AddTags":                      "{ResourceArns}",
	"elasticloadbalancing:CreateListener":               "{LoadBalancerArn}",
	"elasticloadbalancing:CreateLoadBalancer":           "loadbalancer/app/{Name}/*",
	"elasticloadbalancing:CreateRule":                   "{ListenerArn}",
	"elasticloadbalancing:CreateTargetGroup":            "targetgroup/{Name}/*",
	"elasticloadbalancing:DeleteListener":               "{ListenerArn}",
	"elasticloadbalancing:DeleteLoadBalancer":           "{LoadBalancerArn}",
	"elasticloadbalancing:DeleteRule":                   "{RuleArn}",
	"elasticloadbalancing:DeleteTargetGroup":            "{TargetGroupArn}",
	"elasticloadbalancing:DeregisterTargets":            "{TargetGroupArn}",
	"elasticloadbalancing:ModifyListener":               "{ListenerArn}",
	"elasticloadbalancing:ModifyLoadBalancerAttributes": "{LoadBalancerArn}",
	"elasticloadbalancing:ModifyRule":                   "{RuleArn}",
	"elasticloadbalancing:ModifyTargetGroup":            "{TargetGroupArn}",
	"elasticloadbalancing:ModifyTargetGroupAttributes":  "{TargetGroupArn}",
	"elasticloadbalancing:RegisterTargets":              "{TargetGroupArn}",
	"elasticloadbalancing:RemoveTags":                   "{ResourceArns}",

	"iam:GetRole":                 "{role}",
	"iam:SimulatePrincipalPolicy": "{PolicySourceArn}",

	"route53:ChangeResourceRecordSets": "arn:aws:route53:::hostedzone/{ID}",
	"route53:DeleteHostedZone":         "arn:aws:route53:::hostedzone/{ID}",
	"route53:GetChange":                "arn:aws:route53:::change/{ID}",
	"route53:GetHostedZone":            "arn:aws:route53:::hostedzone/{ID}",
	"route53:ListResourceRecordSets":   "arn:aws:route53:::hostedzone/{ID}",
	"route53:ListTagsForResource":      "arn:aws:route53:::hostedzone/{ID}",

	"sts:AssumeRole": "{RoleArn}",
}

// tagging gives what is needed besides when something is made with tags.
var tagging = map[string]need{
	"cloudwatch:PutCompositeAlarm":              {"cloudwatch:TagResource", []string{"alarm:{AlarmName}"}},
	"cloudwatch:PutMetricAlarm":                 {"cloudwatch:TagResource", []string{"alarm:{AlarmName}"}},
	"elasticbeanstalk:CreateApplication":        {"elasticbeanstalk:AddTags", []string{"application/{ApplicationName}"}},
	"elasticbeanstalk:CreateApplicationVersion": {"elasticbeanstalk:AddTags", []string{"applicationversion/{ApplicationName}/{VersionLabel}"}},
	"elasticbeanstalk:CreateEnvironment":        {"elasticbeanstalk:AddTags", []string{"environment/{ApplicationName}/{EnvironmentName}"}},
	"elasticloadbalancing:CreateListener":       {"elasticloadbalancing:AddTags", []string{"listener/*"}},
	"elasticloadbalancing:CreateLoadBalancer":   {"elasticloadbalancing:AddTags", []string{"loadbalancer/app/{Name}/*"}},
	"elasticloadbalancing:CreateRule":           {"elasticloadbalancing:AddTags", []string{"{rule}"}},
	"elasticloadbalancing:CreateTargetGroup":    {"elasticloadbalancing:AddTags", []string{"targetgroup/{Name}/*"}},
}

// needs gives the permissions that a call needs. The caller holds the lock.
func (c *Cloud) needs(service, operation string, input any) []need {
	prefix := service
	if service == "monitoring" {
		prefix = "cloudwatch"
	}
	action := prefix + ":" + operation
	in := reflect.Indirect(reflect.ValueOf(input))
	resolve := func(template string) []string { return c.resolve(prefix, template, in) }
	switch action {
	case "sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity": // need none
		return nil
	case "elasticbeanstalk:UpdateTagsForResource":
		var needs []need
		for member, action := range map[string]string{"TagsToAdd": "elasticbeanstalk:AddTags", "TagsToRemove": "elasticbeanstalk:RemoveTags"} {
			if in.FieldByName(member).Len() > 0 {
				needs = append(needs, need{action, resolve("{ResourceArn}")})
			}
		}
		return needs
	case "elasticloadbalancing:SetRulePriorities":
		var rules []string
		for i := range in.FieldByName("RulePriorities").Len() {
			rules = append(rules, texts(in.FieldByName("RulePriorities").Index(i).FieldByName("RuleArn"))...)
		}
		return []need{{action, rules}}
	}
	template, ok := resources[action]
	if !ok {
		return []need{{action, []string{"*"}}}
	}
	needs := []need{{action, resolve(template)}}
	if extra, ok := tagging[action]; ok && in.FieldByName("Tags").Len() > 0 {
		needs = append(needs, need{extra.action, resolve(extra.resources[0])})
	}
	return append(needs, c.beanstalkNeeds(input)...)
}

// beanstalkNeeds are permissions that Elastic Beanstalk uses in the caller's name
// during the call itself: to pass roles on, and for source bundles.
//
// Source: "Elastic Beanstalk user policy" in the AWS Elastic Beanstalk Developer Guide.
func (c *Cloud) beanstalkNeeds(input any) []need {
	var needs []need
	switch in := input.(type) {
	case *elasticbeanstalk.CreateEnvironmentInput:
		for _, o := range in.OptionSettings {
			passed := value(o.OptionName) == "ServiceRole" || value(o.OptionName) == "IamInstanceProfile"
			if passed && value(o.Value) != "" {
				needs = append(needs, need{"iam:PassRole", []string{c.roleARN(*o.Value)}})
			}
		}
	case *elasticbeanstalk.CreateApplicationVersionInput:
		needs = append(needs, need{"elasticbeanstalk:CreateApplicationVersion", []string{c.arn("elasticbeanstalk", "application/"+value(in.ApplicationName))}})
		if b := in.SourceBundle; b != nil {
			needs = append(needs, need{"s3:GetObject", []string{s3ARN + value(b.S3Bucket) + "/" + value(b.S3Key)}})
		}
	case *elasticbeanstalk.DeleteApplicationVersionInput:
		a, err := c.application(value(in.ApplicationName))
		if err != nil || !value(in.DeleteSourceBundle) {
			break
		}
		if v, err := a.version(value(in.VersionLabel)); err == nil && v.SourceBundle != nil {
			needs = append(needs, need{"s3:DeleteObject", []string{s3ARN + value(v.SourceBundle.S3Bucket) + "/" + value(v.SourceBundle.S3Key)}})
		}
	}
	return needs
}

// roleARN is the ARN of a role of this account given by name or ARN. An instance
// profile's role has the profile's name, as those have that AWS makes.
func (c *Cloud) roleARN(role string) string {
	if strings.HasPrefix(role, "arn:") {
		return strings.Replace(role, ":instance-profile/", ":role/", 1)
	}
	return "arn:aws:iam::" + c.config.Account + ":role/" + role
}

// resolve fills in a template.
func (c *Cloud) resolve(service, template string, in reflect.Value) []string {
	switch template {
	case "{environment}":
		return c.environmentARNs(in)
	case "{group}":
		return []string{c.groupARN(in)}
	case "{role}":
		name := textsOrAny(in.FieldByName("RoleName"))[0]
		role, _ := c.partition.role(c.config.Account, name)
		return []string{cmp.Or(role, Role{Name: name}).arn(c.config.Account)}
	case "{rule}":
		return []string{strings.Replace(textsOrAny(in.FieldByName("ListenerArn"))[0], ":listener/", ":listener-rule/", 1) + "/*"}
	}
	whole := strings.HasPrefix(template, "{") || strings.HasPrefix(template, "arn:")
	results := []string{""}
	for template != "" {
		before, rest, found := strings.Cut(template, "{")
		for i := range results {
			results[i] += before
		}
		if !found {
			break
		}
		member, after, _ := strings.Cut(rest, "}")
		var grown []string
		for _, r := range results {
			for _, v := range textsOrAny(in.FieldByName(member)) {
				grown = append(grown, r+v)
			}
		}
		results, template = grown, after
	}
	if !whole {
		for i := range results {
			results[i] = c.arn(service, results[i])
		}
	}
	return results
}

// environmentARNs are those of the environments that an input names by id or
// name, of its application or of all.
func (c *Cloud) environmentARNs(in reflect.Value) []string {
	named := func(members ...string) (names []string) {
		for _, m := range members {
			names = append(names, texts(in.FieldByName(m))...)
		}
		return names
	}
	application := textsOrAny(in.FieldByName("ApplicationName"))[0]
	var arns []string
	for _, id := range named("EnvironmentId", "EnvironmentIds") {
		arn := c.arn("elasticbeanstalk", "environment/"+application+"/*")
		if e, err := c.environment(&id, nil); err == nil {
			arn = *e.EnvironmentArn
		}
		arns = append(arns, arn)
	}
	for _, name := range named("EnvironmentName", "EnvironmentNames") {
		arn := c.arn("elasticbeanstalk", "environment/"+application+"/"+name)
		if e, err := c.environment(nil, &name); err == nil {
			arn = *e.EnvironmentArn
		}
		arns = append(arns, arn)
	}
	if len(arns) == 0 {
		arns = []string{c.arn("elasticbeanstalk", "environment/"+application+"/*")}
	}
	return arns
}

// groupARN is that of the Auto Scaling group which an input names, or whose
// instance it names.
func (c *Cloud) groupARN(in reflect.Value) string {
	name := textsOrAny(in.FieldByName("AutoScalingGroupName"))[0]
	if ids := texts(in.FieldByName("InstanceId")); len(ids) > 0 {
		if i := c.instances[ids[0]]; i != nil {
			name = i.group.name
		}
	}
	if g, err := c.scalingGroup(name); err == nil {
		return g.arn
	}
	return c.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/"+name)
}

// texts gives the strings of an optional string or a list of strings; none for
// a member that the input does not have.
func texts(v reflect.Value) []string {
	switch {
	case !v.IsValid():
		return nil
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return []string{v.Elem().String()}
	case v.Kind() == reflect.Slice && v.Len() > 0:
		var list []string
		for i := range v.Len() {
			list = append(list, v.Index(i).String())
		}
		return list
	}
	return nil
}

func textsOrAny(v reflect.Value) []string {
	if list := texts(v); list != nil {
		return list
	}
	return []string{"*"}
}
