// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// TestBoto3 drives every operation of the services by a client that this
// project did not choose and that parses strictly.
func TestBoto3(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("python3 with boto3 is not installed: pip install boto3")
	}
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	info, err := json.Marshal(w.info)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "python3", "testdata/smoke.py", string(info)).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	called := map[string]bool{}
	for _, c := range w.sandbox.Calls() {
		called[c.Service+":"+c.Operation] = true
	}
	for _, operation := range cloud.Operations() {
		if !called[operation] {
			t.Errorf("testdata/smoke.py does not call %s", operation)
		}
	}
}
