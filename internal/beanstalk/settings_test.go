// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func example() endpoint.Release {
	return endpoint.Release{
		Version: "1.0.0",
		Container: endpoint.Container{
			Image: "acme/checkout", Port: 8080, Command: []string{"serve", "--motto", "it's fine", ""},
			Environment: map[string]string{"LOG": "info", "EMPTY": ""},
			Secrets:     map[string]string{"PASSWORD": "arn:aws:ssm:us-east-1:123456789012:parameter/password"},
			Volumes: []endpoint.Volume{
				{HostDirectory: "/var/log/app", ContainerDirectory: "/log"},
				{HostDirectory: "/var/app/data", ContainerDirectory: "/data"},
			},
			RegistryAuth: endpoint.RegistryAuth{Key: "registry/config.json"},
		},
		Beanstalk: endpoint.Beanstalk{
			InstanceType: "t3.small", VPCID: "vpc-1", Subnets: []string{"subnet-1", "subnet-2"},
			InstanceProfile: "profile", ServiceRole: "role",
			Settings: []endpoint.Setting{
				{Namespace: "aws:elasticbeanstalk:command", Name: "Timeout", Value: "900"},
				{Namespace: nsInstances, Name: "RootVolumeType", Value: "gp2"},
				{Namespace: nsManaged, Name: "ManagedActionsEnabled", Value: "true"}, // as from a record of another version
			},
			Extensions: map[string]string{"20-late.config": "packages: {}\n", "10-early.config": "files: {}\n"},
		},
		Health: endpoint.Health{
			Path: "/healthz", Interval: endpoint.Duration(15 * time.Second), Timeout: endpoint.Duration(5 * time.Second),
			HealthyThreshold: 3, UnhealthyThreshold: 4, Matcher: "200-299", DeregistrationDelay: 0,
		},
	}
}

