// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// As somebody's HTTP proxy the sandbox takes requests for hosts that DNS does not
// know to the listener that serves them.
func TestProxyFindsTheListenerOfAHost(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	info := s.Info()
	t.Setenv("AWS_ENDPOINT_URL", info.EndpointURL)
	t.Setenv("AWS_ACCESS_KEY_ID", info.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", info.SecretAccessKey)
	clients, err := awsclient.New(t.Context(), awsclient.Config{Region: info.Region})
	if err != nil {
		t.Fatal(err)
	}
	_, err = clients.LoadBalancing.CreateRule(t.Context(), &elb.CreateRuleInput{
		ListenerArn: &info.ListenerARN, Priority: aws.Int32(1),
		Conditions: []elbtypes.RuleCondition{{Field: aws.String("host-header"), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{"*.acme.test"}}}},
		Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{
			StatusCode: aws.String("200"), ContentType: aws.String("text/plain"), MessageBody: aws.String("here"),
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	through, err := url.Parse(info.EndpointURL)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(through), DisableKeepAlives: true}}
	for target, want := range map[string]string{
		"http://checkout.acme.test/":      "200 here",
		"http://checkout.acme.test:8081/": "502 the sandbox has no HTTP listener for checkout.acme.test:8081",
		"http://elsewhere.test/":          "502 the sandbox has no HTTP listener for elsewhere.test",
	} {
		resp, err := client.Get(target)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if got := resp.Status[:4] + strings.TrimSpace(string(body)); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", target, got, err, want)
		}
	}
}
