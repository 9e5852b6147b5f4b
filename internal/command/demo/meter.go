// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"context"
	"math"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
)

// How much of the stream a reading covers, how often a terminal shows one, and how
// long lines stay away while nothing changes.
const (
	readingOver = time.Second
	redrawEvery = 150 * time.Millisecond
	quietFor    = 5 * time.Second
	// noticeable is the change of a share that is worth a new line: less is the
	// scatter of one second's requests.
	noticeable = 0.08
)

// meter shows the shares of traffic while the story goes on.
type meter struct {
	screen  *screen
	palette palette
	stream  *load.Stream
	start   time.Time
	width   int

	shown   load.Summary // by the last plain line
	shownAt time.Time
}

// run shows readings until ctx ends, then takes the live line away.
func (m *meter) run(ctx context.Context) {
	every := readingOver
	if m.screen.live {
		every = redrawEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			m.screen.redraw("")
			return
		case now := <-tick.C:
			m.show(now)
		}
	}
}

func (m *meter) show(now time.Time) {
	last := load.Summarize(m.stream.Since(now.Add(-readingOver)))
	failed := m.stream.Failed()
	if m.screen.live {
		m.screen.redraw(m.palette.liveLine(now.Sub(m.start), last, failed, m.width))
		return
	}
	if m.changed(last) || now.Sub(m.shownAt) >= quietFor {
		m.shown, m.shownAt = last, now
		m.screen.say("%s", m.palette.plainLine(now.Sub(m.start), last, failed))
	}
}

// changed says whether a version came, left, or has a noticeably other share.
func (m *meter) changed(last load.Summary) bool {
	if last.Failed > 0 {
		return true
	}
	for _, version := range m.palette.versions {
		before, after := m.shown.Share(version), last.Share(version)
		if (before > 0) != (after > 0) || math.Abs(after-before) >= noticeable {
			return true
		}
	}
	return false
}
