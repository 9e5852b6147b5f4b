// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
)

// A rule of somebody else's is named for the first deployment; after that the argument
// says nothing, stays where it is, and can be taken out.
func TestAccTakeover(t *testing.T) {
	info := startSandbox(t).Info()
	clients, err := awsclient.New(t.Context(), awsclient.Config{Region: info.Region})
	if err != nil {
		t.Fatal(err)
	}
	group, err := clients.LoadBalancing.CreateTargetGroup(t.Context(), &elasticloadbalancingv2.CreateTargetGroupInput{
		Name: aws.String("legacy"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &info.VPCID,
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := clients.LoadBalancing.CreateRule(t.Context(), &elasticloadbalancingv2.CreateRuleInput{
		ListenerArn: &info.ListenerARN, Priority: aws.Int32(40),
		Conditions: []types.RuleCondition{
			{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"checkout.example.com"}}},
			{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: []string{"/*"}}},
		},
		Actions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: group.TargetGroups[0].TargetGroupArn}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rule := *made.Rules[0].RuleArn
	plain := configuration(info, "1.0.0", "")
	taking := func(rule string) string {
		return strings.Replace(plain, "priority = 40 }", `priority = 40, takeover_rule_arn = "`+rule+`" }`, 1)
	}
	argument := func(v knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New("routing").AtMapKey("takeover_rule_arn"), v)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: taking(info.ListenerARN), ExpectError: regexp.MustCompile(`not\s+the\s+ARN\s+of\s+a\s+listener\s+rule`)},
			{
				Config:            taking(rule),
				ConfigPlanChecks:  resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				ConfigStateChecks: []statecheck.StateCheck{argument(knownvalue.StringExact(rule))},
			},
			{ResourceName: address, ImportState: true, ImportStateId: "checkout", ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name", ImportStateVerifyIgnore: []string{"rollout_plan"}},
			{Config: taking(rule[:len(rule)-4] + "0000"), ExpectError: regexp.MustCompile(`has\s+a\s+rule\s+of\s+its\s+own\s+already`)},
			{
				Config: plain,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
					plancheck.ExpectKnownValue(address, tfjsonpath.New("status"), knownvalue.StringExact("live")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{argument(knownvalue.Null())},
			},
		},
	})
}
