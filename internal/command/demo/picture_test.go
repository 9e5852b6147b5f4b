// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// texts parses a picture strictly and returns what it says.
func texts(t *testing.T, picture string) (said []string) {
	t.Helper()
	inText := false
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return said
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				said = append(said, string(token))
			}
		}
	}
}

func draw(t *testing.T, line timeline, marks []mark, subtitle string) string {
	t.Helper()
	var b strings.Builder
	if err := drawPicture(&b, line, marks, subtitle); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "%!") {
		t.Errorf("bad numbers in\n%s", b.String())
	}
	return b.String()
}

func TestPictureNamesWhatItShows(t *testing.T) {
	line := newTimeline(append(answers(first, 0, 15), answers(next, 15, 31)...), versions, time.Second)
	marks := []mark{
		{after(2), command, "apply 1.1.0"},
		{after(15), shift, "100%"},
		{after(99), command, "after the end"},
	}
	said := "|" + strings.Join(texts(t, draw(t, line, marks, "310 requests, 0 failed")), "|") + "|"
	for _, want := range []string{
		"310 requests, 0 failed", "1.0.0: 150 answers", "1.1.0: 160 answers", "1.2.0: 0 answers",
		"apply 1.1.0", "requests a second", "0:00", "0:30", "0%", "100%", "1.0.0", "1.1.0",
	} {
		if !strings.Contains(said, "|"+want+"|") {
			t.Errorf("the picture does not say %q", want)
		}
	}
	if strings.Contains(said, "after the end") {
		t.Error("a mark outside the time is drawn")
	}
}

// What is drawn comes from outside: it cannot break out of its place.
func TestPictureEscapes(t *testing.T) {
	evil := `</text><script>alert("&")</script>`
	line := newTimeline(answers(evil, 0, 30), []string{evil}, time.Second)
	picture := draw(t, line, []mark{{after(1), command, evil}}, evil)
	if strings.Contains(picture, "<script") {
		t.Error("markup came through")
	}
	if said := strings.Join(texts(t, picture), "|"); strings.Count(said, evil) < 3 {
		t.Errorf("the text is lost: %s", said)
	}
}

func TestPictureOfNothing(t *testing.T) {
	texts(t, draw(t, newTimeline(nil, versions, time.Second), nil, ""))
}

func TestLabelsDoNotOverlap(t *testing.T) {
	p := picture{line: newTimeline(answers(first, 0, 60.2), versions, time.Second), marks: []mark{
		{after(10), command, "a rather long label"},
		{after(11), shift, "5%"},
		{after(12), shift, "25%"},
		{after(40), shift, "50%"},
	}}
	if rows := p.layLabels(); rows != 3 || p.rows[0] != 0 || p.rows[1] != 1 || p.rows[2] != 2 || p.rows[3] != 0 {
		t.Errorf("rows %v", p.rows)
	}
}

func TestLabelAtTheEndStaysInside(t *testing.T) {
	p := picture{line: newTimeline(answers(first, 0, 60.2), versions, time.Second)}
	if at := p.labelled(mark{after(59), recovery, "hot rollback"}); at.to > pictureWidth {
		t.Errorf("the label reaches to %.0f", at.to)
	}
}

func TestFailuresAreDrawn(t *testing.T) {
	results := answers(first, 0, 10)
	results[42].Status = 502
	if !strings.Contains(draw(t, newTimeline(results, versions, time.Second), nil, ""), `class="failed"`) {
		t.Error("a failed request cannot be seen")
	}
}
