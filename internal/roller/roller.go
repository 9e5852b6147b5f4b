// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Roller moves endpoints to what is desired of them.
type Roller struct {
	Platform Platform
	Balancer Balancer
	DNS      DNS
	Meter    Meter
	Prober   Prober
	Journal  Journal
	Clock    Clock
	Who      endpoint.Who
	// Expires is when credentials end that nobody renews; zero for others.
	Expires time.Time
	Log     hclog.Logger
}

// Expectation is what a plan showed, and what it started from. An apply does
// nothing riskier.
type Expectation struct {
	Active string // the environment that was live
	Plan   rollout.Plan
}

// Create makes an endpoint. What a run that died has left of the same endpoint is
// adopted; a failure takes away what was made and returns a *Failed.
func (r *Roller) Create(ctx context.Context, spec endpoint.Spec) (rollout.World, error) {
	run, err := r.begin(ctx, spec.Name, true)
	if err != nil {
		return rollout.World{}, err
	}
	defer run.end()
	if run.record.Phase == endpoint.Deleting {
		// A removal was interrupted: finish it, then begin anew.
		if _, err := run.drive(ctx); err != nil {
			return run.world, err
		}
		run.record.Revive(r.Clock.Now())
	}
	if run.record.Phase != endpoint.Creating && !justCreated(&run.record, spec) {
		return run.world, &Exists{Endpoint: spec.Name}
	}
	return run.apply(ctx, spec, nil)
}

// justCreated says that an endpoint is exactly what is to be created, and that its
// creation is all that ever happened to it: the run may have died before Terraform
// knew.
func justCreated(r *endpoint.Record, spec endpoint.Spec) bool {
	return r.Phase == endpoint.Live && r.Rollout == nil && r.LastRollout != nil && r.LastRollout.From == "" &&
		r.Accepted != nil && reflect.DeepEqual(*r.Accepted, spec)
}

// Begun words how far an endpoint to be created got already, by a run that was
// interrupted; "" where nothing is. It writes nothing.
func (r *Roller) Begun(ctx context.Context, spec endpoint.Spec) (string, error) {
	record, _, err := r.there(ctx, spec)
	if err != nil || record == nil || record.Phase == "" {
		return "", err
	}
	return stands(record), nil
}

// Update moves an endpoint that exists to a spec. On a *Failed the live release
// is untouched; on an *Interrupted traffic stays as it is and the next run goes on.
func (r *Roller) Update(ctx context.Context, spec endpoint.Spec, expect *Expectation) (rollout.World, error) {
	run, err := r.begin(ctx, spec.Name, false)
	if err != nil {
		return rollout.World{}, err
	}
	defer run.end()
	if run.record.Phase != endpoint.Live {
		return run.world, fmt.Errorf("endpoint %s is in phase %q, not live: plan again", spec.Name, run.record.Phase)
	}
	return run.apply(ctx, spec, expect)
}

// Remove takes an endpoint away: the rule first, then, drained, everything else.
// An endpoint that does not exist is removed already.
func (r *Roller) Remove(ctx context.Context, name string) error {
	record, err := r.Journal.Read(ctx, name)
	if err != nil || record == nil || buried(record) {
		return err
	}
	if a := record.Accepted; record.Phase == endpoint.Live && a != nil && a.DeletionProtection {
		return &Protected{Endpoint: name}
	}
	run, err := r.begin(ctx, name, false)
	if err != nil {
		return err
	}
	defer run.end()
	if run.record.Phase == endpoint.Deleted {
		return nil
	}
	next := run.record.Clone()
	next.Phase = endpoint.Deleting
	// What stands in the way is told before anything is touched.
	world, err := r.look(ctx, next)
	if err != nil {
		return err
	}
	if stop, ok := rollout.Decide(world).Action.(rollout.Stop); ok {
		return &Blocked{Reason: stop.Reason}
	}
	if err := run.commit(ctx, next, endpoint.Event{Type: endpoint.EndpointRemovalStarted, Time: r.Clock.Now(), Message: "the endpoint is to be removed"}); err != nil {
		return err
	}
	_, err = run.drive(ctx)
	return err
}

// buried says that an endpoint was removed and the run that did it came to its
// end. One that died may have left its lease, and its last events out of the trail.
func buried(r *endpoint.Record) bool {
	return r.Phase == endpoint.Deleted && r.Lease == nil && len(r.Outbox) == 0
}

// Reconcile goes on with whatever an endpoint's record still asks for. One that
// was removed asks for nothing, and its lease is not taken. A rollout that fails on
// the way is a *Failed.
func (r *Roller) Reconcile(ctx context.Context, name string) (rollout.World, error) {
	return r.reconcile(ctx, name, false)
}

// Tend does for an endpoint what can be done without waiting: it carries out
// orders, and leaves the rest to who comes next.
func (r *Roller) Tend(ctx context.Context, name string) (rollout.World, error) {
	return r.reconcile(ctx, name, true)
}

func (r *Roller) reconcile(ctx context.Context, name string, passes bool) (rollout.World, error) {
	record, err := r.Journal.Read(ctx, name)
	if err == nil && record != nil && buried(record) {
		return rollout.World{Record: *record}, nil
	}
	if err != nil {
		return rollout.World{}, err
	}
	run, err := r.begin(ctx, name, false)
	if err != nil {
		return rollout.World{}, err
	}
	defer run.end()
	run.passes, run.steers = passes, passes
	before := run.record.LastRollout
	world, err := run.drive(ctx)
	if err == nil {
		err = run.newlyFailed(before)
	}
	return world, err
}

