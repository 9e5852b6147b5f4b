// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package gate_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/gate"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// at is a clock that stands still.
type at time.Time

func (c at) Now() time.Time                                 { return time.Time(c) }
func (at) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// Counting real requests is part of the contract test of package beanstalk.
func TestUnusedGroup(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info := s.Info()
	t.Setenv("AWS_ENDPOINT_URL", info.EndpointURL)
	t.Setenv("AWS_ACCESS_KEY_ID", info.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", info.SecretAccessKey)
	clients, err := awsclient.New(t.Context(), awsclient.Config{Region: info.Region})
	if err != nil {
		t.Fatal(err)
	}
	out, err := clients.LoadBalancing.CreateTargetGroup(t.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String("checkout"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &info.VPCID,
	})
	if err != nil {
		t.Fatal(err)
	}
	group := *out.TargetGroups[0].TargetGroupArn
	now := time.Now()
	meter := gate.New(clients, at(now.Add(time.Minute)))

	// No rule forwards to the group yet.
	if n, err := meter.Requests(t.Context(), group, now.Add(-time.Hour)); err != nil || n != 0 {
		t.Errorf("of a group that nothing uses: %v, %v", n, err)
	}
	// The environment that another is compared with was terminated, and its group with it.
	if _, err := clients.LoadBalancing.DeleteTargetGroup(t.Context(), &elasticloadbalancingv2.DeleteTargetGroupInput{TargetGroupArn: &group}); err != nil {
		t.Fatal(err)
	}
	if m, err := meter.Measure(t.Context(), group, now.Add(-time.Hour), 99); err != nil || m.Requests != 0 || m.Errors != 0 {
		t.Errorf("of a group that is gone: %+v, %v", m, err)
	}
}
