// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// boto3 runs a program of testdata, with a client that this project did not choose
// and that parses strictly. Each argument is handed over in JSON.
func (w *world) boto3(program string, arguments ...any) {
	w.Helper()
	if err := exec.CommandContext(w.Context(), "python3", "-c", "import boto3").Run(); err != nil {
		w.Skip("python3 with boto3 is not installed: pip install boto3")
	}
	line := []string{"testdata/" + program}
	for _, a := range arguments {
		text, err := json.Marshal(a)
		if err != nil {
			w.Fatal(err)
		}
		line = append(line, string(text))
	}
	if out, err := exec.CommandContext(w.Context(), "python3", line...).CombinedOutput(); err != nil {
		w.Fatalf("%v\n%s", err, out)
	}
}

// TestBoto3 drives every operation of the services, but for those of S3: its store
// has a test like this of its own.
func TestBoto3(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	w.boto3("smoke.py", w.info)
	called := map[string]bool{}
	for _, c := range w.sandbox.Calls() {
		called[c.Service+":"+c.Operation] = true
	}
	for _, operation := range served() {
		if !called[operation] && !strings.HasPrefix(operation, "s3:") {
			t.Errorf("testdata/smoke.py does not call %s", operation)
		}
	}
}

// TestConformance holds the sandbox to the models that boto3 has of AWS's APIs: what
// must be there, which words there are, what is not served, and pages.
func TestConformance(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.NoIdleScaling = true })
	w.version("1.0.0")
	w.version("2.0.0")
	for name, version := range map[string]string{"checkout-1": "1.0.0", "checkout-2": "2.0.0"} {
		w.healthy(name, version)
	}
	w.boto3("conformance.py", w.info, served())
}

// served are the operations that clients can call.
func served() []string {
	return slices.DeleteFunc(cloud.Befallable(), func(o string) bool { return o == "autoscaling:"+faults.Launch })
}
