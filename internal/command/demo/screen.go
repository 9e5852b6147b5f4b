// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// screen prints the story, and on a terminal keeps one live line below it.
type screen struct {
	out  io.Writer
	live bool

	mu   sync.Mutex
	line string // the live line as it stands now
}

const clearLine = "\r\x1b[2K"

// say prints a line of the story, above the live line.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf(format, args...) + "\n"
	if s.line != "" {
		text = clearLine + text + s.line
	}
	_, _ = io.WriteString(s.out, text)
}

// quote prints the words of another program, indented.
func (s *screen) quote(text string) {
	for line := range strings.Lines(strings.Trim(text, "\n")) {
		s.say("    %s", strings.TrimRight(line, "\n"))
	}
}

// redraw replaces the live line; empty takes it away.
func (s *screen) redraw(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live || line == s.line {
		return
	}
	s.line = line
	_, _ = io.WriteString(s.out, clearLine+line)
}
