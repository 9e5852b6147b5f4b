// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// name is the endpoint's that a life is about.
const name = "checkout"

// life is a world with users, people, nature and bad luck, all drawn from a seed.
type life struct {
	w      *World
	seed   uint64
	dice   *rand.Rand
	frozen bool         // records are copied through their stored form
	trace  func(string) // hears what happens; nil when nobody listens
	calm   bool         // nothing goes wrong any more

	users
	operators
	luck
	watch
	daemons
	makers

	holders map[string]*holder // all, by the run
	running int
	runs    int
	actions int
	met     Coverage
	broken  *Violation
}

// Report is how a life went.
type Report struct {
	Violation *Violation // nil: all invariants held
	Met       Coverage
	Actions   int           // that were done
	Calm      int           // actions of the longest run after the faults had stopped
	Lasted    time.Duration // by the model's clock
}

// Violation is an invariant that did not hold.
type Violation struct {
	Seed      uint64
	Invariant string
	Details   string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d breaks %q: %s", v.Seed, v.Invariant, v.Details)
}

// Live runs the life of a seed. trace, which may be nil, hears all that happens.
func Live(seed uint64, trace func(string)) Report { return live(seed, trace, false) }

func live(seed uint64, trace func(string), frozen bool) Report {
	w := New()
	l := &life{w: w, seed: seed, dice: rand.New(rand.NewPCG(seed, 0)), trace: trace, frozen: frozen, met: Coverage{}, holders: map[string]*holder{}}
	w.life = l
	w.Alarms[alarmName] = rollout.Alarm{State: rollout.AlarmOK}
	w.changed()
	l.watch.begin()
	l.coin = rand.New(rand.NewPCG(seed, 1))
	l.hand = rand.New(rand.NewPCG(seed, 2))
	l.luck = l.drawLuck()
	l.users = l.drawUsers()
	began := w.Now
	l.whole()
	return Report{
		Violation: l.broken, Met: l.met, Actions: l.actions, Calm: l.longest, Lasted: w.Now.Sub(began),
	}
}

// whole is the life from the first wish of a user to the removal.
func (l *life) whole() {
	defer l.bury()
	defer func() {
		if p := recover(); p != nil && l.broken == nil {
			l.fail("no panic", "%v", p)
		}
	}()
	if l.hand.IntN(4) == 0 {
		l.stranger()
	}
	l.nature()
	l.drawDaemons()
	for i := 0; i < l.wishes && l.broken == nil; i++ {
		if i == 1 {
			l.scenes(target(l.seed))
		} else {
			l.wish(l.begin())
		}
		l.elapse(l.upTo(l.gap))
	}
	for l.running > 0 && l.broken == nil {
		l.w.next()
	}
	l.calmDown()
}

// bury ends the runs that an early end of the life left.
func (l *life) bury() {
	for _, h := range l.alive {
		for h.dead = true; !h.over; {
			h.stop()
			h.resume()
		}
	}
}

// wish waits until a run is over, and lets all else happen meanwhile.
func (l *life) wish(h *holder) {
	for !h.over && l.broken == nil {
		l.w.next()
	}
}

// elapse lets time pass.
func (l *life) elapse(d time.Duration) {
	until := l.w.Now.Add(d)
	for !l.w.free(until) && l.broken == nil {
		l.w.next()
	}
	if l.w.Now.Before(until) {
		l.w.Now = until
	}
}

// run begins a run, now or later.
func (l *life) run(what string, later time.Duration, work func(ctx context.Context, h *holder) error) *holder {
	l.runs++
	h := &holder{w: l.w, run: fmt.Sprintf("run %d", l.runs)}
	if !l.calm {
		h.off = l.between(-400*time.Millisecond, 400*time.Millisecond)
		if l.chance(4) {
			h.skew = l.between(-5*time.Hour, 5*time.Hour)
		}
		l.w.plan(l.w.Now.Add(l.between(10*time.Minute, 2*time.Hour)), h.timeout)
	}
	l.say(h, "begins: %s", what)
	l.running++
	l.alive = append(l.alive, h)
	l.holders[h.run] = h
	h.start(later, func(ctx context.Context) error { return work(ctx, h) })
	return h
}

func (h *holder) timeout() {
	if !h.over {
		h.w.life.say(h, "its timeout is over")
		h.stop()
	}
}

// ended hears that a run is over.
func (l *life) ended(h *holder) {
	l.running--
	l.say(h, "ends: %v", h.err)
	for i, o := range l.alive {
		if o == h {
			l.alive = append(l.alive[:i], l.alive[i+1:]...)
			break
		}
	}
}

// fail notes the first invariant that does not hold, and ends the life.
func (l *life) fail(invariant, format string, args ...any) {
	if l.broken != nil {
		return
	}
	l.broken = &Violation{l.seed, invariant, fmt.Sprintf(format, args...)}
	if l.trace != nil {
		l.trace("!! " + l.broken.Error())
	}
}

// say tells who listens what a run, or nobody, does.
func (l *life) say(h *holder, format string, args ...any) {
	if l.trace == nil {
		return
	}
	who := "-"
	if h != nil {
		who = h.run
	}
	l.trace(fmt.Sprintf("%s %-7s %s", l.w.Now.Format("15:04:05.000"), who, fmt.Sprintf(format, args...)))
}

// The dice.
func (l *life) chance(of int) bool { return l.dice.IntN(of) == 0 }

func (l *life) upTo(d time.Duration) time.Duration { return l.between(0, d) }

func (l *life) between(from, to time.Duration) time.Duration {
	if to <= from {
		return from
	}
	return (from + time.Duration(l.dice.Int64N(int64(to-from)))).Truncate(time.Millisecond)
}

func pick[T any](l *life, from []T) T { return from[l.dice.IntN(len(from))] }

// record is the endpoint's as it is stored, or nil.
func (l *life) record() *endpoint.Record { return l.w.Records[name] }

var (
	errThrottled = errors.New("rate exceeded")
	errLost      = errors.New("connection reset by peer")
)
