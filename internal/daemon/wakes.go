// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package daemon

import (
	"container/heap"
	"time"
)

// wakes are the endpoints that are to be visited, in the order of their time.
type wakes struct{ heap byTime }

// absent is the index of an endpoint that is not among the wakes.
const absent = -1

// wake lets an endpoint be visited at a time; one that is to be visited before that
// still is.
func (w *wakes) wake(c *charge, at time.Time) {
	switch {
	case c.index == absent:
		c.at = at
		heap.Push(&w.heap, c)
	case at.Before(c.at):
		c.at = at
		heap.Fix(&w.heap, c.index)
	}
}

// first is the one that is to be visited next, or nil.
func (w *wakes) first() *charge {
	if len(w.heap) == 0 {
		return nil
	}
	return w.heap[0]
}

// due takes out the first one if its time has come.
func (w *wakes) due(now time.Time) *charge {
	if c := w.first(); c == nil || c.at.After(now) {
		return nil
	}
	return heap.Pop(&w.heap).(*charge)
}

func (w *wakes) remove(c *charge) {
	if c.index != absent {
		heap.Remove(&w.heap, c.index)
	}
}

// byTime is the heap itself.
type byTime []*charge

func (b byTime) Len() int           { return len(b) }
func (b byTime) Less(i, j int) bool { return b[i].at.Before(b[j].at) }
func (b byTime) Swap(i, j int) {
	b[i], b[j] = b[j], b[i]
	b[i].index, b[j].index = i, j
}

func (b *byTime) Push(c any) {
	added := c.(*charge)
	added.index = len(*b)
	*b = append(*b, added)
}

func (b *byTime) Pop() any {
	last := len(*b) - 1
	c := (*b)[last]
	*b = (*b)[:last]
	c.index = absent
	return c
}
