// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// What is not among EventTypes nobody could ask for.
func TestEventTypesAreAll(t *testing.T) {
	source, err := os.ReadFile("event.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []EventType
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +EventType = "(\w+)"`).FindAllSubmatch(source, -1) {
		declared = append(declared, EventType(m[1]))
	}
	if len(declared) < 10 || !slices.Equal(declared, EventTypes) {
		t.Errorf("declared are %q, and they have %q", declared, EventTypes)
	}
}
