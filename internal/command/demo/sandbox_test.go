// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// The calls are read as the sandbox really logs them.
func TestShiftsOfARealLog(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	info := s.Info()
	client := elb.New(elb.Options{
		Region:       info.Region,
		BaseEndpoint: &info.EndpointURL,
		Credentials:  credentials.NewStaticCredentialsProvider(info.AccessKeyID, info.SecretAccessKey, ""),
	})
	group := func(name string) *string {
		out, err := client.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
			Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &info.VPCID,
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.TargetGroups[0].TargetGroupArn
	}
	older, newer := group("older"), group("newer")
	forward := func(weights ...types.TargetGroupTuple) []types.Action {
		return []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: weights}}}
	}
	rule, err := client.CreateRule(t.Context(), &elb.CreateRuleInput{
		ListenerArn: &info.ListenerARN,
		Priority:    aws.Int32(1),
		Conditions:  []types.RuleCondition{{Field: aws.String("host-header"), Values: []string{host}}},
		Actions:     forward(types.TargetGroupTuple{TargetGroupArn: older, Weight: aws.Int32(100)}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, weight := range []int32{0, 5, 100} {
		if _, err := client.ModifyRule(t.Context(), &elb.ModifyRuleInput{
			RuleArn: rule.Rules[0].RuleArn,
			Actions: forward(
				types.TargetGroupTuple{TargetGroupArn: older, Weight: aws.Int32(100 - weight)},
				types.TargetGroupTuple{TargetGroupArn: newer, Weight: aws.Int32(weight)},
			),
		}); err != nil {
			t.Fatal(err)
		}
	}
	marks := shifts(s.Calls())
	if len(marks) != 2 || marks[0].text != "5%" || marks[1].text != "100%" {
		t.Errorf("marks %v, want 5%% and 100%%", marks)
	}
}
