// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithy "github.com/aws/smithy-go"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// clocked is a world at AWS's own speed whose clock the test sets.
type clocked struct {
	*cloud.Cloud
	now       atomic.Int64
	url       string
	transport *http.Transport
}

var tenOClock = time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)

func newClocked(t *testing.T, config cloud.Config) *clocked {
	c := &clocked{transport: &http.Transport{}}
	c.set(tenOClock)
	config.Account, config.Region, config.Bucket, config.LoadBalancerListen, config.Speed = "123456789012", "us-east-1", "bucket", "127.0.0.1:0", 1
	config.Now = func() time.Time { return time.Unix(0, c.now.Load()) }
	world, err := cloud.New(config)
	if err != nil {
		t.Fatal(err)
	}
	c.Cloud = world
	server := httptest.NewServer(world)
	c.url = server.URL
	t.Cleanup(func() {
		c.transport.CloseIdleConnections()
		server.Close()
		world.Close()
	})
	return c
}

func (c *clocked) set(at time.Time) { c.now.Store(at.UnixNano()) }

// client is a configuration for clients with a key pair.
func (c *clocked) client(key, secret, token string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &c.url, HTTPClient: &http.Client{Transport: c.transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: token}, nil
		}),
	}
}

// TestMetricsLag: at AWS's own speed a minute is readable as a whole, not before
// the lag is over, and under its own time.
func TestMetricsLag(t *testing.T) {
	t.Parallel()
	c := newClocked(t, cloud.Config{MetricsLag: 2 * time.Minute})
	config := c.client(cloud.AccessKeyID, cloud.SecretAccessKey, "")
	balancing, metrics := elbv2.NewFromConfig(config), cloudwatch.NewFromConfig(config)
	ctx := t.Context()
	target, err := balancing.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
		Name: aws.String("g"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String(c.Seeded().VPC),
	})
	if err != nil {
		t.Fatal(err)
	}
	group := *target.TargetGroups[0].TargetGroupArn
	made, err := balancing.CreateRule(ctx, &elbv2.CreateRuleInput{
		ListenerArn: aws.String(c.Seeded().ListenerARN), Priority: aws.Int32(1),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/*"}}},
		Actions:    []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group}},
	})
	if err != nil {
		t.Fatal(err)
	}
	hosts := func() []time.Time {
		out, err := metrics.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
			StartTime: aws.Time(tenOClock), EndTime: aws.Time(tenOClock.Add(time.Hour)), ScanBy: types.ScanByTimestampAscending,
			MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("hosts"), MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("HealthyHostCount"), Dimensions: []types.Dimension{
					{Name: aws.String("LoadBalancer"), Value: aws.String(after(c.Seeded().LoadBalancerARN, ":loadbalancer/"))},
					{Name: aws.String("TargetGroup"), Value: aws.String(after(group, "us-east-1:123456789012:"))},
				}}, Period: aws.Int32(60), Stat: aws.String("Maximum"),
			}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.MetricDataResults[0].Timestamps
	}
	const steps = 600 * time.Millisecond // enough for the world to look at its clock
	c.set(tenOClock.Add(time.Minute))
	time.Sleep(steps)
	c.set(tenOClock.Add(3*time.Minute - time.Second))
	time.Sleep(steps)
	if at := hosts(); len(at) != 0 {
		t.Errorf("before the lag is over: %v", at)
	}
	c.set(tenOClock.Add(3 * time.Minute))
	if at := hosts(); len(at) != 1 || !at[0].Equal(tenOClock) {
		t.Errorf("after the lag: %v", at)
	}

	// What was measured outlives the rule and the group.
	if _, err := balancing.DeleteRule(ctx, &elbv2.DeleteRuleInput{RuleArn: made.Rules[0].RuleArn}); err != nil {
		t.Fatal(err)
	}
	if _, err := balancing.DeleteTargetGroup(ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: &group}); err != nil {
		t.Fatal(err)
	}
	if at := hosts(); len(at) != 1 {
		t.Errorf("after the group's end: %v", at)
	}
}

func after(s, before string) string {
	_, rest, _ := strings.Cut(s, before)
	return rest
}

// TestExpiredSession: each service says in its own way that credentials have expired.
func TestExpiredSession(t *testing.T) {
	t.Parallel()
	c := newClocked(t, cloud.Config{})
	ctx := t.Context()
	out, err := sts.NewFromConfig(c.client(cloud.AccessKeyID, cloud.SecretAccessKey, "")).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::123456789012:role/x"), RoleSessionName: aws.String("test"), DurationSeconds: aws.Int32(900),
	})
	if err != nil {
		t.Fatal(err)
	}
	expires := tenOClock.Add(15 * time.Minute)
	if !out.Credentials.Expiration.Equal(expires) {
		t.Errorf("they expire at %s", out.Credentials.Expiration)
	}
	config := c.client(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	calls := map[string]func() error{
		"STS": func() error {
			_, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
		"CloudWatch": func() error {
			_, err := cloudwatch.NewFromConfig(config).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
			return err
		},
		"S3": func() error {
			_, err := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, &s3.ListBucketsInput{})
			return err
		},
	}
	c.set(expires.Add(-time.Second))
	for service, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s before the end: %v", service, err)
		}
	}
	c.set(expires)
	for service, call := range calls {
		var api smithy.APIError
		if err := call(); !errors.As(err, &api) || api.ErrorCode() != "ExpiredToken" {
			t.Errorf("%s after the end: %v", service, err)
		}
	}
}
