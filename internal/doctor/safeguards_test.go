// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// What does not protect a bucket is named, also where S3 says that it is not found; what
// cannot be looked at is no fault.
func TestSafeguards(t *testing.T) {
	s := start(t, sandbox.Config{})
	bucket := s.Info().Bucket
	config := Config{Task: permission.Plan, Config: onaws.Config{Bucket: bucket, Owner: "acme", AWS: awsclient.Config{Region: s.Info().Region}}}
	clients, err := awsclient.New(t.Context(), config.AWS)
	if err != nil {
		t.Fatal(err)
	}
	const blocks, encrypts = "ok: ionroller-sandbox encrypts by AES256, blocks public access → ", "ok: ionroller-sandbox encrypts by AES256 → "
	want := func(lines ...string) {
		t.Helper()
		got := found(t, config, "bucket")
		for _, line := range lines {
			if !strings.Contains(got, line) {
				t.Errorf("%s\nis not found, but\n%s", line, got)
			}
		}
	}
	want("warning: ionroller-sandbox keeps no versions", blocks)

	if _, err = clients.S3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	want("warning: ionroller-sandbox does not block public access", "--bucket ionroller-sandbox", encrypts)
	partly := &types.PublicAccessBlockConfiguration{BlockPublicAcls: new(true)}
	if _, err = clients.S3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{Bucket: &bucket, PublicAccessBlockConfiguration: partly}); err != nil {
		t.Fatal(err)
	}
	want("warning: ionroller-sandbox does not block public access", encrypts)

	// S3 of today always has a default encryption; others answer as it did before.
	fail := func(operation, code string, status int) {
		t.Helper()
		if err := s.SetFaults(faults.Settings{Faults: []faults.Fault{{Service: "s3", Operation: operation, Error: &faults.Error{Code: code, Status: status}}}}); err != nil {
			t.Fatal(err)
		}
	}
	fail("GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError", 404)
	want("warning: ionroller-sandbox has no default encryption → turn it on: aws s3api put-bucket-encryption")
	fail("GetBucket*", "NotImplemented", 501)
	want("note: s3:GetBucketVersioning of ionroller-sandbox was not looked at: ")
	fail("GetBucketVersioning", "AccessDenied", 403)
	want("note: how ionroller-sandbox is protected was not looked at, because it is denied: s3:GetBucketVersioning → ", encrypts)
}

// What looks like S3 may answer that all is well, and leave out what it is about.
func TestSafeguardsLeftOut(t *testing.T) {
	hollow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hollow.Close()
	client := s3.New(s3.Options{BaseEndpoint: &hollow.URL, UsePathStyle: true, Region: "us-east-1", Credentials: aws.AnonymousCredentials{}})
	for _, s := range everySafeguard {
		if what, err := s.look(t.Context(), client, "b"); what != "" || err != nil {
			t.Errorf("%s: it %q, %v", s.action, what, err)
		}
	}
}
