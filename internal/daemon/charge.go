// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package daemon

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// charge is an endpoint that the daemon looks after.
type charge struct {
	ward    roller.Ward
	at      time.Time // when it is visited next, while it is among the wakes
	index   int       // there; absent when it is not
	version string    // of its record, as it was last glanced at
	ordered bool      // an order waits

	away     bool // a visit is under way
	stirred  bool // and something happened meanwhile
	known    bool // it is ours, and that was said
	failures int  // of visits, in a row
}

func newCharge(name string) *charge {
	return &charge{ward: roller.Ward{Name: name}, index: absent}
}

// heldFor is how long an endpoint is left to whoever is at work on it, unless its
// record changes: when that run died, its lease is over then.
const heldFor = 31 * time.Second

// After a failure an endpoint is left alone for a while, longer each time.
const (
	shortestBackoff = 5 * time.Second
	longestBackoff  = 5 * time.Minute
)

// pause is how long an endpoint is left alone after a visit; not ok when it is so
// until its record changes.
func (k *keeper) pause(c *charge, v roller.Visit, err error) (pause time.Duration, ok bool) {
	var (
		held   *roller.Held
		other  *roller.OtherOwner
		failed *roller.Failed
	)
	switch {
	case errors.As(err, &other):
		if len(k.Endpoints) > 0 {
			k.Log.Warn("an endpoint is not this owner's", "endpoint", c.ward.Name, "error", err)
		}
		return 0, false
	case errors.As(err, &held):
		k.Log.Debug("another run is at work on an endpoint", "endpoint", c.ward.Name, "run", held.Lease.Who.Run, "host", held.Lease.Who.Host)
		return spread(heldFor), true
	case errors.Is(err, context.Canceled):
		return 0, false // the daemon ends
	case err != nil && !errors.As(err, &failed):
		c.failures++
		pause := backoff(c.failures)
		k.Log.Warn("unable to look after an endpoint", "endpoint", c.ward.Name, "error", err, "next try in", pause.Round(time.Second))
		return pause, true
	}
	if c.failures > 0 {
		k.Log.Info("an endpoint is looked after again", "endpoint", c.ward.Name, "after failures", c.failures)
		c.failures = 0
	}
	if v.Gone {
		c.known = false
		return 0, false
	}
	if !c.known {
		c.known = true
		k.Log.Info("an endpoint is looked after", "endpoint", c.ward.Name, "release", v.World.Record.ActiveVersion())
	}
	pause = spread(k.Interval)
	if !v.Again.IsZero() {
		pause = min(pause, v.Again.Sub(k.Clock.Now()))
	}
	return pause, true
}

// backoff grows with the failures, and differs from endpoint to endpoint and from
// daemon to daemon, so that AWS is not asked by all of them at once.
func backoff(failures int) time.Duration {
	return spread(min(shortestBackoff<<min(failures-1, 10), longestBackoff))
}

// spread varies a time by up to a quarter, and never makes it longer.
func spread(d time.Duration) time.Duration { return d - rand.N(d/4+1) }
