// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

// root is the repository's folder, from this package's.
const root = "../.."

// Guard is one line of defence: its text in a file, the text without it, and the
// tests that must notice.
type Guard struct {
	Name, File, Old, New string
	Package, Run         string
}

// Every guard's text is where the table says, once.
func TestGuardsAreThere(t *testing.T) {
	for _, g := range guards {
		text, err := os.ReadFile(filepath.Join(root, g.File))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), g.Old); n != 1 {
			t.Errorf("%s: %q is in %s %d times, want once: the table is out of date", g.Name, g.Old, g.File, n)
		}
	}
}

// Taken out by a test build, each guard is missed by some seed, or by a test of its own.
func TestGuards(t *testing.T) {
	if os.Getenv("IONROLLER_SABOTAGE") == "" {
		t.Skip("taking guards out is slow: set IONROLLER_SABOTAGE=1, or run make guards")
	}
	for _, g := range guards {
		t.Run(g.Name, func(t *testing.T) { g.takeOut(t) })
	}
}

func (g Guard) takeOut(t *testing.T) {
	file, err := filepath.Abs(filepath.Join(root, g.File))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	without := filepath.Join(folder, filepath.Base(file))
	if err := os.WriteFile(without, bytes.Replace(text, []byte(g.Old), []byte(g.New), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: without}})
	if err != nil {
		t.Fatal(err)
	}
	plan, binary := filepath.Join(folder, "overlay.json"), filepath.Join(folder, "without.test")
	if err := os.WriteFile(plan, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "test", "-c", "-overlay", plan, "-o", binary, g.Package)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("without it the code does not compile:\n%s", out)
	}
	run := exec.Command(binary, "-test.run", "^"+g.Run+"$", "-test.timeout", "20m")
	run.Dir = filepath.Join(root, g.Package)
	out, err := run.CombinedOutput()
	if err == nil {
		t.Errorf("nothing notices that it is gone: %s", g.Old)
		return
	}
	if g.Run != "TestSeeds" {
		proven(t, g, string(out))
		return
	}
	found := broken.FindStringSubmatch(string(out))
	if found == nil {
		t.Fatalf("it failed in another way:\n%s", out)
	}
	t.Log(found[0])
	seed, err := strconv.ParseUint(found[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if with := simulation.Live(seed, nil).Violation; with != nil {
		t.Errorf("this proves nothing, the seed fails with the guard too: %v", with)
	}
}

// proven says which tests noticed, by what they say.
func proven(t *testing.T, g Guard, out string) {
	t.Helper()
	if !strings.Contains(out, "--- FAIL: "+g.Run) {
		t.Fatalf("it failed in another way:\n%s", out)
	}
	t.Logf("%s of %s fails", g.Run, g.Package)
}

// broken matches what TestSeeds says of a seed that failed.
var broken = regexp.MustCompile(`seed (\d+) breaks .*`)
