// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

// setBeanstalkTags adds tags that a user sent. Reserved prefixes are refused.
func setBeanstalkTags(t *tags, add []types.Tag) error {
	next := slices.Clone(*t)
	for _, a := range add {
		key, v := value(a.Key), value(a.Value)
		if lower := strings.ToLower(key); strings.HasPrefix(lower, "aws:") || strings.HasPrefix(lower, "elasticbeanstalk:") {
			return invalidValue("Tag key '%s' is invalid: keys must not begin with 'aws:' or 'elasticbeanstalk:'.", key)
		}
		if key == "" || len([]rune(key)) > 127 || len([]rune(v)) > 255 {
			return invalidValue("Tag '%s' is invalid: keys have 1 to 127 characters, values at most 255.", key)
		}
		next.set(key, v)
	}
	user := 0
	for _, x := range next {
		if !strings.HasPrefix(x.key, "elasticbeanstalk:") && x.key != "Name" {
			user++
		}
	}
	if user > maxEnvironmentTags {
		return &types.TooManyTagsException{Message: ptr(fmt.Sprintf("A resource can have at most %d tags.", maxEnvironmentTags))}
	}
	*t = next
	return nil
}

// tagsOf finds the tags of a resource of Elastic Beanstalk, and the
// environment when it is one.
func (s beanstalk) tagsOf(arn string) (*tags, *environment, error) {
	notFound := &types.ResourceNotFoundException{Message: ptr("Resource not found for arn '" + arn + "'.")}
	resource, ok := strings.CutPrefix(arn, s.arn("elasticbeanstalk", ""))
	if !ok {
		return nil, nil, notFound
	}
	parts := strings.Split(resource, "/")
	a, err := s.application(parts[min(1, len(parts)-1)])
	if err != nil {
		return nil, nil, notFound
	}
	switch {
	case parts[0] == "application" && len(parts) == 2:
		return &a.tags, nil, nil
	case parts[0] == "applicationversion" && len(parts) == 3:
		if v, err := a.version(parts[2]); err == nil {
			return &v.tags, nil, nil
		}
	case parts[0] == "environment" && len(parts) == 3:
		if e, err := s.environment(nil, &parts[2]); err == nil {
			return &e.tags, e, nil
		}
	}
	return nil, nil, notFound
}

func (s beanstalk) ListTagsForResource(_ context.Context, in *elasticbeanstalk.ListTagsForResourceInput) (*elasticbeanstalk.ListTagsForResourceOutput, error) {
	t, _, err := s.tagsOf(*in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &elasticbeanstalk.ListTagsForResourceOutput{ResourceArn: in.ResourceArn}
	for _, x := range *t {
		out.ResourceTags = append(out.ResourceTags, types.Tag{Key: ptr(x.key), Value: ptr(x.value)})
	}
	return out, nil
}

// UpdateTagsForResource starts an update when the resource is an environment.
func (s beanstalk) UpdateTagsForResource(ctx context.Context, in *elasticbeanstalk.UpdateTagsForResourceInput) (*elasticbeanstalk.UpdateTagsForResourceOutput, error) {
	t, e, err := s.tagsOf(*in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if len(in.TagsToAdd) == 0 && len(in.TagsToRemove) == 0 {
		return nil, invalidCombination("You must specify tags to add or tags to remove.")
	}
	if e != nil && e.Status != types.EnvironmentStatusReady {
		return nil, &types.OperationInProgressException{Message: ptr(fmt.Sprintf("Environment named %s is in an invalid state for this operation. Must be Ready.", e.name()))}
	}
	next := slices.Clone(*t)
	for _, key := range in.TagsToRemove {
		next.remove(key)
	}
	if err := setBeanstalkTags(&next, in.TagsToAdd); err != nil {
		return nil, err
	}
	*t = next
	if e != nil {
		e.requestID = callerOf(ctx).requestID
		s.beginUpdate(e, update{options: e.options, version: *e.VersionLabel})
	}
	return &elasticbeanstalk.UpdateTagsForResourceOutput{}, nil
}
