// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/trail"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// How often AWS itself is looked at, beside the journal: an endpoint on which
// something is going on, and one at rest. What the trail tells is looked at at once.
const (
	lookMoving  = 5 * time.Second
	lookResting = time.Minute
)

// watcher looks at endpoints, one after the other.
type watcher struct {
	loop      *roller.Roller
	all       bool // of the owner's endpoints: those that come later too
	endpoints []*watched
	listed    time.Time
	none      func() // says that there are no endpoints yet; nil: nobody needs to be told
}

// watched is one endpoint under watch.
type watched struct {
	name     string
	follower *trail.Follower
	first    *endpoint.Record // as it was when the watch began
	capped   bool             // it was at its cap then
	record   *endpoint.Record
	sight    *sight
	looked   time.Time
}

// news is what a turn brought.
type news struct {
	events []endpoint.Event
	lines  []trail.Line // of the events
	more   []trail.Line // of what no event tells
	fresh  []sight      // of endpoints that were looked at
	sights []sight      // of all endpoints
	fault  error        // what could not be read, and will be tried again
}

// turn looks at all endpoints once. It returns errEnded, or what went wrong with the
// rollout, when the one endpoint that is watched has come to rest.
func (w *watcher) turn(ctx context.Context) (news, error) {
	var n news
	if w.all {
		n.fault = w.list(ctx)
	}
	var ended error
	for _, e := range w.endpoints {
		err := w.look(ctx, e, &n)
		var other *roller.OtherOwner
		switch {
		case w.all && errors.As(err, &other): // whose it is could not be read when it was listed
			continue
		case err != nil:
			n.fault = errors.Join(n.fault, unseen(e.name, err))
			continue
		}
		if e.sight != nil {
			n.sights = append(n.sights, *e.sight)
		}
		if !w.all && e.record != nil {
			ended = e.ended(w.loop.Clock.Now())
		}
	}
	return n, ended
}

// list finds the owner's endpoints.
func (w *watcher) list(ctx context.Context) error {
	now := w.loop.Clock.Now()
	if !w.listed.IsZero() && now.Sub(w.listed) < lookResting {
		return nil
	}
	names, err := w.loop.Journal.List(ctx)
	if err != nil {
		return err
	}
	w.listed = now
	known := map[string]bool{}
	for _, e := range w.endpoints {
		known[e.name] = true
	}
	for _, name := range names {
		if known[name] {
			continue
		}
		var other *roller.OtherOwner
		if _, err := w.loop.Journal.Read(ctx, name); errors.As(err, &other) {
			continue
		}
		w.endpoints = append(w.endpoints, w.newWatched(name))
	}
	return nil
}

func (w *watcher) newWatched(name string) *watched {
	return &watched{name: name, follower: &trail.Follower{Journal: w.loop.Journal, Endpoint: name}}
}

// look reads the journal, and AWS when it is time for that.
func (w *watcher) look(ctx context.Context, e *watched, n *news) error {
	next := e.follower.Next
	if e.record == nil {
		next = e.follower.Start
	}
	record, events, err := next(ctx)
	n.events = append(n.events, events...)
	n.lines = append(n.lines, e.follower.Lines(record, events)...)
	if err != nil || record == nil {
		return err
	}
	began := e.record == nil
	if e.record = record; began {
		e.first = record
	}
	every := lookResting
	if moving(record) {
		every = lookMoving
	}
	now := w.loop.Clock.Now()
	if !began && len(events) == 0 && now.Sub(e.looked) < every {
		return nil
	}
	world, err := w.loop.Observe(ctx, e.name)
	if err != nil {
		return err
	}
	e.looked = now
	if world == nil {
		e.sight = nil // it was removed
		return nil
	}
	s := newSight(*world)
	n.more = append(n.more, changes(e.sight, s)...)
	n.fresh = append(n.fresh, s)
	e.sight = &s
	e.capped = e.capped || began && s.Status == rollout.StatusCapped
	return nil
}

// errEnded says that a rollout ended well.
var errEnded = errors.New("the rollout has ended")

// ended says that what was going on has come to rest: errEnded or what went wrong.
// It is nil as long as something goes on, or before anything began.
func (e *watched) ended(now time.Time) error {
	r := e.record
	if l := r.Lease; l != nil && now.Before(l.Until) {
		return nil // the run that holds it has not ended, and its last events come
	}
	last, f := r.LastRollout, r.Rollout
	over := f == nil && last != nil && (e.first.LastRollout == nil || e.first.LastRollout.ID != last.ID)
	switch {
	case over && last.Result == endpoint.RolledBack, over && last.Result == endpoint.Superseded && !pursued(r):
		return &roller.Failed{Endpoint: e.name, Live: r.ActiveVersion(), Outcome: last, Removed: r.Phase == endpoint.Deleted, Back: r.GivenBack()}
	case over && last.Result == endpoint.Succeeded:
		return errEnded
	case r.Phase == endpoint.Deleted && e.first.Phase != endpoint.Deleted:
		return errEnded
	case f != nil && f.Frozen != nil && (e.first.Rollout == nil || e.first.Rollout.Frozen == nil || e.first.Rollout.ID != f.ID):
		return &roller.Frozen{Endpoint: e.name, Live: r.ActiveVersion(), Version: r.Environment(f.To).Release.Version, Share: shareOf(f), Takes: r.TakingOver(), Stall: *f.Frozen}
	case e.sight != nil && e.sight.Status == rollout.StatusCapped && !e.capped:
		return errEnded
	}
	return nil
}

// pursued says that another release than the live one is still wanted.
func pursued(r *endpoint.Record) bool {
	active := r.Environment(r.Active)
	return active == nil || active.Fingerprint != r.Desired.Release.Fingerprint()
}

func shareOf(f *endpoint.Rollout) int {
	if f.Step < 0 {
		return 0
	}
	return f.Share(f.Step)
}
