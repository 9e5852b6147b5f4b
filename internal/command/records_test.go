// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"strings"
	"testing"
	"time"
)

// What ago prints is an age, and no age is in the future.
func TestMoment(t *testing.T) {
	for text, age := range map[string]time.Duration{
		"2h": 2 * time.Hour, "8d": 192 * time.Hour, "3d4h": 76 * time.Hour, "1d2h30m": 26*time.Hour + 30*time.Minute, "0s": 0,
		"2026-01-30T12:00:00Z": 24 * time.Hour,
	} {
		if at, err := moment("--since", text, noon); err != nil || !at.Equal(noon.Add(-age)) {
			t.Errorf("%s: %s, %v", text, at, err)
		}
	}
	for text, want := range map[string]string{
		"-2h": "an age is not negative", "-2d": "an age is not negative", "-1d2h": "an age is not negative",
		"yesterday": "neither a time", "d": "neither a time", "3d-4h": "neither a time", "4h3d": "neither a time", "1.5d": "neither a time", "99999999d": "neither a time",
	} {
		if at, err := moment("--since", text, noon); err == nil || !strings.Contains(err.Error(), "--since "+text+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v", text, at, err)
		}
	}
}
