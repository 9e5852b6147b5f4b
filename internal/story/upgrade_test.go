// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// What an older ionroller left, in state and journal, a newer one goes on with.
// What a newer one left, an older one does not touch.
func TestUpgrade(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("retention.keep_for", "90m")
	ws.apply()
	ws.age(0, 1)
	if r := ws.terraform("plan", "-detailed-exitcode", "-refresh=false"); r.code != 0 {
		t.Errorf("a plan from the older state alone ended with code %d:\n%s", r.code, r.out)
	}
	ws.wantEmptyPlan()
	ws.set("version", "1.1.0")
	ws.apply()
	if r := w.record(); r.Schema != endpoint.SchemaVersion || r.Desired.Retention.KeepFor.String() != "1h30m" {
		t.Errorf("the record is in schema %d, with retention %+v", r.Schema, r.Desired.Retention)
	}
	ws.wantEmptyPlan()

	w.put(w.info.Bucket, w.recordKey(), `{"schema": 99, "endpoint": "checkout"}`)
	calls := len(w.changes())
	for _, args := range [][]string{{"plan"}, {"apply", "-auto-approve", "-refresh=false"}, {"destroy", "-auto-approve", "-refresh=false"}} {
		ws.set("version", "1.2.0")
		if r := ws.terraform(args...); r.code != 1 || !r.says("written by a newer ionroller, in schema 99") || !r.says("upgrade ionroller") {
			t.Errorf("%s with a newer record ended with code %d:\n%s", args[0], r.code, r.out)
		}
	}
	if r := ws.ionroller("rollback", "checkout", "--yes"); r.code != 1 || !r.says("upgrade ionroller") {
		t.Errorf("rollback with a newer record ended with code %d:\n%s", r.code, r.out)
	}
	if n := len(w.changes()); n != calls {
		t.Errorf("%d calls changed something in AWS", n-calls)
	}
}

// In the first versions of state and record the time of a retention was "for".
var keepFor = regexp.MustCompile(`"keep_for"`)

// age makes state and record those of an older ionroller.
func (ws *workspace) age(version, schema int) {
	ws.Helper()
	older := func(text []byte) []byte {
		text = keepFor.ReplaceAll(text, []byte(`"for"`))
		return regexp.MustCompile(`"schema":\s*\d+`).ReplaceAll(text, fmt.Appendf(nil, `"schema": %d`, schema))
	}
	var record json.RawMessage
	ws.object(ws.recordKey(), &record)
	ws.put(ws.info.Bucket, ws.recordKey(), string(older(record)))

	file := filepath.Join(ws.folder, "terraform.tfstate")
	text := older(must[[]byte](ws.world)(os.ReadFile(file)))
	text = regexp.MustCompile(`"schema_version":\s*\d+`).ReplaceAll(text, fmt.Appendf(nil, `"schema_version": %d`, version))
	text = regexp.MustCompile(`"private":\s*"[^"]*"`).ReplaceAllFunc(text, func(found []byte) []byte {
		var kept struct{ Private []byte }
		if err := json.Unmarshal(fmt.Appendf(nil, "{%s}", found), &kept); err != nil {
			ws.Fatal(err)
		}
		world := map[string][]byte{}
		if err := json.Unmarshal(kept.Private, &world); err != nil {
			ws.Fatal(err)
		}
		world["world"] = older(world["world"])
		return fmt.Appendf(nil, `"private": %q`, base64.StdEncoding.EncodeToString(must[[]byte](ws.world)(json.Marshal(world))))
	})
	if err := os.WriteFile(file, text, 0o644); err != nil {
		ws.Fatal(err)
	}
}
