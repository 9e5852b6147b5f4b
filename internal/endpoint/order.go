// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"crypto/rand"
	"strings"
	"time"
)

// OrderKind is what an operator asks for.
type OrderKind string

const (
	OrderPromote OrderKind = "promote" // lift the pause, or the freeze, and go on
	OrderPause   OrderKind = "pause"   // hold the rollout where it is
	OrderResume  OrderKind = "resume"  // go on after a pause order
	OrderAbort   OrderKind = "abort"   // take traffic back and reject the release
	OrderRetry   OrderKind = "retry"   // clear the rejection of Release
	OrderUnpin   OrderKind = "unpin"   // lift the pin
	OrderDrop    OrderKind = "drop"    // remove the environments of Release
)

// Order is what an operator asked for. Whoever holds the lease carries it out.
type Order struct {
	ID      string    `json:"id"` // unique; later orders sort after earlier ones
	Kind    OrderKind `json:"kind"`
	Release string    `json:"release,omitempty"` // version or fingerprint, where the kind needs one
	Force   bool      `json:"force,omitempty"`   // drop what carries traffic too
	Reason  string    `json:"reason,omitempty"`
	Time    time.Time `json:"time"`
	// Judged is Record.Judged of the record as who gave the order saw it: a later pin or
	// rejection is not what it is about. Zero: not known, and it is about any.
	Judged time.Time `json:"judged,omitzero"`
	Who    Who       `json:"who"`
}

// NewOrder makes an order with an id of its own.
func NewOrder(kind OrderKind, release, reason string, who Who, now time.Time) Order {
	return Order{
		ID:   now.UTC().Format("20060102T150405.000") + "-" + strings.ToLower(rand.Text()[:8]),
		Kind: kind, Release: release, Reason: reason, Time: now.UTC(), Who: who,
	}
}
