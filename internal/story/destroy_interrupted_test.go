// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// A destroy that was interrupted after it took the rule away is finished by the
// next.
func TestInterruptedDestroy(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("health.deregistration_delay", "10s")
	ws.apply()
	destroying := ws.beginTerraform("destroy", "-auto-approve")
	w.until("the rule is gone", func() bool {
		status, _ := w.get()
		return status == 404
	})
	if err := interrupt(destroying.Cmd); err != nil {
		t.Fatal(err)
	}
	if r := destroying.end(); r.code == 0 || !r.says("it is being removed") || !r.says("destroy again to go on") {
		t.Errorf("the interrupted destroy ended with code %d:\n%s", r.code, r.out)
	}
	if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("the next destroy failed:\n%s", r.out)
	}
	if left := w.environments(); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}
