// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// leaseLength is how long the model's leases last.
const leaseLength = 30 * time.Second

type journal struct {
	w      *World
	holder string
}

func (j *journal) Read(_ context.Context, name string) (*endpoint.Record, error) {
	if err := j.w.fault("Read", false); err != nil || j.w.Records[name] == nil {
		return nil, err
	}
	r := thaw(j.w.Records[name])
	return &r, nil
}

func (j *journal) List(context.Context) ([]string, error) {
	var names []string
	for name := range j.w.Records {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (j *journal) Acquire(_ context.Context, name string, who endpoint.Who, create bool) (roller.Session, error) {
	if err := j.w.fault("Acquire", false); err != nil {
		return nil, err
	}
	stored := j.w.Records[name]
	if stored == nil {
		if !create {
			return nil, fmt.Errorf("endpoint %s has no record", name)
		}
		stored = &endpoint.Record{Schema: endpoint.SchemaVersion, Endpoint: name, Phase: endpoint.Creating, Created: j.w.Now}
	}
	r := thaw(stored)
	if l := r.Lease; l != nil && j.w.Now.Before(l.Until) {
		// A holder that is dead in the model never comes back: wait it out.
		if l.Who.Run != "dead" {
			return nil, &roller.Held{Endpoint: name, Lease: *l}
		}
		j.w.Now = l.Until
	}
	if r.Phase == endpoint.Deleted && create {
		r.Revive(j.w.Now)
	}
	r.Epoch++
	r.Lease = &endpoint.Lease{Holder: fmt.Sprint(j.holder, r.Epoch), Who: who, Since: j.w.Now, Until: j.w.Now.Add(leaseLength)}
	s := &session{w: j.w, record: r}
	return s, s.write(r)
}

func (j *journal) Preempt(_ context.Context, name string, who endpoint.Who) (roller.Session, error) {
	if err := j.w.fault("Acquire", false); err != nil {
		return nil, err
	}
	r := thaw(j.w.Records[name])
	r.Epoch++
	r.Lease = &endpoint.Lease{Holder: fmt.Sprint(j.holder, r.Epoch), Who: who, Since: j.w.Now, Until: j.w.Now.Add(leaseLength)}
	s := &session{w: j.w, record: r}
	return s, s.write(r)
}

func (j *journal) Events(_ context.Context, _ string, after int64) ([]endpoint.Event, error) {
	return j.w.Trail[min(int(after), len(j.w.Trail)):], j.w.fault("Events", false)
}

func (j *journal) Order(_ context.Context, _ string, o endpoint.Order) error {
	if err := j.w.fault("Order", false); err != nil {
		return err
	}
	j.w.Orders = append(j.w.Orders, o)
	return nil
}

func (s *session) Orders(context.Context) ([]endpoint.Order, error) {
	return slices.Clone(s.w.Orders), s.w.fault("Orders", false)
}

func (s *session) Obeyed(_ context.Context, id string) error {
	if err := s.w.fault("Obeyed", false); err != nil {
		return err
	}
	s.w.Orders = slices.DeleteFunc(s.w.Orders, func(o endpoint.Order) bool { return o.ID == id })
	return nil
}

type session struct {
	w      *World
	record endpoint.Record
}

func (s *session) Record() endpoint.Record { return thaw(&s.record) }

func (s *session) Commit(_ context.Context, r endpoint.Record) error {
	if err := s.w.fault("Commit", false); err != nil {
		return err
	}
	if err := s.write(r); err != nil {
		return err
	}
	return s.w.fault("Commit", true)
}

func (s *session) write(r endpoint.Record) error {
	if stored := s.w.Records[r.Endpoint]; stored != nil && stored.Epoch > r.Epoch {
		if stored.Lease == nil {
			return fmt.Errorf("another run has taken the lease of %s over and given it back", r.Endpoint)
		}
		return &roller.Held{Endpoint: r.Endpoint, Lease: *stored.Lease}
	}
	s.w.Trail = append(s.w.Trail, r.Outbox...)
	r.Outbox = nil
	if s.record.Lease != nil {
		lease := *s.record.Lease
		lease.Until = s.w.Now.Add(leaseLength)
		r.Lease = &lease
	}
	s.record = thaw(&r)
	frozen := thaw(&r)
	s.w.Records[r.Endpoint] = &frozen
	return nil
}

func (s *session) Renew(context.Context) error {
	if s.w.Now.Before(s.record.Lease.Until.Add(-leaseLength * 2 / 3)) {
		return nil
	}
	return s.write(s.record)
}

func (s *session) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

func (s *session) Release(context.Context) error {
	if err := s.w.fault("Release", false); err != nil {
		return err
	}
	r := s.w.Records[s.record.Endpoint]
	if r.Lease != nil && r.Lease.Holder == s.record.Lease.Holder {
		r.Lease = nil
	}
	return nil
}

// thaw copies a record through its stored form, so that nothing is shared and
// whatever the form loses is lost here too.
func thaw(r *endpoint.Record) endpoint.Record {
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
