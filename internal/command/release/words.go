// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import (
	"fmt"
	"io"
	"strings"
)

// words are what Terraform says on standard error: they are passed on, and kept, for
// its exit code does not tell one failure from another.
type words struct {
	io.Writer
	kept strings.Builder
}

// Write passes on, and keeps.
func (w *words) Write(text []byte) (int, error) {
	w.kept.Write(text)
	return w.Writer.Write(text)
}

// say says that words are among them, however Terraform breaks and frames its lines.
func (w *words) say(wanted string) bool {
	plain := strings.Join(strings.Fields(strings.ReplaceAll(w.kept.String(), "│", " ")), " ")
	return strings.Contains(plain, wanted)
}

// WasHeld says that another run had the lease while Terraform applied, and has ended since.
type WasHeld struct{ Endpoint string }

func (h *WasHeld) Error() string {
	return fmt.Sprintf("endpoint %s was being changed by another run, which has ended meanwhile: run this again", h.Endpoint)
}

// heldWords are how the provider says that another run has an endpoint's lease; it
// names that run behind them.
func heldWords(name string) string { return fmt.Sprintf("endpoint %s is being changed by ", name) }
