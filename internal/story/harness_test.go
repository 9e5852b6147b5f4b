// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package story tells what users live through, with the real terraform, the real
// provider and real requests, on a sandbox in place of AWS. Each test is one of
// the things that ionroller promises; what the parts do by themselves is tested
// where they are.
package story

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission/holders"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// program is what all stories are told with.
var program struct{ terraform, ionroller, cliConfig, profiles string }

// atOnce is how many stories are told at a time, also where there are fewer
// processors: they wait more than they work.
const atOnce = "5"

func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	os.Exit(prepared(m.Run))
}

// prepared builds the program into a temporary folder, in which terraform finds
// it as the provider, and runs the tests.
func prepared(run func() int) int {
	root, err := os.MkdirTemp("", "ionroller-story-")
	if err == nil {
		defer os.RemoveAll(root)
		err = prepare(root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "story:", err)
		return 1
	}
	return run()
}

func prepare(root string) error {
	// OpenTofu, for instance, by the variable of the acceptance tests.
	path, err := exec.LookPath(cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform"))
	if err != nil {
		return errors.New("terraform was not found on PATH: install Terraform 1.11 or later from https://developer.hashicorp.com/terraform/install, or say where it is in TF_ACC_TERRAFORM_PATH")
	}
	program.terraform = path
	program.ionroller = filepath.Join(root, "terraform-provider-ionroller")
	if runtime.GOOS == "windows" {
		program.ionroller += ".exe"
	}
	build := exec.Command("go", "build", "-o", program.ionroller, "github.com/ionroller/terraform-provider-ionroller")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	// Where the tests' own loops learn of their sandboxes.
	program.profiles = filepath.Join(root, "profiles")
	if err := os.Setenv("AWS_CONFIG_FILE", program.profiles); err != nil {
		return err
	}
	program.cliConfig = filepath.Join(root, "terraform.rc")
	return os.WriteFile(program.cliConfig, fmt.Appendf(nil, "provider_installation {\n  dev_overrides {\n    \"ionroller/ionroller\" = %s\n  }\n}\n",
		strconv.Quote(filepath.ToSlash(root))), 0o644)
}

// world is a sandbox of the test's own.
type world struct {
	*testing.T
	*sandbox.Sandbox
	info sandbox.Info
	eb   *elasticbeanstalk.Client
	elb  *elb.Client
	asg  *autoscaling.Client
	r53  *route53.Client
	s3   *s3.Client
	// profile is the sandbox's in the AWS configuration file of the tests.
	profile string
}

// somebodyElse is who the clients of a world are.
const somebodyElse = "somebody-else"

// speed is how much quicker than AWS the sandboxes are: a launch, and the time
// after which an idle environment shrinks, take a second each.
const speed = 300

// start begins a story, beside others.
func start(t *testing.T, config sandbox.Config) *world {
	t.Helper()
	t.Parallel()
	return startAlone(t, config)
}

// startAlone begins one that others wait for.
func startAlone(t *testing.T, config sandbox.Config) *world {
	t.Helper()
	config.Speed = cmp.Or(config.Speed, speed)
	s, err := sandbox.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, message := range holders.Lacks(s) {
			t.Errorf("the policies lack something: %s", message)
		}
	})
	if err := holders.Make(s); err != nil {
		t.Fatal(err)
	}
	info := s.Info()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := aws.Config{
		Region: info.Region, BaseEndpoint: &info.EndpointURL, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(info.AccessKeyID, info.SecretAccessKey, ""),
	}
	c.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c), "arn:aws:iam::"+info.AccountID+":role/"+somebodyElse,
		func(o *stscreds.AssumeRoleOptions) { o.Duration = 12 * time.Hour })) // by a clock that may be quick
	w := &world{
		T: t, Sandbox: s, info: info,
		eb: elasticbeanstalk.NewFromConfig(c), elb: elb.NewFromConfig(c), asg: autoscaling.NewFromConfig(c),
		r53: route53.NewFromConfig(c), s3: s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }),
	}
	w.writeProfile(info.EndpointURL)
	return w
}

// host is where the endpoint of the stories is called.
const host = "checkout.example.com"

// traffic sends requests to the endpoint until the returned function is called,
// which fails the test when one of them failed.
func (w *world) traffic() (*load.Stream, func() load.Summary) {
	w.Helper()
	return w.trafficTo(host)
}

// trafficTo is traffic to an endpoint of another host.
func (w *world) trafficTo(host string) (*load.Stream, func() load.Summary) {
	w.Helper()
	stream, err := load.Start(context.WithoutCancel(w.Context()), load.Config{URL: w.info.LoadBalancerURL, Host: host, Rate: 50})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { stream.Stop() })
	return stream, func() load.Summary {
		w.Helper()
		s := load.Summarize(stream.Stop())
		if s.Failed > 0 || s.Requests == 0 {
			w.Errorf("%d of %d requests failed: %v", s.Failed, s.Requests, s.Failures)
		}
		return s
	}
}

// get makes one request to the endpoint and returns status and version.
func (w *world) get() (int, string) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.info.LoadBalancerURL, nil)
	if err != nil {
		w.Fatal(err)
	}
	request.Host = host
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		w.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode, response.Header.Get("X-Version")
}

// until waits for something that happens outside the test.
func (w *world) until(what string, done func() bool) {
	w.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			w.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// must gives what a call answered and ends the test when it failed.
func must[T any](w *world) func(T, error) T {
	return func(v T, err error) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return v
	}
}
