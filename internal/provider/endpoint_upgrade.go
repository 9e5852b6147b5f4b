// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// stateVersion is the version of the state that this provider writes. Terraform
// itself refuses one that is newer.
const stateVersion = 1

var _ resource.ResourceWithUpgradeState = (*endpointResource)(nil)

// UpgradeState brings the state of an older provider to the schema of today. What
// that schema does not know is left out, and what the state does not know is null
// until the next refresh.
func (r *endpointResource) UpgradeState(context.Context) map[int64]resource.StateUpgrader {
	upgraders := map[int64]resource.StateUpgrader{}
	for version := range int64(stateVersion) {
		upgraders[version] = resource.StateUpgrader{
			StateUpgrader: func(ctx context.Context, req resource.UpgradeStateRequest, resp *resource.UpgradeStateResponse) {
				raw, err := upgradeState(req.RawState.JSON, version)
				if err == nil {
					resp.State.Raw, err = tfprotov6.RawState{JSON: raw}.UnmarshalWithOpts(resp.State.Schema.Type().TerraformType(ctx),
						tfprotov6.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}})
				}
				if err != nil {
					resp.Diagnostics.AddError("Unable to read the state of an older ionroller", sentence(err)+
						" The journal knows the endpoint: take it out of the state with terraform state rm, and import it by its name.")
				}
			},
		}
	}
	return upgraders
}

// stateUpgrades make of the state's text in one version that of the next. They stay
// as they are.
var stateUpgrades = map[int64]func(state map[string]any){
	// The time of a retention was called "for".
	0: func(state map[string]any) {
		if retention, ok := state["retention"].(map[string]any); ok {
			retention["keep_for"] = retention["for"]
			delete(retention, "for")
		}
	},
}

// upgradeState brings a state's text from a version to that of today.
func upgradeState(text []byte, version int64) ([]byte, error) {
	var state map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&state); err != nil {
		return nil, err
	}
	for ; version < stateVersion; version++ {
		stateUpgrades[version](state)
	}
	return json.Marshal(state)
}
