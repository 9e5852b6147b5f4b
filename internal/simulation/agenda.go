// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"slices"
	"time"
)

// agenda is what will happen, in order: model time jumps from one entry to the
// next. Entries of one time keep the order in which they were made.
type agenda []entry

type entry struct {
	at time.Time
	do func()
}

// plan lets something happen at a time.
func (w *World) plan(at time.Time, do func()) {
	i, _ := slices.BinarySearchFunc(w.agenda, at, func(e entry, at time.Time) int {
		if e.at.After(at) {
			return 1
		}
		return -1
	})
	w.agenda = slices.Insert(w.agenda, i, entry{at, do})
}

// next lets the first entry happen.
func (w *World) next() {
	e := w.agenda[0]
	w.agenda = slices.Delete(w.agenda, 0, 1)
	if e.at.After(w.Now) {
		w.Now = e.at
	}
	e.do()
}

// free says that nothing happens before a time.
func (w *World) free(until time.Time) bool {
	return len(w.agenda) == 0 || w.agenda[0].at.After(until)
}
