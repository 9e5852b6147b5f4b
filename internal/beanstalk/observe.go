// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// The resources of an environment's stack by their logical IDs.
const (
	logicalScalingGroup = "AWSEBAutoScalingGroup"
	logicalTargetGroup  = "AWSEBV2LoadBalancerTargetGroup"
)

// Observe reports on all environments of a record, with as few calls as can be:
// Elastic Beanstalk throttles who asks often.
func (p *Platform) Observe(ctx context.Context, r *endpoint.Record) (map[string]rollout.Sight, error) {
	sights := map[string]rollout.Sight{}
	if len(r.Environments) == 0 {
		return sights, nil
	}
	if err := p.observe(ctx, r, sights); err != nil {
		return nil, fmt.Errorf("observing the environments of %s: %w", r.Endpoint, err)
	}
	return sights, nil
}

func (p *Platform) observe(ctx context.Context, r *endpoint.Record, sights map[string]rollout.Sight) error {
	var names []string
	oldest := r.Environments[0].Created
	for _, e := range r.Environments {
		names = append(names, e.Name)
		if e.Created.Before(oldest) {
			oldest = e.Created
		}
	}
	in := &elasticbeanstalk.DescribeEnvironmentsInput{ApplicationName: &r.Endpoint, EnvironmentNames: names, IncludeDeleted: aws.Bool(true)}
	if !oldest.IsZero() {
		in.IncludedDeletedBackTo = &oldest
	}
	listed, err := p.describe(ctx, in)
	if err != nil {
		return err
	}
	var seen []*sighting
	for i := range r.Environments {
		s := &sighting{e: &r.Environments[i], Sight: rollout.Sight{}}
		if err := p.identify(ctx, r.Endpoint, s, listed); err != nil {
			return err
		}
		seen = append(seen, s)
	}
	if err := p.details(ctx, r, seen); err != nil {
		return err
	}
	for _, s := range seen {
		sights[s.e.Name] = s.Sight
	}
	return nil
}

// sighting is what is seen of one environment of the record.
type sighting struct {
	rollout.Sight
	e *endpoint.Environment
}

// identify finds the environment among those listed. Terminated ones stay listed
// under the same name, so the ID decides as soon as it is known; before, tags must
// say that it is ours.
func (p *Platform) identify(ctx context.Context, application string, s *sighting, listed []types.EnvironmentDescription) error {
	i := slices.IndexFunc(listed, func(d types.EnvironmentDescription) bool {
		if s.e.ID != "" {
			return aws.ToString(d.EnvironmentId) == s.e.ID
		}
		return aws.ToString(d.EnvironmentName) == s.e.Name && d.Status != types.EnvironmentStatusTerminated
	})
	if i < 0 {
		return nil
	}
	d := listed[i]
	if d.Status == types.EnvironmentStatusTerminated {
		s.Terminated = true
		return nil
	}
	if s.e.ID == "" {
		tags, err := p.tagsOf(ctx, aws.ToString(d.EnvironmentArn))
		if err != nil || !p.are(tags, application) {
			return err
		}
		s.ImageDigest = tags[tagDigest]
	}
	s.Found = true
	s.Ready = d.Status == types.EnvironmentStatusReady
	s.Terminating = d.Status == types.EnvironmentStatusTerminating
	s.ID = aws.ToString(d.EnvironmentId)
	s.PlatformARN = aws.ToString(d.PlatformArn)
	s.TargetGroup, s.ScalingGroup = s.e.TargetGroup, s.e.ScalingGroup
	return nil
}

// details fills in what other services know of the environments that were found.
func (p *Platform) details(ctx context.Context, r *endpoint.Record, seen []*sighting) error {
	var found []*sighting
	for _, s := range seen {
		if s.Found {
			found = append(found, s)
		}
	}
	err := each(found, func(s *sighting) error {
		if s.TargetGroup != "" && s.ScalingGroup != "" {
			return nil
		}
		return p.resources(ctx, s)
	})
	if err != nil {
		return err
	}
	if err := p.capacities(ctx, found); err != nil {
		return err
	}
	whose := owners(found)
	return each(found, func(s *sighting) error {
		if err := p.targets(ctx, s, whose); err != nil {
			return err
		}
		if s.e.Carried || s.e.Failure != "" || s.Terminating {
			return nil
		}
		return p.events(ctx, r.Endpoint, s)
	})
}

