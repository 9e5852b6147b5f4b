// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"strings"
	"time"
)

// befalls draws what befalls a call.
func (l *life) befalls(h *holder, call string) Fault {
	switch {
	case l.calm:
		return ""
	case l.refuse[h] > 0:
		l.refuse[h]--
		return Throttled
	case h.action != "" && h.armed != "" && call != "Publish":
		if h.at > 0 {
			h.at--
			break
		}
		f := h.armed
		h.armed = ""
		return f
	}
	if l.often > 0 && l.chance(l.often) {
		return pick(l, ofCalls)
	}
	return ""
}

// call makes a call with what befalls it.
func (l *life) call(ctx context.Context, h *holder, call string, effect func() error) error {
	h.pass(l.between(20*time.Millisecond, 150*time.Millisecond))
	if l.bounded(h); h.dead {
		return errKilled
	}
	f := l.befalls(h, call)
	if f == Late && (!changesAWS(call) || (Pair{h.action, f}).Impossible() != "") {
		f = Lost
	}
	if f != "" {
		l.say(h, "%s: %s", call, f)
		if h.action != "" {
			l.meet(h, f)
		}
	}
	switch f {
	case Paused:
		h.pass(l.between(32*time.Second, 150*time.Second))
	case KilledBefore:
		h.kill()
	}
	if h.dead {
		return errKilled
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	switch f {
	case Throttled:
		if l.refuse[h] == 0 && l.chance(2) {
			l.refuse[h] = l.dice.IntN(7)
		}
		return errThrottled
	case Late:
		return l.send(ctx, h, effect)
	}
	l.late, l.overdue = h.robber != nil, h.robber != nil // it does not know yet
	err := effect()
	l.late, l.overdue = false, false
	if changesAWS(call) {
		l.say(h, "%s: %v", call, err)
	}
	switch {
	case f == KilledAfter:
		h.kill()
		return errKilled
	case f == Lost && err == nil:
		return errLost
	}
	return err
}

// send makes a call whose effect comes after its deadline: as a rule before the
// lease can be taken, now and then after that.
func (l *life) send(ctx context.Context, h *holder, effect func() error) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = l.w.Now.Add(leaseLength)
	}
	after := l.between(0, leaseMargin)
	overdue := l.chance(4)
	if overdue {
		after = l.between(leaseMargin, time.Minute)
	}
	sent := l.w.Now
	l.w.plan(deadline.Add(after), func() {
		l.left = sent
		l.say(h, "its call takes effect only now")
		l.late, l.overdue, l.excused = true, overdue || h.robber != nil, overdue
		if err := effect(); err != nil {
			l.say(h, "and fails: %v", err)
		}
		l.late, l.overdue, l.excused = false, false, false
	})
	if l.chance(3) {
		h.kill()
		return errKilled
	}
	h.pass(deadline.Sub(l.w.Now))
	return context.DeadlineExceeded
}

func changesAWS(call string) bool {
	kind, _, _ := strings.Cut(call, " ")
	switch kind {
	case "Launch", "Shift", "Scale", "Resize", "Attach", "Detach", "Register", "Deregister", "Unroute", "Aim", "Unaim", "Point", "Unpoint", "Retire", "Forget", "Dissolve":
		return true
	}
	return false
}

// sees is the time that a read shows.
func (h *holder) sees() time.Time {
	l := h.w.life
	if l == nil {
		return h.w.Now
	}
	t := h.w.Now
	if !l.calm && l.stale > 0 && l.chance(l.stale) {
		t = t.Add(-l.upTo(l.lag))
	}
	if t.Before(h.look) {
		h.look = t
	}
	return t
}
