// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// The lease's timing, as the journal has it.
const (
	leaseLength = 30 * time.Second
	leaseMargin = 10 * time.Second
	leaseTaken  = leaseLength + time.Second // after so long without a write
	leasePoll   = 2 * time.Second
)

// write is the last one of a record: each makes a version, and a write is refused
// when the version it rests on is not the last.
type write struct {
	version int
	at      time.Time
}

type journal struct{ h *holder }

func (j *journal) Read(ctx context.Context, name string) (*endpoint.Record, error) {
	var read *endpoint.Record
	err := j.h.call(ctx, "Read", func() error {
		if stored := j.h.w.Records[name]; stored != nil {
			r := j.h.w.copied(stored)
			read = &r
		}
		return nil
	})
	return read, err
}

func (j *journal) List(context.Context) ([]string, error) {
	var names []string
	for name := range j.h.w.Records {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Acquire takes the lease as the journal does: at once when there is none, else
// after nothing was written for its length.
func (j *journal) Acquire(ctx context.Context, name string, who endpoint.Who, create bool) (roller.Session, error) {
	w := j.h.w
	var watched *endpoint.Lease
	for first, began := w.writes[name].version, w.Now; ; {
		s, err := j.take(ctx, name, who, claim{create: create})
		if s != nil || err != nil {
			return s, err
		}
		watched = cmp.Or(w.Records[name].Lease, watched)
		if err := (clock{j.h}).Sleep(ctx, leasePoll); err != nil {
			return nil, err
		}
		if lease := cmp.Or(w.Records[name].Lease, watched); w.writes[name].version != first && (!lease.Brief || w.Now.Sub(began) > time.Minute) {
			return nil, &roller.Held{Endpoint: name, Lease: *lease}
		}
	}
}

// Borrow takes the lease from nobody who may be alive.
func (j *journal) Borrow(ctx context.Context, name string, who endpoint.Who) (roller.Session, error) {
	s, err := j.take(ctx, name, who, claim{brief: true})
	if s == nil && err == nil {
		return nil, &roller.Held{Endpoint: name}
	}
	return s, err
}

// Preempt takes the lease from whoever has it.
func (j *journal) Preempt(ctx context.Context, name string, who endpoint.Who) (roller.Session, error) {
	return j.take(ctx, name, who, claim{preempt: true})
}

// claim is how a lease is taken.
type claim struct{ create, preempt, brief bool }

// take takes the lease, or returns nil when another holder may be alive and is not
// to be preempted.
func (j *journal) take(ctx context.Context, name string, who endpoint.Who, c claim) (roller.Session, error) {
	w := j.h.w
	var s *session
	err := j.h.call(ctx, "Acquire", func() error {
		last := w.writes[name]
		record := endpoint.Record{Schema: endpoint.SchemaVersion, Endpoint: name, Phase: endpoint.Creating, Created: w.Now}
		if stored := w.Records[name]; stored != nil {
			record = w.copied(stored)
		} else if !c.create {
			return fmt.Errorf("endpoint %s has no record", name)
		}
		if record.Lease != nil && !c.preempt && w.Now.Sub(last.at) < leaseTaken {
			return nil
		}
		if c.create && record.Phase == endpoint.Deleted {
			record.Revive(w.Now)
		}
		if c.preempt && w.life != nil {
			w.life.robbed(j.h, record.Lease)
		}
		if dead := record.Lease; dead != nil {
			record.Append(endpoint.Event{Type: endpoint.LeaseTaken, Time: w.Now, Who: who, Message: "the lease was taken over from " + dead.Who.Run})
		}
		record.Epoch++
		j.h.robber = nil // if it was robbed, that was of an earlier lease
		s = &session{h: j.h, claim: c, id: fmt.Sprint(j.h.run, record.Epoch), who: who, epoch: record.Epoch, version: last.version}
		return s.put(record)
	})
	if s == nil || err != nil {
		return nil, err
	}
	return s, s.publish(ctx)
}

type session struct {
	h       *holder
	id      string
	who     endpoint.Who
	epoch   int64
	claim   claim
	version int
	record  endpoint.Record
	granted time.Time
}

func (s *session) Record() endpoint.Record { return s.h.w.copied(&s.record) }

func (s *session) Commit(ctx context.Context, r endpoint.Record) error {
	if err := s.h.call(ctx, "Commit", func() error { return s.put(r) }); err != nil {
		return err
	}
	return s.publish(ctx)
}

// put writes a record with the lease. An earlier write of its own, whose answer was
// lost, does not stand in its way.
func (s *session) put(r endpoint.Record) error {
	w := s.h.w
	name := r.Endpoint
	last, stored := w.writes[name], w.Records[name]
	if last.version != s.version {
		switch {
		case stored.Lease == nil:
			return roller.TakenSince(&s.record, stored)
		case stored.Lease.Holder != s.id:
			return &roller.Held{Endpoint: name, Lease: *stored.Lease}
		}
	}
	r = w.copied(&r)
	r.Epoch = s.epoch
	now := w.Now.Add(s.h.skew)
	r.Lease = &endpoint.Lease{Holder: s.id, Who: s.who, Since: now, Until: now.Add(leaseLength), Brief: s.claim.brief, Rollback: s.claim.preempt}
	s.store(name, &r)
	s.granted, s.record = w.Now, r
	return nil
}

func (s *session) store(name string, r *endpoint.Record) {
	w := s.h.w
	if w.life != nil {
		w.life.writing(s.h, w.Records[name], r)
	}
	s.version = w.writes[name].version + 1
	w.writes[name] = write{s.version, w.Now}
	frozen := w.copied(r)
	w.Records[name] = &frozen
}

// publish puts the outbox into the trail, where an earlier holder may have put it
// already.
func (s *session) publish(ctx context.Context) error {
	if len(s.record.Outbox) == 0 {
		return nil
	}
	outbox := s.record.Outbox
	err := s.h.call(ctx, "Publish", func() error {
		for _, e := range outbox {
			if int(e.Sequence) > len(s.h.w.Trail) {
				s.h.w.Trail = append(s.h.w.Trail, e)
			}
		}
		return nil
	})
	if err == nil {
		s.record.Outbox = nil
	}
	return err
}

func (s *session) Renew(ctx context.Context) error {
	if s.h.w.Now.Sub(s.granted) <= leaseLength/3 {
		return nil
	}
	if err := s.h.call(ctx, "Renew", func() error { return s.put(s.record) }); err != nil {
		return err
	}
	return s.publish(ctx)
}

// Within returns a context that is over, by the model's clock, a margin before the
// lease is.
func (s *session) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	return leased{ctx, s.h.w, s.granted.Add(leaseLength - leaseMargin)}, func() {}
}

type leased struct {
	context.Context
	w     *World
	until time.Time
}

func (l leased) Deadline() (time.Time, bool) { return l.until, true }

func (l leased) Err() error {
	if err := l.Context.Err(); err != nil {
		return err
	}
	if !l.w.Now.Before(l.until) {
		return context.DeadlineExceeded
	}
	return nil
}

func (s *session) Release(ctx context.Context) error {
	return s.h.call(ctx, "Release", func() error {
		stored := s.h.w.Records[s.record.Endpoint]
		if stored == nil || stored.Lease == nil || stored.Lease.Holder != s.id {
			return nil
		}
		r := s.record.Clone()
		r.Lease = nil
		s.store(r.Endpoint, &r)
		return nil
	})
}

// copied copies a record, so that nothing is shared: in a story through its stored
// form, so that whatever the form loses is lost here too. Lives are many and copy
// it directly, but for those that show that both are the same.
func (w *World) copied(r *endpoint.Record) endpoint.Record {
	if w.life != nil && !w.life.frozen {
		return r.Clone()
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	var copied endpoint.Record
	if err := json.Unmarshal(text, &copied); err != nil {
		panic(err)
	}
	return copied
}
