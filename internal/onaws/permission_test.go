// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// With the policies that ionroller prints, and nothing else, everybody can do their
// work, and no more.
func TestPoliciesSuffice(t *testing.T) {
	worlds := sandboxes(t, "policies")
	w := worlds["policies"]
	w.connect(t)
	for _, version := range []string{"1.0.0", "1.1.0", "1.2.0"} {
		if _, err := w.Push("checkout", version, version); err != nil {
			t.Fatal(err)
		}
	}
	loops := map[permission.Task]*roller.Roller{}
	for _, task := range permission.Tasks() {
		loops[task] = w.as(t, task)
	}
	spec := func(version string) endpoint.Spec {
		s := w.spec(version)
		s.Routing.Hosts, s.DNS = []string{"checkout." + w.info.HostedZone}, &endpoint.DNS{ZoneID: w.info.HostedZoneID}
		s.Release.Container.Image = w.info.AccountID + ".dkr.ecr." + w.info.Region + ".amazonaws.com/checkout"
		s.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.acme.com"}}
		return s
	}
	ctx := t.Context()
	if _, err := loops[permission.Provider].Create(ctx, spec("1.0.0")); err != nil {
		t.Fatal(err)
	}
	if n := w.countRecords(); n != 3 {
		t.Errorf("the zone has %d records with NS and SOA", n)
	}
	resized := spec("1.1.0")
	resized.Capacity.Max = 3
	if _, err := loops[permission.Provider].Update(ctx, resized, nil); err != nil {
		t.Fatal(err)
	}
	seen, err := loops[permission.Plan].Observe(ctx, "checkout")
	if err != nil || seen == nil {
		t.Fatalf("plan observed %v: %v", seen, err)
	}
	next := spec("1.2.0") // of which ECR and Route 53 are asked
	next.Routing.Hosts = append(next.Routing.Hosts, "pay."+w.info.HostedZone)
	if problems, err := loops[permission.Plan].Check(ctx, next, &seen.Record, true); err != nil || len(problems) > 0 {
		t.Errorf("plan's checks: %v, %v", problems, err)
	}
	if _, err := loops[permission.Plan].Reconcile(ctx, "checkout"); err == nil || !strings.Contains(err.Error(), "s3:PutObject") {
		t.Errorf("with the policy for plan the record was written: %v", err)
	}
	if err := loops[permission.Command].Rollback(ctx, "checkout", "", "a test", func(rollout.World) {}); err != nil {
		t.Errorf("command: %v", err)
	}
	if _, err := loops[permission.Daemon].Reconcile(ctx, "checkout"); err != nil {
		t.Errorf("daemon: %v", err)
	}
	if _, err := loops[permission.Command].Update(ctx, spec("1.2.0"), nil); err == nil || !strings.Contains(err.Error(), "elasticbeanstalk:Create") {
		t.Errorf("with the policy for command an environment was made: %v", err)
	}
	if err := loops[permission.Provider].Remove(ctx, "checkout"); err != nil {
		t.Fatal(err)
	}
}

// as connects the loop as somebody with the policy for a task.
func (w *world) as(t *testing.T, task permission.Task) *roller.Roller {
	t.Helper()
	policy, err := json.Marshal(permission.For(task, permission.Scope{
		Bucket: w.info.Bucket, Account: w.info.AccountID, Region: w.info.Region, Endpoints: []string{"checkout"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	key := "AKIA" + strings.ToUpper(string(task))
	body, err := json.Marshal(cloud.Principal{SecretAccessKey: "x", Name: string(task), Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.info.EndpointURL+"/_sandbox/principals/"+key, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("making a principal: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	t.Setenv("AWS_ENDPOINT_URL", w.info.EndpointURL)
	loop, err := onaws.Connect(t.Context(), onaws.Config{
		AWS: awsclient.Config{Region: w.info.Region}, Bucket: w.info.Bucket, Owner: owner, Run: string(task), Log: hclog.NewNullLogger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return loop
}
