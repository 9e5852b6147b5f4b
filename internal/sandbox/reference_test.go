// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReference holds the tables of the sandbox's reference to what it serves.
func TestReference(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../templates/guides/sandbox-reference.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	documented := map[string]bool{}
	service := ""
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "### `"):
			service = quoted.FindStringSubmatch(line)[1]
		case strings.HasPrefix(line, "## "):
			service = ""
		case service != "" && strings.HasPrefix(line, "| `"):
			operations, _, _ := strings.Cut(line[2:], "|")
			for _, name := range quoted.FindAllStringSubmatch(operations, -1) {
				documented[service+":"+name[1]] = true
			}
		}
	}
	for _, operation := range served() {
		if !documented[operation] {
			t.Errorf("%s is served and not in the reference", operation)
		}
		delete(documented, operation)
	}
	for operation := range documented {
		t.Errorf("%s is in the reference and not served", operation)
	}
}
