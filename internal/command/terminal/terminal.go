// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package terminal writes for people: words in colour, tables and long lines, as
// far as what they are written to can show them. A pipe gets the same words
// without colour, and every line whole.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"golang.org/x/term"
)

// Tone says how words are meant. What is said never depends on its colour alone.
type Tone int

// The tones.
const (
	Plain   Tone = iota
	Good         // as it should be
	Notable      // somebody should know of it
	Bad          // something is wrong
	Soft         // of less importance than what stands beside it
	Strong       // a heading, or what the rest is about
)

// The colours are of the 16 that every terminal has, so that they fit its theme.
var colours = map[Tone]lipgloss.Color{Good: "2", Notable: "3", Bad: "1"}

// Output is what is written to.
type Output struct {
	io.Writer
	renderer *lipgloss.Renderer
	width    int // cells of a line; 0 for as many as it takes
}

// New returns an output. NO_COLOR and TERM=dumb are heeded, and CLICOLOR_FORCE
// brings colour to a pipe.
func New(w io.Writer) *Output {
	o := &Output{Writer: w, renderer: lipgloss.NewRenderer(w)}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		o.width, _, _ = term.GetSize(int(file.Fd()))
	}
	return o
}

// Paint gives words their tone.
func (o *Output) Paint(tone Tone, words string) string {
	style := o.renderer.NewStyle()
	switch tone {
	case Plain:
		return words
	case Soft:
		style = style.Faint(true)
	case Strong:
		style = style.Bold(true)
	default:
		style = style.Foreground(colours[tone])
	}
	return style.Render(words)
}

// Wrapped writes words as a paragraph whose lines all begin at an indentation.
func (o *Output) Wrapped(indent int, tone Tone, words string) error {
	margin := strings.Repeat(" ", indent)
	for _, line := range o.wrap(words, o.width-indent) {
		if _, err := fmt.Fprintln(o, margin+o.Paint(tone, line)); err != nil {
			return err
		}
	}
	return nil
}

// Fact is something with a title.
type Fact struct {
	Title string
	Words string
	Tone  Tone
}

// Facts writes facts below each other, after an indentation.
func (o *Output) Facts(indent int, facts []Fact) error {
	widest := 0
	for _, f := range facts {
		widest = max(widest, lipgloss.Width(f.Title))
	}
	begin := indent + widest + gap
	for _, f := range facts {
		head := strings.Repeat(" ", indent) + o.Paint(Soft, f.Title) + strings.Repeat(" ", widest-lipgloss.Width(f.Title)+gap)
		for _, line := range o.wrap(f.Words, o.width-begin) {
			if _, err := fmt.Fprintln(o, head+o.Paint(f.Tone, line)); err != nil {
				return err
			}
			head = strings.Repeat(" ", begin)
		}
	}
	return nil
}

// leastWrapped is the width below which wrapping would help nobody.
const leastWrapped = 20

// wrap breaks words into lines of at most a width. Where there is no width, or too
// little, they stay one line.
func (o *Output) wrap(words string, width int) []string {
	if width < leastWrapped {
		return []string{words}
	}
	var lines []string
	for line := range strings.Lines(o.renderer.NewStyle().Width(width).Render(words)) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return lines
}
