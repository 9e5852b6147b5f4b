// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

const (
	secretARN    = "arn:aws:secretsmanager:us-east-1:123456789012:secret:checkout/db-AbCdEf"
	parameterARN = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/checkout/key"
)

// Everything that a release can say, said well.
func full() endpoint.Spec {
	s := good()
	s.Release.Container.Environment = map[string]string{"LOG": "info"}
	s.Release.Container.Secrets = map[string]string{"PASSWORD": secretARN, "USER": secretARN + ":user", "KEY": parameterARN}
	s.Release.Container.Volumes = []endpoint.Volume{{"/var/app/data", "/data"}, {"/var/app/data", "/copy"}}
	s.Release.Container.RegistryAuth = endpoint.RegistryAuth{Bucket: "acme-registry", Key: "registry/config.json"}
	s.Release.Beanstalk.Settings = []endpoint.Setting{
		{"aws:autoscaling:launchconfiguration", "RootVolumeSize", "20"},
		{"aws:autoscaling:asg", "Cooldown", "300"},
		{"aws:ec2:vpc", "AssociatePublicIpAddress", "false"},
		{"aws:elasticbeanstalk:command", "Timeout", "900"},
		{"aws:elasticbeanstalk:environment:process:default", "StickinessEnabled", "false"},
	}
	s.Release.Beanstalk.Extensions = map[string]string{"10-files.config": "files: {}\n", "20.config": `{"packages": {}}`}
	return s
}