// resources looks the groups up in the environment's stack, once it has them.
func (p *Platform) resources(ctx context.Context, s *sighting) error {
	stack := "awseb-" + s.ID + "-stack"
	out, err := p.stacks.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: &stack})
	if code(err) == "ValidationError" {
		return nil // the stack is not there yet, or not any more
	}
	if err != nil {
		return fmt.Errorf("describing stack %s: %w", stack, err)
	}
	for _, resource := range out.StackResources {
		switch id := aws.ToString(resource.PhysicalResourceId); aws.ToString(resource.LogicalResourceId) {
		case logicalScalingGroup:
			s.ScalingGroup = id
		case logicalTargetGroup:
			s.TargetGroup = id
		}
	}
	return nil
}

func (p *Platform) capacities(ctx context.Context, found []*sighting) error {
	var names []string
	for _, s := range found {
		if s.ScalingGroup != "" {
			names = append(names, s.ScalingGroup)
		}
	}
	groups, err := p.scalingGroups(ctx, names)
	if err != nil {
		return err
	}
	for _, s := range found {
		g, ok := groups[s.ScalingGroup]
		if !ok {
			s.Wrecked = s.Ready && s.e.ScalingGroup != ""
			continue
		}
		s.Desired = int(aws.ToInt32(g.DesiredCapacity))
		s.Scaling = scalingOf(g)
		s.Instances = inService(g)
		s.Detached = s.TargetGroup != "" && !slices.Contains(g.TargetGroupARNs, s.TargetGroup)
	}
	return nil
}

// targets reads the target group of an environment, and counts the targets that pass
// their health check. Those that another environment's scaling group has do not count.
func (p *Platform) targets(ctx context.Context, s *sighting, whose map[string]*sighting) error {
	if s.TargetGroup == "" {
		return nil
	}
	out, err := p.elb.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &s.TargetGroup})
	if code(err) == "TargetGroupNotFound" {
		return nil // it went with its environment
	}
	if err != nil {
		return fmt.Errorf("describing the targets of %s: %w", s.TargetGroup, err)
	}
	s.Targets = map[string]rollout.Target{}
	for _, t := range out.TargetHealthDescriptions {
		if t.TargetHealth == nil || t.Target == nil {
			continue
		}
		id := aws.ToString(t.Target.Id)
		s.Targets[id] = targetState(t.TargetHealth.State)
		if owner := whose[id]; s.Targets[id] == rollout.TargetHealthy && (owner == nil || owner == s) {
			s.Healthy++
		}
	}
	s.Wrecked = s.Wrecked && s.Healthy == 0
	return nil
}

// maxErrors is how many different error events are told: the first ones name the
// cause.
const maxErrors = 5

// events reads the errors that Elastic Beanstalk reported since the launch. The
// environment's ID bounds them exactly, so no clock is needed.
func (p *Platform) events(ctx context.Context, application string, s *sighting) error {
	pages := elasticbeanstalk.NewDescribeEventsPaginator(p.eb, &elasticbeanstalk.DescribeEventsInput{
		ApplicationName: &application, EnvironmentId: &s.ID, Severity: types.EventSeverityError,
	})
	var messages []string // newest first, as they come
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("describing the events of %s: %w", s.e.Name, err)
		}
		for _, event := range page.Events {
			messages = append(messages, strings.TrimSpace(aws.ToString(event.Message)))
		}
	}
	for _, m := range slices.Backward(messages) {
		s.Raced = s.Raced || strings.Contains(m, "PriorityInUse")
		if len(s.Errors) < maxErrors && !slices.Contains(s.Errors, m) {
			s.Errors = append(s.Errors, m)
		}
	}
	return nil
}

// atOnce bounds the calls that run at the same time.
const atOnce = 3

// each does the same for several environments, a few at once, and returns the
// first error in their order.
func each(all []*sighting, do func(*sighting) error) error {
	errs := make([]error, len(all))
	slots := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, s := range all {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			errs[i] = do(s)
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
