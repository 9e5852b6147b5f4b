// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// How often AWS is asked while something is awaited: soon at first, so that what
// is quick is noticed quickly, then less and less, because launches take minutes
// and AWS throttles who asks often.
const (
	shortestPoll = time.Second
	longestPoll  = 15 * time.Second
	renewEvery   = 5 * time.Second
	maxFailures  = 5
)

// patience is how long calls may fail in a row: the SDK has tried each of them for
// half a minute, and who waits at the terminal wants to know.
const patience = time.Minute

// readBackWithin is how long AWS's reads may be behind its writes before a change
// that they do not show is made once more.
const readBackWithin = 10 * time.Second

// unseenFor is how long a change of ours may stay unseen: reads are a minute behind at
// most, and are tried less and less often.
const unseenFor = 2 * time.Minute

// readBack is awaited when a change that was made a moment ago is not seen yet.
const readBack rollout.Awaited = "AWS to show the change"

// pace remembers how long the same thing has been awaited. Losing it costs
// nothing but a few calls.
type pace struct {
	waiting  rollout.Awaited
	since    time.Time
	failures int       // in a row
	failing  time.Time // since when
	done     string    // the last action that changed AWS
	doneAt   time.Time
	stuck    stuck
}

// stuck is an action that failed, after which none was done.
type stuck struct {
	action string
	since  time.Time
	err    error
}

// did notes an action that was done.
func (p *pace) did(a rollout.Action, now time.Time) {
	p.stuck, p.waiting = stuck{}, ""
	if rollout.Touches(a) {
		p.done, p.doneAt = a.String(), now
	}
}

// justDone says that an action was the last change, a moment ago: it is decided on
// again because AWS does not show it yet, or shows the past once more.
func (p *pace) justDone(a rollout.Action, now time.Time) bool {
	return p.done == a.String() && now.Sub(p.doneAt) < readBackWithin
}

// gaveUp says that an action which failed has failed before, and longer ago than
// failures are borne. Between the two the effect of the first was awaited: whether it
// had one was not known.
func (p *pace) gaveUp(a rollout.Action, err error, now time.Time) bool {
	if p.stuck.action != a.String() {
		p.stuck = stuck{action: a.String(), since: now}
	}
	p.stuck.err = err
	return now.Sub(p.stuck.since) > patience
}

// poll is the time until the next look.
func (p *pace) poll(now time.Time, what rollout.Awaited) time.Duration {
	if p.waiting != what {
		p.waiting, p.since = what, now
	}
	return min(max(now.Sub(p.since)/8, shortestPoll), longestPoll)
}

// retry bears a few failures in a row: the SDK has retried each call already.
func (p *pace) retry(ctx context.Context, r *run, err error) error {
	now := r.Clock.Now()
	if p.failures == 0 {
		p.failing = now
	}
	p.failures++
	if ctx.Err() != nil || overtaken(err) || p.failures >= maxFailures || now.Sub(p.failing) > patience {
		return err
	}
	r.Log.Warn("a call to AWS failed; trying again", "endpoint", r.record.Endpoint, "error", err)
	return r.Clock.Sleep(ctx, time.Duration(p.failures)*time.Second)
}

// sleep waits until it is time to look again, and keeps the lease meanwhile.
func (r *run) sleep(ctx context.Context, wake rollout.Wake, p *pace) error {
	p.failures = 0
	now := r.Clock.Now()
	left := p.poll(now, wake.For)
	if !wake.At.IsZero() {
		left = min(left, wake.At.Sub(now))
	}
	for left > 0 {
		part := min(left, renewEvery)
		if err := r.Clock.Sleep(ctx, part); err != nil {
			return err
		}
		if err := r.session.Renew(ctx); err != nil {
			return p.retry(ctx, r, err)
		}
		left -= part
	}
	return nil
}
