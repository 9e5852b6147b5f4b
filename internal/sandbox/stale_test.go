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
	w.until("Elastic Beanstalk sees three instances that are well", func() bool {
		well := 0
		for _, i := range must[*elasticbeanstalk.DescribeInstancesHealthOutput](w)(w.eb.DescribeInstancesHealth(t.Context(), &elasticbeanstalk.DescribeInstancesHealthInput{
			EnvironmentId: &id, AttributeNames: []ebtypes.InstancesHealthAttribute{ebtypes.InstancesHealthAttributeAll},
		})).InstanceHealthList {
			if aws.ToString(i.HealthStatus) == "Ok" {
				well++
			}
		}
		return well == 3
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

// TestStaleLaunch: what is under way when the fault comes is hidden too, without
// any call since.
func TestStaleLaunch(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	w.version("1.0.0")
	id := *w.create("checkout-1", "1.0.0").EnvironmentId
	w.setFaults("elasticbeanstalk stale=1h")
	w.until("the stack is complete", func() bool {
		out := must[*cloudformation.DescribeStacksOutput](w)(w.cfn.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("awseb-" + id + "-stack")}))
		return out.Stacks[0].StackStatus == "CREATE_COMPLETE"
	})
	if s := w.environment(id).Status; s != ebtypes.EnvironmentStatusLaunching {
		t.Errorf("a read sees it %s", s)
	}
	w.setFaults("elasticbeanstalk stale=50ms")
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
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
