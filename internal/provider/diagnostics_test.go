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
		"name":                    path.Root("name"),
		"routing.listener_arn":    path.Root("routing").AtName("listener_arn"),
		"rollout.steps[1].weight": path.Root("rollout").AtName("steps").AtListIndex(1).AtName("weight"),
		"routing.hosts[2]":        path.Root("routing").AtName("hosts"), // a set has no indexes
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
	for _, c := range []struct {
		err  error
		says []string
	}{
		{&live, []string{"it is ill", "Release 1.0.0 is live", "No request reached the new environment", "bump the version"}},
		{failed, []string{"it is ill", "Nothing is live"}},
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
