// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
)

// ECR, which is called without its SDK, is called where the SDK would.
func TestEndpointOfECR(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_ECR", "")
	for name, c := range map[string]struct {
		fips, dual, domain, url, want string
	}{
		"public":              {"", "", "amazonaws.com", "", "https://api.ecr.us-east-1.amazonaws.com/"},
		"FIPS":                {"true", "", "amazonaws.com", "", "https://ecr-fips.us-east-1.amazonaws.com/"},
		"dual-stack":          {"", "true", "amazonaws.com", "", "https://ecr.us-east-1.api.aws/"},
		"both":                {"true", "true", "amazonaws.com", "", "https://ecr-fips.us-east-1.api.aws/"},
		"dual-stack in China": {"", "true", "amazonaws.com.cn", "", "https://ecr.us-east-1.api.amazonwebservices.com.cn/"},
		"configured":          {"true", "", "amazonaws.com", "https://vpce.example.com", "https://vpce.example.com/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_USE_FIPS_ENDPOINT", c.fips)
			t.Setenv("AWS_USE_DUALSTACK_ENDPOINT", c.dual)
			loaded, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
			if err != nil {
				t.Fatal(err)
			}
			if got := NewImages(loaded, c.url).endpoint(Image{Region: "us-east-1", Domain: c.domain}); got != c.want {
				t.Errorf("ECR is called at %s, want %s", got, c.want)
			}
		})
	}
}