func TestSettings(t *testing.T) {
	e := &endpoint.Environment{Release: example(), Capacity: endpoint.Capacity{Min: 2, Max: 4}}
	got := map[string]string{}
	for _, s := range settings(e, front{loadBalancer: "arn:lb", port: 8443, securityGroups: []string{"sg-1", "sg-2"}}) {
		key := *s.Namespace + " " + *s.OptionName
		if _, twice := got[key]; twice {
			t.Errorf("%s is set twice", key)
		}
		got[key] = *s.Value
	}
	want := map[string]string{
		"aws:elasticbeanstalk:environment EnvironmentType":                         "LoadBalanced",
		"aws:elasticbeanstalk:environment LoadBalancerType":                        "application",
		"aws:elasticbeanstalk:environment LoadBalancerIsShared":                    "true",
		"aws:elasticbeanstalk:environment ServiceRole":                             "role",
		"aws:elbv2:loadbalancer SharedLoadBalancer":                                "arn:lb",
		"aws:elbv2:loadbalancer SecurityGroups":                                    "sg-1,sg-2",
		"aws:elbv2:listener:8443 Rules":                                            "default",
		"aws:ec2:vpc VPCId":                                                        "vpc-1",
		"aws:ec2:vpc Subnets":                                                      "subnet-1,subnet-2",
		"aws:elasticbeanstalk:environment:process:default Port":                    "80",
		"aws:elasticbeanstalk:environment:process:default Protocol":                "HTTP",
		"aws:elasticbeanstalk:environment:process:default HealthCheckPath":         "/healthz",
		"aws:elasticbeanstalk:environment:process:default HealthCheckInterval":     "15",
		"aws:elasticbeanstalk:environment:process:default HealthCheckTimeout":      "5",
		"aws:elasticbeanstalk:environment:process:default HealthyThresholdCount":   "3",
		"aws:elasticbeanstalk:environment:process:default UnhealthyThresholdCount": "4",
		"aws:elasticbeanstalk:environment:process:default MatcherHTTPCode":         "200-299",
		"aws:elasticbeanstalk:environment:process:default DeregistrationDelay":     "0",
		"aws:autoscaling:asg MinSize":                                              "2",
		"aws:autoscaling:asg MaxSize":                                              "4",
		"aws:autoscaling:launchconfiguration InstanceType":                         "t3.small",
		"aws:autoscaling:launchconfiguration IamInstanceProfile":                   "profile",
		"aws:autoscaling:launchconfiguration RootVolumeType":                       "gp2", // the user's
		"aws:autoscaling:launchconfiguration DisableIMDSv1":                        "true",
		"aws:elasticbeanstalk:healthreporting:system SystemType":                   "enhanced",
		"aws:elasticbeanstalk:managedactions ManagedActionsEnabled":                "false",
		"aws:elasticbeanstalk:application:environment LOG":                         "info",
		"aws:elasticbeanstalk:application:environment EMPTY":                       "",
		"aws:elasticbeanstalk:application:environmentsecrets PASSWORD":             "arn:aws:ssm:us-east-1:123456789012:parameter/password",
		"aws:elasticbeanstalk:command Timeout":                                     "900",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBundle(t *testing.T) {
	p := &Platform{Options: Options{Bucket: "acme-deployments"}}
	first, err := p.bundle(example(), "")
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.bundle(example(), "")
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("a release has two bundles, %v", err)
	}
	archive, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	content := map[string]string{}
	for _, f := range archive.File {
		names = append(names, f.Name)
		file, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		content[f.Name] = string(text)
	}
	if d := cmp.Diff([]string{"Dockerrun.aws.json", ".ebextensions/10-early.config", ".ebextensions/20-late.config"}, names); d != "" {
		t.Error(d)
	}
	want := map[string]string{
		"Dockerrun.aws.json": `{
  "AWSEBDockerrunVersion": "1",
  "Authentication": {
    "Bucket": "acme-deployments",
    "Key": "registry/config.json"
  },
  "Image": {
    "Name": "acme/checkout:1.0.0",
    "Update": "true"
  },
  "Ports": [
    {
      "ContainerPort": 8080
    }
  ],
  "Volumes": [
    {
      "HostDirectory": "/var/app/data",
      "ContainerDirectory": "/data"
    },
    {
      "HostDirectory": "/var/log/app",
      "ContainerDirectory": "/log"
    }
  ],
  "Command": "serve --motto 'it'\\''s fine' ''"
}
`,
		".ebextensions/10-early.config": "files: {}\n",
		".ebextensions/20-late.config":  "packages: {}\n",
	}
	if d := cmp.Diff(want, content); d != "" {
		t.Error(d)
	}
}

// A release without any of it has a bundle as small as can be.
func TestPlainBundle(t *testing.T) {
	r := endpoint.Release{Version: "1.0.0", Container: endpoint.Container{Image: "acme/checkout", Port: 80}}
	text, err := json.Marshal((&Platform{}).dockerrun(r, ""))
	if want := `{"AWSEBDockerrunVersion":"1","Image":{"Name":"acme/checkout:1.0.0","Update":"true"},"Ports":[{"ContainerPort":80}]}`; err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

func TestEnvironmentTags(t *testing.T) {
	p := &Platform{Options: Options{Owner: "acme", Tags: map[string]string{"team": "payments", tagOwner: "forged"}}}
	got := map[string]string{}
	for _, tag := range p.environmentTags(&endpoint.Record{Endpoint: "checkout"}, &endpoint.Environment{Release: example(), Fingerprint: "0123456789ab"}, "sha256:abc") {
		got[*tag.Key] = *tag.Value
	}
	want := map[string]string{
		"team": "payments", tagOwner: "acme", tagEndpoint: "checkout", tagVersion: "1.0.0", tagFingerprint: "0123456789ab", tagDigest: "sha256:abc",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRefusal(t *testing.T) {
	for _, c := range []struct {
		status        int
		code, message string
		refused       bool
	}{
		{400, "InvalidParameterValue", "No Platform named 'x' found.", true},
		{400, "TooManyEnvironmentsException", "You cannot have more than 200 Environments.", true},
		{403, "AccessDenied", "User is not authorized to perform: elasticbeanstalk:CreateEnvironment", true},
		{400, "Throttling", "Rate exceeded", false},
		{400, "ThrottlingException", "Rate exceeded", false},
		{403, "ExpiredToken", "The security token included in the request is expired", false},
		{403, "RequestExpired", "Request has expired.", false},
		{400, "OperationInProgressFailure", "An operation is in progress.", false},
		{400, "InvalidParameterValue", "The instance profile profile associated with the environment does not exist.", false},
		{500, "InternalFailure", "", false},
		{503, "ServiceUnavailable", "", false},
	} {
		err := fmt.Errorf("creating environment x: %w", &smithy.OperationError{ServiceID: "Elastic Beanstalk", OperationName: "CreateEnvironment", Err: &awshttp.ResponseError{
			ResponseError: &smithyhttp.ResponseError{
				Response: &smithyhttp.Response{Response: &http.Response{StatusCode: c.status}},
				Err:      &smithy.GenericAPIError{Code: c.code, Message: c.message},
			},
		}})
		var refused *roller.Refusal
		if got := errors.As(refuse(err), &refused); got != c.refused {
			t.Errorf("%d %s (%s): a refusal is %v", c.status, c.code, c.message, got)
		}
	}
	var refused *roller.Refusal
	if errors.As(refuse(errors.New("no route to host")), &refused) {
		t.Error("an error that is not AWS's counts as its refusal")
	}
}
