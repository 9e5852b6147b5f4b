// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// sameDuration plans no change from "1h30m" to "90m": an import cannot know how
// a duration was written.
type sameDuration struct{}

var _ planmodifier.String = sameDuration{}

// Description says what it does.
func (sameDuration) Description(context.Context) string {
	return "Another way to write the same duration is no change."
}

// MarkdownDescription says what it does.
func (d sameDuration) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

// PlanModifyString keeps the state's way to write an equal duration.
func (sameDuration) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	before, err := endpoint.ParseDuration(req.StateValue.ValueString())
	after, wrong := endpoint.ParseDuration(req.PlanValue.ValueString())
	if err == nil && wrong == nil && before == after {
		resp.PlanValue = req.StateValue
	}
}
