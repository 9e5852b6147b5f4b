// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func TestOneOfManyGetsTheLease(t *testing.T) {
	w := newWorld(t)
	w.frozen = true
	if n := w.contend(8); n != 1 {
		t.Errorf("%d of 8 runs made the endpoint", n)
	}
	// The holder dies; all the others notice at once that it is long gone.
	w.advance(time.Minute)
	if n := w.contend(8); n != 1 {
		t.Errorf("%d of 8 runs took the lease over", n)
	}
	if r := w.stored(); r.Epoch != 2 {
		t.Errorf("epoch %d after two holders", r.Epoch)
	}
}

// contend lets runs take the lease at the same time and counts those that do.
func (w *world) contend(runs int) int {
	results := make([]error, runs)
	var wait sync.WaitGroup
	for i := range runs {
		wait.Go(func() { _, results[i] = w.journal().Acquire(w.Context(), "checkout", who("apply"), true) })
	}
	wait.Wait()
	winners := 0
	for _, err := range results {
		var held *roller.Held
		switch {
		case err == nil:
			winners++
		case !errors.Is(err, errFrozen) && !errors.As(err, &held):
			w.Error(err)
		}
	}
	return winners
}

func TestLivingHolder(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("first")
	for n := 5 * time.Second; n <= 30*time.Second; n += 5 * time.Second {
		w.after(n, func() {
			if err := s.Renew(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	_, err := w.journal().Acquire(t.Context(), "checkout", who("second"), true)
	var held *roller.Held
	if !errors.As(err, &held) || held.Endpoint != "checkout" || held.Lease.Who.Run != "first" || !held.Lease.Since.Equal(began) {
		t.Fatalf("acquiring a lease that is held: %v", err)
	}
	if waited := w.Now().Sub(began); waited > 18*time.Second {
		t.Errorf("it took %s to see that the holder is alive", waited)
	}
	if r := w.stored(); r.Epoch != 1 {
		t.Errorf("epoch %d", r.Epoch)
	}
}

func TestDeadHolder(t *testing.T) {
	w := newWorld(t)
	dead := w.acquire("first")
	w.commit(dead, func(r *endpoint.Record) { r.RuleARN = "arn:rule" })
	s := w.acquire("second")
	waited := w.Now().Sub(began)
	if waited < Length || waited > Length+4*time.Second {
		t.Errorf("the lease of a dead holder was taken after %s", waited)
	}
	if r := s.Record(); r.Epoch != 2 || r.RuleARN != "arn:rule" || r.Lease.Who.Run != "second" || len(r.Outbox) != 0 {
		t.Errorf("taken over: %+v", r)
	}
	events := w.trail()
	if len(events) != 1 || events[0].Type != endpoint.LeaseTaken || !strings.Contains(events[0].Message, "first by arn:aws:iam::123456789012:user/ann on laptop") {
		t.Errorf("trail: %+v", events)
	}

	// The dead one was only slow.
	r := dead.Record()
	r.RuleARN = "arn:late"
	var held *roller.Held
	if err := dead.Commit(t.Context(), r); !errors.As(err, &held) || held.Lease.Who.Run != "second" {
		t.Errorf("committing after the lease was taken: %v", err)
	}
	if err := dead.Renew(t.Context()); !errors.As(err, &held) {
		t.Errorf("renewing after the lease was taken: %v", err)
	}
	if err := dead.Release(t.Context()); err != nil {
		t.Errorf("giving back what another has: %v", err)
	}
	if r := w.stored(); r.RuleARN != "arn:rule" || r.Lease == nil {
		t.Errorf("the late writer changed the record: %+v", r)
	}
}

// Who was silent for too long hears what the other did, also when that one is done.
func TestDeadHolderOfALeaseThatIsFree(t *testing.T) {
	for name, pin := range map[string]*endpoint.Pin{
		"another apply": nil, "a rollback": {Version: "1.0.0", Who: who("ionroller rollback")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			dead := w.acquire("first")
			s := w.acquire("second")
			w.commit(s, func(r *endpoint.Record) { r.Pin = pin })
			if err := s.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
			var taken *roller.TakenOver
			if err := dead.Renew(t.Context()); !errors.As(err, &taken) || (taken.Rollback == nil) != (pin == nil) {
				t.Errorf("renewing it: %v", err)
			}
		})
	}
}

func TestLeaseGivenBack(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("first")
	w.after(5*time.Second, func() {
		if err := s.Release(context.Background()); err != nil {
			t.Error(err)
		}
	})
	_, err := w.journal().Acquire(t.Context(), "checkout", who("second"), true)
	var held *roller.Held
	if !errors.As(err, &held) || held.Lease.Who.Run != "first" {
		t.Fatalf("acquiring a lease that is given back meanwhile: %v", err)
	}
	if waited := w.Now().Sub(began); waited > 5*time.Second+poll {
		t.Errorf("it took %s to see that the lease was given back", waited)
	}
	w.acquire("third")
	if err := s.Commit(t.Context(), s.Record()); err == nil || !strings.Contains(err.Error(), "given back") {
		t.Errorf("committing after the release: %v", err)
	}
	if events := w.trail(); len(events) != 0 {
		t.Errorf("an orderly change of hands left events: %v", events)
	}
}

func TestWaitingIsInterrupted(t *testing.T) {
	w := newWorld(t)
	w.acquire("first")
	ctx, cancel := context.WithCancel(t.Context())
	w.after(3*time.Second, cancel)
	if _, err := w.journal().Acquire(ctx, "checkout", who("second"), true); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestRenew(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	renew := func() string {
		if err := s.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w.stored().Nonce
	}
	first := w.stored().Nonce
	w.advance(Length / 3)
	if renew() != first {
		t.Error("renewed although only a third of the lease is over")
	}
	w.advance(time.Second)
	if renew() == first {
		t.Error("not renewed although more than a third of the lease is over")
	}
	if until := w.stored().Lease.Until; !until.Equal(w.Now().Add(Length)) {
		t.Errorf("the lease ends at %s", until)
	}
}

func TestWithin(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	w.advance(5 * time.Second)
	ctx, cancel := s.Within(t.Context())
	defer cancel()
	deadline, _ := ctx.Deadline()
	if left := time.Until(deadline); left > Length-Margin-5*time.Second || left < Length-Margin-8*time.Second {
		t.Errorf("%s left of the lease, 5 s after it was granted", left)
	}
	w.advance(Length - Margin)
	late, cancel := s.Within(t.Context())
	defer cancel()
	if late.Err() == nil || !errors.Is(context.Cause(late), errLease) {
		t.Errorf("a lease that is almost over allows work: %v", context.Cause(late))
	}
}

// skewed is a machine whose clock is wrong, and goes on at the right pace.
type skewed struct {
	*clock
	by time.Duration
}

func (s skewed) Now() time.Time { return s.clock.Now().Add(s.by) }

// Clocks that disagree by hours neither shorten nor prolong anybody's lease.
func TestClocksThatDisagree(t *testing.T) {
	for _, by := range []time.Duration{-7 * time.Hour, 5 * time.Hour} {
		w := newWorld(t)
		at := func(offset time.Duration, run string) (roller.Session, error) {
			j := w.journal()
			j.Clock = skewed{w.clock, offset}
			return j.Acquire(t.Context(), "checkout", who(run), true)
		}
		first, err := at(by, "first")
		if err != nil {
			t.Fatal(err)
		}
		for n := 5 * time.Second; n <= 20*time.Second; n += 5 * time.Second {
			w.after(n, func() {
				if err := first.Renew(context.Background()); err != nil {
					t.Errorf("a clock that is off by %s: %v", by, err)
				}
			})
		}
		var held *roller.Held
		if _, err := at(-by, "second"); !errors.As(err, &held) {
			t.Errorf("a clock that is off by %s: a living holder is overtaken: %v", -by, err)
		}
		w.advance(began.Add(20 * time.Second).Sub(w.Now()))
		died := w.Now()
		if _, err := at(-by, "third"); err != nil {
			t.Fatalf("a clock that is off by %s: a dead holder keeps its lease: %v", -by, err)
		}
		if waited := w.Now().Sub(died); waited > Length+4*time.Second || waited < Length-Length/3-time.Second {
			t.Errorf("a clock that is off by %s: a dead holder was waited for %s", -by, waited)
		}
		if err := first.Commit(t.Context(), first.Record()); !errors.As(err, &held) {
			t.Errorf("a clock that is off by %s: the first holder still writes: %v", by, err)
		}
		events := w.trail()
		if len(events) != 1 || events[0].Type != endpoint.LeaseTaken {
			t.Errorf("trail %+v", events)
		}
	}
}
