// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTables holds the tables to the code: it costs next to nothing, and says at
// once that a guard was changed.
func TestTables(t *testing.T) {
	root := moduleRoot(t)
	named := map[string]bool{}
	for _, g := range Guards() {
		if named[g.Name] || g.Against == "" || !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(g.Name) {
			t.Errorf("%s: its name is bad or taken, or it does not say what it guards against", g.Name)
		}
		named[g.Name] = true
		if _, err := g.without(root); err != nil {
			t.Errorf("%s: %v", g.Name, err)
		}
		test, _, _ := strings.Cut(g.Test, "/")
		if !contains(filepath.Join(root, g.Package), "\nfunc "+test+"(t *testing.T)") {
			t.Errorf("%s: there is no test %s in %s", g.Name, g.Test, g.Package)
		}
	}
}

// TestReference holds the reference to the tables: the tests that it names are
// those that need a guard.
func TestReference(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "templates/guides/sandbox-reference.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## What bites")
	if !ok {
		t.Fatal("the reference has no section about what bites")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	proves := map[string]bool{}
	for _, g := range Guards() {
		test, _, _ := strings.Cut(g.Test, "/")
		proves[filepath.Base(g.Package)+"."+test] = true
	}
	named := regexp.MustCompile("`(\\w+\\.Test\\w+)`").FindAllStringSubmatch(section, -1)
	if len(named) == 0 {
		t.Error("it names no test")
	}
	for _, name := range named {
		if !proves[name[1]] {
			t.Errorf("it names %s, and no guard has it", name[1])
		}
	}
}

// TestGuards takes every guard out.
func TestGuards(t *testing.T) {
	if os.Getenv("IONROLLER_SABOTAGE") == "" {
		t.Skip("taking every guard out takes minutes: make guards does")
	}
	w := &Workshop{Root: moduleRoot(t), Scratch: t.TempDir()}
	for _, g := range Guards() {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			if err := w.Sound(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			noticed, err := w.TakeOut(t.Context(), g)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(noticed)
		})
	}
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}
