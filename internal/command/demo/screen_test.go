// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"
)

func TestLiveLineStaysBelowTheStory(t *testing.T) {
	var out strings.Builder
	s := &screen{out: &out, live: true}
	s.say("one")
	s.redraw("bar 1")
	s.redraw("bar 1") // nothing new, nothing written
	s.say("two")
	s.redraw("")
	s.say("three")
	want := "one\n" + clearLine + "bar 1" + clearLine + "two\nbar 1" + clearLine + "three\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestPlainScreenHasNoLiveLine(t *testing.T) {
	var out strings.Builder
	s := &screen{out: &out}
	s.redraw("bar")
	s.quote("\na\n  b\n")
	if got := out.String(); got != "    a\n      b\n" {
		t.Errorf("output %q", got)
	}
}

func TestPlainLinesOnlyForChanges(t *testing.T) {
	m := &meter{palette: colours(termenv.Ascii), shown: counts(75, 25, 0, 0)}
	for _, test := range []struct {
		first, next, failed int
		want                bool
	}{
		{75, 25, 0, false},
		{70, 30, 0, false}, // scatter
		{50, 50, 0, true},
		{100, 0, 0, true},
		{75, 25, 1, true},
	} {
		if got := m.changed(counts(test.first, test.next, 0, test.failed)); got != test.want {
			t.Errorf("%+v is a change: %v", test, got)
		}
	}
}
