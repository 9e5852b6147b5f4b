// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// instances counts what EC2 shows of them.
func (w *world) instances() int {
	w.Helper()
	_, text := w.ec2(w.info.AccessKeyID, "DescribeInstances")
	return strings.Count(text, "<instanceId>")
}

// TestStaleBackground: what AWS does by itself is hidden as well. With a short time
// it is seen in the end.
func TestStaleBackground(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	w.version("1.0.0")
	id, group := w.healthy("checkout-1", "1.0.0")
	name := w.resource(id, "AWSEBAutoScalingGroup")
	w.setFaults("elasticloadbalancing stale=1h", "ec2 stale=1h")
	if err := w.setDesired(name, 3); err != nil {
		t.Fatal(err)
	}
	w.until("three instances are in service", func() bool {
		g, serving := w.scaling(name), 0
		for _, i := range g.Instances {
			if i.LifecycleState == "InService" {
				serving++
			}
		}
		return serving == 3
	})
	if n := w.targets(group); n["healthy"] != 2 || len(n) != 1 {
		t.Errorf("a read of the targets' health sees %v", n)
	}
	if n := w.instances(); n != 2 {
		t.Errorf("a read sees %d instances", n)
	}
	w.setFaults("elasticloadbalancing stale=100ms", "ec2 stale=100ms")
	w.until("three targets are seen", func() bool { return w.targets(group)["healthy"] == 3 })
	w.until("three instances are seen", func() bool { return w.instances() == 3 })
}

// TestStaleStacks: the stack of an environment is there after it, and stays longer.
func TestStaleStacks(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	ctx := t.Context()
	w.version("1.0.0")
	old, group := w.healthy("checkout-1", "1.0.0")
	w.setFaults("cloudformation stale=1h")
	id := *w.create("checkout-2", "1.0.0").EnvironmentId
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	stack := func(id string) *string { return aws.String("awseb-" + id + "-stack") }
	resources := func() (int, error) {
		out, err := w.cfn.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: stack(id)})
		if err != nil {
			return 0, err
		}
		return len(out.StackResources), nil
	}
	_, err := resources()
	w.wantCode(err, "ValidationError", "does not exist")
	_, err = w.cfn.DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{StackName: stack(id), LogicalResourceId: aws.String("AWSEBAutoScalingGroup")})
	w.wantCode(err, "ValidationError", "does not exist")

	must[*elasticbeanstalk.TerminateEnvironmentOutput](w)(w.eb.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &old}))
	w.untilStatus(old, ebtypes.EnvironmentStatusTerminated)
	if got := w.resource(old, "AWSEBV2LoadBalancerTargetGroup"); got != group {
		t.Errorf("the old stack has lost its target group: %q", got)
	}
	_, err = w.elb.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &group})
	w.wantCode(err, "TargetGroupNotFound", "")

	w.setFaults("cloudformation stale=100ms")
	w.until("the new stack is seen", func() bool { n, _ := resources(); return n >= 4 })
	w.setFaults()
	_, err = w.cfn.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: stack(old)})
	w.wantCode(err, "ValidationError", "does not exist")
}
