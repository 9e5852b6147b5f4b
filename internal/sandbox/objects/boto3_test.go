// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"os/exec"
	"strings"
	"testing"
)

func TestBoto3(t *testing.T) {
	_, server := serve(t)
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not on PATH: the store was not tried with boto3")
	}
	if err := exec.Command(python, "-c", "import boto3").Run(); err != nil {
		t.Skip("boto3 is not installed for python3: the store was not tried with it")
	}
	out, err := exec.CommandContext(t.Context(), python, "testdata/smoke.py", server.URL).CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "ok\n") {
		t.Errorf("%v\n%s", err, out)
	}
}
