// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// run is one holder's work on one endpoint.
type run struct {
	*Roller
	session Session
	record  endpoint.Record
	world   rollout.World
	// enough, when set, says that the run need not stay for the rest.
	enough func(*endpoint.Record) bool
	// passes ends the run where it would have to wait for longer than stays, or for
	// nobody knows how long.
	passes bool
	stays  time.Duration
	// steers ends the run before a launch: who steers makes no environments.
	steers bool
}

func (r *Roller) begin(ctx context.Context, name string, create bool) (*run, error) {
	session, err := r.Journal.Acquire(ctx, name, r.Who, create)
	if err != nil && ctx.Err() != nil {
		return nil, &Interrupted{Endpoint: name, Where: "it had not begun, and changed nothing", Err: ctx.Err()}
	}
	if err != nil {
		return nil, err
	}
	record := session.Record()
	return &run{Roller: r, session: session, record: record, world: rollout.World{Record: record}}, nil
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
	next.Ask(spec)
	if rejection := refused(&next); rejection != nil {
		return r.world, &Rejected{Endpoint: spec.Name, Live: next.ActiveVersion(), Rejection: *rejection}
	}
	world, err := r.look(ctx, next)
	if err != nil {
		return r.world, r.explain(ctx, err)
	}
	plan := rollout.Preview(world)
	if err := expect.allows(world, plan); err != nil {
		return world, err
	}
	problems, err := r.Check(ctx, spec, &r.record, plan.Creates)
	if err != nil {
		return world, r.explain(ctx, err)
	}
	if plan.Kind == rollout.PlanNew || plan.Kind == rollout.PlanWarm {
		firing, _, err := r.Doubts(ctx, spec)
		if err != nil {
			return world, err
		}
		problems = append(problems, firing...)
	}
	if stopping := endpoint.Stopping(problems); len(stopping) > 0 {
		return world, &Problems{Endpoint: spec.Name, Problems: stopping}
	}
	var events []endpoint.Event
	if !reflect.DeepEqual(r.record.Desired, spec) {
		events = append(events, endpoint.Event{
			Type: endpoint.NewDesiredState, Time: r.Clock.Now(), Version: spec.Release.Version,
			Message: fmt.Sprintf("release %s is desired", spec.Release.Version),
			Data:    map[string]string{"fingerprint": spec.Release.Fingerprint(), "plan": string(plan.Kind), endpoint.ConfigurationKey: spec.Digest()},
		})
	}
	if err := r.commit(ctx, next, events...); err != nil {
		return world, r.explain(ctx, err)
	}
	if spec.Rollout.NoWait {
		r.enough = func(record *endpoint.Record) bool { return record.Rollout != nil && reached(record, spec) }
	}
	world, err = r.drive(ctx)
	if err != nil {
		return world, err
	}
	return world, outcome(world, spec)
}

// outcome is nil when a spec is reached, and otherwise says what became of it.
func outcome(w rollout.World, spec endpoint.Spec) error {
	f := w.Record.Rollout
	switch {
	case reached(&w.Record, spec):
		return nil
	case f != nil && f.Frozen != nil:
		return &Frozen{Endpoint: w.Record.Endpoint, Live: w.Record.ActiveVersion(), Version: w.Record.Environment(f.To).Release.Version, Share: f.Share(f.Step), Takes: w.Record.TakingOver(), Stall: *f.Frozen}
	default:
		return failed(w)
	}
}

// refused returns the rejection of the desired release. One that is live is not
// refused, unless an operator went back from it and is not there yet.
func refused(r *endpoint.Record) *endpoint.Rejection {
	target := r.Desired.Release.Fingerprint()
	rejection := r.Rejected(target, r.Desired.Rollout.Retry)
	active := r.Environment(r.Active)
	if rejection != nil && !rejection.Pinned && active != nil && active.Fingerprint == target {
		return nil
	}
	return rejection
}

// reached says that a spec is accepted, and its release live or on its way.
func reached(r *endpoint.Record, spec endpoint.Spec) bool {
	if r.Accepted == nil || !reflect.DeepEqual(*r.Accepted, spec) {
		return false
	}
	serves := r.Environment(r.Active)
	if f := r.Rollout; f != nil && f.Back == nil && f.Frozen == nil {
		serves = r.Environment(f.To)
	}
	return serves != nil && serves.Fingerprint == spec.Release.Fingerprint()
}

