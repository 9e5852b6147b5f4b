// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// setELBTags adds tags that a user sent.
func setELBTags(t *tags, add []types.Tag) error {
	next := slices.Clone(*t)
	for _, a := range add {
		key := value(a.Key)
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return wire.Errorf("ValidationError", "Tag key '%s' is not valid: the prefix 'aws:' is reserved", key)
		}
		if len(key) == 0 || len(key) > 128 || len(value(a.Value)) > 256 {
			return wire.Errorf("ValidationError", "Tag '%s' is not valid: keys have 1 to 128 characters, values at most 256", key)
		}
		next.set(key, value(a.Value))
	}
	if len(next) > maxTags {
		return &types.TooManyTagsException{Message: ptr(fmt.Sprintf("The maximum number of tags, %d, has been reached", maxTags))}
	}
	*t = next
	return nil
}

// tagsOf finds the tags of any resource of ELB.
func (s balancing) tagsOf(arn string) (*tags, error) {
	switch {
	case strings.Contains(arn, ":loadbalancer/"):
		lb, err := s.balancer(arn)
		if err != nil {
			return nil, err
		}
		return &lb.tags, nil
	case strings.Contains(arn, ":listener/"):
		l, err := s.listener(arn)
		if err != nil {
			return nil, err
		}
		return &l.tags, nil
	case strings.Contains(arn, ":listener-rule/"):
		r, err := s.rule(arn)
		if err != nil {
			return nil, err
		}
		return &r.tags, nil
	case strings.Contains(arn, ":targetgroup/"):
		g, err := s.group(arn)
		if err != nil {
			return nil, err
		}
		return &g.tags, nil
	}
	return nil, wire.Errorf("ValidationError", "'%s' is not a valid ARN", arn)
}

func (s balancing) AddTags(_ context.Context, in *elbv2.AddTagsInput) (*elbv2.AddTagsOutput, error) {
	for _, arn := range in.ResourceArns {
		t, err := s.tagsOf(arn)
		if err != nil {
			return nil, err
		}
		if err := setELBTags(t, in.Tags); err != nil {
			return nil, err
		}
	}
	return &elbv2.AddTagsOutput{}, nil
}

func (s balancing) RemoveTags(_ context.Context, in *elbv2.RemoveTagsInput) (*elbv2.RemoveTagsOutput, error) {
	for _, arn := range in.ResourceArns {
		t, err := s.tagsOf(arn)
		if err != nil {
			return nil, err
		}
		for _, key := range in.TagKeys {
			t.remove(key)
		}
	}
	return &elbv2.RemoveTagsOutput{}, nil
}

func (s balancing) DescribeTags(_ context.Context, in *elbv2.DescribeTagsInput) (*elbv2.DescribeTagsOutput, error) {
	if len(in.ResourceArns) > 20 {
		return nil, wire.Errorf("ValidationError", "At most 20 resources can be described at once")
	}
	out := &elbv2.DescribeTagsOutput{}
	for _, arn := range in.ResourceArns {
		t, err := s.tagsOf(arn)
		if err != nil {
			return nil, err
		}
		d := types.TagDescription{ResourceArn: ptr(arn), Tags: []types.Tag{}}
		for _, x := range *t {
			d.Tags = append(d.Tags, types.Tag{Key: ptr(x.key), Value: ptr(x.value)})
		}
		out.TagDescriptions = append(out.TagDescriptions, d)
	}
	return out, nil
}
