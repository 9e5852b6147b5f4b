// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
)

// The guards of the decision and of the loop. Old and New are Go source: where a
// guard is more than an expression they are lines, with their tabs.
const (
	decide = "internal/rollout" // whichever of its files
	retire = "internal/rollout/retire.go"
	effect = "internal/rollout/effect.go"
	run    = "internal/roller/run.go"
	pace   = "internal/roller/pace.go"
	loop   = "internal/roller/roller.go"
	guard  = "internal/rollout/guards.go"
	hold   = "internal/rollout/hold.go"
	orders = "internal/rollout/orders.go"
	probe  = "internal/rollout/testroute.go"
	watch  = "internal/roller/guard.go"
	back   = "internal/roller/rollback.go"
	record = "internal/endpoint/record.go"
)

var guards = slices.Concat(bySeeds, byTests)

// where is the file of a folder that has a text in it; a file is itself.
func where(file, text string) string {
	names, err := filepath.Glob(filepath.Join(root, file, "*.go"))
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		if content, err := os.ReadFile(name); err == nil && bytes.Contains(content, []byte(text)) {
			return filepath.ToSlash(filepath.Join(file, filepath.Base(name)))
		}
	}
	return file
}

// byASeed makes guards that some seed misses.
func byASeed(file string, table [][3]string) []Guard {
	var all []Guard
	for _, g := range table {
		all = append(all, Guard{g[0], where(file, g[1]), g[1], g[2], "./internal/simulation", "TestSeeds"})
	}
	return all
}

// byATest makes guards that a test of their own misses.
func byATest(file, pkg, run string, table [][3]string) []Guard {
	all := byASeed(file, table)
	for i := range all {
		all[i].Package, all[i].Run = pkg, run
	}
	return all
}
