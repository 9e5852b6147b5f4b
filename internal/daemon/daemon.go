// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package daemon looks after many endpoints at a time. It knows when to look at
// which, and leaves it to the loop what is to be done there. An endpoint at rest is an
// entry in a heap of wakes: it costs no goroutine and no lease.
//
// Many copies may run. They share nothing but the journal: of two that find something
// to do, one gets the lease.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Loop is what a daemon needs of the loop.
type Loop interface {
	// Glance tells, at a low price, what may have happened to which endpoint.
	Glance(ctx context.Context) ([]roller.Glimpse, error)
	// Visit does what is to be done for an endpoint now.
	Visit(ctx context.Context, w *roller.Ward, ordered bool) (roller.Visit, error)
}

// BeatEvery is the time between two beats of a daemon's heart.
const BeatEvery = 30 * time.Second

const (
	glanceEvery = 15 * time.Second // new endpoints, rollouts and orders are noticed within
	atOnce      = 8                // visits at a time
	visitLimit  = 10 * time.Minute // of one visit; the next goes on
	callLimit   = 20 * time.Second // of a glance or a beat
	stopLimit   = 5 * time.Second  // of taking the heartbeat away
)

// Daemon is what looks after endpoints.
type Daemon struct {
	Loop      Loop
	Pulse     roller.Pulse
	Clock     roller.Clock
	Log       hclog.Logger
	Endpoints []string      // names; empty: all of the owner
	Interval  time.Duration // between two looks at an endpoint at rest
}

// Run looks after the endpoints until its context ends. What was begun is ended first,
// and leases are given back. What is wrong with the journal at the beginning is an
// error; later on it is borne.
func (d *Daemon) Run(ctx context.Context) error {
	k := &keeper{Daemon: d, charges: map[string]*charge{}, back: make(chan result, atOnce)}
	if err := k.begin(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		k.send(ctx)
		k.wait(ctx)
		k.routine(ctx)
	}
	k.end()
	return nil
}

// keeper is a daemon at work. It has one goroutine of its own, and one for each visit
// under way.
type keeper struct {
	*Daemon
	charges map[string]*charge
	wakes   wakes
	away    int // visits under way
	back    chan result

	glance, beat routine
}

// routine is something that is done again and again.
type routine struct {
	at       time.Time
	failures int
}

// result is what a visit came to.
type result struct {
	*charge
	visit roller.Visit
	err   error
}

func (k *keeper) begin(ctx context.Context) error {
	if err := k.look(ctx); err != nil {
		return err
	}
	if err := k.pulse(ctx); err != nil {
		return err
	}
	for _, name := range k.Endpoints {
		if k.charges[name] == nil {
			k.Log.Warn("there is no such endpoint yet", "endpoint", name)
		}
	}
	return nil
}

// send sends out for the endpoints whose time has come.
func (k *keeper) send(ctx context.Context) {
	for now := k.Clock.Now(); k.away < atOnce; k.away++ {
		c := k.wakes.due(now)
		if c == nil {
			return
		}
		c.away = true
		ordered := c.ordered
		go func() {
			r := result{charge: c}
			r.visit, r.err = k.visit(ctx, c, ordered)
			k.back <- r
		}()
	}
}

