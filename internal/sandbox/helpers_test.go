// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithy "github.com/aws/smithy-go"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// world is a sandbox with a client for each of its APIs.
type world struct {
	*testing.T
	sandbox *sandbox.Sandbox
	info    sandbox.Info
	eb      *elasticbeanstalk.Client
	elb     *elbv2.Client
	asg     *autoscaling.Client
	cfn     *cloudformation.Client
	cw      *cloudwatch.Client
	r53     *route53.Client
	s3      *s3.Client
	iam     *iam.Client
	sts     *sts.Client

	disconnect func() // closes the clients' idle connections
}

// start starts a sandbox in which a minute of AWS's work takes a tenth of a
// second.
func start(t *testing.T, change func(*sandbox.Config)) *world {
	t.Helper()
	c := sandbox.Config{Speed: 600}
	if change != nil {
		change(&c)
	}
	s, err := sandbox.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return connect(t, s, s.Info().AccessKeyID, s.Info().SecretAccessKey)
}

func connect(t *testing.T, s *sandbox.Sandbox, key, secret string) *world {
	return connectSession(t, s, aws.Credentials{AccessKeyID: key, SecretAccessKey: secret})
}

func connectSession(t *testing.T, s *sandbox.Sandbox, credentials aws.Credentials) *world {
	info := s.Info()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := aws.Config{
		Region: info.Region, BaseEndpoint: &info.EndpointURL, HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
	}
	return &world{
		T: t, disconnect: transport.CloseIdleConnections, sandbox: s, info: info, eb: elasticbeanstalk.NewFromConfig(c), elb: elbv2.NewFromConfig(c), asg: autoscaling.NewFromConfig(c),
		cfn: cloudformation.NewFromConfig(c), cw: cloudwatch.NewFromConfig(c), sts: sts.NewFromConfig(c), iam: iam.NewFromConfig(c),
		r53: route53.NewFromConfig(c), s3: s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
	}
}

// must gives what a call answered and ends the test when it failed.
func must[T any](t *world) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantCode checks that a call failed with one of AWS's error codes.
func (w *world) wantCode(err error, code, text string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		w.Errorf("want %s with %q, got %v", code, text, err)
	}
}

