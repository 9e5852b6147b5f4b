// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
)

// timeline is what the requests saw, cut into slots of equal length.
type timeline struct {
	start    time.Time
	slot     time.Duration
	versions []string // in the order of the story, those without an answer too
	slots    []load.Summary
	total    load.Summary
}

// newTimeline leaves out the last, incomplete slot.
func newTimeline(results []load.Result, versions []string, slot time.Duration) timeline {
	t := timeline{slot: slot, versions: versions, total: load.Summarize(results)}
	if len(results) == 0 {
		return t
	}
	t.start = results[0].Sent
	end := t.start
	for _, r := range results {
		if r.Sent.Before(t.start) {
			t.start = r.Sent
		}
		if r.Sent.After(end) {
			end = r.Sent
		}
	}
	inSlot := make([][]load.Result, int(end.Sub(t.start)/slot)+1)
	for _, r := range results {
		i := int(r.Sent.Sub(t.start) / slot)
		inSlot[i] = append(inSlot[i], r)
	}
	for _, results := range inSlot[:len(inSlot)-1] {
		t.slots = append(t.slots, load.Summarize(results))
	}
	return t
}

// length is the time that the slots cover.
func (t timeline) length() time.Duration { return time.Duration(len(t.slots)) * t.slot }