// visit is one to an endpoint. A defect that one endpoint brings to light is no reason
// to leave the others.
func (k *keeper) visit(ctx context.Context, c *charge, ordered bool) (v roller.Visit, err error) {
	defer func() {
		if p := recover(); p != nil {
			k.Log.Error("please report this as a defect of ionroller", "endpoint", c.ward.Name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("the visit panicked: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, visitLimit)
	defer cancel()
	return k.Loop.Visit(ctx, &c.ward, ordered)
}

// wait waits until there is something to do.
func (k *keeper) wait(ctx context.Context) {
	now := k.Clock.Now()
	next := min(k.glance.left(now, glanceEvery), k.beat.left(now, BeatEvery))
	if c := k.wakes.first(); c != nil && k.away < atOnce {
		next = min(next, c.at.Sub(now))
	}
	nap, wake := context.WithCancel(ctx)
	slept := make(chan struct{})
	go func() {
		defer close(slept)
		_ = k.Clock.Sleep(nap, max(next, 0)) // its end is all that matters, and not how it came
	}()
	select {
	case r := <-k.back:
		k.returned(r)
	case <-slept:
	}
	wake()
	<-slept
}

// left is the time until a routine is due. A clock that was ahead before it heard of
// AWS's does not put it off for long.
func (r *routine) left(now time.Time, every time.Duration) time.Duration {
	if latest := now.Add(max(every, longestBackoff)); r.at.After(latest) {
		r.at = latest
	}
	return r.at.Sub(now)
}

// routine glances at the journal and gives a sign of life, when it is time.
func (k *keeper) routine(ctx context.Context) {
	now := k.Clock.Now()
	for _, todo := range []struct {
		what  string
		when  *routine
		every time.Duration
		do    func(context.Context) error
	}{
		{"unable to glance at the journal", &k.glance, glanceEvery, k.look},
		{"unable to give a sign of life", &k.beat, BeatEvery, k.pulse},
	} {
		if todo.when.left(now, todo.every) > 0 {
			continue
		}
		if err := todo.do(ctx); err != nil && ctx.Err() == nil {
			todo.when.failures++
			wait := backoff(todo.when.failures)
			todo.when.at = now.Add(wait)
			k.Log.Warn(todo.what, "error", err, "next try in", wait.Round(time.Second))
		}
	}
}

// look glances at the journal, for endpoints that are new or something happened to.
func (k *keeper) look(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	seen, err := k.Loop.Glance(limited)
	if err != nil {
		return err
	}
	now := k.Clock.Now()
	k.glance = routine{at: now.Add(glanceEvery)}
	there := map[string]bool{}
	for _, g := range seen {
		if len(k.Endpoints) > 0 && !slices.Contains(k.Endpoints, g.Endpoint) {
			continue
		}
		there[g.Endpoint] = true
		c := k.charges[g.Endpoint]
		if c == nil {
			c = newCharge(g.Endpoint)
			k.charges[g.Endpoint] = c
		}
		k.stir(c, g, now)
	}
	for name, c := range k.charges {
		if !there[name] { // its record was removed by hand
			k.wakes.remove(c)
			delete(k.charges, name)
		}
	}
	return nil
}

// stir lets an endpoint be visited when something happened to it. One that makes
// trouble keeps its time: its own failing visits write its record.
func (k *keeper) stir(c *charge, g roller.Glimpse, now time.Time) {
	stirred := c.version != g.Version || g.Ordered
	c.version, c.ordered = g.Version, g.Ordered
	switch {
	case !stirred || c.failures > 0:
	case c.away:
		c.stirred = true
	default:
		k.wakes.wake(c, now)
	}
}

func (k *keeper) pulse(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if err := k.Pulse.Beat(limited); err != nil {
		return err
	}
	k.beat = routine{at: k.Clock.Now().Add(BeatEvery)}
	return nil
}

// returned decides when an endpoint is visited next.
func (k *keeper) returned(r result) {
	k.away--
	c := r.charge
	c.away = false
	if k.charges[c.ward.Name] != c {
		return // its record was removed meanwhile
	}
	pause, ok := k.pause(c, r.visit, r.err)
	if c.stirred && c.failures == 0 {
		pause, ok = 0, true
	}
	c.stirred = false
	if ok {
		k.wakes.wake(c, k.Clock.Now().Add(pause))
	}
}

// end waits for the visits under way, which end what they are about to do.
func (k *keeper) end() {
	if k.away > 0 {
		k.Log.Info("stopping: what was begun is ended first", "endpoints", k.away)
	}
	for ; k.away > 0; k.away-- {
		var held *roller.Held
		if r := <-k.back; r.err != nil && !errors.Is(r.err, context.Canceled) && !errors.As(r.err, &held) {
			k.Log.Warn("the last visit to an endpoint failed", "endpoint", r.ward.Name, "error", r.err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	if err := k.Pulse.Stop(ctx); err != nil {
		k.Log.Warn("unable to take the heartbeat away; it counts for no more than three beats", "error", err)
	}
}
