// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A record of every schema there ever was is kept, as it was written then. Each
// of them tells of the same endpoint, with a rollout that rests at its cap.
func TestRecordsOfEverySchema(t *testing.T) {
	var today Record
	for schema := SchemaVersion; schema >= 1; schema-- {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			file := fmt.Sprintf("testdata/record-schema-%d.json", schema)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseRecord(text)
			if err != nil {
				t.Fatal(err)
			}
			if schema == SchemaVersion {
				today = got
			}
			if diff := cmp.Diff(today, got); diff != "" {
				t.Errorf("it is another record than that of schema %d:\n%s", SchemaVersion, diff)
			}
			for what, spec := range map[string]*Spec{"desired": &got.Desired, "accepted": got.Accepted} {
				if want := (Retention{KeepFor: Duration(90 * time.Minute), Max: 3, FailedFor: Duration(time.Hour)}); spec.Retention != want {
					t.Errorf("%s: retention is %+v, want %+v", what, spec.Retention, want)
				}
			}
			if f := got.Rollout; f == nil || f.Cap != 50 || got.ActiveVersion() != "1.1.0" || got.Schema != SchemaVersion {
				t.Errorf("rollout %+v, live %s, schema %d", f, got.ActiveVersion(), got.Schema)
			}
			// What this program does not know any more would be lost with the next write.
			upgraded, err := upgrade(text, schema)
			if err != nil {
				t.Fatal(err)
			}
			strict := json.NewDecoder(bytes.NewReader(upgraded))
			strict.DisallowUnknownFields()
			if err := strict.Decode(&Record{}); err != nil {
				t.Errorf("%s says what is not read: %v. A field that is renamed or removed needs a new schema and an upgrade", file, err)
			}
		})
	}
}

func TestParseRecord(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"newer":          {`{"schema": 99, "phase": {"new": "meaning"}}`, "written by a newer ionroller, in schema 99, and this one reads up to 3: upgrade ionroller"},
		"no schema":      {`{"endpoint": "checkout"}`, "it is not a record: it has no schema"},
		"no JSON":        {`<html>`, "it is not a record"},
		"another shape":  {`{"schema": 3, "phase": {}}`, "it is not a record of schema 3"},
		"older, by hand": {`{"schema": 1, "desired": [], "phase": "live"}`, "it is not a record of schema 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := ParseRecord([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("read %+v, error %v; want one that says %q", r, err, c.says)
			}
		})
	}
	// Nothing is rounded on the way.
	const big = int64(1)<<62 + 1
	r, err := ParseRecord(fmt.Appendf(nil, `{"schema": 1, "epoch": %d}`, big))
	if err != nil || r.Epoch != big {
		t.Errorf("epoch %d, %v; want %d", r.Epoch, err, big)
	}
}
