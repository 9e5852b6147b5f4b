// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// session is a lease that is held on one record. Every write prolongs it.
type session struct {
	j     *Journal
	lease endpoint.Lease // what does not change while it is held
	epoch int64

	mu       sync.Mutex
	record   endpoint.Record // without the events that are in the trail
	etag     string
	granted  time.Time // before the write that granted the lease was sent; with the monotonic clock
	released bool
	kept     map[string]bool // configurations, by their digests
}

// timely bounds the writes of a session: a network that swallows them must not hold
// the run, which goes on with a write also when it is interrupted.
func timely(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, Length-Margin)
}

// errLease is the cause of a context that ended with the lease.
var errLease = errors.New("the lease on the endpoint is about to end")

// Record is the record as it was last committed.
func (s *session) Record() endpoint.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.Clone()
}

// Commit writes the record and then, to the trail, the events of its outbox. When
// only the trail could not be written the record is committed all the same, the
// error says so, and the next write tries again.
func (s *session) Commit(ctx context.Context, r endpoint.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(ctx, r.Clone())
}

// Renew prolongs the lease when a third of it is over.
func (s *session) Renew(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.released && s.silent() <= Length/3 {
		return nil
	}
	return s.write(ctx, s.record.Clone())
}

// Within returns a context that ends a margin before the lease does.
func (s *session) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return context.WithTimeoutCause(ctx, Length-Margin-s.silent(), errLease)
}

// silent is the time since the lease was granted. A machine that slept has a
// monotonic clock that stood still and a wall clock that went on; one whose wall
// clock was set has it the other way round.
func (s *session) silent() time.Duration {
	now := s.j.Clock.Now()
	return max(now.Sub(s.granted), now.Round(0).Sub(s.granted.Round(0)))
}

// Release gives the lease back. When another run has it there is nothing to give.
func (s *session) Release(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released {
		return nil
	}
	record := s.record.Clone()
	record.Lease = nil
	err := s.replace(ctx, &record)
	var held *roller.Held
	if err != nil && !errors.As(err, &held) {
		return err
	}
	s.released = true
	return nil
}

// write stamps the record with the lease, writes it, and then its events.
func (s *session) write(ctx context.Context, r endpoint.Record) error {
	if s.released {
		return fmt.Errorf("writing the record of %s: its lease was given back", r.Endpoint)
	}
	ctx, cancel := timely(ctx)
	defer cancel()
	now := s.j.Clock.Now()
	r.Epoch = s.epoch
	lease := s.lease
	lease.Until = now.Add(Length).UTC()
	r.Lease = &lease
	if err := s.keep(ctx, &r); err != nil {
		return err
	}
	if err := s.replace(ctx, &r); err != nil {
		return err
	}
	s.granted, s.record = now, r
	if err := s.j.publish(ctx, r.Endpoint, r.Outbox); err != nil {
		return err
	}
	s.record.Outbox = nil
	return nil
}

// replace puts a record in place of the session's last one.
func (s *session) replace(ctx context.Context, r *endpoint.Record) error {
	for {
		etag, err := s.j.put(ctx, r, s.etag)
		if err == nil {
			s.etag = etag
			return nil
		}
		// Taking the lease fails like this when somebody else was quicker.
		if !errors.Is(err, errLost) || s.granted.IsZero() {
			return err
		}
		now, err := s.j.get(ctx, r.Endpoint)
		switch {
		case err != nil:
			return err
		case now == nil:
			return fmt.Errorf("writing the record of %s: it was removed from bucket %s", r.Endpoint, s.j.Bucket)
		case now.record.Lease == nil:
			return roller.TakenSince(&s.record, &now.record)
		case now.record.Lease.Holder != s.lease.Holder:
			return &roller.Held{Endpoint: r.Endpoint, Lease: *now.record.Lease}
		}
		// An earlier write of this session took effect although it seemed to fail.
		s.etag = now.etag
	}
}
