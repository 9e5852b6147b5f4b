// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarmOf finds the alarm of an ARN: nothing else of CloudWatch's is tagged here.
func (c *Cloud) alarmOf(arn string) (*alarm, error) {
	for _, a := range c.watching.alarms {
		if a.arn == arn {
			return a, nil
		}
	}
	return nil, &types.ResourceNotFoundException{Message: ptr("The resource " + arn + " does not exist"), ResourceType: ptr("alarm"), ResourceId: &arn}
}

func (s monitoring) ListTagsForResource(_ context.Context, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
	a, err := s.alarmOf(*in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, t := range a.tags {
		out.Tags = append(out.Tags, types.Tag{Key: ptr(t.key), Value: ptr(t.value)})
	}
	return out, nil
}

func (s monitoring) TagResource(_ context.Context, in *cloudwatch.TagResourceInput) (*cloudwatch.TagResourceOutput, error) {
	a, err := s.alarmOf(*in.ResourceARN)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		a.tags.set(value(t.Key), value(t.Value))
	}
	return &cloudwatch.TagResourceOutput{}, nil
}

func (s monitoring) UntagResource(_ context.Context, in *cloudwatch.UntagResourceInput) (*cloudwatch.UntagResourceOutput, error) {
	a, err := s.alarmOf(*in.ResourceARN)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		a.tags.remove(key)
	}
	return &cloudwatch.UntagResourceOutput{}, nil
}
