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
	if _, err := rollbackTarget(*before, version); err != nil {
		return err // told before anybody loses a lease
	}
	session, err := r.Journal.Preempt(ctx, name, r.Who)
	if err != nil {
		return err
	}
	record := session.Record()
	// A run may have begun since it was looked.
	preempted := before.Record.Lease != nil || record.Epoch != before.Record.Epoch+1
	run := &run{Roller: r, session: session, record: record, world: rollout.World{Record: record}}
	defer run.end()
	world, err := r.look(ctx, record)
	if err != nil {
		return err
	}
	target, err := rollbackTarget(world, version)
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

// rollbackTarget chooses the environment that traffic goes back to: one that carried
// all of it before, because any other would go through steps and gates.
func rollbackTarget(w rollout.World, version string) (*endpoint.Environment, error) {
	r := &w.Record
	var best *endpoint.Environment
	for i := range r.Environments {
		e := &r.Environments[i]
		back := r.Role(e) == endpoint.Retained && e.Proven && e.Retired.IsZero() || e.Name == r.Active && r.Rollout != nil
		if !back || version != "" && e.Release.Version != version {
			continue
		}
		if s := w.Sights[e.Name]; !s.Found || s.Healthy == 0 {
			continue
		}
		if best == nil || e.Name == r.Active || best.Name != r.Active && e.OutSince.After(best.OutSince) {
			best = e
		}
	}
	switch {
	case best != nil:
		return best, nil
	case version == "":
		return nil, fmt.Errorf("endpoint %s has no healthy environment to go back to: release %s is all there is; deploy an earlier version with Terraform", r.Endpoint, r.ActiveVersion())
	default:
		return nil, fmt.Errorf("endpoint %s keeps no healthy environment of release %s to go back to that carried all traffic before; ionroller status %s lists what there is", r.Endpoint, version, r.Endpoint)
	}
}
