// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func (w *world) borrow() (roller.Session, error) {
	return w.journal().Borrow(w.Context(), "checkout", who("daemon"))
}

func (w *world) release(s roller.Session) {
	w.Helper()
	if err := s.Release(context.Background()); err != nil {
		w.Error(err)
	}
}

// Who borrows waits for nobody, and takes only what is free or was left by the dead.
func TestBorrow(t *testing.T) {
	w := newWorld(t)
	if _, err := w.borrow(); err == nil {
		t.Error("an endpoint without a record was borrowed")
	}
	s := w.acquire("apply")
	var held *roller.Held
	if _, err := w.borrow(); !errors.As(err, &held) || held.Lease.Who.Run != "apply" {
		t.Errorf("borrowing what is held: %v", err)
	}
	w.release(s)
	if s, err := w.borrow(); err != nil {
		t.Errorf("borrowing what is free: %v", err)
	} else {
		w.release(s)
	}
	w.acquire("killed")
	if took := w.Now().Sub(began); took > 0 {
		t.Errorf("somebody waited %s", took)
	}
	w.advance(Length)
	if _, err := w.borrow(); !errors.As(err, &held) {
		t.Errorf("borrowing what a holder may still have: %v", err)
	}
	w.advance(2 * rounding)
	if _, err := w.borrow(); err != nil {
		t.Errorf("borrowing what a dead run left: %v", err)
	}
}

// A lease that was borrowed is waited for, a while.
func TestWaitingForWhoBorrowed(t *testing.T) {
	w := newWorld(t)
	w.release(w.acquire("apply"))
	s, err := w.borrow()
	if err != nil {
		t.Fatal(err)
	}
	w.after(5*time.Second, func() { w.commit(s, func(r *endpoint.Record) { r.RuleARN = "arn:rule" }) })
	w.after(9*time.Second, func() { w.release(s) })
	next, err := w.journal().Acquire(t.Context(), "checkout", who("apply"), true)
	if err != nil || next.Record().RuleARN != "arn:rule" {
		t.Fatalf("acquiring what was borrowed: %v", err)
	}
	if took := w.Now().Sub(began); took < 9*time.Second || took > 9*time.Second+poll {
		t.Errorf("it took %s", took)
	}
	w.release(next)

	// The wait has an end, and does not extend to who comes after.
	forever, err := w.borrow()
	if err != nil {
		t.Fatal(err)
	}
	start := w.Now()
	for n := 5 * time.Second; n < 3*time.Minute; n += 5 * time.Second {
		w.after(n, func() { _ = forever.Renew(context.Background()) })
	}
	var held *roller.Held
	if _, err := w.journal().Acquire(t.Context(), "checkout", who("apply"), true); !errors.As(err, &held) || !held.Lease.Brief {
		t.Errorf("acquiring what is borrowed for ever: %v", err)
	}
	if took := w.Now().Sub(start); took < briefly || took > briefly+Length {
		t.Errorf("it took %s", took)
	}
}

// A glance tells who has something to be done, without reading a record.
func TestGlance(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	glance := func() roller.Glimpse {
		t.Helper()
		seen, err := w.journal().Glance(t.Context())
		if err != nil || len(seen) != 1 || seen[0].Endpoint != "checkout" {
			t.Fatalf("seen %+v, %v", seen, err)
		}
		return seen[0]
	}
	before := glance()
	if again := glance(); again != before || again.Ordered || again.Version == "" {
		t.Errorf("nothing happened, and %+v became %+v", before, again)
	}
	w.commit(s, func(r *endpoint.Record) { r.RuleARN = "arn:rule" })
	if now := glance(); now.Version == before.Version {
		t.Error("a write does not show")
	}
	if now := glance(); now.Lapsed || now.Silent > rounding {
		t.Errorf("a holder that wrote just now counts as dead: %+v", now)
	}
	w.advance(Length + 2*rounding)
	if now := glance(); !now.Lapsed || now.Silent < Length {
		t.Errorf("a holder that was silent for all of its lease does not count as dead: %+v", now)
	}
	o := endpoint.NewOrder(endpoint.OrderPause, "", "", who("command"), began)
	if err := w.journal().Order(t.Context(), "checkout", o); err != nil {
		t.Fatal(err)
	}
	if !glance().Ordered {
		t.Error("an order does not show")
	}
	if err := s.Obeyed(t.Context(), o.ID); err != nil {
		t.Fatal(err)
	}
	if glance().Ordered {
		t.Error("an order that was carried out shows")
	}
}
