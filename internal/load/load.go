// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package load sends a steady stream of HTTP requests to one address and keeps
// what became of each of them. It is an unforgiving client: the pace does not
// slow down when answers do, nothing is sent twice, and half of the requests
// travel over kept-alive connections, half over a fresh connection each. It
// measures a service that is there to be measured; it is no stress test and
// draws no conclusions.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// Config says what to send, and where.
type Config struct {
	// URL is requested each time, with GET.
	URL string
	// Host is the Host header; empty means the one of URL.
	Host string
	// Rate is the number of requests a second, evenly spaced.
	Rate int
	// Timeout of one request from the dial to the end of its body; 0 means 5 s.
	Timeout time.Duration
}

// Result is what became of one request.
type Result struct {
	Sent        time.Time
	Took        time.Duration
	Fresh       bool   // over a connection of its own
	Status      int    // 0 when no answer came
	Version     string // header X-Version of the answer
	Environment string // header X-Environment of the answer
	Err         error  // a refused, reset or timed-out connection, a broken body
}

// Ended is the time at which the answer was complete or the request given up.
func (r Result) Ended() time.Time { return r.Sent.Add(r.Took) }

// Failure says why the request failed, or is empty: only an answer that arrived
// in full with a status of 200 to 299 is no failure.
func (r Result) Failure() string {
	switch {
	case r.Err != nil:
		return r.Err.Error()
	case r.Status < 200 || r.Status > 299:
		return fmt.Sprintf("status %d", r.Status)
	}
	return ""
}

// Stream is a stream of requests under way.
type Stream struct {
	config  Config
	kept    *http.Transport
	fresh   *http.Transport
	stop    context.CancelFunc
	stopped chan struct{}

	mu      sync.Mutex
	results []Result // in the order they ended
	failed  int
}

// Start begins to send. The stream ends with ctx or Stop; requests in flight are
// then let finish, so that the end of the stream itself causes no failures.
func Start(ctx context.Context, c Config) (*Stream, error) {
	if c.Rate < 1 {
		return nil, fmt.Errorf("load: a rate of %d requests a second", c.Rate)
	}
	if _, err := http.NewRequest(http.MethodGet, c.URL, nil); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	ctx, stop := context.WithCancel(ctx)
	s := &Stream{
		config: c,
		// Idle connections are dropped long before a load balancer would (60 s on
		// ALB), so that a reset is never the client's own fault.
		kept:    &http.Transport{MaxIdleConnsPerHost: c.Rate, IdleConnTimeout: 10 * time.Second, DisableCompression: true},
		fresh:   &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		stop:    stop,
		stopped: make(chan struct{}),
	}
	go s.run(ctx)
	return s, nil
}

// Results returns all requests that have ended, in the order they did.
func (s *Stream) Results() []Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Result(nil), s.results...)
}

// Since returns the requests that ended after t.
func (s *Stream) Since(t time.Time) []Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := len(s.results)
	for first > 0 && s.results[first-1].Ended().After(t) {
		first--
	}
	return append([]Result(nil), s.results[first:]...)
}

// Failed is the number of requests that have failed so far.
func (s *Stream) Failed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Stop ends the stream, waits for the requests in flight, and returns all results.
func (s *Stream) Stop() []Result {
	s.stop()
	<-s.stopped
	return s.Results()
}

// run sends each request when it is due, counted from the start: after a pause of
// the whole machine the missed ones follow at once, and the rate stays true.
func (s *Stream) run(ctx context.Context) {
	defer close(s.stopped)
	var flying sync.WaitGroup
	start, interval := time.Now(), time.Second/time.Duration(s.config.Rate)
	for n := 0; ; n++ {
		if wait := time.Until(start.Add(time.Duration(n) * interval)); wait > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
		if ctx.Err() != nil {
			break
		}
		flying.Go(func() { s.send(context.WithoutCancel(ctx), n%2 == 1) })
	}
	flying.Wait()
	s.kept.CloseIdleConnections()
	s.fresh.CloseIdleConnections()
}

func (s *Stream) send(ctx context.Context, fresh bool) {
	r := Result{Sent: time.Now(), Fresh: fresh}
	r.Err = s.exchange(ctx, &r)
	r.Took = time.Since(r.Sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = append(s.results, r)
	if r.Failure() != "" {
		s.failed++
	}
}

// errSentAgain stands for what went wrong with a connection that net/http then
// silently replaced: a client without retries would have failed.
var errSentAgain = errors.New("kept-alive connection was closed under the request")

func (s *Stream) exchange(ctx context.Context, r *Result) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	var connections atomic.Int32
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connections.Add(1) },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.config.URL, nil)
	if err != nil {
		return err
	}
	request.Host = s.config.Host
	transport := s.kept
	if r.Fresh {
		transport = s.fresh
	}
	// The transport, not a client: redirects are not followed.
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	r.Status = response.StatusCode
	r.Version = response.Header.Get("X-Version")
	r.Environment = response.Header.Get("X-Environment")
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if connections.Load() > 1 {
		return errSentAgain
	}
	return nil
}
