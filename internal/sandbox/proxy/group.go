// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Group is a target group: the targets that share a rule's requests in turn,
// what is known of their health, and counts of what they answered.
type Group struct {
	id      groupID
	now     func() time.Time
	timeout time.Duration   // for a target's answer
	single  *http.Transport // connections for one request each
	metrics metrics

	turn     atomic.Uint64
	bytesOut atomic.Int64
	eligible atomic.Pointer[[]*target] // who gets requests now; replaced as a whole

	mu      sync.Mutex
	check   HealthCheck
	delay   time.Duration // deregistration delay
	inUse   bool
	closed  bool
	targets []*target
	checks  sync.WaitGroup
}

// groupID tells groups apart in sticky cookies. It is random, so that nobody
// can make up a cookie.
type groupID [16]byte

// Option changes how a group is made.
type Option func(*Group)

// WithClock has the group count its metrics by another clock than the system's.
// Health checks and draining go by real time regardless.
func WithClock(now func() time.Time) Option {
	return func(g *Group) { g.now = now }
}

// NewGroup makes an empty group that no rule uses yet, see SetInUse. All
// durations are real time.
func NewGroup(h HealthCheck, deregistrationDelay time.Duration, options ...Option) *Group {
	g := &Group{
		now:     time.Now,
		timeout: idleTimeout,
		check:   h.withDefaults(),
		delay:   deregistrationDelay,
	}
	_, _ = rand.Read(g.id[:])
	for _, o := range options {
		o(g)
	}
	g.single = single(g.timeout)
	g.eligible.Store(new([]*target))
	return g
}

// Register adds a target, or brings a draining one back. Registering a target
// that is there already changes nothing.
func (g *Group) Register(t Target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	if old := g.find(t); old != nil {
		if old.Target == t && !old.leaving() {
			return
		}
		g.remove(old)
	}
	added := &target{Target: t, pooled: pooled(g.timeout)}
	g.targets = append(g.targets, added)
	g.restart(added)
	g.publish()
}

// Deregister takes a target away, whatever its Addr. It gets no further request
// and is draining for the whole deregistration delay, even when idle; requests
// in flight finish. In a group that is not in use it is gone at once.
func (g *Group) Deregister(t Target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.find(t)
	if old == nil || old.leaving() {
		return
	}
	old.stop()
	// Before publish: whoever chose this target and cannot reach it must be
	// able to see that it was leaving.
	old.left.Store(true)
	if !g.inUse || g.delay <= 0 {
		g.remove(old)
	} else {
		old.set(draining)
		old.drained = time.AfterFunc(g.delay, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.remove(old)
		})
	}
	g.publish()
}

// SetInUse says whether a rule refers to the group. Targets of a group that
// none refers to are unused and not checked.
func (g *Group) SetInUse(inUse bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.inUse == inUse {
		return
	}
	g.inUse = inUse
	g.restartAll()
}

// SetHealthCheck changes how targets are checked from now on. Their states stay
// until the new checks change them.
func (g *Group) SetHealthCheck(h HealthCheck) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if h = h.withDefaults(); g.closed || g.check == h {
		return
	}
	g.check = h
	g.restartAll()
}

// SetDeregistrationDelay holds for targets deregistered from now on.
func (g *Group) SetDeregistrationDelay(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.delay = d
}

// Health lists the targets, those that drain included, in the order of their
// registration.
func (g *Group) Health() []TargetHealth {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]TargetHealth, 0, len(g.targets))
	for _, t := range g.targets {
		list = append(list, TargetHealth{
			Target: t.Target, State: t.state, Reason: t.reason, Description: t.description,
		})
	}
	return list
}

// Metrics lists the minutes of the last three hours in which the group was sent
// requests, the oldest first.
func (g *Group) Metrics() []Minute { return g.metrics.list(time.Time{}) }

// MetricsSince lists those of Metrics that began at a time or later.
func (g *Group) MetricsSince(t time.Time) []Minute { return g.metrics.list(t) }

// BytesOut is how many bytes the targets have answered so far, headers included.
func (g *Group) BytesOut() int64 { return g.bytesOut.Load() }

// Close removes all targets and ends their checks. The group stays empty.
func (g *Group) Close() {
	g.mu.Lock()
	g.closed = true
	for len(g.targets) > 0 {
		g.remove(g.targets[0])
	}
	g.publish()
	g.mu.Unlock()
	g.checks.Wait()
}

// next is the target whose turn it is, or nil when there is none.
func (g *Group) next() *target {
	list := *g.eligible.Load()
	if len(list) == 0 {
		return nil
	}
	return list[(g.turn.Add(1)-1)%uint64(len(list))]
}

// publish makes known who gets requests: the healthy targets or, when there is
// none, all that are registered. Unused ones are among these: whoever still
// comes to them has matched a rule just before it changed, and must be answered.
// The caller holds the lock.
func (g *Group) publish() {
	var healthy, registered []*target
	for _, t := range g.targets {
		switch t.state {
		case stateHealthy, stateUnavailable:
			healthy = append(healthy, t)
		case stateInitial, stateUnhealthy, stateUnused:
			registered = append(registered, t)
		}
	}
	if len(healthy) > 0 {
		registered = healthy
	}
	g.eligible.Store(&registered)
}

func (g *Group) restartAll() {
	for _, t := range g.targets {
		if !t.leaving() {
			g.restart(t)
		}
	}
	g.publish()
}

// restart begins the target's checks anew, by the group's present settings.
func (g *Group) restart(t *target) {
	t.stop()
	switch {
	case !g.inUse:
		t.set(unused)
	case !g.check.Enabled:
		t.set(unchecked)
	default:
		if t.state != stateHealthy && t.state != stateUnhealthy {
			t.set(registering)
		}
		var ctx context.Context
		ctx, t.cancel = context.WithCancel(context.Background())
		check := g.check
		g.checks.Go(func() { g.keepChecking(ctx, t, check) })
	}
}

func (g *Group) find(t Target) *target {
	i := slices.IndexFunc(g.targets, func(have *target) bool { return have.ID == t.ID && have.Port == t.Port })
	if i < 0 {
		return nil
	}
	return g.targets[i]
}

// remove forgets the target. Requests in flight keep their connections; idle
// ones are closed, lest they hold up the target's own stopping.
func (g *Group) remove(t *target) {
	t.stop()
	t.left.Store(true)
	g.targets = slices.DeleteFunc(g.targets, func(have *target) bool { return have == t })
	t.pooled.CloseIdleConnections()
}