func TestValidateRelease(t *testing.T) {
	if problems := full().Validate(); len(problems) > 0 {
		t.Fatalf("a good spec has problems: %v", problems)
	}
	secret := func(arn string) func(*endpoint.Spec) {
		return func(s *endpoint.Spec) { s.Release.Container.Secrets = map[string]string{"PASSWORD": arn} }
	}
	volume := func(host, container string) func(*endpoint.Spec) {
		return func(s *endpoint.Spec) { s.Release.Container.Volumes = []endpoint.Volume{{host, container}} }
	}
	setting := func(namespace, name string) func(*endpoint.Spec) {
		return func(s *endpoint.Spec) {
			s.Release.Beanstalk.Settings = []endpoint.Setting{{namespace, name, "x"}}
		}
	}
	extension := func(name, text string) func(*endpoint.Spec) {
		return func(s *endpoint.Spec) { s.Release.Beanstalk.Extensions = map[string]string{name: text} }
	}
	const process = "aws:elasticbeanstalk:environment:process:default"
	for name, c := range map[string]struct {
		spoil     func(*endpoint.Spec)
		attribute string
		says      string
	}{
		"secret by value":        {secret("hunter2"), "container.secrets", "PASSWORD is not the ARN"},
		"secret of another kind": {secret("arn:aws:s3:::acme/secret"), "container.secrets", "PASSWORD is not the ARN"},
		"key of a parameter":     {secret("arn:aws:ssm:us-east-1:123456789012:parameter/"), "container.secrets", "not the ARN"},
		"two keys of a secret":   {secret(secretARN + ":a:b"), "container.secrets", "not the ARN"},
		"a name twice": {func(s *endpoint.Spec) {
			s.Release.Container.Secrets["LOG"] = secretARN
		}, "container.secrets", "LOG is in container.environment too"},
		"a nameless secret": {func(s *endpoint.Spec) {
			s.Release.Container.Secrets[""] = secretARN
		}, "container.secrets", "1 to 127"},

		"relative host directory":      {volume("data", "/data"), "container.volumes", "whole path"},
		"relative container directory": {volume("/data", "data"), "container.volumes", "whole path"},
		"directory above":              {volume("/var/../etc", "/data"), "container.volumes", "whole path"},
		"all of the instance":          {volume("/", "/data"), "container.volumes", "whole path"},
		"volume with options":          {volume("/data", "/data:ro"), "container.volumes", "colon"},
		"two volumes in one place": {func(s *endpoint.Spec) {
			s.Release.Container.Volumes = []endpoint.Volume{{"/a", "/data"}, {"/b", "/data"}}
		}, "container.volumes", "in two volumes"},

		"credentials without a key": {func(s *endpoint.Spec) { s.Release.Container.RegistryAuth.Key = "" }, "container.registry_auth.key", "not the key"},
		"credentials by URL":        {func(s *endpoint.Spec) { s.Release.Container.RegistryAuth.Bucket = "s3://acme" }, "container.registry_auth.bucket", "not the name"},

		"smallest size":       {setting("aws:autoscaling:asg", "MinSize"), "beanstalk.settings", "use capacity.min"},
		"largest size":        {setting("aws:autoscaling:asg", "MaxSize"), "beanstalk.settings", "use capacity.max"},
		"managed updates":     {setting("aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled"), "beanstalk.settings", "always off"},
		"level of updates":    {setting("aws:elasticbeanstalk:managedactions:platformupdate", "UpdateLevel"), "beanstalk.settings", "always off"},
		"kind of balancer":    {setting("aws:elasticbeanstalk:environment", "LoadBalancerType"), "beanstalk.settings", "use routing.listener_arn"},
		"balancer of its own": {setting("aws:elasticbeanstalk:environment", "LoadBalancerIsShared"), "beanstalk.settings", "use routing.listener_arn"},
		"another balancer":    {setting("aws:elbv2:loadbalancer", "SharedLoadBalancer"), "beanstalk.settings", "use routing.listener_arn"},
		"a classic balancer":  {setting("aws:elb:loadbalancer", "CrossZone"), "beanstalk.settings", "use routing.listener_arn"},
		"a listener":          {setting("aws:elbv2:listener:443", "Rules"), "beanstalk.settings", "use routing"},
		"a rule":              {setting("aws:elbv2:listenerrule:admin", "PathPatterns"), "beanstalk.settings", "use routing"},
		"a process's port":    {setting(process, "Port"), "beanstalk.settings", "use container.port"},
		"a health check":      {setting(process, "HealthCheckPath"), "beanstalk.settings", "use health.path"},
		"a threshold":         {setting(process, "UnhealthyThresholdCount"), "beanstalk.settings", "use health.unhealthy_threshold"},
		"a variable":          {setting("aws:elasticbeanstalk:application:environment", "LOG"), "beanstalk.settings", "use container.environment"},
		"a secret":            {setting("aws:elasticbeanstalk:application:environmentsecrets", "KEY"), "beanstalk.settings", "use container.secrets"},
		"an instance type":    {setting("aws:autoscaling:launchconfiguration", "InstanceType"), "beanstalk.settings", "use beanstalk.instance_type"},
		"subnets":             {setting("aws:ec2:vpc", "Subnets"), "beanstalk.settings", "use beanstalk.subnets"},
		"a foreign namespace": {setting("Timeout", "900"), "beanstalk.settings", "begins with"},
		"an option set twice": {func(s *endpoint.Spec) {
			s.Release.Beanstalk.Settings = []endpoint.Setting{{"aws:ec2:vpc", "DBSubnets", "a"}, {"aws:ec2:vpc", "DBSubnets", "b"}}
		}, "beanstalk.settings", "set twice"},

		"extension of another kind": {extension("files.yaml", "files: {}"), "beanstalk.extensions", "not the name of a file"},
		"extension in a folder":     {extension("a/b.config", "files: {}"), "beanstalk.extensions", "not the name of a file"},
		"extension elsewhere":       {extension("..config", "files: {}"), "beanstalk.extensions", "not the name of a file"},
		"a long name":               {extension(strings.Repeat("a", 94)+".config", "files: {}"), "beanstalk.extensions", "at most 100"},
		"an empty extension":        {extension("a.config", " \n"), "beanstalk.extensions", "a.config is empty"},
		"large extensions":          {extension("a.config", strings.Repeat("#", endpoint.MaxExtensions+1)), "beanstalk.extensions", "at most 65536"},
	} {
		t.Run(name, func(t *testing.T) {
			s := full()
			s.Release.Container.Secrets = maps.Clone(s.Release.Container.Secrets)
			c.spoil(&s)
			problems := s.Validate()
			if !slices.ContainsFunc(problems, func(p endpoint.Problem) bool {
				return p.Attribute == c.attribute && strings.Contains(p.Message, c.says)
			}) || slices.ContainsFunc(problems, func(p endpoint.Problem) bool { return p.Attribute != c.attribute }) {
				t.Errorf("problems = %v, want one of %s that says %q", problems, c.attribute, c.says)
			}
		})
	}
}

// A secret that was written in place of its reference is in no message.
func TestSecretIsNotTold(t *testing.T) {
	s := full()
	s.Release.Container.Secrets = map[string]string{"PASSWORD": "hunter2"}
	for _, p := range s.Validate() {
		if strings.Contains(p.Error(), "hunter2") {
			t.Errorf("the problem tells the secret: %s", p)
		}
	}
}
