// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func TestAttributePath(t *testing.T) {
	for attribute, want := range map[string]path.Path{
		"name":                            path.Root("name"),
		"routing.listener_arn":            path.Root("routing").AtName("listener_arn"),
		"rollout.steps[1].weight":         path.Root("rollout").AtName("steps").AtListIndex(1).AtName("weight"),
		"rollout.steps[0].pause.deadline": path.Root("rollout").AtName("steps").AtListIndex(0).AtName("pause").AtName("deadline"),
		"rollout.analysis.latency.max":    path.Root("rollout").AtName("analysis").AtName("latency").AtName("max"),
		"routing.hosts[2]":                path.Root("routing").AtName("hosts"), // a set has no indexes
	} {
		if got := attributePath(attribute); !got.Equal(want) {
			t.Errorf("%s is %s, want %s", attribute, got, want)
		}
	}
}

// What is said of a failure names the endpoint, the cause and what to do.
func TestAddError(t *testing.T) {
	failed := &roller.Failed{Endpoint: "checkout", Outcome: &endpoint.Outcome{To: "1.1.0", Reason: "it is ill"}}
	live := *failed
	live.Live = "1.0.0"
	removed := *failed
	removed.Removed = true
	evidence := &endpoint.Evidence{
		Guard: "error rate", Subject: "checkout-1-1-0", Value: "12 %", Threshold: "at most 1 %", Window: "from 10:01:00 to 10:05:00 UTC", Share: 10, Exposed: 1234,
	}
	guarded := &roller.Failed{
		Endpoint: "checkout", Live: "1.0.0", Outcome: &endpoint.Outcome{To: "1.1.0", Reason: "it is ill", Carried: true, Rejected: true, Evidence: evidence},
		Rejection: &endpoint.Rejection{Version: "1.1.0", Retry: 2},
	}
	frozen := &roller.Frozen{Endpoint: "checkout", Live: "1.0.0", Version: "1.1.0", Share: 10, Stall: endpoint.Stall{Reason: "it is ill", Retry: 2, Evidence: evidence}}
	first := *frozen
	first.Live = ""
	silent := *frozen
	silent.Stall.Evidence = nil
	saw := []string{"error rate checkout-1-1-0", "12 %", "at most 1 %", "from 10:01:00 to 10:05:00 UTC", "10 % of traffic", "1234 requests"}
	for _, c := range []struct {
		err  error
		says []string
	}{
		{&live, []string{"it is ill", "Release 1.0.0 is live", "No request reached the new environment", "bump the version"}},
		{failed, []string{"it is ill", "Nothing is live"}},
		{guarded, append([]string{"to 1.1.0 failed", "Release 1.0.0 is live", "1.1.0 is rejected", "bump the version", "rollout.retry above 2"}, saw...)},
		{frozen, append([]string{"to 1.1.0 is frozen", "rollout.retry above 2", "set the version to 1.0.0"}, saw...)},
		{&first, append([]string{"to 1.1.0 is frozen", "no release to go back to", "bump the version"}, saw...)},
		{&silent, []string{"frozen", "it is ill", "rollout.retry above 2", "set the version to 1.0.0"}},
		{&roller.Rejected{Endpoint: "checkout", Live: "1.0.0", Rejection: *guarded.Rejection}, []string{"was rejected", "Nothing was changed", "release 1.0.0 is live", "rollout.retry above 2"}},
		{&removed, []string{"was not created", "it is ill", "apply again"}},
		{&roller.Interrupted{Endpoint: "checkout", Where: "release 1.0.0 is live", Err: context.Canceled}, []string{"interrupted", "release 1.0.0 is live"}},
		{&roller.Interrupted{Endpoint: "checkout", Where: "release 1.0.0 is live", Err: context.DeadlineExceeded}, []string{"timeout", "raise the timeout in timeouts"}},
		{fmt.Errorf("reading bucket logs: %w", errors.New("denied")), []string{"Reading bucket logs: denied."}},
		{&roller.Problems{Endpoint: "checkout", Problems: []endpoint.Problem{{Attribute: "routing.priority", Message: "7 is taken"}}}, []string{"routing.priority: 7 is taken"}},
	} {
		var diags diag.Diagnostics
		addError(&diags, "update", "checkout", c.err)
		if len(diags) != 1 {
			t.Fatalf("%v makes %d errors", c.err, len(diags))
		}
		for _, s := range c.says {
			if !strings.Contains(diags[0].Detail(), s) {
				t.Errorf("the error does not say %q: %s: %s", s, diags[0].Summary(), diags[0].Detail())
			}
		}
	}
}
