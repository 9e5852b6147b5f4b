// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// clock is a clock that only sleeping moves. Its RoundTrip moves the times that S3
// tells along, so that a lease gets old without waiting, in a server whose own clock
// is real.
type clock struct {
	next http.RoundTripper

	mu      sync.Mutex
	began   time.Time
	passed  time.Duration
	written map[string]time.Duration // what had passed when a path was last written to
	// events happen, in order, when as much time has passed.
	events []event
}

type event struct {
	after time.Duration
	do    func()
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.began.Add(c.passed)
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.passed += d
	var due []func()
	for len(c.events) > 0 && c.events[0].after <= c.passed {
		due, c.events = append(due, c.events[0].do), c.events[1:]
	}
	c.mu.Unlock()
	for _, do := range due {
		do()
	}
	return ctx.Err()
}

// RoundTrip adds what has passed to the answer's Date, and what had passed when an
// object was written to its Last-Modified.
func (c *clock) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut {
		// Now, because somebody else may read it before the answer is here.
		c.mu.Lock()
		c.written[r.URL.Path] = c.passed
		c.mu.Unlock()
	}
	answer, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	later(answer.Header, "Date", c.passed)
	later(answer.Header, "Last-Modified", c.written[r.URL.Path])
	return answer, nil
}

func later(h http.Header, name string, by time.Duration) {
	if at, err := http.ParseTime(h.Get(name)); err == nil {
		h.Set(name, at.Add(by).UTC().Format(http.TimeFormat))
	}
}

// impatient is a clock for those who would rather give up than wait for a lease.
// Pauses between two tries of a write are no waiting, and take no time.
type impatient struct{ *clock }

var errWaiting = errors.New("it takes a wait")

func (impatient) Sleep(ctx context.Context, d time.Duration) error {
	if d >= time.Second {
		return errWaiting
	}
	return ctx.Err()
}
