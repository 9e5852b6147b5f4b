// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/beanstalk"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/gate"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// An environment's whole life, from nothing to nothing.
func TestLife(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	problems, err := w.platform.Check(ctx, w.record, true)
	if w.ok(err); len(problems) > 0 {
		t.Fatal(problems)
	}
	e := w.launch(w.release("1.0.0"))
	w.ok(w.platform.Launch(ctx, w.record, e)) // the answer was lost: again
	if c := w.changes(); c["CreateApplication"] != 1 || c["CreateApplicationVersion"] != 1 || c["PutObject"] != 1 {
		t.Errorf("launching twice called %v", c)
	}
	if e.ID == "" || e.TargetGroup == "" || e.ScalingGroup == "" || !strings.Contains(e.PlatformARN, "platform/Docker") {
		t.Errorf("the record learned %+v", e)
	}

	groups := map[string]string{e.Name: e.TargetGroup}
	weights := map[string]int{e.Name: 100}
	_, err = w.balancer.Shift(ctx, w.record, groups, weights)
	w.ok(err)
	traffic, used, err := w.balancer.Observe(ctx, w.record, groups)
	if w.ok(err); !traffic.Is(weights) || !traffic.Routed || len(used) > 0 {
		t.Errorf("traffic %+v, used by %v", traffic, used)
	}
	for range 20 {
		if status := w.get(); status != 200 {
			t.Fatalf("the endpoint answers %d", status)
		}
	}
	// CloudWatch knows of requests a while after they were made.
	meter := gate.New(w.clients, system{})
	w.until(e, "counted", func(rollout.Sight) bool {
		n, err := meter.Requests(ctx, e.TargetGroup, time.Now().Add(-time.Hour))
		w.ok(err)
		return n == 20
	})
	m, err := meter.Measure(ctx, e.TargetGroup, time.Now().Add(-time.Hour), 99.9)
	if w.ok(err); m.Requests != 20 || m.Errors != 0 || m.Latency <= 0 || m.Latency > 10*time.Second || m.Unhealthy > 1 {
		t.Errorf("measured %+v", m)
	}
	if n, err := meter.Requests(ctx, e.TargetGroup, time.Now().Add(time.Second)); err != nil || n != 0 {
		t.Errorf("the meter counts %v requests of the future, %v", n, err)
	}

	w.scale(e)
	w.ok(w.platform.Resize(ctx, e, endpoint.Capacity{Min: 1, Max: 3}))
	w.until(e, "resized", func(s rollout.Sight) bool { return s.Ready && s.Scaling == rollout.Scaling{Min: 1, Max: 3} })

	w.ok(w.balancer.Unroute(ctx, traffic.RuleARN))
	w.ok(w.balancer.Unroute(ctx, traffic.RuleARN))
	w.ok(w.platform.Retire(ctx, e))
	w.ok(w.platform.Retire(ctx, e))
	w.until(e, "terminated", func(s rollout.Sight) bool { return !s.Found })
	w.ok(w.platform.Retire(ctx, e))
	w.gone(e)
}

// scale checks that each change of scaling takes the calls it needs and no other.
func (w *world) scale(e *endpoint.Environment) {
	w.Helper()
	for _, step := range []struct {
		want  rollout.Scaling
		calls []string
	}{
		{rollout.Scaling{Min: 3, Max: 4, Suspended: true}, []string{"SuspendProcesses", "UpdateAutoScalingGroup"}},
		{rollout.Scaling{Min: 3, Max: 4, Suspended: true}, nil},
		{rollout.Scaling{Min: 3, Max: 4}, []string{"ResumeProcesses"}},
		{rollout.Scaling{Min: 2, Max: 4}, []string{"UpdateAutoScalingGroup"}},
	} {
		before := len(w.sandbox.Calls())
		w.ok(w.platform.Scale(w.Context(), e, step.want))
		var calls []string
		for _, c := range w.sandbox.Calls()[before:] {
			if c.Changing {
				calls = append(calls, c.Operation)
			}
		}
		if !slices.Equal(calls, step.calls) {
			w.Errorf("scaling to %+v called %v, not %v", step.want, calls, step.calls)
		}
		w.until(e, "scaled", func(s rollout.Sight) bool {
			return s.Scaling == step.want && s.Desired >= step.want.Min && s.Healthy >= step.want.Min
		})
	}
}

