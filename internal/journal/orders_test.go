// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func TestPreemption(t *testing.T) {
	w := newWorld(t)
	first := w.acquire("apply")
	before := w.Context()
	second, err := w.journal().Preempt(before, "checkout", who("rollback"))
	if err != nil {
		t.Fatal(err)
	}
	if n := w.clock.Now().Sub(began); n > time.Second {
		t.Errorf("it waited %s for a live holder", n)
	}
	var held *roller.Held
	if err := first.Commit(before, first.Record()); !errors.As(err, &held) || held.Lease.Who.Run != "rollback" {
		t.Errorf("the first holder wrote the record: %v", err)
	}
	w.commit(second, func(r *endpoint.Record) { r.RuleARN = "rule" })
	if r := w.stored(); r.RuleARN != "rule" || r.Epoch != 2 {
		t.Errorf("record %+v", r)
	}
	if trail := w.trail(); len(trail) != 1 || trail[0].Type != endpoint.LeaseTaken {
		t.Errorf("trail %+v", trail)
	}
	if _, err := w.journal().Preempt(before, "basket", who("rollback")); err == nil {
		t.Error("an endpoint without a record was taken")
	}
}

// Orders wait until they are carried out, the oldest first, whoever holds the lease.
func TestOrders(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	ctx := context.Background()
	var ids []string
	for i, kind := range []endpoint.OrderKind{endpoint.OrderPause, endpoint.OrderResume} {
		o := endpoint.NewOrder(kind, "", "", who("command"), began.Add(time.Duration(i)*time.Second))
		ids = append(ids, o.ID)
		if err := w.journal().Order(ctx, "checkout", o); err != nil {
			t.Fatal(err)
		}
	}
	orders, err := s.Orders(ctx)
	if err != nil || len(orders) != 2 || orders[0].ID != ids[0] || orders[1].Kind != endpoint.OrderResume {
		t.Fatalf("orders %+v, %v", orders, err)
	}
	if err := s.Obeyed(ctx, ids[0]); err != nil {
		t.Fatal(err)
	}
	if orders, err := s.Orders(ctx); err != nil || len(orders) != 1 || orders[0].ID != ids[1] {
		t.Errorf("orders %+v, %v", orders, err)
	}
	// Another endpoint's are not ours.
	if err := w.journal().Order(ctx, "check", endpoint.NewOrder(endpoint.OrderAbort, "", "", who("command"), began)); err != nil {
		t.Fatal(err)
	}
	if orders, err := s.Orders(ctx); err != nil || len(orders) != 1 {
		t.Errorf("orders %+v, %v", orders, err)
	}
}

// What happened before a time is passed over without being read, and nothing that
// happened since.
func TestEventsBefore(t *testing.T) {
	w := newWorld(t)
	for range 3 { // an event an hour, the first one at once
		s := w.acquire("apply")
		w.commit(s, func(r *endpoint.Record) { r.Append(note("something")) })
		if err := s.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.advance(time.Hour)
	}
	var read int
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".json") {
			read++
		}
		return false
	}
	for after, want := range map[time.Duration]int64{
		-time.Hour: 0, 0: 0, clocksDiffer - time.Second: 0, 2 * clocksDiffer: 1, time.Hour: 1, 90 * time.Minute: 2, 9 * time.Hour: 3,
	} {
		if last, err := w.journal().Before(t.Context(), "checkout", began.Add(after)); err != nil || last != want {
			t.Errorf("%s later it is %d, want %d: %v", after, last, want, err)
		}
	}
	if last, err := w.journal().Before(t.Context(), "basket", began); err != nil || last != 0 {
		t.Errorf("without a trail it is %d: %v", last, err)
	}
	if read > 0 {
		t.Errorf("%d objects were read", read)
	}
}

func TestEventsAreReadInPages(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	const n = eventsPerPage + 3
	w.commit(s, func(r *endpoint.Record) {
		for range n {
			r.Append(note("something"))
		}
	})
	var last int64
	pages := 0
	for {
		events, err := w.journal().Events(t.Context(), "checkout", last)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		pages++
		for _, e := range events {
			if e.Sequence != last+1 {
				t.Fatalf("event %d follows %d", e.Sequence, last)
			}
			last = e.Sequence
		}
	}
	if last != n || pages != 2 {
		t.Errorf("%d events in %d pages", last, pages)
	}
}
