// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"slices"
	"time"
)

// Heartbeat is the sign of life of a daemon, which goes on with what nobody drives.
type Heartbeat struct {
	ID        string    `json:"id"` // unique to one run
	Owner     string    `json:"owner"`
	Endpoints []string  `json:"endpoints,omitempty"` // names; empty: all of the owner
	Who       Who       `json:"who"`
	Since     time.Time `json:"since"`
	Beat      time.Time `json:"beat"`     // the last one, by the daemon's clock, for people to read
	Every     Duration  `json:"every"`    // the time between two beats
	Interval  Duration  `json:"interval"` // the time between two looks at an endpoint at rest
}

// missed is how many beats may be missed by a daemon that is at work.
const missed = 3

// Covers says that the daemon looks after an endpoint.
func (h Heartbeat) Covers(name string) bool {
	return len(h.Endpoints) == 0 || slices.Contains(h.Endpoints, name)
}

// Alive says that a daemon which was silent for a time is at work.
func (h Heartbeat) Alive(silent time.Duration) bool { return silent <= missed*h.Every.Std() }
