// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// trails are read as one, each a page at a time from where it was read to before.
type trails struct {
	loop   *roller.Roller
	named  []string // none: all of the owner
	since  time.Time
	follow bool // what has no trail yet may get one
	each   []*unread
	untold error             // what was found since it was told last that cannot be read
	faults map[string]string // of endpoints, that were found
}

// unread is what a trail has that was not told yet.
type unread struct {
	endpoint string
	page     []endpoint.Event
	last     int64 // event that was read, or happened before what is asked for
	over     bool  // there was no more when it was looked at
}

// find looks for trails that there are by now, and for more in those that are known.
func (t *trails) find(ctx context.Context) error {
	names, all, err := chosen(ctx, t.loop, t.named)
	if err != nil {
		return err
	}
	for _, u := range t.each {
		u.over = false
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if slices.ContainsFunc(t.each, func(u *unread) bool { return u.endpoint == name }) {
			continue
		}
		var other *roller.OtherOwner
		if all {
			if _, err := t.loop.Journal.Read(ctx, name); errors.As(err, &other) {
				continue
			} else if err != nil {
				t.fault(name, unseen(name, err))
				continue
			}
		}
		last, err := t.loop.Journal.Before(ctx, name, t.since)
		if err != nil {
			t.fault(name, unseen(name, err))
			continue
		}
		t.each = append(t.each, &unread{endpoint: name, last: last})
	}
	return nil
}

// fault notes what keeps a trail from being read, and the others not; once, as long as it
// stays the same.
func (t *trails) fault(name string, err error) {
	if t.faults[name] == err.Error() {
		return
	}
	if t.faults == nil {
		t.faults = map[string]string{}
	}
	t.faults[name] = err.Error()
	t.untold = errors.Join(t.untold, err)
}

// toldAtATime bounds the events that are read before the first of them is shown.
const toldAtATime = 100

// read returns what comes next in the order of time; nothing when there is no more.
func (t *trails) read(ctx context.Context) ([]endpoint.Event, error) {
	var merged []endpoint.Event
	for len(merged) < toldAtATime {
		var first *unread
		for _, u := range t.each {
			t.fill(ctx, u)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if !u.over && (first == nil || u.page[0].Time.Before(first.page[0].Time)) {
				first = u
			}
		}
		if first == nil {
			break
		}
		merged, first.page = append(merged, first.page[0]), first.page[1:]
	}
	return merged, nil
}

// fill reads the next page of a trail of which everything was told.
func (t *trails) fill(ctx context.Context, u *unread) {
	if u.over || len(u.page) > 0 {
		return
	}
	var err error
	u.page, err = t.loop.Journal.Events(ctx, u.endpoint, u.last)
	if u.over = err != nil || len(u.page) == 0; !u.over {
		u.last = u.page[len(u.page)-1].Sequence
	}
	switch {
	case err != nil:
		t.fault(u.endpoint, unseen(u.endpoint, err))
	case u.over && u.last == 0 && len(t.named) > 0 && !t.follow:
		t.fault(u.endpoint, fmt.Errorf("endpoint %s has no trail", u.endpoint))
	}
}
