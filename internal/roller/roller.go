// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Roller moves endpoints to what is desired of them.
type Roller struct {
	Platform Platform
	Balancer Balancer
	Meter    Meter
	Journal  Journal
	Clock    Clock
	Who      endpoint.Who
	Log      hclog.Logger
}

// Expectation is what a plan showed. An apply does nothing riskier.
type Expectation struct {
	Kind    rollout.PlanKind
	Creates bool // an environment is made
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
	if run.record.Phase != endpoint.Creating {
		return run.world, &Exists{Endpoint: spec.Name}
	}
	return run.apply(ctx, spec, nil)
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
	if err != nil || record == nil || record.Phase == endpoint.Deleted {
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
	if err := run.commit(ctx, next, endpoint.Event{Type: endpoint.EndpointRemovalStarted, Time: r.Clock.Now(), Message: "the endpoint is to be removed"}); err != nil {
		return err
	}
	_, err = run.drive(ctx)
	return err
}

// Reconcile goes on with whatever an endpoint's record still asks for. One that
// was removed asks for nothing, and its lease is not taken.
func (r *Roller) Reconcile(ctx context.Context, name string) (rollout.World, error) {
	record, err := r.Journal.Read(ctx, name)
	if err == nil && record != nil && record.Phase == endpoint.Deleted {
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
	return run.drive(ctx)
}

// Observe returns what is known and seen of an endpoint, or nil when there is
// none. It writes nothing and takes no lease.
func (r *Roller) Observe(ctx context.Context, name string) (*rollout.World, error) {
	record, err := r.Journal.Read(ctx, name)
	if err != nil || record == nil || record.Phase == endpoint.Deleted {
		return nil, err
	}
	w, err := r.look(ctx, *record)
	return &w, err
}

// Check returns what would stop a spec from being applied, as far as AWS can be
// asked. It writes nothing. record is nil for an endpoint that does not exist yet.
func (r *Roller) Check(ctx context.Context, spec endpoint.Spec, record *endpoint.Record, creates bool) ([]endpoint.Problem, error) {
	if record == nil {
		there, taken, err := r.there(ctx, spec.Name)
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
	return append(problems, more...), err
}

// there returns what an endpoint to be created begins with: nothing, or what an
// interrupted creation left. A name that is taken is a problem.
func (r *Roller) there(ctx context.Context, name string) (*endpoint.Record, []endpoint.Problem, error) {
	record, err := r.Journal.Read(ctx, name)
	var other *OtherOwner
	switch {
	case errors.As(err, &other):
		return nil, []endpoint.Problem{{Attribute: "name", Message: other.Error()}}, nil
	case err != nil:
		return nil, nil, err
	case record == nil || record.Phase == endpoint.Deleted:
		return &endpoint.Record{Endpoint: name}, nil, nil
	case record.Phase == endpoint.Live:
		return nil, []endpoint.Problem{{Attribute: "name", Message: (&Exists{Endpoint: name}).Error()}}, nil
	default:
		return record, nil, nil
	}
}

// look observes AWS and puts together the world that a decision rests on.
func (r *Roller) look(ctx context.Context, record endpoint.Record) (rollout.World, error) {
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
	w.Sights, w.Traffic, w.Now = sights, traffic, r.Clock.Now().UTC()
	r.listen(ctx, &w)
	return w, nil
}

// listen asks the meter about environments whose end is near: do they still
// answer requests? When it cannot tell, they count as answering, and the drain
// deadline decides.
func (r *Roller) listen(ctx context.Context, w *rollout.World) {
	for _, name := range rollout.Ending(*w) {
		e, s := w.Record.Environment(name), w.Sights[name]
		n, err := r.Meter.Requests(ctx, e.TargetGroup, e.OutSince.Add(rollout.PropagationMargin))
		if err != nil {
			r.Log.Warn("unable to count the requests of an environment", "environment", name, "error", err)
		}
		s.Quiet = err == nil && n == 0
		w.Sights[name] = s
	}
}

// run is one holder's work on one endpoint.
type run struct {
	*Roller
	session Session
	record  endpoint.Record
	world   rollout.World
	started time.Time
}

func (r *Roller) begin(ctx context.Context, name string, create bool) (*run, error) {
	session, err := r.Journal.Acquire(ctx, name, r.Who, create)
	if err != nil {
		return nil, err
	}
	record := session.Record()
	return &run{Roller: r, session: session, record: record, started: r.Clock.Now(), world: rollout.World{Record: record}}, nil
}

// end gives the lease back, also when the run's own context is over.
func (r *run) end() {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	if err := r.session.Release(ctx); err != nil {
		r.Log.Warn("unable to release the lease; it ends by itself", "endpoint", r.record.Endpoint, "error", err)
	}
}

const releaseTimeout = 5 * time.Second

// apply makes spec the desired one and drives to it.
func (r *run) apply(ctx context.Context, spec endpoint.Spec, expect *Expectation) (rollout.World, error) {
	next := r.record.Clone()
	next.Desired, next.GivenUp = spec, ""
	world, err := r.look(ctx, next)
	if err != nil {
		return r.world, err
	}
	plan := rollout.Preview(world)
	if err := expect.allows(spec.Name, plan); err != nil {
		return world, err
	}
	problems, err := r.Check(ctx, spec, &r.record, plan.Creates)
	if err != nil {
		return world, err
	}
	if len(problems) > 0 {
		return world, &Problems{Endpoint: spec.Name, Problems: problems}
	}
	var events []endpoint.Event
	if !reflect.DeepEqual(r.record.Desired, spec) {
		events = append(events, endpoint.Event{
			Type: endpoint.NewDesiredState, Time: r.Clock.Now(), Version: spec.Release.Version,
			Message: fmt.Sprintf("release %s is desired", spec.Release.Version),
			Data:    map[string]string{"fingerprint": spec.Release.Fingerprint(), "plan": string(plan.Kind)},
		})
	}
	if err := r.commit(ctx, next, events...); err != nil {
		return world, err
	}
	world, err = r.drive(ctx)
	if err != nil {
		return world, err
	}
	if a := world.Record.Accepted; a == nil || !reflect.DeepEqual(*a, spec) {
		return world, &Failed{Endpoint: spec.Name, Live: world.Record.ActiveVersion(), Outcome: world.Record.LastRollout}
	}
	return world, nil
}

// allows refuses what is riskier than the plan that was shown.
func (e *Expectation) allows(name string, now rollout.Plan) error {
	switch {
	case e == nil:
		return nil
	case e.Kind == rollout.PlanHot && now.Kind != rollout.PlanHot:
		return &Riskier{name, fmt.Sprintf("the plan showed a hot rollback, and it would be a %s rollout now", now.Kind)}
	case now.Creates && !e.Creates:
		return &Riskier{name, "the plan showed no new environment, and one would be made now"}
	}
	return nil
}

// drive turns the loop until it rests.
func (r *run) drive(ctx context.Context) (rollout.World, error) {
	var pace pace
	for {
		if err := r.turn(ctx, &pace); err != nil {
			if errors.Is(err, errRest) {
				return r.world, nil
			}
			return r.world, r.explain(ctx, err)
		}
	}
}

var errRest = errors.New("at rest")

// turn observes, decides, acts and records once.
func (r *run) turn(ctx context.Context, p *pace) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := r.session.Renew(ctx); err != nil {
		return err
	}
	within, cancel := r.session.Within(ctx)
	world, err := r.look(within, r.record)
	cancel()
	if err != nil {
		return p.retry(ctx, r, err)
	}
	r.world = world
	decision := rollout.Decide(world)
	switch a := decision.Action.(type) {
	case rollout.Rest:
		return errRest
	case rollout.Stop:
		return errors.New(a.Reason)
	case nil:
		return r.sleep(ctx, decision.Wake, p)
	default:
		p.waiting = ""
		r.Log.Info(a.String(), "endpoint", r.record.Endpoint)
		return r.act(ctx, a, p)
	}
}

// act does one action: the intent is recorded, then AWS is changed, then the
// effect is recorded. An interrupt does not tear it: the one thing that was begun
// is ended, and no other begun.
func (r *run) act(ctx context.Context, a rollout.Action, p *pace) error {
	whole := context.WithoutCancel(ctx)
	if rollout.Touches(a) {
		record, events := rollout.Before(r.world, a)
		if err := r.commit(whole, record, events...); err != nil {
			return err
		}
		r.world.Record = r.record
		if err := r.touch(whole, a); err != nil {
			if !r.hopeless(a, err, p) {
				return p.retry(ctx, r, err)
			}
			a = rollout.Abandon{Back: endpoint.GoingBack{Result: endpoint.RolledBack, Reason: err.Error()}}
		}
		r.world.Now = r.Clock.Now().UTC()
	}
	p.failures = 0
	record, events := rollout.Effect(r.world, a)
	return r.commit(whole, record, events...)
}

// hopeless says that an environment cannot be launched: AWS refused it for good,
// or has failed too often.
func (r *run) hopeless(a rollout.Action, err error, p *pace) bool {
	if _, launch := a.(rollout.Launch); !launch {
		return false
	}
	var refused *Refusal
	return errors.As(err, &refused) || p.failures == maxFailures-1
}

// touch changes AWS, and ends before the lease can be taken by another.
func (r *run) touch(ctx context.Context, a rollout.Action) error {
	ctx, cancel := r.session.Within(ctx)
	defer cancel()
	record := &r.world.Record
	switch a := a.(type) {
	case rollout.Launch:
		return r.Platform.Launch(ctx, record, record.Environment(a.Environment))
	case rollout.Shift:
		_, err := r.Balancer.Shift(ctx, record, r.groups(), a.Weights)
		return err
	case rollout.Scale:
		return r.Platform.Scale(ctx, record.Environment(a.Environment), a.Scaling)
	case rollout.Resize:
		return r.Platform.Resize(ctx, record.Environment(a.Environment), a.Capacity)
	case rollout.Unroute:
		return r.Balancer.Unroute(ctx, r.world.Traffic.RuleARN)
	case rollout.Retire:
		return r.Platform.Retire(ctx, record.Environment(a.Environment))
	case rollout.Forget:
		return r.Platform.Forget(ctx, record, record.Environment(a.Environment))
	case rollout.Dissolve:
		return r.Platform.Dissolve(ctx, record)
	}
	return fmt.Errorf("no way to do %q", a)
}

func (r *run) groups() map[string]string {
	groups := map[string]string{}
	for _, e := range r.world.Record.Environments {
		groups[e.Name] = e.TargetGroup
	}
	return groups
}

// commit stamps the events, chains them to the trail and writes the record.
func (r *run) commit(ctx context.Context, next endpoint.Record, events ...endpoint.Event) error {
	for _, e := range events {
		e.Who, e.Time = r.Who, e.Time.UTC()
		next.Append(e)
		r.Log.Info(e.Message, "endpoint", r.record.Endpoint, "event", e.Type)
	}
	if err := r.session.Commit(ctx, next); err != nil {
		return err
	}
	r.record = r.session.Record()
	return nil
}
