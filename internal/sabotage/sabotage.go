// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package sabotage takes guards out of the code, one at a time, and sees that a
// test notices: mutation testing with mutants that are made by hand.
//
// A guard is code that stands against something that happens to those who use
// AWS. Its test is worth something only if it fails when the guard is gone. The
// source is never changed: go builds the tests with an overlay.
//
// To add a guard, add its entry to a table here; each table is a file.
package sabotage

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Guard is a piece of code and the test that cannot do without it.
type Guard struct {
	Name    string // in words with hyphens: the name of its subtest
	Against string // what it guards against
	File    string // where it is, from the module's root
	Old     string // the guard, as it is written there, and only once
	New     string // the same without the guard, which must compile
	Package string // whose test notices, from the module's root
	Test    string // that notices, or its subtest: "TestShift", "TestDecide/at rest"
}

// Guards are those of all tables.
func Guards() []Guard {
	return slices.Concat(environments, capacities, traffic, instances, metrics, records, accounts, takeovers)
}

// without returns the text of the guard's file without the guard.
func (g Guard) without(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, g.File))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(text, []byte(g.Old)); n != 1 || g.Old == "" {
		return nil, fmt.Errorf("the guard is %d times in %s, not once: bring its entry up to date:\n%s", n, g.File, g.Old)
	}
	return bytes.Replace(text, []byte(g.Old), []byte(g.New), 1), nil
}
