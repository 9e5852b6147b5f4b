// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// A state of every version there ever was is kept, as it was written then. Each
// tells of the same endpoint, and so do the records of internal/endpoint.
func TestStatesOfEveryVersion(t *testing.T) {
	record, err := endpoint.ParseRecord(kept(t, fmt.Sprintf("../endpoint/testdata/record-schema-%d.json", endpoint.SchemaVersion)))
	if err != nil {
		t.Fatal(err)
	}
	for version := range int64(stateVersion + 1) {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			text := kept(t, fmt.Sprintf("testdata/endpoint-state-%d.json", version))
			state := upgraded(t, text, version)
			var m endpointModel
			if diags := state.Get(t.Context(), &m); diags.HasError() {
				t.Fatal(diags)
			}
			spec, diags := m.spec(t.Context())
			if diags.HasError() {
				t.Fatal(diags)
			}
			if diff := cmp.Diff(*record.Accepted, spec); diff != "" {
				t.Errorf("the state says another endpoint than the record:\n%s", diff)
			}
			if m.Status.ValueString() != "capped" || len(m.Environments.Elements()) != 3 {
				t.Errorf("status %s, environments %s", m.Status, m.Environments)
			}
			// What this program does not know any more is lost.
			raw, err := upgradeState(text, version)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := (tfprotov6.RawState{JSON: raw}).Unmarshal(state.Schema.Type().TerraformType(t.Context())); err != nil {
				t.Errorf("the state says what is not read: %v. An attribute that is renamed or removed needs a new version and an upgrade", err)
			}
		})
	}
}

// upgraded lets the provider upgrade a state, as Terraform does.
func upgraded(t *testing.T, text []byte, version int64) tfsdk.State {
	t.Helper()
	server := providerserver.NewProtocol6(New("test")())()
	resp, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: "ionroller_endpoint", Version: version, RawState: &tfprotov6.RawState{JSON: text},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range resp.Diagnostics {
		t.Fatalf("%s: %s", d.Summary, d.Detail)
	}
	state := tfsdk.State{Schema: schemaOfEndpoint(t)}
	if state.Raw, err = resp.UpgradedState.Unmarshal(state.Schema.Type().TerraformType(t.Context())); err != nil {
		t.Fatal(err)
	}
	return state
}

func schemaOfEndpoint(t *testing.T) schema.Schema {
	t.Helper()
	var resp resource.SchemaResponse
	newEndpointResource().Schema(t.Context(), resource.SchemaRequest{}, &resp)
	return resp.Schema
}

// The private state is kept with the state, and a plan without a refresh is made
// from it.
func TestSnapshotOfAnOlderProvider(t *testing.T) {
	var diags diag.Diagnostics
	w, ok := readSnapshot(t.Context(), private(kept(t, "testdata/endpoint-snapshot-0.json")), &diags)
	if !ok || diags.HasError() {
		t.Fatal(diags)
	}
	if shown := preview(w, *w.Record.Accepted); shown.Kind != rollout.PlanNothing {
		t.Errorf("nothing is asked for, and the plan is %+v", shown)
	}
	_, ok = readSnapshot(t.Context(), private(`{"record": {"schema": 99}}`), &diags)
	if ok || !diags.HasError() {
		t.Errorf("a newer one is read: %v", diags)
	}
}

// private is the text of a private state.
type private []byte

func (p private) GetKey(context.Context, string) ([]byte, diag.Diagnostics) { return p, nil }

func kept(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