// allows refuses what is riskier than the plan that was shown, or begins elsewhere.
func (e *Expectation) allows(w rollout.World, now rollout.Plan) error {
	name := w.Record.Endpoint
	switch {
	case e == nil:
		return nil
	case w.Record.Active != e.Active:
		return &Riskier{name, "another environment is live now than when it was planned"}
	case e.Plan.Kind == rollout.PlanHot && now.Kind != rollout.PlanHot:
		return &Riskier{name, fmt.Sprintf("the plan showed a hot rollback, and it would be a %s rollout now", now.Kind)}
	case now.Creates && !e.Plan.Creates:
		return &Riskier{name, "the plan showed no new environment, and one would be made now"}
	}
	return nil
}

// drive turns the loop until it rests.
func (r *run) drive(ctx context.Context) (rollout.World, error) { return r.driveAt(ctx, &pace{}) }

func (r *run) driveAt(ctx context.Context, p *pace) (rollout.World, error) {
	for {
		if err := r.turn(ctx, p); err != nil {
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
		return p.retry(ctx, r, err)
	}
	within, cancel := r.session.Within(ctx)
	world, err := r.look(within, r.record)
	if err == nil {
		world.Orders, err = r.orders(within)
	}
	cancel()
	if err != nil {
		return p.retry(ctx, r, err)
	}
	r.world = world
	if r.enough != nil && r.enough(&world.Record) {
		return errRest
	}
	decision := rollout.Decide(world)
	switch a := decision.Action.(type) {
	case rollout.Rest:
		return errRest
	case rollout.Stop:
		return &Blocked{Reason: a.Reason}
	case nil:
		switch {
		case !r.passes || r.soon(decision.Wake):
		case p.stuck.err != nil:
			return p.stuck.err // who does not stay does not see it tried again
		default:
			return errRest
		}
		return r.sleep(ctx, decision.Wake, p)
	default:
		if _, launches := a.(rollout.Launch); launches && r.steers {
			return errRest
		}
		if p.justDone(a, r.Clock.Now()) {
			return r.sleep(ctx, rollout.Wake{For: readBack}, p)
		}
		r.Log.Debug(a.String(), "endpoint", r.record.Endpoint)
		return r.act(ctx, a, p)
	}
}

// soon says that a run which only passes by stays for what is waited for.
func (r *run) soon(wake rollout.Wake) bool {
	return !wake.At.IsZero() && wake.At.Sub(r.Clock.Now()) <= r.stays
}

// act does one action: the intent is recorded, then AWS is changed, then the
// effect is recorded. An interrupt does not tear it: the one thing that was begun
// is ended, and no other begun.
func (r *run) act(ctx context.Context, a rollout.Action, p *pace) error {
	whole := context.WithoutCancel(ctx)
	if _, ok := a.(rollout.Probe); ok {
		probed, err := r.probe(ctx)
		if err != nil {
			return p.retry(ctx, r, err)
		}
		a = probed
	}
	if rollout.Touches(a) {
		first := r.first(a)
		record, events := rollout.Before(r.world, a)
		if err := r.commit(whole, record, events...); err != nil {
			return p.retry(ctx, r, err)
		}
		r.world.Record = r.record
		if err := r.insist(ctx, whole, a, p); err != nil {
			switch {
			case r.hopeless(a, err, p):
			case p.gaveUp(a, err, r.Clock.Now()):
				return err
			default:
				return p.retry(ctx, r, err)
			}
			var refused *Refusal
			a = rollout.Abandon{
				Back:    endpoint.GoingBack{Result: endpoint.RolledBack, Reason: strings.TrimRight(err.Error(), ".")},
				Refused: errors.As(err, &refused) && first,
			}
		}
		r.world.Now = r.Clock.Now().UTC()
	}
	p.did(a, r.Clock.Now())
	record, events := rollout.Effect(r.world, a)
	if err := r.commit(whole, record, events...); err != nil {
		return p.retry(ctx, r, err)
	}
	p.failures = 0
	if obey, ok := a.(rollout.Obey); ok {
		r.dispose(whole, obey.Order)
	}
	return nil
}

// orders returns what operators asked for and nobody has carried out. What was
// carried out and could not be removed then, is removed now.
func (r *run) orders(ctx context.Context) ([]endpoint.Order, error) {
	waiting, err := r.session.Orders(ctx)
	return slices.DeleteFunc(waiting, func(o endpoint.Order) bool {
		obeyed := slices.Contains(r.record.Obeyed, o.ID)
		if obeyed {
			r.dispose(ctx, o)
		}
		return obeyed
	}), err
}

// dispose removes an order that was carried out. The record remembers it, so that it
// does no harm when it stays for a while.
func (r *run) dispose(ctx context.Context, o endpoint.Order) {
	if err := r.session.Obeyed(ctx, o.ID); err != nil {
		r.Log.Warn("unable to remove an order that was carried out", "endpoint", r.record.Endpoint, "order", o.ID, "error", err)
	}
}

// first says that nobody has asked for an environment's launch before: one that was
// asked for may still appear, also when it is refused now.
func (r *run) first(a rollout.Action) bool {
	launch, ok := a.(rollout.Launch)
	return ok && r.record.Environment(launch.Environment).Created.IsZero()
}

// hopeless says that the rollout cannot go on: AWS refused an environment or the
// endpoint's first rule for good, or has failed to launch too often.
func (r *run) hopeless(a rollout.Action, err error, p *pace) bool {
	var refused *Refusal
	switch a.(type) {
	case rollout.Launch:
		return errors.As(err, &refused) || p.failures == maxFailures-1
	case rollout.Shift:
		return errors.As(err, &refused) && r.record.Rollout != nil && r.record.Rollout.From == "" && r.world.Traffic.RuleARN == ""
	}
	return false
}

// insist changes AWS, and tries again while the answer may be due to a change of ours
// that reads do not show yet. The first context is of the run, which may be interrupted,
// the second of the change, which may not.
func (r *run) insist(ctx, whole context.Context, a rollout.Action, p *pace) error {
	for began := r.Clock.Now(); ; {
		err := r.touch(whole, a)
		var unseen *Unseen
		if !errors.As(err, &unseen) || r.Clock.Now().Sub(began) > unseenFor {
			return err
		}
		if err := r.sleep(ctx, rollout.Wake{For: readBack}, p); err != nil {
			return err
		}
	}
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
	case rollout.Attach:
		return r.Platform.Attach(ctx, record.Environment(a.Environment))
	case rollout.Detach:
		return r.Platform.Detach(ctx, record.Environment(a.Environment))
	case rollout.Register:
		return r.Platform.Register(ctx, record.Environment(a.Environment), a.Instances)
	case rollout.Deregister:
		return r.Platform.Deregister(ctx, record.Environment(a.Environment), a.Instances)
	case rollout.Aim:
		if a.Environment == "" {
			return r.Balancer.Unroute(ctx, r.world.Traffic.Test.RuleARN)
		}
		arn, err := r.Balancer.Aim(ctx, record, record.Environment(a.Environment).TargetGroup)
		r.world.Traffic.Test.RuleARN = arn
		return err
	case rollout.Unroute:
		if arn := cmp.Or(r.world.Traffic.RuleARN, record.RuleARN); arn != "" {
			return r.Balancer.Unroute(ctx, arn)
		}
		return nil
	case rollout.Point:
		return r.DNS.Point(ctx, record, a.Alias)
	case rollout.Unpoint:
		return r.DNS.Unpoint(ctx, record, a.Alias)
	case rollout.Retire:
		return r.Platform.Retire(ctx, record.Environment(a.Environment))
	case rollout.Forget:
		return r.Platform.Forget(ctx, record, record.Environment(a.Environment))
	case rollout.Dissolve:
		return r.Platform.Dissolve(ctx, record)
	}
	return fmt.Errorf("no way to do %q", a)
}

// probe asks the candidate once, as its smoke check says.
func (r *run) probe(ctx context.Context) (rollout.Probed, error) {
	ctx, cancel := r.session.Within(ctx)
	defer cancel()
	entrance, err := r.Balancer.Entrance(ctx, r.record.Desired.Routing)
	if err != nil {
		return rollout.Probed{}, err
	}
	fault, err := r.Prober.Probe(ctx, entrance, r.record.Desired)
	return rollout.Probed{Fault: fault}, err
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
	err := r.session.Commit(ctx, next)
	r.record = r.session.Record() // also when only the trail could not be written
	return err
}
