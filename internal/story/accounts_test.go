// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// Endpoints of several accounts are in one configuration, by aliases of the provider.
// One of them assumes a role by way of another; the journal of the other is in a
// bucket of its own.
func TestAccounts(t *testing.T) {
	const spoke = "345678901234"
	w := start(t, sandbox.Config{Accounts: []cloud.Account{{ID: spoke, Roles: []cloud.Role{{Name: "deploy", ExternalID: "handshake"}}}}})
	must[*s3.CreateBucketOutput](w)(w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("acme-journal")}))
	here, there := w.info.Accounts[w.info.AccountID], w.info.Accounts[spoke]
	endpointOf := func(name, provider, listener, vpc string, subnets []string) string {
		return fmt.Sprintf(`
resource "ionroller_endpoint" %[1]q {
  provider            = %[2]s
  name                = %[1]q
  version             = "1.0.0"
  container           = { image = "acme/%[1]s" }
  beanstalk           = { vpc_id = %[4]q, subnets = ["%[5]s"] }
  capacity            = { min = 1 }
  health              = { path = "/healthz", deregistration_delay = "1s" }
  routing             = { listener_arn = %[3]q, hosts = ["%[1]s.example.com"] }
  deletion_protection = false
}
`, name, provider, listener, vpc, strings.Join(subnets, `", "`))
	}
	ws := w.workspace()
	ws.env["AWS_ACCESS_KEY_ID"] = w.info.AccessKeyID // which may assume roles
	write := func(externalID, forbidden string) {
		text := fmt.Sprintf(`
terraform {
  required_providers {
    ionroller = { source = "ionroller/ionroller" }
  }
}
provider "ionroller" {
  bucket              = %[1]q
  owner               = "acme"
  journal             = { bucket = "acme-journal", region = %[2]q }
  allowed_account_ids = [%[3]q]
  endpoints           = { s3 = %[4]q, elbv2 = %[4]q }
  max_retries         = 5
  retry_mode          = "standard"
}
provider "ionroller" {
  alias                 = "spoke"
  bucket                = %[5]q
  owner                 = "acme"
  forbidden_account_ids = [%[6]q]
  journal               = { prefix = "journal/of/spoke" }
  assume_role = [
    { role_arn = "arn:aws:iam::%[3]s:role/hub", session_name = "hub", duration = "1h" },
    { role_arn = "arn:aws:iam::%[7]s:role/deploy", external_id = %[8]q },
  ]
}
`, here.Bucket, w.info.Region, w.info.AccountID, w.info.EndpointURL, there.Bucket, forbidden, spoke, externalID) +
			endpointOf("checkout", "ionroller", here.ListenerARN, here.VPCID, here.Subnets) +
			endpointOf("search", "ionroller.spoke", there.ListenerARN, there.VPCID, there.Subnets)
		if err := os.WriteFile(filepath.Join(ws.folder, "main.tf"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("wrong", "999999999999")
	if r := ws.begin(program.terraform, "plan", "-no-color").end(); r.code != 1 || !r.says("Assuming a role of assume_role") {
		t.Errorf("a plan with a wrong external id ended with code %d:\n%s", r.code, r.out)
	}
	write("handshake", spoke)
	if r := ws.begin(program.terraform, "plan", "-no-color").end(); r.code != 1 || !r.says("which is among forbidden_account_ids") {
		t.Errorf("a plan in a forbidden account ended with code %d:\n%s", r.code, r.out)
	}
	write("handshake", "999999999999")
	ws.example("apply", "-auto-approve")
	ws.example("plan", "-detailed-exitcode")

	key := "records/" + w.info.AccountID + "/" + w.info.Region + "/checkout.json"
	must[*s3.HeadObjectOutput](w)(w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("acme-journal"), Key: &key}))
	for _, k := range w.keys() {
		if strings.HasPrefix(k, "records/") || strings.HasPrefix(k, "trail/") {
			t.Errorf("%s is with the bundles, and not in the journal's bucket", k)
		}
	}
	made := map[string]bool{}
	for _, c := range w.Calls() {
		if c.Operation == "CreateEnvironment" {
			made[c.Principal] = true
		}
	}
	if who := "arn:aws:sts::" + spoke + ":assumed-role/deploy/ionroller"; len(made) != 2 || !made[who] {
		t.Errorf("environments were made by %v, want one by %s", made, who)
	}
	ws.example("destroy", "-auto-approve")
}
