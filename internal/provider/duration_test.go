// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestSameDuration(t *testing.T) {
	for _, c := range []struct{ state, plan, want types.String }{
		{types.StringValue("1h30m"), types.StringValue("90m"), types.StringValue("1h30m")},
		{types.StringValue("0s"), types.StringValue("0m"), types.StringValue("0s")},
		{types.StringValue("1h"), types.StringValue("2h"), types.StringValue("2h")},
		{types.StringValue("1h"), types.StringValue("soon"), types.StringValue("soon")},
		{types.StringNull(), types.StringValue("1h"), types.StringValue("1h")},
		{types.StringValue("1h"), types.StringNull(), types.StringNull()},
		{types.StringValue("1h"), types.StringUnknown(), types.StringUnknown()},
	} {
		resp := planmodifier.StringResponse{PlanValue: c.plan}
		sameDuration{}.PlanModifyString(t.Context(), planmodifier.StringRequest{StateValue: c.state, PlanValue: c.plan}, &resp)
		if !resp.PlanValue.Equal(c.want) {
			t.Errorf("from %s to %s plans %s, want %s", c.state, c.plan, resp.PlanValue, c.want)
		}
	}
}
