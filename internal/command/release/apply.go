// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import (
	"context"
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/trail"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// lastLook bounds the look at the journal when Terraform has ended.
const lastLook = 20 * time.Second

// watch begins to follow the trail, and notes the record as it is before the release.
func (r *run) watch(ctx context.Context) (err error) {
	if r.Mode != Apply {
		return nil
	}
	r.follower = &trail.Follower{Journal: r.Loop.Journal, Endpoint: r.Endpoint}
	r.before, _, err = r.follower.Start(ctx)
	return err
}

// apply lets Terraform do what the plan shows, tells meanwhile what happens, and says
// what became of it.
func (r *run) apply(ctx context.Context, address, file string) error {
	r.keep = true // whatever ends this run now, it may be on its way
	following, end := context.WithCancel(context.WithoutCancel(ctx))
	r.screen.Lock()
	r.screen.address, r.screen.tell = address, func() { _, _ = r.tell(following) }
	r.screen.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for following.Err() == nil {
			_, _ = r.tell(following)
			_ = r.Loop.Clock.Sleep(following, trail.Every)
		}
	}()
	stopping, release := stopOf(ctx)
	r.words.kept.Reset() // what was said of the plan
	applied := r.tf.apply(stopping, file)
	release()
	end()
	<-ended

	looking, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	var err error
	r.after, err = r.tell(looking)
	switch {
	case applied == nil:
		r.result = Applied
		return nil
	case err != nil:
		return fmt.Errorf("%w, and the journal cannot be read, so %s is left at %s: see ionroller status %s (%w)", applied, r.place, r.Version, r.Endpoint, err)
	}
	r.keep = onItsWay(r.after, r.Version)
	return r.verdict(ctx, applied, r.before, r.after)
}

// tell prints what happened since the last time.
func (r *run) tell(ctx context.Context) (*endpoint.Record, error) {
	r.telling.Lock()
	defer r.telling.Unlock()
	record, events, err := r.follower.Next(ctx)
	r.events = append(r.events, events...)
	r.screen.Lock()
	defer r.screen.Unlock()
	if printed := r.printer.Print(r.follower.Lines(record, events)...); printed != nil {
		return record, printed
	}
	if err != nil && ctx.Err() == nil {
		r.Loop.Log.Warn("unable to read the journal", "endpoint", r.Endpoint, "error", err)
	}
	return record, err
}
