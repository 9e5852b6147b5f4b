// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// The world as it was last seen is kept in the resource's private state: a plan
// is made from it alone, so that Terraform's two plans of one change are equal.
const snapshotKey = "world"

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func readSnapshot(ctx context.Context, private privateReader, diags *diag.Diagnostics) (rollout.World, bool) {
	text, d := private.GetKey(ctx, snapshotKey)
	diags.Append(d...)
	if len(text) == 0 {
		return rollout.World{}, false
	}
	w, err := parseSnapshot(text)
	if err != nil {
		diags.AddError("Unable to read the private state of the endpoint", fmt.Sprintf("%s. Run terraform refresh.", err))
		return w, false
	}
	return w, true
}

// parseSnapshot reads a world whose record may be of an older schema.
func parseSnapshot(text []byte) (rollout.World, error) {
	var kept struct {
		rollout.World
		Record json.RawMessage `json:"record"`
	}
	err := json.Unmarshal(text, &kept)
	if err == nil {
		kept.World.Record, err = endpoint.ParseRecord(kept.Record)
	}
	return kept.World, err
}

func writeSnapshot(ctx context.Context, private privateWriter, w rollout.World, diags *diag.Diagnostics) {
	w.Record.Outbox = nil
	text, err := json.Marshal(w)
	if err != nil {
		diags.AddError("Unable to write the private state of the endpoint", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, snapshotKey, text)...)
}