// gone forgets the environment and the application, and looks for what is left.
func (w *world) gone(e *endpoint.Environment) {
	w.Helper()
	ctx := w.Context()
	theirs := aws.String("somebody-elses")
	_, err := w.clients.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &w.info.Bucket, Key: theirs})
	w.ok(err)
	_, err = w.clients.Beanstalk.CreateApplicationVersion(ctx, &elasticbeanstalk.CreateApplicationVersionInput{
		ApplicationName: &w.record.Endpoint, VersionLabel: theirs, SourceBundle: &types.S3Location{S3Bucket: &w.info.Bucket, S3Key: theirs},
	})
	w.ok(err)
	w.ok(w.platform.Dissolve(ctx, w.record))
	if c := w.changes(); c["DeleteApplication"] > 0 {
		w.Error("the application was removed with a version of somebody else in it")
	}
	_, err = w.clients.Beanstalk.DeleteApplicationVersion(ctx, &elasticbeanstalk.DeleteApplicationVersionInput{
		ApplicationName: &w.record.Endpoint, VersionLabel: theirs, DeleteSourceBundle: aws.Bool(true),
	})
	w.ok(err)
	for range 2 {
		w.ok(w.platform.Forget(ctx, w.record, e))
	}
	objects, err := w.clients.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.info.Bucket})
	if w.ok(err); len(objects.Contents) > 0 {
		w.Errorf("%s is left in the bucket", aws.ToString(objects.Contents[0].Key))
	}
	for range 2 {
		w.ok(w.platform.Dissolve(ctx, w.record))
	}
	applications, err := w.clients.Beanstalk.DescribeApplications(ctx, nil)
	if w.ok(err); len(applications.Applications) > 0 {
		w.Errorf("application %s is left", aws.ToString(applications.Applications[0].ApplicationName))
	}
}

// system is the machine's clock.
type system struct{}

func (system) Now() time.Time                                   { return time.Now() }
func (system) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// Observe asks once for all environments, however many there are.
func TestObserveIsSparing(t *testing.T) {
	w := newWorld(t, nil)
	w.launch(w.release("1.0.0"))
	e := w.launch(w.release("1.1.0"))
	for i := range w.record.Environments {
		w.record.Environments[i].Carried = true
	}
	before := len(w.sandbox.Calls())
	w.see(e)
	var calls []string
	for _, c := range w.sandbox.Calls()[before:] {
		calls = append(calls, c.Operation)
	}
	want := []string{"DescribeEnvironments", "DescribeAutoScalingGroups", "DescribeTargetHealth", "DescribeTargetHealth"}
	if !slices.Equal(calls, want) {
		t.Errorf("observing two environments called %v", calls)
	}
}

// A bad release becomes known by Elastic Beanstalk's own words.
func TestErrorsOfALaunch(t *testing.T) {
	w := newWorld(t, nil)
	release := w.release("1.2.0")
	release.Container.Environment = map[string]string{"DEMO_UNHEALTHY": "true"}
	e := w.add(release)
	w.ok(w.platform.Launch(t.Context(), w.record, e))
	s := w.until(e, "failed", func(s rollout.Sight) bool { return len(s.Errors) > 0 })
	if s.Healthy > 0 || !strings.Contains(strings.Join(s.Errors, "\n"), "Create environment operation is complete, but with errors") {
		t.Errorf("seen: %+v", s)
	}
}

