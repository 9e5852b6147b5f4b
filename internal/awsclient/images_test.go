// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient_test

import (
	"errors"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// What a tag points to is told, also when calls fail on the way; errors are like
// those of the SDK's own clients.
func TestDigest(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info := s.Info()
	surroundings(t, map[string]string{
		"AWS_ENDPOINT_URL": info.EndpointURL, "AWS_ACCESS_KEY_ID": info.AccessKeyID, "AWS_SECRET_ACCESS_KEY": info.SecretAccessKey,
	})
	clients, err := awsclient.New(t.Context(), awsclient.Config{Region: info.Region})
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.Push("acme/checkout", "1.0.0", `{"schemaVersion": 2}`)
	if err != nil {
		t.Fatal(err)
	}
	image := awsclient.Image{Registry: info.AccountID, Region: info.Region, Domain: "amazonaws.com", Repository: "acme/checkout", Tag: "1.0.0"}
	again := func(text string) {
		t.Helper()
		f, err := faults.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetFaults(faults.Settings{Faults: []faults.Fault{f}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, fault := range []string{
		"ecr:* delay=1ms", "ecr:* error=ServerException status=500 nth=1", "ecr:* error=ThrottlingException nth=1", "ecr:* drop nth=1",
	} {
		again(fault)
		if got, err := clients.Images.Digest(t.Context(), image); err != nil || got != want {
			t.Errorf("with %q the digest is %q, want %q: %v", fault, got, want, err)
		}
	}
	again("ecr:* delay=1ms")
	image.Tag = "9.9.9"
	_, err = clients.Images.Digest(t.Context(), image)
	var api smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &api) || api.ErrorCode() != "ImageNotFoundException" || !errors.As(err, &response) || response.HTTPStatusCode() != 400 ||
		response.ServiceRequestID() == "" || !strings.Contains(err.Error(), "imageTag:'9.9.9'") {
		t.Errorf("a tag that is not there: %v", err)
	}
}
