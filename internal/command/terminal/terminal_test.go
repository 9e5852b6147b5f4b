// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package terminal

import (
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
)

var (
	columns = []Column{{Title: "NAME"}, {Title: "ID", Spare: 2}, {Title: "AGE", Spare: 1}, {Title: "WHAT"}}
	rows    = [][]Cell{
		{{"checkout-1", Plain}, {"e-abcdefghij", Soft}, {"3h", Plain}, {"it is as it should be", Good}},
		{{"c", Plain}, {"e-1", Soft}, {"12m", Plain}, {"gone", Bad}},
	}
)

// written is what a width makes of the table.
func written(t *testing.T, width int) string {
	t.Helper()
	var b strings.Builder
	o := New(&b)
	o.width = width
	if err := o.Table(2, columns, rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	for width, want := range map[int]string{
		0: `
  NAME        ID            AGE  WHAT
  checkout-1  e-abcdefghij  3h   it is as it should be
  c           e-1           12m  gone
`,
		50: `
  NAME        AGE  WHAT
  checkout-1  3h   it is as it should be
  c           12m  gone
`,
		34: `
  NAME        WHAT
  checkout-1  it is as it should
              be
  c           gone
`,
		// Nothing helps where there is no room: the terminal breaks the lines.
		10: `
  NAME        WHAT
  checkout-1  it is as it should be
  c           gone
`,
	} {
		if got := "\n" + written(t, width); got != want {
			t.Errorf("at a width of %d:%s", width, got)
		}
	}
}

// No line is longer than the terminal is wide, as long as there is room for anything.
func TestTableFits(t *testing.T) {
	for width := 34; width < 100; width++ {
		for line := range strings.Lines(written(t, width)) {
			if n := lipgloss.Width(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("at a width of %d a line has %d: %s", width, n, line)
			}
		}
	}
}

func TestColour(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{nil, "gone"}, // a pipe
		{map[string]string{"CLICOLOR_FORCE": "1"}, "\x1b[31mgone\x1b[0m"},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, "gone"},
	} {
		t.Setenv("CLICOLOR_FORCE", "")
		t.Setenv("NO_COLOR", "")
		for name, value := range c.env {
			t.Setenv(name, value)
		}
		var b strings.Builder
		if got := New(&b).Paint(Bad, "gone"); got != c.want {
			t.Errorf("%v: %q, want %q", c.env, got, c.want)
		}
	}
}

func TestWrapped(t *testing.T) {
	var b strings.Builder
	o := New(&b)
	o.width = 30
	if err := o.Wrapped(4, Plain, "one two three four five six seven eight"); err != nil {
		t.Fatal(err)
	}
	if want := "    one two three four five\n    six seven eight\n"; b.String() != want {
		t.Errorf("got %q", b.String())
	}
}

func TestFacts(t *testing.T) {
	var b strings.Builder
	o := New(&b)
	o.width = 34
	err := o.Facts(2, []Fact{{"lease", "held by terraform, by alice on laptop", Plain}, {"daemon", "none", Notable}})
	if want := "  lease   held by terraform, by\n          alice on laptop\n  daemon  none\n"; err != nil || b.String() != want {
		t.Errorf("%v, got\n%s", err, b.String())
	}
}
