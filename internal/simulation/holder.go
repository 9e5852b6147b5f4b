// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// holder is one run of the loop, with its own clocks and its own bad luck. In a
// life it is a coroutine that gives way whenever it waits.
type holder struct {
	w   *World
	run string

	skew time.Duration // of its machine's clock, which stamps leases
	off  time.Duration // of its idea of AWS's clock

	next func() (struct{}, bool)
	give func(struct{}) bool
	stop context.CancelFunc
	dead bool
	// robber took its lease by an operator's rollback, whose target is where all
	// traffic went.
	robber *holder
	target string

	over bool
	err  error

	expect *roller.Expectation
	looks  int       // that were complete
	did    int       // actions
	shown  time.Time // what its last look showed was so then, or later
	looked time.Time // when that look began
	look   time.Time // what the look under way shows was so then, or later
	begun  time.Time // when that look began
	action string    // the kind of the action it is at; empty while it looks
	armed  Fault     // what befalls one of the action's calls
	at     int       // which
}

// errKilled is what the calls of a dead run answer; nobody is there to hear it.
var errKilled = errors.New("killed")

func (h *holder) roller() *roller.Roller {
	return &roller.Roller{
		Platform: platform{h}, Balancer: balancer{h}, DNS: dns{h}, Meter: meter{h}, Prober: prober{h},
		Journal: &journal{h},
		Clock:   clock{h}, Who: endpoint.Who{Run: h.run}, Log: ear{hclog.NewNullLogger(), h},
	}
}

// start makes the run a coroutine that begins later.
func (h *holder) start(later time.Duration, work func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	h.next, _ = iter.Pull(func(give func(struct{}) bool) {
		h.give = give
		h.err = work(ctx)
	})
	h.w.plan(h.w.Now.Add(later), h.resume)
}

// resume lets the run go on until it waits or ends.
func (h *holder) resume() {
	if h.over {
		return
	}
	if _, more := h.next(); !more {
		h.over = true
		h.stop()
		h.w.life.ended(h)
	}
}

// kill ends the run where it is: none of its calls has an effect any more.
func (h *holder) kill() {
	h.dead = true
	h.stop()
}

// pass lets time pass for the run.
func (h *holder) pass(d time.Duration) {
	until := h.w.Now.Add(d)
	switch {
	case h.dead || d <= 0:
	case h.give == nil || h.w.free(until):
		h.w.Now = until
	default:
		h.w.plan(until, h.resume)
		h.give(struct{}{})
	}
}

// call makes a call with what befalls it.
func (h *holder) call(ctx context.Context, name string, effect func() error) error {
	switch {
	case h.dead:
		return errKilled
	case h.w.life != nil:
		return h.w.life.call(ctx, h, name, effect)
	}
	if err := h.fault(name, false); err != nil {
		return err
	}
	if err := effect(); err != nil {
		return err
	}
	return h.fault(name, true)
}

func (h *holder) fault(call string, after bool) error {
	if h.w.Fault == nil {
		return nil
	}
	return h.w.Fault(call, after)
}

// change makes a call that changes AWS.
func (h *holder) change(ctx context.Context, call string, effect func() error) error {
	w := h.w
	return h.call(ctx, call, func() error {
		w.changed() // time has passed since the last change
		if w.life != nil {
			w.life.before(h, call)
		}
		if err := effect(); err != nil {
			return err
		}
		w.changed()
		if w.life == nil {
			w.Calls = append(w.Calls, call)
		} else {
			w.life.after(h, call)
		}
		if w.Watch != nil {
			w.Watch(w)
		}
		return nil
	})
}

type clock struct{ h *holder }

func (c clock) Now() time.Time { return c.h.w.Now.Add(c.h.off) }

// Sleep passes the model's time.
func (c clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.h.pass(d)
	return ctx.Err()
}

// ear hears which action the loop is about to do: it is the loop's own words.
type ear struct {
	hclog.Logger
	h *holder
}

// Debug is what the loop says before an action.
func (e ear) Debug(message string, _ ...any) {
	if l := e.h.w.life; l != nil {
		l.decided(e.h, message)
	}
}

// Warn is what the loop says of failing calls.
func (e ear) Warn(message string, about ...any) {
	if l := e.h.w.life; l != nil && l.trace != nil {
		l.say(e.h, "%s: %v", message, about[len(about)-1])
	}
}