// Observe returns what is known and seen of an endpoint, or nil when there is
// none. It writes nothing and takes no lease. Where CloudWatch cannot be read, it tells
// what there is without it: whoever goes back in an emergency looks here first.
func (r *Roller) Observe(ctx context.Context, name string) (*rollout.World, error) {
	record, err := r.Journal.Read(ctx, name)
	if err != nil || record == nil || record.Phase == endpoint.Deleted {
		return nil, err
	}
	w, err := r.see(ctx, *record)
	if err != nil {
		return &w, err
	}
	if err := r.guard(ctx, &w); err != nil {
		if ctx.Err() != nil {
			return &w, err
		}
		r.Log.Warn("unable to read the alarms and metrics of a rollout", "endpoint", name, "error", err)
	}
	return &w, nil
}

// Check returns what would stop a spec from being applied, as far as AWS can be
// asked, and warnings. It writes nothing. record is nil for an endpoint that does not exist yet.
func (r *Roller) Check(ctx context.Context, spec endpoint.Spec, record *endpoint.Record, creates bool) ([]endpoint.Problem, error) {
	if record == nil {
		there, taken, err := r.there(ctx, spec)
		if err != nil || taken != nil {
			return taken, err
		}
		record = there
	}
	probe := record.Clone()
	probe.Desired = spec
	problems, err := r.Balancer.Check(ctx, &probe, creates)
	if err != nil {
		return nil, err
	}
	more, err := r.Platform.Check(ctx, &probe, creates)
	if err != nil {
		return nil, err
	}
	records, err := r.DNS.Check(ctx, &probe)
	if err != nil {
		return nil, err
	}
	missing, _, _, err := r.alarms(ctx, spec)
	return slices.Concat(problems, more, records, missing), err
}

// Doubts returns what speaks against a rollout to the spec at the moment: alarms
// that fire already, which keep it from beginning, and alarms too slow for its
// bakes, which do not. It writes nothing.
func (r *Roller) Doubts(ctx context.Context, spec endpoint.Spec) (firing, slow []endpoint.Problem, err error) {
	_, firing, slow, err = r.alarms(ctx, spec)
	return firing, slow, err
}

// there returns what an endpoint to be created begins with: nothing, or what an
// interrupted creation left. A name that is taken is a problem.
func (r *Roller) there(ctx context.Context, spec endpoint.Spec) (*endpoint.Record, []endpoint.Problem, error) {
	name := spec.Name
	record, err := r.Journal.Read(ctx, name)
	var other *OtherOwner
	switch {
	case errors.As(err, &other):
		return nil, []endpoint.Problem{{Attribute: "name", Message: other.Error()}}, nil
	case err != nil:
		return nil, nil, err
	case record == nil || record.Phase == endpoint.Deleted:
		return &endpoint.Record{Endpoint: name}, nil, nil
	case record.Phase == endpoint.Live && !justCreated(record, spec):
		return nil, []endpoint.Problem{{Attribute: "name", Message: (&Exists{Endpoint: name}).Error()}}, nil
	default:
		return record, nil, nil
	}
}

// look observes AWS and puts together the world that a decision rests on.
func (r *Roller) look(ctx context.Context, record endpoint.Record) (rollout.World, error) {
	w, err := r.see(ctx, record)
	if err != nil {
		return w, err
	}
	return w, r.guard(ctx, &w)
}

// see is look without what the guards say.
func (r *Roller) see(ctx context.Context, record endpoint.Record) (rollout.World, error) {
	w := rollout.World{Record: record}
	sights, err := r.Platform.Observe(ctx, &record)
	if err != nil {
		return w, err
	}
	rollout.Learn(&w.Record, sights)
	groups := map[string]string{}
	for _, e := range w.Record.Environments {
		if e.TargetGroup != "" {
			groups[e.Name] = e.TargetGroup
		}
	}
	traffic, used, err := r.Balancer.Observe(ctx, &w.Record, groups)
	if err != nil {
		return w, err
	}
	for name, s := range sights {
		s.UsedBy = used[name]
		sights[name] = s
	}
	if record.TakingOver() {
		sights[endpoint.OldGroups] = rollout.Sight{Found: true, Ready: true, Healthy: traffic.OldHealthy}
	}
	w.Sights, w.Traffic, w.Now = sights, traffic, r.Clock.Now().UTC()
	r.listen(ctx, &w)
	r.resolve(ctx, &w)
	return w, nil
}

// resolve looks at the DNS records of the hosts, when that matters. When it cannot,
// they count as they were left.
func (r *Roller) resolve(ctx context.Context, w *rollout.World) {
	if !rollout.Pointing(*w) {
		return
	}
	seen, err := r.DNS.Observe(ctx, &w.Record)
	if err != nil {
		if ctx.Err() == nil {
			r.Log.Warn("unable to look at the DNS records of an endpoint", "endpoint", w.Record.Endpoint, "error", err)
		}
		seen = rollout.AssumedDNS(&w.Record)
	}
	w.DNS = seen
}

// listen asks the meter about environments whose end is near: do they still
// answer requests? When it cannot tell, they count as answering, and the drain
// deadline decides.
func (r *Roller) listen(ctx context.Context, w *rollout.World) {
	for _, name := range rollout.Ending(*w) {
		e, s := w.Record.Environment(name), w.Sights[name]
		n, err := r.Meter.Requests(ctx, e.TargetGroup, e.OutSince.Add(rollout.PropagationMargin))
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("unable to count the requests of an environment", "environment", name, "error", err)
		}
		s.Quiet = err == nil && n == 0
		w.Sights[name] = s
	}
}
