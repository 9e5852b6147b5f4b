// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/balancer"
	"github.com/ionroller/terraform-provider-ionroller/internal/beanstalk"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

const owner = "acme/infra//prod"

// world is a sandbox with an endpoint in it.
type world struct {
	*testing.T
	sandbox  *sandbox.Sandbox
	info     sandbox.Info
	clients  *awsclient.Clients
	platform *beanstalk.Platform
	balancer *balancer.Balancer
	record   *endpoint.Record
}

func newWorld(t *testing.T, change func(*sandbox.Config)) *world {
	t.Helper()
	config := sandbox.Config{Speed: 600}
	if change != nil {
		change(&config)
	}
	s, err := sandbox.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{T: t, sandbox: s, info: s.Info()}
	t.Setenv("AWS_ENDPOINT_URL", w.info.EndpointURL)
	t.Setenv("AWS_ACCESS_KEY_ID", w.info.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", w.info.SecretAccessKey)
	w.clients, err = awsclient.New(t.Context(), awsclient.Config{Region: w.info.Region})
	if err != nil {
		t.Fatal(err)
	}
	w.platform = w.as(owner)
	w.balancer = balancer.New(w.clients, balancer.Options{Owner: owner})
	w.record = &endpoint.Record{
		Endpoint: "checkout", Account: w.info.AccountID, Region: w.info.Region, Owner: owner,
		Desired: endpoint.Spec{
			Name: "checkout", Release: w.release("1.0.0"), Capacity: endpoint.Capacity{Min: 2, Max: 4},
			Routing: endpoint.Routing{ListenerARN: w.info.ListenerARN, Hosts: []string{"checkout.acme.com"}},
		},
	}
	return w
}

func (w *world) as(owner string) *beanstalk.Platform {
	return beanstalk.New(w.clients, beanstalk.Options{Owner: owner, Bucket: w.info.Bucket, Tags: map[string]string{"team": "payments"}})
}

func (w *world) release(version string) endpoint.Release {
	return endpoint.Release{
		Version:   version,
		Container: endpoint.Container{Image: "acme/checkout", Port: 8080},
		Beanstalk: endpoint.Beanstalk{
			InstanceType: "t3.small", VPCID: w.info.VPCID, Subnets: w.info.Subnets,
			InstanceProfile: "aws-elasticbeanstalk-ec2-role", ServiceRole: "aws-elasticbeanstalk-service-role",
		},
		Health: endpoint.Health{
			Path: "/healthz", Interval: seconds(15), Timeout: seconds(5), HealthyThreshold: 2, UnhealthyThreshold: 5,
			Matcher: "200", DeregistrationDelay: seconds(20),
		},
	}
}

func seconds(n int) endpoint.Duration { return endpoint.Duration(time.Duration(n) * time.Second) }

// add puts an environment into the record.
func (w *world) add(release endpoint.Release) *endpoint.Environment {
	w.record.Serial++
	w.record.Environments = append(w.record.Environments, endpoint.Environment{
		Name: endpoint.EnvironmentName("checkout", release, w.record.Serial), Release: release,
		Fingerprint: release.Fingerprint(), Capacity: w.record.Desired.Capacity,
	})
	return &w.record.Environments[len(w.record.Environments)-1]
}

// launch asks for an environment and waits until all of it is healthy.
func (w *world) launch(release endpoint.Release) *endpoint.Environment {
	w.Helper()
	e := w.add(release)
	w.ok(w.platform.Launch(w.Context(), w.record, e))
	w.until(e, "healthy", func(s rollout.Sight) bool { return s.Ready && s.Desired == 2 && s.Healthy == 2 })
	return e
}

// see observes one environment and lets the record learn from it.
func (w *world) see(e *endpoint.Environment) rollout.Sight {
	w.Helper()
	sights, err := w.platform.Observe(w.Context(), w.record)
	w.ok(err)
	rollout.Learn(w.record, sights)
	return sights[e.Name]
}

func (w *world) until(e *endpoint.Environment, what string, is func(rollout.Sight) bool) rollout.Sight {
	w.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		s := w.see(e)
		if is(s) {
			return s
		}
		if time.Now().After(deadline) {
			w.Fatalf("%s does not become %s: %+v", e.Name, what, s)
		}
		time.Sleep(10 * time.Millisecond) // the sandbox's instances are real
	}
}

// changes counts the calls so far that changed something, by operation.
func (w *world) changes() map[string]int {
	counts := map[string]int{}
	for _, c := range w.sandbox.Calls() {
		if c.Changing {
			counts[c.Operation]++
		}
	}
	return counts
}

// get asks the load balancer for the endpoint and returns the status.
func (w *world) get() int {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.info.LoadBalancerURL, nil)
	w.ok(err)
	request.Host = "checkout.acme.com"
	response, err := http.DefaultClient.Do(request)
	w.ok(err)
	defer response.Body.Close()
	return response.StatusCode
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
