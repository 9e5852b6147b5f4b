// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// formation is CloudFormation: it shows the stacks of environments.
type formation struct{ *Cloud }

func stackName(e *environment) string { return "awseb-" + e.id() + "-stack" }

func (c *Cloud) stackID(e *environment) string {
	return c.arn("cloudformation", fmt.Sprintf("stack/%s/%s", stackName(e), e.id()))
}

// stack finds an environment by the name or id of its stack.
func (c *Cloud) stack(name string) (*environment, error) {
	for _, e := range c.present() {
		if stackName(e) == name || c.stackID(e) == name {
			return e, nil
		}
	}
	return nil, wire.Errorf("ValidationError", "Stack with id %s does not exist", name)
}

type stackResource struct{ logicalID, physicalID, kind string }

// stackResources lists what an environment has, by logical id.
func (c *Cloud) stackResources(e *environment) []stackResource {
	var list []stackResource
	add := func(logical, physical, kind string) {
		if physical != "" {
			list = append(list, stackResource{logical, physical, kind})
		}
	}
	add("AWSEBSecurityGroup", e.securityGroup, "AWS::EC2::SecurityGroup")
	add("AWSEBV2LoadBalancerTargetGroup", e.group, "AWS::ElasticLoadBalancingV2::TargetGroup")
	for n, arn := range e.rules {
		logical := "AWSEBV2LoadBalancerListenerRule"
		if n > 0 {
			logical += itoa(n)
		}
		add(logical, arn, "AWS::ElasticLoadBalancingV2::ListenerRule")
	}
	add("AWSEBAutoScalingGroup", e.scalingGroup, "AWS::AutoScaling::AutoScalingGroup")
	if e.scalingGroup != "" {
		add("AWSEBEC2LaunchTemplate", e.template.id, "AWS::EC2::LaunchTemplate")
	}
	return list
}

func stackStatus(e *environment) types.StackStatus {
	switch {
	case e.Status == ebtypes.EnvironmentStatusLaunching:
		return types.StackStatusCreateInProgress
	case e.Status == ebtypes.EnvironmentStatusUpdating:
		return types.StackStatusUpdateInProgress
	case e.Status == ebtypes.EnvironmentStatusTerminating:
		return types.StackStatusDeleteInProgress
	case e.failed && e.scalingGroup == "" && e.group != "":
		return types.StackStatusDeleteFailed
	case e.failed && e.scalingGroup == "":
		return types.StackStatusCreateFailed
	}
	return types.StackStatusCreateComplete
}

func (s formation) DescribeStacks(_ context.Context, in *cloudformation.DescribeStacksInput) (*cloudformation.DescribeStacksOutput, error) {
	environments := s.present()
	if in.StackName != nil {
		e, err := s.stack(*in.StackName)
		if err != nil {
			return nil, err
		}
		environments = []*environment{e}
	}
	var found []types.Stack
	for _, e := range environments {
		d := types.Stack{
			StackName: ptr(stackName(e)), StackId: ptr(s.stackID(e)), CreationTime: e.DateCreated, StackStatus: stackStatus(e),
			Description: ptr("AWS Elastic Beanstalk environment (Name: '" + e.name() + "'  Id: '" + e.id() + "')"),
		}
		for _, t := range e.tags {
			d.Tags = append(d.Tags, types.Tag{Key: ptr(t.key), Value: ptr(t.value)})
		}
		found = append(found, d)
	}
	list, next, err := page(found, in.NextToken, nil, 100)
	return &cloudformation.DescribeStacksOutput{Stacks: list, NextToken: next}, err
}

func (s formation) DescribeStackResources(_ context.Context, in *cloudformation.DescribeStackResourcesInput) (*cloudformation.DescribeStackResourcesOutput, error) {
	if in.StackName == nil && in.PhysicalResourceId == nil {
		return nil, wire.Errorf("ValidationError", "Either StackName or PhysicalResourceId is required")
	}
	name := value(in.StackName)
	if in.StackName == nil {
		for _, e := range s.present() {
			for _, r := range s.stackResources(e) {
				if r.physicalID == *in.PhysicalResourceId {
					name = stackName(e)
				}
			}
		}
	}
	e, err := s.stack(name)
	if err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeStackResourcesOutput{}
	for _, r := range s.stackResources(e) {
		if is(in.LogicalResourceId, &r.logicalID) {
			out.StackResources = append(out.StackResources, types.StackResource{
				StackName: ptr(stackName(e)), StackId: ptr(s.stackID(e)), LogicalResourceId: ptr(r.logicalID), PhysicalResourceId: ptr(r.physicalID),
				ResourceType: ptr(r.kind), ResourceStatus: types.ResourceStatusCreateComplete, Timestamp: e.DateCreated,
			})
		}
	}
	return out, nil
}

func (s formation) DescribeStackResource(_ context.Context, in *cloudformation.DescribeStackResourceInput) (*cloudformation.DescribeStackResourceOutput, error) {
	e, err := s.stack(*in.StackName)
	if err != nil {
		return nil, err
	}
	for _, r := range s.stackResources(e) {
		if r.logicalID == *in.LogicalResourceId {
			return &cloudformation.DescribeStackResourceOutput{StackResourceDetail: &types.StackResourceDetail{
				StackName: ptr(stackName(e)), StackId: ptr(s.stackID(e)), LogicalResourceId: ptr(r.logicalID), PhysicalResourceId: ptr(r.physicalID),
				ResourceType: ptr(r.kind), ResourceStatus: types.ResourceStatusCreateComplete, LastUpdatedTimestamp: e.DateCreated,
			}}, nil
		}
	}
	return nil, wire.Errorf("ValidationError", "Resource %s does not exist for stack %s", *in.LogicalResourceId, *in.StackName)
}

func (s formation) ListStackResources(_ context.Context, in *cloudformation.ListStackResourcesInput) (*cloudformation.ListStackResourcesOutput, error) {
	e, err := s.stack(*in.StackName)
	if err != nil {
		return nil, err
	}
	var found []types.StackResourceSummary
	for _, r := range s.stackResources(e) {
		found = append(found, types.StackResourceSummary{
			LogicalResourceId: ptr(r.logicalID), PhysicalResourceId: ptr(r.physicalID), ResourceType: ptr(r.kind),
			ResourceStatus: types.ResourceStatusCreateComplete, LastUpdatedTimestamp: e.DateCreated,
		})
	}
	list, next, err := page(found, in.NextToken, nil, 100)
	return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: list, NextToken: next}, err
}
