// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

// options are an environment's settings in the order in which they were given.
type options []option

type option struct{ namespace, name, value string }

// Namespaces of options.
const (
	nsEnvironment = "aws:elasticbeanstalk:environment"
	nsProcess     = "aws:elasticbeanstalk:environment:process:default"
	nsVariables   = "aws:elasticbeanstalk:application:environment"
	nsSecrets     = "aws:elasticbeanstalk:application:environmentsecrets"
	nsCommand     = "aws:elasticbeanstalk:command"
	nsGroup       = "aws:autoscaling:asg"
	nsLaunch      = "aws:autoscaling:launchconfiguration"
	nsTrigger     = "aws:autoscaling:trigger"
	nsBalancer    = "aws:elbv2:loadbalancer"
	nsListener    = "aws:elbv2:listener:"
	nsRule        = "aws:elbv2:listenerrule:default"
	nsVPC         = "aws:ec2:vpc"
)

// defaultOptions are Elastic Beanstalk's defaults for a load-balanced
// environment of the Docker platform.
var defaultOptions = options{
	{nsGroup, "Cooldown", "360"},
	{nsGroup, "MaxSize", "4"},
	{nsGroup, "MinSize", "1"},
	{nsLaunch, "InstanceType", "t3.micro"},
	{nsTrigger, "BreachDuration", "5"},
	{nsTrigger, "LowerBreachScaleIncrement", "-1"},
	{nsTrigger, "LowerThreshold", "2000000"},
	{nsTrigger, "MeasureName", "NetworkOut"},
	{nsTrigger, "UpperBreachScaleIncrement", "1"},
	{nsTrigger, "UpperThreshold", "6000000"},
	{nsCommand, "DeploymentPolicy", "AllAtOnce"},
	{nsCommand, "Timeout", "600"},
	{nsEnvironment, "EnvironmentType", "LoadBalanced"},
	{nsEnvironment, "LoadBalancerIsShared", "false"},
	{nsEnvironment, "LoadBalancerType", "application"},
	{nsProcess, "DeregistrationDelay", "20"},
	{nsProcess, "HealthCheckInterval", "15"},
	{nsProcess, "HealthCheckPath", "/"},
	{nsProcess, "HealthCheckTimeout", "5"},
	{nsProcess, "HealthyThresholdCount", "3"},
	{nsProcess, "MatcherHTTPCode", "200"},
	{nsProcess, "Port", "80"},
	{nsProcess, "Protocol", "HTTP"},
	{nsProcess, "UnhealthyThresholdCount", "5"},
	{"aws:elasticbeanstalk:healthreporting:system", "SystemType", "enhanced"},
	{"aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled", "false"},
}

func (o options) find(namespace, name string) int {
	return slices.IndexFunc(o, func(x option) bool { return x.namespace == namespace && x.name == name })
}

// get gives a setting or its default.
func (o options) get(namespace, name string) string {
	if i := o.find(namespace, name); i >= 0 {
		return o[i].value
	}
	if i := defaultOptions.find(namespace, name); i >= 0 {
		return defaultOptions[i].value
	}
	return ""
}

// number gives a setting that was checked to be a number.
func (o options) number(namespace, name string) int {
	n, _ := strconv.Atoi(o.get(namespace, name))
	return n
}

func (o options) seconds(namespace, name string) time.Duration {
	return time.Duration(o.number(namespace, name)) * time.Second
}

// with gives a copy with settings changed and others removed.
func (o options) with(set []types.ConfigurationOptionSetting, remove []types.OptionSpecification) options {
	next := slices.Clone(o)
	for _, r := range remove {
		next = slices.DeleteFunc(next, func(x option) bool { return x.namespace == value(r.Namespace) && x.name == value(r.OptionName) })
	}
	for _, s := range set {
		namespace, name := value(s.Namespace), value(s.OptionName)
		if i := next.find(namespace, name); i >= 0 {
			next[i].value = value(s.Value)
		} else {
			next = append(next, option{namespace, name, value(s.Value)})
		}
	}
	return next
}

// numeric are the settings that must be numbers, with their ranges.
var numeric = []struct {
	namespace, name string
	least, most     int
}{
	{nsGroup, "MinSize", 0, 10000},
	{nsGroup, "MaxSize", 0, 10000},
	{nsGroup, "Cooldown", 0, 10000},
	{nsCommand, "Timeout", 1, 3600},
	{nsProcess, "Port", 1, 65535},
	{nsProcess, "DeregistrationDelay", 0, 3600},
	{nsProcess, "HealthCheckInterval", 5, 300},
	{nsProcess, "HealthCheckTimeout", 2, 60},
	{nsProcess, "HealthyThresholdCount", 2, 10},
	{nsProcess, "UnhealthyThresholdCount", 2, 10},
}

// check refuses settings that Elastic Beanstalk would.
func (o options) check() error {
	for _, x := range o {
		if !strings.HasPrefix(x.namespace, "aws:") {
			return invalidOption(x.namespace, x.name, x.value, "Unknown namespace")
		}
	}
	for _, n := range numeric {
		text := o.get(n.namespace, n.name)
		if v, err := strconv.Atoi(text); err != nil || v < n.least || v > n.most {
			return invalidOption(n.namespace, n.name, text, "Value is not a whole number between "+itoa(n.least)+" and "+itoa(n.most))
		}
	}
	if least, most := o.number(nsGroup, "MinSize"), o.number(nsGroup, "MaxSize"); least > most {
		return invalidOption(nsGroup, "MinSize", itoa(least), "MinSize is greater than MaxSize "+itoa(most))
	}
	if i, t := o.number(nsProcess, "HealthCheckInterval"), o.number(nsProcess, "HealthCheckTimeout"); t >= i {
		return invalidOption(nsProcess, "HealthCheckTimeout", itoa(t), "Value must be less than HealthCheckInterval "+itoa(i))
	}
	return nil
}

// secretsSince is the day of the first platform versions that read secrets.
var secretsSince = time.Date(2025, 3, 26, 0, 0, 0, 0, time.UTC)

// checkSecrets refuses secrets that are not given by ARN, or on a platform that
// does not know of them.
func (o options) checkSecrets(p platform) error {
	for _, x := range o {
		switch {
		case x.namespace != nsSecrets:
		case p.created.Before(secretsSince):
			return invalidOption(x.namespace, x.name, x.value, "Unknown option for platform "+p.arn)
		case !secretARN.MatchString(x.value):
			return invalidOption(x.namespace, x.name, x.value, "Value is not the ARN of a secret or a parameter")
		}
	}
	return nil
}

var secretARN = regexp.MustCompile(`^arn:[^:]+:(secretsmanager:[^:]+:\d{12}:secret:|ssm:[^:]+:\d{12}:parameter/).+`)

// variables are the environment variables of the containers. There are no secrets
// here: the value of one tells where it would come from.
func (o options) variables() map[string]string {
	m := map[string]string{}
	for _, x := range o {
		switch x.namespace {
		case nsVariables:
			m[x.name] = x.value
		case nsSecrets:
			m[x.name] = "value of " + x.value
		}
	}
	return m
}

// listenerPorts are the ports of the shared load balancer's listeners that the
// environment wants a rule on; without any setting, the default listener's.
func (o options) listenerPorts() []string {
	var ports []string
	for _, x := range o {
		port, ok := strings.CutPrefix(x.namespace, nsListener)
		if !ok || x.name != "Rules" || x.value == "" {
			continue
		}
		if port == "default" {
			port = "80"
		}
		ports = append(ports, port)
	}
	if ports == nil {
		ports = []string{"80"}
	}
	return ports
}
