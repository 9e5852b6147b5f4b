// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package roller is the loop: observe, decide, act, record, under a lease. The
// provider, the command and the daemon are faces of it. It knows AWS only by the
// small interfaces of this file.
package roller

import (
	"context"
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Platform makes and removes environments. Every method may be called again
// after its answer was lost, and does not do its work twice then.
type Platform interface {
	Mover
	// Check returns what would stop the endpoint from being made or changed: a
	// quota that would be hit, a platform that does not exist; and warnings. creates
	// says that a new environment is to be made. It changes nothing.
	Check(ctx context.Context, r *endpoint.Record, creates bool) ([]endpoint.Problem, error)
	// Launch asks for an environment and does not wait for it. What AWS refuses
	// for good is a *Refusal.
	Launch(ctx context.Context, r *endpoint.Record, e *endpoint.Environment) error
	// Observe reports on the environments of a record, by their names. It leaves
	// Quiet and UsedBy to others.
	Observe(ctx context.Context, r *endpoint.Record) (map[string]rollout.Sight, error)
	// Scale bounds the scaling group of an environment.
	Scale(ctx context.Context, e *endpoint.Environment, s rollout.Scaling) error
	// Resize changes the platform's own idea of an environment's capacity.
	Resize(ctx context.Context, e *endpoint.Environment, c endpoint.Capacity) error
	// Retire asks for an environment's termination and does not wait for it.
	Retire(ctx context.Context, e *endpoint.Environment) error
	// Forget removes what a terminated environment leaves: its version and bundle,
	// unless another environment of the record has the same release.
	Forget(ctx context.Context, r *endpoint.Record, e *endpoint.Environment) error
	// Dissolve removes what the platform keeps for the endpoint, if it is ours and
	// empty.
	Dissolve(ctx context.Context, r *endpoint.Record) error
}

// Mover moves instances one by one between the target groups of environments.
type Mover interface {
	// Attach lets an environment's scaling group fill its target group: all of its
	// instances, now and to come, are in it. Detach takes them out.
	Attach(ctx context.Context, e *endpoint.Environment) error
	Detach(ctx context.Context, e *endpoint.Environment) error
	// Register puts instances into an environment's target group, its own or another
	// environment's. Deregister takes them out; requests in flight end.
	Register(ctx context.Context, e *endpoint.Environment, instances []string) error
	Deregister(ctx context.Context, e *endpoint.Environment, instances []string) error
}

// Balancer keeps the endpoint's listener rule. Groups are target groups' ARNs by
// environment.
type Balancer interface {
	// Check returns what would stop the rule: a listener that is not on an
	// Application Load Balancer, a priority or hosts that another rule has, a
	// quota. It changes nothing.
	Check(ctx context.Context, r *endpoint.Record, creates bool) ([]endpoint.Problem, error)
	// Observe reports the rule and, by environment, the foreign rules that use its
	// target group.
	Observe(ctx context.Context, r *endpoint.Record, groups map[string]string) (rollout.Traffic, map[string][]string, error)
	// Shift makes or changes the rule so that it sends these shares, in percent.
	// It returns the rule's ARN.
	Shift(ctx context.Context, r *endpoint.Record, groups map[string]string, weights map[string]int) (string, error)
	// Aim makes or changes the rule of the test route so that all its requests go to
	// a group. It returns the rule's ARN.
	Aim(ctx context.Context, r *endpoint.Record, group string) (string, error)
	// Unroute removes a rule.
	Unroute(ctx context.Context, ruleARN string) error
	// URL is the address at which users reach the endpoint.
	URL(ctx context.Context, s endpoint.Routing) (string, error)
	// TestURL is the address of the test route, and Entrance where the load balancer
	// itself takes its requests.
	TestURL(ctx context.Context, s endpoint.Spec) (string, error)
	Entrance(ctx context.Context, s endpoint.Routing) (string, error)
}

// Prober asks an environment as a user would.
type Prober interface {
	// Probe sends one GET for a smoke check to the test route, by way of the load
	// balancer's entrance, and returns what is wrong with the answer, or "".
	Probe(ctx context.Context, entrance string, s endpoint.Spec) (fault string, err error)
}

// DNS keeps the records that send the endpoint's hosts to its load balancer.
type DNS interface {
	// Check returns what would stop records that are yet to be set: a zone that does
	// not exist, a host outside of it, a record that is somebody else's. It changes
	// nothing.
	Check(ctx context.Context, r *endpoint.Record) ([]endpoint.Problem, error)
	// Observe reports what there is for the hosts, wanted or kept.
	Observe(ctx context.Context, r *endpoint.Record) (*rollout.DNS, error)
	// Point sets a record. One that is in its place, and is neither kept by r nor as
	// wanted, is left alone and an error.
	Point(ctx context.Context, r *endpoint.Record, a endpoint.Alias) error
	// Unpoint removes a record. One that somebody pointed elsewhere is theirs now,
	// and is left alone.
	Unpoint(ctx context.Context, r *endpoint.Record, a endpoint.Alias) error
}

// Meter reads alarms and the load balancer's own metrics.
type Meter interface {
	// Requests returns how many requests a target group answered since a time.
	Requests(ctx context.Context, targetGroup string, since time.Time) (float64, error)
	// Measure returns what was measured of a target group since a time: its latency
	// at a percentile, 0 to 100.
	Measure(ctx context.Context, targetGroup string, since time.Time, percentile float64) (rollout.Measure, error)
	// Alarms returns the alarms of these names, metric and composite, by name. Fired
	// is set for one that went off since a time; with a zero time it is not. One that
	// does not exist is left out.
	Alarms(ctx context.Context, names []string, since time.Time) (map[string]rollout.Alarm, error)
}

// Journal keeps the records and their trails.
type Journal interface {
	// Read returns an endpoint's record, or nil when there is none. One that is
	// somebody else's is an *OtherOwner.
	Read(ctx context.Context, name string) (*endpoint.Record, error)
	// List returns the names of all endpoints that have a record.
	List(ctx context.Context) ([]string, error)
	// Glance returns what can be told of all endpoints without reading their records.
	Glance(ctx context.Context) ([]Glimpse, error)
	// Acquire takes the endpoint's lease. A holder that is at work is a *Held; one
	// that died, and one that only borrowed it, is waited for. create allows for an
	// endpoint without a record.
	Acquire(ctx context.Context, name string, who endpoint.Who, create bool) (Session, error)
	// Borrow takes the endpoint's lease for a moment, and waits for nobody: a holder
	// that may be alive is a *Held at once.
	Borrow(ctx context.Context, name string, who endpoint.Who) (Session, error)
	// Preempt takes the endpoint's lease from whoever holds it. A call to AWS that a
	// live holder sent before may still take effect for as long as a lease lasts.
	Preempt(ctx context.Context, name string, who endpoint.Who) (Session, error)
	// Events returns the endpoint's trail after the event of a number, at most some
	// of them, the oldest first; none when there are no more.
	Events(ctx context.Context, name string, after int64) ([]endpoint.Event, error)
	// Before returns the number of an event up to which all happened before a time, as
	// far as that can be told without reading them; 0 when there is none.
	Before(ctx context.Context, name string, at time.Time) (int64, error)
	// Configuration returns what an endpoint was configured with, by the digest that
	// an event names; nil when it was removed since.
	Configuration(ctx context.Context, name, digest string) (*endpoint.Spec, error)
	// Order leaves an order for whoever holds the endpoint's lease next.
	Order(ctx context.Context, name string, o endpoint.Order) error
	// Pulse keeps a daemon's heartbeat. Nothing is written before its first beat.
	Pulse(h endpoint.Heartbeat) Pulse
	// Daemons returns the owner's daemons that gave a sign of life, also those that
	// have fallen silent since, who was heard of last first.
	Daemons(ctx context.Context) ([]Daemon, error)
}

// Glimpse is what a journal tells of an endpoint at a glance.
type Glimpse struct {
	Endpoint string
	Version  string // another one after each write of the record
	Ordered  bool   // an order waits
	// Silent is the time since that write, by the journal's own clock.
	Silent time.Duration
	// Lapsed says that this is longer than a lease lasts: who holds one is dead.
	Lapsed bool
}

// Pulse is a daemon's heartbeat.
type Pulse interface {
	Beat(ctx context.Context) error
	// Stop takes the heartbeat away: the daemon ends in order.
	Stop(ctx context.Context) error
}

// Session is a lease that is held on one record.
type Session interface {
	// Record is the record as it was last committed.
	Record() endpoint.Record
	// Commit writes the record, its outbox and a renewed lease. When another run
	// took the lease it is a *Held, or a *TakenOver, and nothing was written.
	Commit(ctx context.Context, r endpoint.Record) error
	// Orders returns the orders that wait, the oldest first.
	Orders(ctx context.Context) ([]endpoint.Order, error)
	// Obeyed removes an order that was carried out.
	Obeyed(ctx context.Context, id string) error
	// Renew prolongs the lease when a part of it is over.
	Renew(ctx context.Context) error
	// Within returns a context that ends before the lease can be taken by another.
	Within(ctx context.Context) (context.Context, context.CancelFunc)
	// Release gives the lease back.
	Release(ctx context.Context) error
}

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits, or returns the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// Held says that another run holds the lease.
type Held struct {
	Endpoint string
	Lease    endpoint.Lease
}

func (h *Held) Error() string {
	return fmt.Sprintf("endpoint %s is being changed by %s, by %s on %s, since %s; its lease ends at %s unless it is renewed",
		h.Endpoint, h.Lease.Who.Run, h.Lease.Who.Caller, h.Lease.Who.Host,
		h.Lease.Since.UTC().Format(time.RFC3339), h.Lease.Until.UTC().Format(time.RFC3339))
}

// TakenOver says that the lease was another run's meanwhile, which is done.
type TakenOver struct {
	Endpoint string
	// Rollback is the pin that it left when it was an operator's rollback.
	Rollback *endpoint.Pin
}

// TakenSince tells what became of a record by what is there now.
func TakenSince(before, now *endpoint.Record) *TakenOver {
	t := &TakenOver{Endpoint: now.Endpoint}
	if now.Pin != nil && (before.Pin == nil || *before.Pin != *now.Pin) {
		t.Rollback = now.Pin
	}
	return t
}

func (t *TakenOver) Error() string {
	return fmt.Sprintf("writing the record of %s: another run has taken the lease over and given it back", t.Endpoint)
}

// OtherOwner says that an endpoint of that name is somebody else's.
type OtherOwner struct{ Endpoint, Owner, Ours string }

func (o *OtherOwner) Error() string {
	return fmt.Sprintf("endpoint %s belongs to owner %q and this is owner %q; choose another name, or set the provider's owner to theirs if it is yours", o.Endpoint, o.Owner, o.Ours)
}

// Refusal is an answer that will not be another one when asked again.
type Refusal struct{ Err error }

func (r *Refusal) Error() string { return r.Err.Error() }
func (r *Refusal) Unwrap() error { return r.Err }

// Unseen is an answer that may be due to a change of ours which was never answered and
// which reads do not show yet: it will be another one when they do.
type Unseen struct{ Err error }

func (u *Unseen) Error() string { return u.Err.Error() }
func (u *Unseen) Unwrap() error { return u.Err }
