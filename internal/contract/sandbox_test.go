// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"net/http"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/beanstalk"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// startSandbox starts the sandbox, in which a minute of AWS's own work takes a
// tenth of a second.
func startSandbox(t *testing.T) *backend {
	s, err := sandbox.Start(t.Context(), sandbox.Config{Region: region, Speed: 600, NoIdleScaling: true})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	info := s.Info()
	return &backend{
		name: "the sandbox", url: info.EndpointURL, region: info.Region, key: info.AccessKeyID, secret: info.SecretAccessKey,
		account: info.AccountID, vpc: info.VPCID, subnets: info.Subnets, transport: transport, scalingGroup: launch,
	}
}

// launch makes a scaling group as ionroller does: by an environment of Elastic
// Beanstalk, which has a target group of its own.
func launch(w *world) (name, targetGroup string) {
	release := endpoint.Release{
		Version: "1.0.0", Container: endpoint.Container{Image: "acme/checkout", Port: 8080},
		Beanstalk: endpoint.Beanstalk{InstanceType: "t3.small", VPCID: w.vpc, Subnets: w.subnets, InstanceProfile: "profile", ServiceRole: "role"},
		Health: endpoint.Health{
			Path: "/healthz", Interval: seconds(15), Timeout: seconds(5), HealthyThreshold: 2, UnhealthyThreshold: 5,
			Matcher: "200", DeregistrationDelay: seconds(20),
		},
	}
	capacity := endpoint.Capacity{Min: 1, Max: 4}
	record := &endpoint.Record{
		Endpoint: w.name, Account: w.account, Region: w.region, Owner: owner,
		Desired: endpoint.Spec{Name: w.name, Release: release, Capacity: capacity, Routing: endpoint.Routing{ListenerARN: w.listener()}},
		Environments: []endpoint.Environment{{
			Name: endpoint.EnvironmentName(w.name, release, 1), Release: release, Fingerprint: release.Fingerprint(), Capacity: capacity,
		}},
	}
	e := &record.Environments[0]
	platform := beanstalk.New(w.clients(), beanstalk.Options{Owner: owner, Bucket: w.bucket(), Tags: map[string]string{"contract": w.name}})
	w.ok(platform.Launch(w.ctx, record, e))
	for range 1000 {
		sights, err := platform.Observe(w.ctx, record)
		w.ok(err)
		if s := sights[e.Name]; s.Ready && s.ScalingGroup != "" && s.TargetGroup != "" {
			return s.ScalingGroup, s.TargetGroup
		}
		time.Sleep(10 * time.Millisecond) // the sandbox's instances are real
	}
	w.fatalf("environment %s does not become ready", e.Name)
	return "", ""
}

func seconds(n int) endpoint.Duration { return endpoint.Duration(time.Duration(n) * time.Second) }
