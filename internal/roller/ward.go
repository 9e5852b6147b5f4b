// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"errors"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Ward is one of many endpoints that somebody looks after. Between two visits it
// costs neither a goroutine nor a lease nor a call.
type Ward struct {
	Name string
	pace pace
}

// Visit is what a visit to an endpoint came to.
type Visit struct {
	World rollout.World
	// Gone says that there is nothing to look after: no endpoint, or one that was
	// removed.
	Gone bool
	// Again is when to come again at the latest; zero: nothing is waited for.
	Again time.Time
}

// shortWait is the longest time for which a visit stays to wait for something.
const shortWait = 5 * time.Second

// borrowTimeout bounds the taking of a lease for a visit.
const borrowTimeout = 20 * time.Second

// Glance tells what may have happened to which endpoint, without reading their records.
func (r *Roller) Glance(ctx context.Context) ([]Glimpse, error) { return r.Journal.Glance(ctx) }

// Visit looks at an endpoint without its lease, and borrows that only while there is
// something to do: whoever wants to change the endpoint meanwhile, finds it free
// however long a bake lasts. ordered says that an order waits. An endpoint that
// somebody else is at work on is a *Held, and a rollout that failed on the way a
// *Failed.
func (r *Roller) Visit(ctx context.Context, w *Ward, ordered bool) (Visit, error) {
	record, err := r.Journal.Read(ctx, w.Name)
	if err != nil {
		return Visit{}, err
	}
	if record == nil || buried(record) {
		return Visit{Gone: true}, nil
	}
	if record.Lease == nil && !ordered {
		world, err := r.look(ctx, *record)
		if err != nil {
			return Visit{}, err
		}
		d := rollout.Decide(world)
		switch a := d.Action.(type) {
		case nil, rollout.Rest:
			return r.leave(w, world, d), nil
		case rollout.Stop:
			return Visit{World: world}, &Blocked{Reason: a.Reason}
		}
	}
	return r.help(ctx, w)
}

// help does what is to be done, unless somebody is at work on it.
func (r *Roller) help(ctx context.Context, w *Ward) (Visit, error) {
	if err := ctx.Err(); err != nil {
		return Visit{}, err
	}
	// A lease whose taking was cut short would stand until its end.
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), borrowTimeout)
	defer cancel()
	session, err := r.Journal.Borrow(whole, w.Name, r.Who)
	if err != nil {
		return Visit{}, err
	}
	record := session.Record()
	run := &run{Roller: r, session: session, record: record, world: rollout.World{Record: record}, passes: true, stays: shortWait}
	defer run.end()
	w.pace.failures, w.pace.stuck = 0, stuck{}
	before := record.LastRollout
	world, err := run.driveAt(ctx, &w.pace)
	if err == nil {
		err = run.newlyFailed(before)
	}
	var failed *Failed
	if err != nil && !errors.As(err, &failed) {
		return Visit{World: world}, err
	}
	return r.leave(w, world, rollout.Decide(world)), err
}

// leave says when to come again.
func (r *Roller) leave(w *Ward, world rollout.World, d rollout.Decision) Visit {
	v := Visit{World: world, Gone: world.Record.Phase == endpoint.Deleted, Again: d.Wake.At}
	if _, rests := d.Action.(rollout.Rest); rests && d.Wake.For != rollout.Watch {
		w.pace.waiting = ""
		return v
	}
	now := r.Clock.Now()
	if soon := now.Add(w.pace.poll(now, d.Wake.For)); v.Again.IsZero() || soon.Before(v.Again) {
		v.Again = soon
	}
	return v
}