// An environment of the wanted name that is somebody else's is neither adopted nor
// seen, and so never removed.
func TestForeignEnvironment(t *testing.T) {
	w := newWorld(t, nil)
	e := w.add(w.release("1.0.0"))
	w.ok(w.as("acme/other").Launch(t.Context(), w.record, e))
	err := w.platform.Launch(t.Context(), w.record, e)
	var refused *roller.Refusal
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "not ionroller's for owner "+owner) {
		t.Errorf("launching: %v", err)
	}
	if s := w.see(e); s.Found {
		t.Errorf("seen: %+v", s)
	}
	problems, err := w.platform.Check(t.Context(), w.record, true)
	if w.ok(err); len(problems) != 1 || problems[0].Attribute != "name" || !strings.Contains(problems[0].Message, "acme/other") {
		t.Errorf("check: %v", problems)
	}
	w.ok(w.platform.Dissolve(t.Context(), w.record))
	if c := w.changes(); c["DeleteApplication"] > 0 {
		t.Error("another owner's application was removed")
	}
}

// An environment that came under the name of one that is gone is another one.
func TestNameUsedAgain(t *testing.T) {
	w := newWorld(t, nil)
	e := w.add(w.release("1.0.0"))
	w.ok(w.platform.Launch(t.Context(), w.record, e))
	e.ID = "e-gone"
	if s := w.see(e); s.Found {
		t.Errorf("seen: %+v", s)
	}
}

// An application that somebody else made is used, and stays.
func TestForeignApplication(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.clients.Beanstalk.CreateApplication(t.Context(), &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("checkout")})
	w.ok(err)
	w.ok(w.platform.Launch(t.Context(), w.record, w.add(w.release("1.0.0"))))
	w.record.Environments = nil
	empty, err := w.clients.Beanstalk.CreateApplication(t.Context(), &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("search")})
	w.ok(err)
	w.record.Endpoint = aws.ToString(empty.Application.ApplicationName)
	w.ok(w.platform.Dissolve(t.Context(), w.record))
	if c := w.changes(); c["DeleteApplication"] > 0 {
		t.Error("somebody else's application was removed")
	}
}

// Two environments of one release share a version; it goes with the last.
func TestForgetKeepsWhatIsShared(t *testing.T) {
	w := newWorld(t, nil)
	w.add(w.release("1.0.0"))
	e := w.add(w.release("1.0.0"))
	w.ok(w.platform.Forget(t.Context(), w.record, e))
	if c := w.changes(); len(c) > 0 {
		t.Errorf("forgetting one of two called %v", c)
	}
}

func TestCheck(t *testing.T) {
	full := func(c *sandbox.Config) {
		c.Quotas = cloud.Quotas{Applications: 1, Environments: 1, ApplicationVersions: 1}
	}
	for name, c := range map[string]struct {
		config  func(*sandbox.Config)
		prepare func(*world)
		want    string // attribute and a part of the message
	}{
		"nothing wrong": {nil, func(*world) {}, ""},
		"platform": {nil, func(w *world) {
			w.record.Desired.Release.Beanstalk.PlatformARN = "arn:aws:elasticbeanstalk:us-east-1::platform/Docker/0.0.1"
		}, "beanstalk.platform_arn: there is no platform"},
		"too many tags": {nil, func(w *world) {
			tags := map[string]string{}
			for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR" {
				tags[string(c)] = "x"
			}
			w.platform = beanstalk.New(w.clients, beanstalk.Options{Owner: owner, Bucket: w.info.Bucket, Tags: tags})
		}, "default_tags: 44 tags"},
		"applications": {full, func(w *world) {
			_, err := w.clients.Beanstalk.CreateApplication(w.Context(), &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("search")})
			w.ok(err)
		}, "name: account 123456789012 has 1 Elastic Beanstalk applications in us-east-1, and its quota is 1"},
		"environments": {full, func(w *world) {
			w.ok(w.platform.Launch(w.Context(), w.record, w.add(w.release("1.0.0"))))
		}, "name: account 123456789012 has 1 Elastic Beanstalk environments"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.config)
			c.prepare(w)
			problems, err := w.platform.Check(t.Context(), w.record, true)
			w.ok(err)
			if c.want == "" && len(problems) == 0 {
				return
			}
			if c.want == "" || len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), c.want) {
				t.Errorf("%v, wanted %q", problems, c.want)
			}
		})
	}
}
