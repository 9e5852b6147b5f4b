// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// A rollout must fit into the time that one run of Terraform has, with its pauses,
// as far as the cap lets it come.
func TestCheckTimeouts(t *testing.T) {
	hour := endpoint.Duration(time.Hour)
	long := []endpoint.Step{
		{Weight: 10, Bake: hour, Pause: endpoint.Pause{Deadline: hour, Then: endpoint.ThenPromote}},
		{Weight: 50, Bake: hour}, {Weight: 100},
	}
	for name, c := range map[string]struct {
		policy endpoint.RolloutPolicy
		says   string // empty: it fits into the default of two hours
	}{
		"with the pause":     {endpoint.RolloutPolicy{Steps: long}, "take up to 3h together, which is more than timeouts.update, 2h"},
		"without the pause":  {endpoint.RolloutPolicy{Steps: []endpoint.Step{{Weight: 10, Bake: hour}, {Weight: 50, Bake: hour}}}, ""},
		"capped before it":   {endpoint.RolloutPolicy{Steps: long, MaxWeight: 10}, ""},
		"capped behind it":   {endpoint.RolloutPolicy{Steps: long, MaxWeight: 20}, "take up to 3h together"},
		"not waited for":     {endpoint.RolloutPolicy{Steps: long, NoWait: true}, ""},
		"a first deployment": {endpoint.RolloutPolicy{Steps: []endpoint.Step{{Weight: 100, Pause: endpoint.Pause{Deadline: hour, Then: endpoint.ThenPromote}}}, NoWait: true}, "the last step takes up to 1h, which is more than timeouts.create, 45m"},
	} {
		t.Run(name, func(t *testing.T) {
			var diags diag.Diagnostics
			var m endpointModel
			m.setArguments(endpoint.Spec{})
			m.checkTimeouts(t.Context(), endpoint.Spec{Rollout: c.policy}, &diags)
			switch {
			case c.says == "" && len(diags) > 0, c.says != "" && (len(diags) != 1 || !strings.Contains(diags[0].Detail(), c.says)):
				t.Errorf("diagnostics %v, want one that says %q", diags, c.says)
			}
		})
	}
}