// until waits for something that happens in the background.
func (w *world) until(what string, done func() bool) {
	w.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			w.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// bundle makes a source bundle for an image.
func bundle(image string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("Dockerrun.aws.json")
	if err == nil {
		_, err = fmt.Fprintf(f, `{"AWSEBDockerrunVersion": "1", "Image": {"Name": %q, "Update": "true"}, "Ports": [{"ContainerPort": 8080}]}`, image)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// version makes application and application version, with a bundle.
func (w *world) version(label string) {
	w.Helper()
	must[*s3.PutObjectOutput](w)(w.s3.PutObject(w.Context(), &s3.PutObjectInput{
		Bucket: &w.info.Bucket, Key: aws.String(label + ".zip"), Body: bytes.NewReader(bundle("acme/checkout:" + label)),
	}))
	must[*elasticbeanstalk.CreateApplicationVersionOutput](w)(w.eb.CreateApplicationVersion(w.Context(), &elasticbeanstalk.CreateApplicationVersionInput{
		ApplicationName: aws.String("checkout"), VersionLabel: &label, AutoCreateApplication: aws.Bool(true),
		SourceBundle: &ebtypes.S3Location{S3Bucket: &w.info.Bucket, S3Key: aws.String(label + ".zip")},
	}))
}

// settings are the options of an environment on the sandbox's load balancer,
// with others given as namespace, name, value.
func (w *world) settings(more ...string) []ebtypes.ConfigurationOptionSetting {
	all := append([]string{
		"aws:elasticbeanstalk:environment", "LoadBalancerType", "application",
		"aws:elasticbeanstalk:environment", "LoadBalancerIsShared", "true",
		"aws:elbv2:loadbalancer", "SharedLoadBalancer", w.info.LoadBalancerARN,
		"aws:elbv2:listener:80", "Rules", "default",
		"aws:ec2:vpc", "VPCId", w.info.VPCID,
		"aws:ec2:vpc", "Subnets", strings.Join(w.info.Subnets, ","),
		"aws:autoscaling:asg", "MinSize", "2",
		"aws:autoscaling:asg", "MaxSize", "4",
	}, more...)
	var list []ebtypes.ConfigurationOptionSetting
	for i := 0; i < len(all); i += 3 {
		list = append(list, ebtypes.ConfigurationOptionSetting{Namespace: &all[i], OptionName: &all[i+1], Value: &all[i+2]})
	}
	return list
}

const platformARN = "arn:aws:elasticbeanstalk:us-east-1::platform/Docker running on 64bit Amazon Linux 2023/4.9.0"

// create begins an environment.
func (w *world) create(name, label string, more ...string) *elasticbeanstalk.CreateEnvironmentOutput {
	w.Helper()
	return must[*elasticbeanstalk.CreateEnvironmentOutput](w)(w.eb.CreateEnvironment(w.Context(), &elasticbeanstalk.CreateEnvironmentInput{
		ApplicationName: aws.String("checkout"), EnvironmentName: &name, VersionLabel: &label, PlatformArn: aws.String(platformARN),
		OptionSettings: w.settings(more...),
	}))
}

func (w *world) environment(id string) ebtypes.EnvironmentDescription {
	w.Helper()
	out := must[*elasticbeanstalk.DescribeEnvironmentsOutput](w)(w.eb.DescribeEnvironments(w.Context(), &elasticbeanstalk.DescribeEnvironmentsInput{
		EnvironmentIds: []string{id}, IncludeDeleted: aws.Bool(true),
	}))
	if len(out.Environments) != 1 {
		w.Fatalf("%d environments have the id %s", len(out.Environments), id)
	}
	return out.Environments[0]
}

func (w *world) untilStatus(id string, status ebtypes.EnvironmentStatus) {
	w.Helper()
	w.until(fmt.Sprintf("%s is %s", id, status), func() bool { return w.environment(id).Status == status })
}

// resource gives the physical id of a resource in an environment's stack.
func (w *world) resource(id, logical string) string {
	w.Helper()
	out := must[*cloudformation.DescribeStackResourceOutput](w)(w.cfn.DescribeStackResource(w.Context(), &cloudformation.DescribeStackResourceInput{
		StackName: aws.String("awseb-" + id + "-stack"), LogicalResourceId: &logical,
	}))
	return *out.StackResourceDetail.PhysicalResourceId
}

// targets counts the targets of a group by state.
func (w *world) targets(group string) map[string]int {
	w.Helper()
	states := map[string]int{}
	for _, d := range must[*elbv2.DescribeTargetHealthOutput](w)(w.elb.DescribeTargetHealth(w.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: &group})).TargetHealthDescriptions {
		states[string(d.TargetHealth.State)]++
	}
	return states
}

// healthy makes an environment and waits for its healthy targets; it gives id
// and target group.
func (w *world) healthy(name, label string, more ...string) (id, group string) {
	w.Helper()
	id = *w.create(name, label, more...).EnvironmentId
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	group = w.resource(id, "AWSEBV2LoadBalancerTargetGroup")
	w.until(name+" has two healthy targets", func() bool { return w.targets(group)["healthy"] == 2 })
	return id, group
}

// events are an environment's events, the oldest first.
func (w *world) events(id string) string {
	w.Helper()
	out := must[*elasticbeanstalk.DescribeEventsOutput](w)(w.eb.DescribeEvents(w.Context(), &elasticbeanstalk.DescribeEventsInput{EnvironmentId: &id}))
	var b strings.Builder
	for i := len(out.Events) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "%s %s\n", out.Events[i].Severity, *out.Events[i].Message)
	}
	return b.String()
}

// get asks the load balancer and gives status and version.
func (w *world) get(host string) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.info.LoadBalancerURL+"/", nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header.Get("X-Version")
}

// ec2 asks EC2, for which there is no SDK here, and gives status and answer.
func (w *world) ec2(key, action string) (int, string) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.info.EndpointURL+"/", strings.NewReader("Action="+action+"&Version=2016-11-15"))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=x")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		w.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// fetch reads JSON from the sandbox's own pages.
func (w *world) fetch(path string, into any) {
	w.Helper()
	answer, err := http.Get(w.info.EndpointURL + path)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		w.Fatal(err)
	}
}
