// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	door = `package door

func Opens(age int) bool {
	if age < 18 {
		return false
	}
	return age != 99
}
`
	doorTest = `package door

import "testing"

func TestChild(t *testing.T) {
	if Opens(17) {
		t.Error("it opens to a child")
	}
}

func TestGrownUp(t *testing.T) {
	if !Opens(18) {
		t.Error("it does not open")
	}
}

func TestBroken(t *testing.T) { t.Error("it never opens") }
`
)

func TestWorkshop(t *testing.T) {
	w := &Workshop{Root: t.TempDir(), Scratch: t.TempDir()}
	for name, text := range map[string]string{"go.mod": "module door\n\ngo 1.26\n", "door/door.go": door, "door/door_test.go": doorTest} {
		file := filepath.Join(w.Root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := Guard{Name: "good", File: "door/door.go", Old: "age < 18", New: "false", Package: "door", Test: "TestChild"}
	for name, c := range map[string]struct {
		change func(*Guard)
		want   string // a part of the error; none when the guard is proven
	}{
		"noticed":            {func(*Guard) {}, ""},
		"not noticed":        {func(g *Guard) { g.Test = "TestGrownUp" }, "unproven"},
		"fails with it, too": {func(g *Guard) { g.Test = "TestBroken" }, "with the guard in its place"},
		"no such test":       {func(g *Guard) { g.Test = "TestThief" }, "there is no test"},
		"not there any more": {func(g *Guard) { g.Old = "age < 21" }, "0 times"},
		"there twice":        {func(g *Guard) { g.Old = "age" }, "not once"},
		"does not compile":   {func(g *Guard) { g.New = "" }, "do not build"},
	} {
		g := good
		c.change(&g)
		err := w.Sound(t.Context(), g)
		noticed := ""
		if err == nil {
			noticed, err = w.TakeOut(t.Context(), g)
		}
		switch {
		case c.want == "" && (err != nil || !strings.HasSuffix(noticed, "it opens to a child")):
			t.Errorf("%s: noticed by %q, %v", name, noticed, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v does not say %q", name, err, c.want)
		}
	}
	left, err := os.ReadFile(filepath.Join(w.Root, "door/door.go"))
	if err != nil || string(left) != door {
		t.Errorf("the source was changed, %v", err)
	}
}
