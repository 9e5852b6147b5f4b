// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
)

func colours(profile termenv.Profile) palette {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(profile)
	return newPalette(r, versions)
}

func counts(first, next, bad, failed int) load.Summary {
	return load.Summary{
		Requests: first + next + bad + failed,
		Failed:   failed,
		Versions: map[string]int{versions[0]: first, versions[1]: next, versions[2]: bad},
	}
}

func TestLiveLine(t *testing.T) {
	p := colours(termenv.Ascii)
	tests := map[string]struct {
		last   load.Summary
		failed int
		width  int
		want   string
	}{
		"one version": {counts(60, 0, 0, 0), 0, 60,
			" 1:05 ████████████████████  █ 1.0.0 100%   60/s  0 failed"},
		"two versions": {counts(75, 25, 0, 0), 2, 72,
			" 1:05 ███████████████▒▒▒▒▒  █ 1.0.0 75%  ▒ 1.1.0 25%  100/s  2 failed"},
		"no answers":   {counts(0, 0, 0, 5), 5, 50, " 1:05 ························      5/s  5 failed"},
		"no room":      {counts(75, 25, 0, 0), 0, 30, " 1:05 0 failed"},
		"room for few": {counts(75, 25, 0, 0), 0, 10, " 1:05 0 f"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := p.liveLine(65*time.Second, test.last, test.failed, test.width)
			if lipgloss.Width(got) >= test.width {
				t.Errorf("%d cells wide, want less than %d", lipgloss.Width(got), test.width)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the width, a line never wraps: it could not be redrawn in place.
func TestLiveLineNeverWraps(t *testing.T) {
	for _, profile := range []termenv.Profile{termenv.Ascii, termenv.ANSI256} {
		for width := 1; width < 200; width++ {
			line := colours(profile).liveLine(time.Hour, counts(1000, 1000, 1000, 1000), 123456, width)
			if got := lipgloss.Width(line); got >= width && width > 1 {
				t.Errorf("%d cells on a terminal of %d", got, width)
			}
		}
	}
}

func TestColoursReplaceTextures(t *testing.T) {
	line := colours(termenv.ANSI256).liveLine(0, counts(50, 50, 0, 0), 0, 80)
	if !strings.Contains(line, "\x1b[38;5;214m") || strings.Contains(line, "▒") {
		t.Errorf("line %q", line)
	}
	if line := colours(termenv.Ascii).liveLine(0, counts(50, 50, 0, 0), 0, 80); strings.Contains(line, "\x1b") {
		t.Errorf("colours without a terminal for them: %q", line)
	}
}

func TestDivide(t *testing.T) {
	p := colours(termenv.Ascii)
	tests := []struct {
		last load.Summary
		want []int
	}{
		{counts(100, 0, 0, 0), []int{20, 0, 0}},
		{counts(999, 1, 0, 0), []int{19, 1, 0}},
		{counts(1, 1, 1, 0), []int{6, 7, 7}},
		{counts(0, 0, 0, 9), []int{0, 0, 0}},
	}
	for _, test := range tests {
		if got := p.divide(test.last, 20); !cmp.Equal(got, test.want) {
			t.Errorf("%v divided as %v, want %v", test.last.Versions, got, test.want)
		}
	}
}
