// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// strayCalls is how long a call of a holder that was preempted may take effect: as
// long as its lease would have lasted.
const strayCalls = 30 * time.Second

// Rollback takes all traffic back to a release that is kept, at once and whatever
// is under way; a live run loses its lease. Without a version it is the one that a
// rollout in flight comes from, or else the one that was live last. The endpoint is
// pinned there. moved is called as soon as traffic is back; when a live run was
// preempted, Rollback then stays until no call of it can change traffic any more.
func (r *Roller) Rollback(ctx context.Context, name, version, why string, moved func(rollout.World)) error {
	before, err := r.Observe(ctx, name)
	if err != nil {
		return err
	}
	if before == nil {
		return fmt.Errorf("there is no endpoint %s", name)
	}
	if _, err := rollout.WayBack(*before, version); err != nil {
		return err // told before anybody loses a lease
	}
	session, err := r.Journal.Preempt(ctx, name, r.Who)
	if err != nil {
		return err
	}
	record := session.Record()
	// A run may have begun since it was looked.
	preempted := before.Record.Lease != nil || record.Epoch != before.Record.Epoch+1
	run := &run{Roller: r, session: session, record: record, world: rollout.World{Record: record}, steers: true}
	defer run.end()
	world, err := r.see(ctx, record)
	if err != nil {
		return err
	}
	target, err := rollout.WayBack(world, version)
	if err != nil {
		return err
	}
	next, events := rollout.GoBack(world, target.Name, why, r.Who)
	if err := run.commit(ctx, next, events...); err != nil {
		return err
	}
	run.enough = func(record *endpoint.Record) bool {
		return record.Rollout == nil && record.Move == nil && record.Active == target.Name
	}
	if _, err := run.drive(ctx); err != nil {
		return err
	}
	if !run.enough(&run.record) {
		return failed(run.world)
	}
	moved(run.world)
	run.enough, run.passes = nil, true
	if _, err := run.drive(ctx); err != nil || !preempted {
		return err
	}
	return run.reassert(ctx, r.Clock.Now().Add(strayCalls))
}

// reassert keeps traffic where it is until a time.
func (r *run) reassert(ctx context.Context, until time.Time) error {
	for r.Clock.Now().Before(until) {
		if _, err := r.drive(ctx); err != nil {
			return err
		}
		if err := r.Clock.Sleep(ctx, shortestPoll); err != nil {
			return &Interrupted{Endpoint: r.record.Endpoint, Where: r.where(applyAgain), Err: err}
		}
	}
	return nil
}
