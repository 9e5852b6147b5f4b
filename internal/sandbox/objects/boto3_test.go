// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

func TestBoto3(t *testing.T) {
	store, _ := serve(t)
	var called sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called.Store(Operation(r), true)
		store.ServeHTTP(w, r)
	}))
	defer server.Close()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not on PATH: the store was not tried with boto3")
	}
	if err := exec.Command(python, "-c", "import boto3").Run(); err != nil {
		t.Skip("boto3 is not installed for python3: the store was not tried with it")
	}
	out, err := exec.CommandContext(t.Context(), python, "testdata/smoke.py", server.URL).CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "ok\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, operation := range Operations() {
		if _, ok := called.Load(operation); !ok {
			t.Errorf("testdata/smoke.py does not call %s", operation)
		}
	}
}
