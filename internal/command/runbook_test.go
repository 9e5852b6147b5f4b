// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"os"
	"regexp"
	"testing"
)

// Every command that the runbook tells to type is run by its script, as it stands
// there.
func TestRunbookIsRun(t *testing.T) {
	guide, err := os.ReadFile("../../templates/guides/runbook.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/script/runbook.txtar")
	if err != nil {
		t.Fatal(err)
	}
	typed := regexp.MustCompile(`(?m)^ *\$ (ionroller .*)$`).FindAllSubmatch(guide, -1)
	if len(typed) < 10 {
		t.Fatalf("%d commands were found", len(typed))
	}
	for _, m := range typed {
		if !regexp.MustCompile(`(?m)^(exec|exits \d+|until '.*') ` + regexp.QuoteMeta(string(m[1])) + `$`).Match(script) {
			t.Errorf("the script does not run: %s", m[1])
		}
	}
}
