// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package trail

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Level says how much a line matters.
type Level string

// The levels.
const (
	Info  Level = "INFO"
	Warn  Level = "WARN"  // it goes another way than was asked for
	Error Level = "ERROR" // a release is not going live
)

// Line is something that happened, for people.
type Line struct {
	Level    Level
	Endpoint string
	Text     string
}

// LevelOf says how much an event matters.
func LevelOf(t endpoint.EventType) Level {
	switch t {
	case endpoint.RolloutFailed, endpoint.RolloutFrozen, endpoint.ReleaseRejected:
		return Error
	case endpoint.RolloutSuperseded, endpoint.EndpointPinned, endpoint.OrderDeclined, endpoint.EnvironmentLost,
		endpoint.LeaseTaken, endpoint.RunInterrupted:
		return Warn
	default:
		return Info
	}
}

// Of words an event.
func Of(e endpoint.Event) Line {
	return Line{Level: LevelOf(e.Type), Endpoint: e.Endpoint, Text: capital(e.Message)}
}

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// Printer writes lines, with colour where that shows.
type Printer struct {
	*terminal.Output
	Prefixed bool // with the endpoint's name, where there are several
}

// Print writes lines.
func (p *Printer) Print(lines ...Line) error {
	for _, l := range lines {
		if _, err := fmt.Fprintln(p, p.Word(l)); err != nil {
			return err
		}
	}
	return nil
}

// Word is a line as it is printed: "[INFO] Added environment: e-k3bybwxy2f".
func (p *Printer) Word(l Line) string {
	tone := map[Level]terminal.Tone{Warn: terminal.Notable, Error: terminal.Bad}[l.Level]
	text := strings.ReplaceAll(l.Text, "\n", " ")
	if p.Prefixed && l.Endpoint != "" {
		text = l.Endpoint + ": " + text
	}
	return p.Paint(tone, "["+string(l.Level)+"]") + " " + text
}
