// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

const (
	owner = "acme/infra//prod"
	host  = "checkout.acme.com"
)

// The sandboxes' clock runs quicker than real time, and in it AWS is quicker than
// AWS. Faults are in real time: a second of theirs is timeScale of AWS's.
const (
	timeScale = 10
	speed     = 600
)

// sandboxes starts one sandbox for each name, and tells the SDK of them by
// profiles of these names, so that tests can run side by side.
func sandboxes(t *testing.T, names ...string) map[string]*world {
	t.Helper()
	return sandboxesOf(t, sandbox.Config{Speed: speed, TimeScale: timeScale}, names...)
}

func sandboxesOf(t *testing.T, config sandbox.Config, names ...string) map[string]*world {
	t.Helper()
	worlds := map[string]*world{}
	var profiles strings.Builder
	for _, name := range names {
		s, err := sandbox.Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		w := &world{Sandbox: s, info: s.Info(), profile: strings.ReplaceAll(name, " ", "-")}
		worlds[name] = w
		for profile, key := range map[string]string{w.profile: w.info.AccessKeyID, w.profile + holders: holdersKey} {
			fmt.Fprintf(&profiles, "[profile %s]\nendpoint_url = %s\nregion = %s\naws_access_key_id = %s\naws_secret_access_key = %s\n",
				profile, w.info.EndpointURL, w.info.Region, key, w.info.SecretAccessKey)
		}
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(profiles.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION"} {
		t.Setenv(name, "")
	}
	return worlds
}

// world is a sandbox with the loop on it.
type world struct {
	*testing.T
	*sandbox.Sandbox
	info    sandbox.Info
	profile string
	clients *awsclient.Clients // that look on, where nothing goes wrong
	roller  *roller.Roller
	stream  *load.Stream
}

// connect puts the loop on the sandbox.
func (w *world) connect(t *testing.T) {
	t.Helper()
	w.T = t
	config := awsclient.Config{Profile: w.profile}
	var err error
	if w.clients, err = awsclient.New(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	w.roller, err = onaws.Connect(t.Context(), onaws.Config{
		AWS: config, Bucket: w.info.Bucket, Owner: owner, Run: t.Name(), Log: hclog.NewNullLogger(),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// befall makes things go wrong, as it is written on a command line.
func (w *world) befall(texts ...string) {
	w.Helper()
	settings := faults.Settings{Seed: 1}
	for _, text := range texts {
		f, err := faults.Parse(text)
		if err != nil {
			w.Fatal(err)
		}
		settings.Faults = append(settings.Faults, f)
	}
	if err := w.SetFaults(settings); err != nil {
		w.Fatal(err)
	}
}

func (w *world) spec(version string) endpoint.Spec {
	seconds := func(n int) endpoint.Duration { return endpoint.Duration(time.Duration(n) * time.Second) }
	return endpoint.Spec{
		Name: "checkout",
		Release: endpoint.Release{
			Version:   version,
			Container: endpoint.Container{Image: "acme/checkout", Port: 8080},
			Beanstalk: endpoint.Beanstalk{
				InstanceType: "t3.small", VPCID: w.info.VPCID, Subnets: w.info.Subnets,
				InstanceProfile: "aws-elasticbeanstalk-ec2-role", ServiceRole: "aws-elasticbeanstalk-service-role",
			},
			Health: endpoint.Health{
				Path: "/healthz", Interval: seconds(15), Timeout: seconds(5), HealthyThreshold: 2, UnhealthyThreshold: 5,
				Matcher: "200", DeregistrationDelay: seconds(5),
			},
		},
		Capacity:  endpoint.Capacity{Min: 1, Max: 2},
		Routing:   endpoint.Routing{ListenerARN: w.info.ListenerARN, Hosts: []string{host}},
		Rollout:   endpoint.RolloutPolicy{Steps: []endpoint.Step{{Weight: 50, Bake: seconds(2)}}, HealthyWithin: endpoint.Duration(time.Hour)},
		Retention: endpoint.Retention{KeepFor: endpoint.Duration(time.Hour), Max: 2},
	}
}

// apply moves the endpoint to a version, which must go well.
func (w *world) apply(version string) {
	w.Helper()
	var err error
	if w.stream == nil {
		_, err = w.roller.Create(w.Context(), w.spec(version))
	} else {
		_, err = w.roller.Update(w.Context(), w.spec(version), nil)
	}
	if err != nil {
		w.Fatalf("applying %s: %v", version, err)
	}
}

// users begins to send requests to the endpoint, once it answers.
func (w *world) users() {
	w.Helper()
	config := load.Config{URL: w.info.LoadBalancerURL, Host: host, Rate: 20}
	for deadline := time.Now().Add(10 * time.Second); ; {
		first, err := load.Start(w.Context(), config)
		if err != nil {
			w.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // the load balancer is a real one
		if s := load.Summarize(first.Stop()); s.Failed == 0 && s.Requests > 0 {
			break
		}
		if time.Now().After(deadline) {
			w.Fatal("the endpoint does not answer")
		}
	}
	stream, err := load.Start(context.WithoutCancel(w.Context()), config)
	if err != nil {
		w.Fatal(err)
	}
	w.stream = stream
	w.Cleanup(func() { stream.Stop() })
}

// served ends the requests, of which none may have failed.
func (w *world) served(versions ...string) {
	w.Helper()
	s := load.Summarize(w.stream.Stop())
	if s.Failed > 0 {
		w.Errorf("%d of %d requests failed: %v", s.Failed, s.Requests, s.Failures)
	}
	for _, v := range versions {
		if s.Versions[v] == 0 {
			w.Errorf("no request was served by %s: %v", v, s.Versions)
		}
	}
}

// environments lists, sorted, the versions of the environments that there are.
func (w *world) environments() []string {
	w.Helper()
	out, err := w.clients.Beanstalk.DescribeEnvironments(w.Context(), &elasticbeanstalk.DescribeEnvironmentsInput{})
	if err != nil {
		w.Fatal(err)
	}
	var versions []string
	for _, e := range out.Environments {
		if e.Status != ebtypes.EnvironmentStatusTerminated {
			version, _, _ := strings.Cut(aws.ToString(e.VersionLabel), "-")
			versions = append(versions, version)
		}
	}
	slices.Sort(versions)
	return versions
}

func (w *world) want(what string, got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("%s: %v, not %v", what, got, want)
	}
}

// nothingIsLeft looks for what an endpoint that was removed left behind.
func (w *world) nothingIsLeft() {
	w.Helper()
	w.befall() // what is looked at here is to be of now
	w.want("environments that are left", w.environments())
	ctx := w.Context()
	applications, err := w.clients.Beanstalk.DescribeApplications(ctx, nil)
	if err != nil {
		w.Fatal(err)
	}
	if len(applications.Applications) > 0 {
		w.Error("the application is left")
	}
	rules, err := w.clients.LoadBalancing.DescribeRules(ctx, &elb.DescribeRulesInput{ListenerArn: &w.info.ListenerARN})
	if err != nil {
		w.Fatal(err)
	}
	if n := len(rules.Rules); n != 1 {
		w.Errorf("%d rules are left beside the default one", n-1)
	}
	objects, err := w.clients.S3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &w.info.Bucket})
	if err != nil {
		w.Fatal(err)
	}
	for _, o := range objects.Contents {
		if key := aws.ToString(o.Key); !strings.HasPrefix(key, "records/") && !strings.HasPrefix(key, "trail/") && !strings.HasPrefix(key, "configurations/") {
			w.Errorf("%s is left", key)
		}
	}
}
