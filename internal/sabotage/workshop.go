// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Workshop builds tests with and without guards, and runs them.
type Workshop struct {
	Root    string // of the module
	Scratch string // a folder for what is built

	mu    sync.Mutex
	whole map[string]func() (string, error) // by package: its tests with all guards in their places
	sound map[string]func() error           // by package and test
}

// Sound says why a guard's test proves nothing: it fails although the guard is in
// its place, or there is no such test.
func (w *Workshop) Sound(ctx context.Context, g Guard) error {
	w.mu.Lock()
	if w.whole == nil {
		w.whole, w.sound = map[string]func() (string, error){}, map[string]func() error{}
	}
	if w.whole[g.Package] == nil {
		w.whole[g.Package] = sync.OnceValues(func() (string, error) {
			return w.build(ctx, g.Package, strings.ReplaceAll(g.Package, "/", "-"), "")
		})
	}
	build, key := w.whole[g.Package], g.Package+" "+g.Test
	if w.sound[key] == nil {
		w.sound[key] = sync.OnceValue(func() error {
			tests, err := build()
			if err != nil {
				return err
			}
			failed, output, err := w.run(ctx, g, tests)
			if failed {
				err = fmt.Errorf("%s of %s fails with the guard in its place:\n%s", g.Test, g.Package, output)
			}
			return err
		})
	}
	check := w.sound[key]
	w.mu.Unlock()
	return check()
}

// TakeOut takes a guard out and returns how its test noticed. The error says that
// it did not, or that the guard could not be taken out.
func (w *Workshop) TakeOut(ctx context.Context, g Guard) (noticed string, err error) {
	overlay, err := w.overlay(g)
	if err != nil {
		return "", err
	}
	tests, err := w.build(ctx, g.Package, g.Name, overlay)
	if err != nil {
		return "", err
	}
	defer os.Remove(tests)
	failed, output, err := w.run(ctx, g, tests)
	if err != nil {
		return "", err
	}
	if !failed {
		return "", fmt.Errorf("unproven: %s of %s passes without the guard", g.Test, g.Package)
	}
	return complaint(output), nil
}

// overlay writes the file without the guard, and what makes go build use it.
func (w *Workshop) overlay(g Guard) (string, error) {
	text, err := g.without(w.Root)
	if err != nil {
		return "", err
	}
	source, overlay := filepath.Join(w.Scratch, g.Name+".go"), filepath.Join(w.Scratch, g.Name+".json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(w.Root, g.File): source}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(source, text, 0o600), os.WriteFile(overlay, replace, 0o600))
}

// build builds the tests of a package and returns the program.
func (w *Workshop) build(ctx context.Context, folder, name, overlay string) (string, error) {
	program := filepath.Join(w.Scratch, name+".test")
	command := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay="+overlay, "-o="+program, "./"+folder)
	command.Dir = w.Root
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the tests of %s do not build: %w\n%s", folder, err, output)
	}
	return program, nil
}

// limit is how long a test may take. One that hangs when a guard is missing waits
// for something without a deadline, and is not counted as noticing.
const limit = "90s"

func (w *Workshop) run(ctx context.Context, g Guard, tests string) (failed bool, output string, err error) {
	folder := filepath.Join(w.Root, g.Package)
	arguments := []string{"-test.run=" + pattern(g.Test), "-test.timeout=" + limit}
	if contains(folder, `"pgregory.net/rapid"`) {
		arguments = append(arguments, "-rapid.nofailfile") // it would leave the failure in the source tree
	}
	command := exec.CommandContext(ctx, tests, arguments...)
	command.Dir = folder
	text, err := command.CombinedOutput()
	output = string(text)
	var exit *exec.ExitError
	switch {
	case bytes.Contains(text, []byte("no tests to run")):
		return false, output, fmt.Errorf("there is no test %s in %s", g.Test, g.Package)
	case bytes.Contains(text, []byte("panic: test timed out")):
		return false, output, fmt.Errorf("%s of %s did not end within %s", g.Test, g.Package, limit)
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return true, output, nil
	}
	return false, output, err
}

// contains says that a text is in one of a folder's test files.
func contains(folder, text string) bool {
	files, _ := filepath.Glob(filepath.Join(folder, "*_test.go")) // the pattern is a good one
	return slices.ContainsFunc(files, func(file string) bool {
		source, err := os.ReadFile(file)
		return err == nil && bytes.Contains(source, []byte(text))
	})
}

// pattern matches a test, or a test's subtest, by its exact name.
func pattern(test string) string {
	return "^" + strings.ReplaceAll(regexp.QuoteMeta(test), "/", "$/^") + "$"
}

var said = regexp.MustCompile(`(?m)^\s+\w+_test\.go:\d+: .*$`)

// complaint is the first thing that a failed test said.
func complaint(output string) string {
	if line := said.FindString(output); line != "" {
		return strings.TrimSpace(line)
	}
	return strings.TrimSpace(output)
}
