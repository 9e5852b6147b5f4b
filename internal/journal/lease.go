// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Acquire takes the endpoint's lease. A holder that is at work is a
// *roller.Held as soon as it shows a sign of life; one that died is waited for, and
// for a while one that only borrowed the lease.
//
// Whether a holder is dead is decided by S3's clock alone: nobody's own clock has
// to be right. The write that takes the lease is conditional on the very version
// that was judged, so it fails when the holder was alive after all.
func (j *Journal) Acquire(ctx context.Context, name string, who endpoint.Who, create bool) (roller.Session, error) {
	var watched *version
	for began := j.Clock.Now(); ; {
		v, err := j.get(ctx, name)
		if err != nil {
			return nil, err
		}
		if v == nil && !create {
			return nil, fmt.Errorf("endpoint %s has no record in s3://%s/%s", name, j.Bucket, j.recordKey(name))
		}
		if v != nil {
			if err := j.ours(&v.record); err != nil {
				return nil, err
			}
		}
		if watched != nil && v != nil && watched.etag != v.etag {
			// Given back meanwhile it counts too: what is wanted here rests on what was before.
			lease := cmp.Or(v.record.Lease, watched.record.Lease)
			if !lease.Brief || j.Clock.Now().Sub(began) > briefly {
				return nil, &roller.Held{Endpoint: name, Lease: *lease}
			}
		}
		if v == nil || v.record.Lease == nil || v.age >= Length+rounding {
			s, err := j.take(ctx, name, endpoint.Lease{Who: who}, create, v)
			if errors.Is(err, errLost) {
				continue
			}
			if err != nil {
				return nil, err
			}
			return s, nil
		}
		watched = v
		if err := j.Clock.Sleep(ctx, min(poll, Length+rounding-v.age)); err != nil {
			return nil, fmt.Errorf("waiting for the lease of %s, held by %s on %s: %w", name, v.record.Lease.Who.Run, v.record.Lease.Who.Host, err)
		}
	}
}

// briefly is how long a lease that was borrowed is waited for.
const briefly = time.Minute

// Borrow takes the endpoint's lease for a moment, from nobody who may be alive. Its
// lease says so, and who comes meanwhile waits for its end.
func (j *Journal) Borrow(ctx context.Context, name string, who endpoint.Who) (roller.Session, error) {
	return j.takeNow(ctx, name, endpoint.Lease{Who: who, Brief: true}, func(v *version) error {
		if lease := v.record.Lease; lease != nil && v.age < Length+rounding {
			return &roller.Held{Endpoint: name, Lease: *lease}
		}
		return nil
	})
}

// Preempt takes the endpoint's lease from whoever holds it, dead or alive. A live
// holder cannot write the record any more, but a call to AWS that it sent before
// may take effect until its lease would have ended.
func (j *Journal) Preempt(ctx context.Context, name string, who endpoint.Who) (roller.Session, error) {
	return j.takeNow(ctx, name, endpoint.Lease{Who: who, Rollback: true}, func(*version) error { return nil })
}

// takeNow takes the lease of an endpoint that exists, unless something is against it.
func (j *Journal) takeNow(ctx context.Context, name string, lease endpoint.Lease, against func(*version) error) (roller.Session, error) {
	for {
		v, err := j.get(ctx, name)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return nil, fmt.Errorf("endpoint %s has no record in s3://%s/%s", name, j.Bucket, j.recordKey(name))
		}
		if err := cmp.Or(j.ours(&v.record), against(v)); err != nil {
			return nil, err
		}
		s, err := j.take(ctx, name, lease, false, v)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errLost) {
			return nil, err
		}
	}
}

// take writes the lease into the version that was seen, which is nil for the
// first of an endpoint.
func (j *Journal) take(ctx context.Context, name string, lease endpoint.Lease, create bool, seen *version) (*session, error) {
	now := j.Clock.Now()
	record, etag, err := j.base(name, create, seen, now)
	if err != nil {
		return nil, err
	}
	if before := record.Lease; before != nil {
		record.Append(endpoint.Event{
			Time: now.UTC(), Type: endpoint.LeaseTaken, Version: record.ActiveVersion(), Who: lease.Who,
			Message: fmt.Sprintf("the lease was taken over from %s by %s on %s, last heard of %s ago", before.Who.Run, before.Who.Caller, before.Who.Host, seen.age),
			Data:    map[string]string{"holder": before.Holder, "since": before.Since.UTC().Format(time.RFC3339)},
		})
	}
	record.Epoch++
	lease.Holder, lease.Since = rand.Text(), now.UTC()
	s := &session{j: j, lease: lease, epoch: record.Epoch, etag: etag}
	if err := s.write(ctx, record); err != nil {
		if !s.granted.IsZero() { // the lease is there, and only the trail could not be written
			err = errors.Join(err, s.Release(context.WithoutCancel(ctx)))
		}
		return nil, err
	}
	return s, nil
}

// base is the record that a new lease is written into.
func (j *Journal) base(name string, create bool, seen *version, now time.Time) (endpoint.Record, string, error) {
	if seen == nil {
		if j.Owner == "" {
			return endpoint.Record{}, "", fmt.Errorf("endpoint %s cannot be made without an owner: set the provider's owner", name)
		}
		return endpoint.Record{
			Schema: endpoint.SchemaVersion, Endpoint: name, Account: j.Account, Region: j.Region,
			Owner: j.Owner, Platform: j.Platform, Phase: endpoint.Creating, Created: now.UTC(),
		}, "", nil
	}
	record := seen.record.Clone()
	if create && record.Phase == endpoint.Deleted {
		record.Revive(now.UTC())
	}
	return record, seen.etag, nil
}
