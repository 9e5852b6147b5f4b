// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// A listener rule of somebody else that sends requests to an environment would
// make its termination stick: the endpoint stays as it is until it is gone.
func TestForeignRule(t *testing.T) {
	w := sandboxes(t, "checkout")["checkout"]
	w.connect(t)
	w.apply("1.0.0")
	rules, err := w.clients.LoadBalancing.DescribeRules(t.Context(), &elb.DescribeRulesInput{ListenerArn: &w.info.ListenerARN})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := w.clients.LoadBalancing.CreateRule(t.Context(), &elb.CreateRuleInput{
		ListenerArn: &w.info.ListenerARN, Priority: aws.Int32(500), Actions: rules.Rules[0].Actions,
		Conditions: []types.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &types.HostHeaderConditionConfig{Values: []string{"beta.acme.com"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	rule := *theirs.Rules[0].RuleArn

	before := len(w.Calls())
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := w.roller.Remove(soon, "checkout"); err == nil || !strings.Contains(err.Error(), rule) {
		t.Errorf("removing what somebody else uses: %v", err)
	}
	for _, c := range w.Calls()[before:] {
		if c.Changing && c.Service != "s3" {
			t.Errorf("%s was called", c.Operation)
		}
	}
	if t.Failed() {
		return
	}
	if _, err := w.clients.LoadBalancing.DeleteRule(t.Context(), &elb.DeleteRuleInput{RuleArn: &rule}); err != nil {
		t.Fatal(err)
	}
	if err := w.roller.Remove(t.Context(), "checkout"); err != nil {
		t.Fatal(err)
	}
	w.nothingIsLeft()
}
