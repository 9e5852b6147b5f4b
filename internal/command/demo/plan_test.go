// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const planned = `
Terraform will perform the following actions:

  # ionroller_endpoint.checkout will be updated in-place
  ~ resource "ionroller_endpoint" "checkout" {
        name               = "checkout"
      ~ rollout_plan       = {
          ~ kind    = "new" -> "hot"
          ~ steps   = [
              - "5% for 3s",
              + "100%",
            ]
        }
      ~ rollout_note       = "rollout_plan = 1"
      ~ status             = "live" -> (known after apply)
      + lines              = [
          + "a",
        ]
    }
`

func TestAttributeOfPlan(t *testing.T) {
	tests := map[string]string{
		"rollout_plan": "rollout_plan       = {\n  ~ kind    = \"new\" -> \"hot\"\n  ~ steps   = [\n      - \"5% for 3s\",\n      + \"100%\",\n    ]\n}",
		"status":       "status             = \"live\" -> (known after apply)",
		"lines":        "lines              = [\n  + \"a\",\n]",
		"rollout":      "",
	}
	for name, want := range tests {
		if diff := cmp.Diff(want, attribute(planned, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
