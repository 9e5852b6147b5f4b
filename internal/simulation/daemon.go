// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// daemons look after the endpoint of some lives. They have a coin of their own, so that
// the other lives are as they would be without them.
type daemons struct{ coin *rand.Rand }

func (l *life) drawDaemons() {
	if l.coin.IntN(6) > 0 {
		return
	}
	for range 1 + l.coin.IntN(2) { // many copies may run
		l.watchOver(time.Duration(1+l.coin.IntN(5)) * time.Hour)
	}
}

// watchOver lets a daemon look after the endpoint for a while.
func (l *life) watchOver(during time.Duration) *holder {
	return l.run("daemon", 0, func(ctx context.Context, h *holder) error {
		loop, ward := h.roller(), &roller.Ward{Name: name}
		for until := l.w.Now.Add(during); l.w.Now.Before(until) && !h.dead; {
			seen, err := loop.Journal.Glance(ctx)
			var v roller.Visit
			if err == nil {
				v, err = loop.Visit(ctx, ward, len(seen) > 0 && seen[0].Ordered)
			}
			if err := loop.Clock.Sleep(ctx, l.pauses(h, v, err)); err != nil {
				return nil //nolint:nilerr // an interrupt is how a daemon ends
			}
		}
		return nil
	})
}

// pauses is how long a daemon stays away after a visit.
func (l *life) pauses(h *holder, v roller.Visit, err error) time.Duration {
	var failed *roller.Failed
	if err != nil && !errors.As(err, &failed) {
		if l.calm {
			l.fail("the world converges", "left alone, a visit fails: %v", err)
		}
		return time.Duration(5+l.coin.IntN(60)) * time.Second
	}
	if v.Again.IsZero() {
		return 2 * time.Minute
	}
	return max(min(v.Again.Sub(clock{h}.Now()), 2*time.Minute), time.Millisecond)
}

// handOver leaves a rollout to a daemon, which brings it to its end.
func (l *life) handOver() {
	if l.broken != nil || l.coin.IntN(4) > 0 {
		return
	}
	l.retry++
	next := plain(l.spec())
	next.Rollout.Retry, next.Rollout.NoWait = l.retry, true
	h := l.apply(next, false)
	if l.wish(h); h.err != nil {
		return // of failures converge tells
	}
	l.desired = next
	instances := next.Capacity.Min
	if f := l.record().Rollout; f != nil {
		instances = len(f.Steps) // those that move, where it goes by instance
	}
	l.must(l.watchOver(next.Rollout.MinimumDuration(instances) + next.Rollout.HealthyWithin.Std() + 30*time.Minute))
	l.stay()
}

// Glance tells of the endpoint whether its record was written, and whether an order
// waits.
func (j *journal) Glance(ctx context.Context) ([]roller.Glimpse, error) {
	w := j.h.w
	var seen []roller.Glimpse
	err := j.h.call(ctx, "Glance", func() error {
		if last, ok := w.writes[name]; ok {
			seen = append(seen, roller.Glimpse{Endpoint: name, Version: strconv.Itoa(last.version), Ordered: len(w.Orders) > 0, Silent: w.Now.Sub(last.at), Lapsed: w.Now.Sub(last.at) >= leaseTaken})
		}
		return nil
	})
	return seen, err
}

// Pulse and Daemons: in the model no daemon gives a sign of life, and nobody asks for
// one but to word a message.
func (j *journal) Pulse(endpoint.Heartbeat) roller.Pulse            { return nil }
func (j *journal) Daemons(context.Context) ([]roller.Daemon, error) { return nil, nil }
