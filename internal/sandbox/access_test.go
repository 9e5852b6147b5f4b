// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// TestReadOnly: the read-only key pair reads everything and changes nothing.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	r := connect(t, w.sandbox, w.info.ReadOnlyAccessKeyID, w.info.ReadOnlySecretAccessKey)
	must[*elasticbeanstalk.DescribeEnvironmentsOutput](r)(r.eb.DescribeEnvironments(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{}))
	must[*elbv2.DescribeRulesOutput](r)(r.elb.DescribeRules(ctx, &elbv2.DescribeRulesInput{ListenerArn: &w.info.ListenerARN}))
	must[*s3.ListObjectsV2Output](r)(r.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.info.Bucket}))
	must[*cloudwatch.ListMetricsOutput](r)(r.cw.ListMetrics(ctx, &cloudwatch.ListMetricsInput{}))
	who := must[*sts.GetCallerIdentityOutput](r)(r.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	if *who.Arn != "arn:aws:iam::123456789012:user/read-only" || *who.Account != "123456789012" {
		t.Errorf("%+v", who)
	}
	_, err := r.eb.CreateApplication(ctx, &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("x")})
	r.wantCode(err, "AccessDenied", "is not authorized to perform: elasticbeanstalk:CreateApplication")
	_, err = r.elb.DeleteRule(ctx, &elbv2.DeleteRuleInput{RuleArn: aws.String("x")})
	r.wantCode(err, "AccessDenied", "elasticloadbalancing:DeleteRule")
	_, err = r.asg.SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("x"), DesiredCapacity: aws.Int32(1)})
	r.wantCode(err, "AccessDenied", "autoscaling:SetDesiredCapacity")
	_, err = r.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: aws.String("x"), Body: strings.NewReader("x")})
	r.wantCode(err, "AccessDenied", "s3:PutObject")
	_, err = r.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &w.info.Bucket, Key: aws.String("x")})
	r.wantCode(err, "AccessDenied", "s3:DeleteObject")

	var changing []cloud.Call
	w.fetch("/_sandbox/calls?changing=true", &changing)
	for _, c := range changing {
		if c.Outcome != "AccessDenied" {
			t.Errorf("call %+v", c)
		}
	}
	if len(changing) != 5 {
		t.Errorf("%d changing calls are logged", len(changing))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, w.info.EndpointURL+"/_sandbox/calls", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if n := len(w.sandbox.Calls()); n != 0 {
		t.Errorf("%d calls after the log was emptied", n)
	}
}

// TestStrangers: unknown keys, other Regions and unknown operations.
func TestStrangers(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	ctx := t.Context()
	x := connect(t, w.sandbox, "AKIAUNKNOWN", "x")
	_, err := x.eb.DescribeEnvironments(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{})
	x.wantCode(err, "InvalidClientTokenId", "")
	_, err = x.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.info.Bucket})
	x.wantCode(err, "InvalidAccessKeyId", "")
	_, err = w.eb.DescribeEnvironments(ctx, &elasticbeanstalk.DescribeEnvironmentsInput{}, func(o *elasticbeanstalk.Options) { o.Region = "eu-west-1" })
	w.wantCode(err, "SignatureDoesNotMatch", "eu-west-1")
	_, err = w.eb.RebuildEnvironment(ctx, &elasticbeanstalk.RebuildEnvironmentInput{})
	w.wantCode(err, "InvalidAction", "Could not find operation RebuildEnvironment")
	_, err = w.cw.DescribeAnomalyDetectors(ctx, &cloudwatch.DescribeAnomalyDetectorsInput{})
	w.wantCode(err, "UnknownOperationException", "")

	role := must[*sts.AssumeRoleOutput](w)(w.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/path/deploy"), RoleSessionName: aws.String("test")}))
	assumed := connectSession(t, w.sandbox, credentialsOf(role.Credentials))
	who := must[*sts.GetCallerIdentityOutput](assumed)(assumed.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	if *who.Arn != "arn:aws:sts::123456789012:assumed-role/deploy/test" {
		t.Errorf("%+v", who)
	}
}

func TestStartAndInfo(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	var info sandbox.Info
	w.fetch("/_sandbox/info", &info)
	if info.EndpointURL != w.info.EndpointURL || !strings.HasPrefix(info.EndpointURL, "http://127.0.0.1:") || len(info.Subnets) != 2 || info.ListenerARN == "" {
		t.Errorf("info %+v", info)
	}
	taken := strings.TrimPrefix(info.EndpointURL, "http://")
	if _, err := sandbox.Start(t.Context(), sandbox.Config{Listen: taken}); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("on a taken address: %v", err)
	}
	if _, err := sandbox.Start(t.Context(), sandbox.Config{LoadBalancerListen: taken}); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("on a taken address for the load balancer: %v", err)
	}
	if _, err := sandbox.Start(t.Context(), sandbox.Config{Speed: -1}); err == nil {
		t.Error("a negative speed is taken")
	}
}

// TestCloseLeavesNothing runs alone: it counts goroutines.
func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := sandbox.Start(t.Context(), sandbox.Config{Speed: 600})
	if err != nil {
		t.Fatal(err)
	}
	w := connect(t, s, s.Info().AccessKeyID, s.Info().SecretAccessKey)
	w.version("1.0.0")
	w.healthy("checkout-1", "1.0.0")
	w.create("checkout-2", "1.0.0") // closed in the midst of its launch
	instance := w.info.LoadBalancerURL
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	w.disconnect()
	deadline := time.Now().Add(3 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, n, stacks[:runtime.Stack(stacks, true)])
	}
	if answer, err := http.Get(instance); err == nil {
		answer.Body.Close()
		t.Error("the load balancer still answers")
	}
}
