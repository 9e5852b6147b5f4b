// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// MaxExtensions is the number of bytes that all extensions may have together: they
// are kept in the state and the journal, once for each environment.
const MaxExtensions = 64 << 10

var extensionForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,92}\.config$`)

// ownedNamespaces are the namespaces of option settings that are ionroller's as a
// whole, and what to do instead. One that ends with a colon is a prefix.
var ownedNamespaces = map[string]string{
	"aws:elasticbeanstalk:application:environment":        "use container.environment",
	"aws:elasticbeanstalk:application:environmentsecrets": "use container.secrets",
	"aws:elasticbeanstalk:managedactions":                 "leave it out: managed updates are always off, because an environment never changes",
	"aws:elasticbeanstalk:managedactions:platformupdate":  "leave it out: managed updates are always off, because an environment never changes",
	"aws:elbv2:loadbalancer":                              behind,
	"aws:elbv2:listener:":                                 "use routing: an environment's own rule is for its CNAME alone",
	"aws:elbv2:listenerrule:":                             "use routing: an environment's own rule is for its CNAME alone",
	"aws:elb:":                                            behind,
}

const behind = "use routing.listener_arn: environments stand behind the Application Load Balancer of that listener, which is not theirs"

// ownedSettings are single option settings that are ionroller's, by namespace and
// name, and what to do instead.
var ownedSettings = map[Setting]string{
	{Namespace: "aws:elasticbeanstalk:environment", Name: "EnvironmentType"}:      behind,
	{Namespace: "aws:elasticbeanstalk:environment", Name: "LoadBalancerType"}:     behind,
	{Namespace: "aws:elasticbeanstalk:environment", Name: "LoadBalancerIsShared"}: behind,
	{Namespace: "aws:elasticbeanstalk:environment", Name: "ServiceRole"}:          "use beanstalk.service_role",

	{Namespace: "aws:ec2:vpc", Name: "VPCId"}:      "use beanstalk.vpc_id",
	{Namespace: "aws:ec2:vpc", Name: "Subnets"}:    "use beanstalk.subnets",
	{Namespace: "aws:ec2:vpc", Name: "ELBSubnets"}: behind,
	{Namespace: "aws:ec2:vpc", Name: "ELBScheme"}:  behind,

	{Namespace: "aws:autoscaling:asg", Name: "MinSize"}: "use capacity.min",
	{Namespace: "aws:autoscaling:asg", Name: "MaxSize"}: "use capacity.max",

	{Namespace: "aws:autoscaling:launchconfiguration", Name: "InstanceType"}:       "use beanstalk.instance_type",
	{Namespace: "aws:autoscaling:launchconfiguration", Name: "IamInstanceProfile"}: "use beanstalk.instance_profile",
	{Namespace: "aws:autoscaling:launchconfiguration", Name: "EC2KeyName"}:         "use beanstalk.key_name",
	{Namespace: "aws:autoscaling:launchconfiguration", Name: "SecurityGroups"}:     "use beanstalk.security_groups",

	{Namespace: processNamespace, Name: "Port"}:                                          "use container.port: the instances' proxy listens on 80 and passes on to it",
	{Namespace: processNamespace, Name: "Protocol"}:                                      "leave it out: the instances' proxy speaks HTTP",
	{Namespace: processNamespace, Name: "HealthCheckPath"}:                               "use health.path",
	{Namespace: processNamespace, Name: "HealthCheckInterval"}:                           "use health.interval",
	{Namespace: processNamespace, Name: "HealthCheckTimeout"}:                            "use health.timeout",
	{Namespace: processNamespace, Name: "HealthyThresholdCount"}:                         "use health.healthy_threshold",
	{Namespace: processNamespace, Name: "UnhealthyThresholdCount"}:                       "use health.unhealthy_threshold",
	{Namespace: processNamespace, Name: "MatcherHTTPCode"}:                               "use health.matcher",
	{Namespace: processNamespace, Name: "DeregistrationDelay"}:                           "use health.deregistration_delay",
	{Namespace: "aws:elasticbeanstalk:application", Name: "Application Healthcheck URL"}: "use health.path",
}

const processNamespace = "aws:elasticbeanstalk:environment:process:default"

// settings refuses option settings that say otherwise what an attribute says, and
// those that would change an environment behind ionroller's back.
func (v *validator) settings(settings []Setting) {
	seen := map[Setting]bool{}
	for _, s := range settings {
		option := Setting{Namespace: s.Namespace, Name: s.Name}
		switch instead := instead(option); {
		case !strings.HasPrefix(s.Namespace, "aws:") || s.Name == "":
			v.add("beanstalk.settings", "%q %q is not an option: a namespace begins with \"aws:\", and the option has a name", s.Namespace, s.Name)
		case instead != "":
			v.add("beanstalk.settings", "%s %s is set by ionroller: %s", s.Namespace, s.Name, instead)
		case seen[option]:
			v.add("beanstalk.settings", "%s %s is set twice", s.Namespace, s.Name)
		}
		seen[option] = true
	}
}

// instead says what to do instead of setting an option, or "".
func instead(option Setting) string {
	if todo, owned := ownedSettings[option]; owned {
		return todo
	}
	if todo, owned := ownedNamespaces[option.Namespace]; owned {
		return todo
	}
	for prefix, todo := range ownedNamespaces {
		if strings.HasSuffix(prefix, ":") && strings.HasPrefix(option.Namespace, prefix) {
			return todo
		}
	}
	return ""
}

func (v *validator) extensions(files map[string]string) {
	size := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !extensionForm.MatchString(name) {
			v.add("beanstalk.extensions", "%q is not the name of a file in .ebextensions: letters, digits, underscore, period and hyphen, at most 100 characters that end with .config, without a folder", name)
		}
		if strings.TrimSpace(files[name]) == "" {
			v.add("beanstalk.extensions", "%s is empty: leave it out", name)
		}
		size += len(files[name])
	}
	if size > MaxExtensions {
		v.add("beanstalk.extensions", "the files have %d bytes together: at most %d are allowed, because state and journal keep them; put what is large into S3 and fetch it from there with files or sources", size, MaxExtensions)
	}
}
