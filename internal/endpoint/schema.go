// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// SchemaVersion is the version of Record that this program writes. It reads that
// and every older one.
const SchemaVersion = 3

// upgrades make of a record's text in one schema that of the next. They stay as
// they are: a journal may have records that nobody has written to for years.
var upgrades = map[int]func(record map[string]any){
	// The time of a retention was called "for".
	1: func(record map[string]any) {
		for _, spec := range []string{"desired", "accepted"} {
			if retention := object(record, spec, "retention"); retention != nil {
				retention["keep_for"] = retention["for"]
				delete(retention, "for")
			}
		}
	},
	// Rollouts went by weight, and nothing said so. What one by instance says, and what
	// a takeover notes, must not be lost: hence a new schema for what is only added.
	2: func(record map[string]any) {
		for _, spec := range []string{"desired", "accepted"} {
			if rollout := object(record, spec, "rollout"); rollout != nil {
				rollout["by"] = string(ByWeight)
			}
		}
	},
}

// ParseRecord reads a record as it is kept. One of an older schema is upgraded. What
// a newer one means cannot be known, and it is refused.
func ParseRecord(text []byte) (Record, error) {
	var r Record
	var head struct{ Schema int }
	if err := json.Unmarshal(text, &head); err != nil {
		return r, fmt.Errorf("it is not a record: %w", err)
	}
	switch {
	case head.Schema < 1:
		return r, errors.New("it is not a record: it has no schema")
	case head.Schema > SchemaVersion:
		return r, fmt.Errorf("it was written by a newer ionroller, in schema %d, and this one reads up to %d: upgrade ionroller", head.Schema, SchemaVersion)
	}
	text, err := upgrade(text, head.Schema)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return Record{}, fmt.Errorf("it is not a record of schema %d: %w", head.Schema, err)
	}
	return r, nil
}

// upgrade brings a record's text from a schema to that of today.
func upgrade(text []byte, schema int) ([]byte, error) {
	if schema == SchemaVersion {
		return text, nil
	}
	var record map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // a float would round large ones
	if err := d.Decode(&record); err != nil {
		return nil, err
	}
	for ; schema < SchemaVersion; schema++ {
		upgrades[schema](record)
	}
	record["schema"] = SchemaVersion
	return json.Marshal(record)
}

// object returns an object within a record, or nil when there is none.
func object(record map[string]any, path ...string) map[string]any {
	for _, name := range path {
		record, _ = record[name].(map[string]any)
	}
	return record
}
