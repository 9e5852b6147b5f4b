// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Clock is AWS's own, as the Date of its answers tells it. Bakes and retentions
// are counted by it, so that the machines that work on an endpoint one after the
// other need not agree on the time.
//
// A Date has whole seconds. Each answer bounds the difference to this machine's
// monotonic clock from both sides, and the bounds of many answers together leave
// little more than a round trip's time. While the bounds allow for no difference at
// all there is none: short runs of a machine whose time is right agree to the
// millisecond, and one never finds itself in the time before another's end.
type Clock struct {
	started time.Time // with the monotonic clock's reading

	mu     sync.Mutex
	known  bool
	lo, hi time.Duration // bounds of AWS's time less this machine's
	last   time.Time

	anchor, anchored time.Time // AWS's and this machine's time of an earlier answer
	rate             float64   // how quick AWS's clock runs, beside this machine's
}

// A clock that runs much quicker than real time is a sandbox's. Rates that the
// whole seconds of two Dates can make believe are none.
const (
	leastRate = 5
	mostRate  = 3600
	baseline  = time.Second // between the two answers that tell the rate
	leastNap  = 50 * time.Millisecond
)

// NewClock returns a clock that shows this machine's time until AWS answers.
func NewClock() *Clock { return &Clock{started: time.Now(), rate: 1} }

// Now returns AWS's time in UTC. Once AWS has answered, it never goes back.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.local(time.Now())
	if !c.known {
		return now
	}
	now = now.Add(c.ahead())
	if now.Before(c.last) {
		return c.last
	}
	c.last = now
	return now
}

// ahead is AWS's time less this machine's, as far as it is known.
func (c *Clock) ahead() time.Duration {
	if c.lo <= 0 && c.hi >= 0 {
		return 0
	}
	return c.lo + (c.hi-c.lo)/2
}

// Sleep waits for d of AWS's time, as far as AWS's answers have told how quick
// that goes, or returns the context's error.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	if c.rate > 1 {
		d = max(time.Duration(float64(d)/c.rate), min(d, leastNap))
	}
	c.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ahead returns how far AWS's clock is ahead of this machine's; false when AWS has not
// answered yet.
func (c *Clock) Ahead() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lo + (c.hi-c.lo)/2, c.known
}

// local is this machine's time, counted by its monotonic clock.
func (c *Clock) local(t time.Time) time.Time {
	return c.started.Round(0).Add(t.Sub(c.started)).UTC()
}

// learn takes the Date of an answer to a request of this time.
func (c *Clock) learn(sent, received, date time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pace(received, date)
	lo, hi := date.Sub(c.local(received)), date.Add(time.Second).Sub(c.local(sent))
	if !c.known || lo > c.hi || hi < c.lo {
		// The first answer, or one that fits none before: AWS is right.
		c.known, c.lo, c.hi = true, lo, hi
		return
	}
	c.lo, c.hi = max(c.lo, lo), min(c.hi, hi)
}

// pace learns how quick AWS's clock runs.
func (c *Clock) pace(received, date time.Time) {
	passed := received.Sub(c.anchored)
	if !c.anchored.IsZero() && passed < baseline {
		return
	}
	if rate := float64(date.Sub(c.anchor)) / float64(passed); !c.anchored.IsZero() && rate >= leastRate {
		c.rate = min(rate, mostRate)
	} else {
		c.rate = 1
	}
	c.anchor, c.anchored = date, received
}

// follow makes a client's answers tell the time.
func (c *Clock) follow(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ionrollerClock",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			sent := time.Now()
			out, metadata, err := next.HandleDeserialize(ctx, in)
			if response, ok := out.RawResponse.(*smithyhttp.Response); ok {
				if date, parseErr := http.ParseTime(response.Header.Get("Date")); parseErr == nil {
					c.learn(sent, time.Now(), date)
				}
			}
			return out, metadata, err
		}), middleware.After)
}
