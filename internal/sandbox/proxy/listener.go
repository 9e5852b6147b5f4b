// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"time"
)

// Listener takes HTTP requests on a real port and answers each by the first of
// its rules that matches.
type Listener struct {
	listener net.Listener
	port     string
	server   *http.Server
	forward  *httputil.ReverseProxy
	rules    atomic.Pointer[[]compiledRule] // replaced as a whole, never changed
	random   func(n int) int                // a number in [0, n)
	now      func() time.Time
	served   chan struct{}
}

const (
	// clientKeepAlive is an Application Load Balancer's default for how long a
	// client's idle connection stays open.
	clientKeepAlive = time.Hour
	// idleTimeout is its default for how long a target may take to answer.
	idleTimeout = time.Minute
	// closeGrace is how long Close waits for requests in flight.
	closeGrace = time.Second
)

// Listen opens addr, for instance "127.0.0.1:0". Until SetRules is called every
// request is answered with 503.
func Listen(addr string) (*Listener, error) {
	return listen(addr, rand.IntN, time.Now)
}

func listen(addr string, random func(int) int, now func() time.Time) (*Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("load balancer listener: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("load balancer listener: %w", err)
	}
	l := &Listener{
		listener: listener,
		port:     port,
		random:   random,
		now:      now,
		served:   make(chan struct{}),
	}
	l.rules.Store(new([]compiledRule))
	silent := log.New(io.Discard, "", 0)
	l.forward = &httputil.ReverseProxy{
		Rewrite:      l.rewrite,
		Transport:    roundTripper{},
		BufferPool:   newBufferPool(),
		ErrorHandler: answerForwardError,
		ErrorLog:     silent,
	}
	l.server = &http.Server{Handler: l, IdleTimeout: clientKeepAlive, ErrorLog: silent}
	go func() {
		defer close(l.served)
		_ = l.server.Serve(listener)
	}()
	return l, nil
}

// Addr is the host:port at which the listener takes requests.
func (l *Listener) Addr() string { return l.listener.Addr().String() }

// SetRules replaces all rules at once: each request sees either the old ones or
// the new ones. They are tried by rising priority, so the default comes last.
func (l *Listener) SetRules(rules []Rule) {
	compiled := compileRules(rules)
	l.rules.Store(&compiled)
}

// ServeHTTP answers one request by the first rule that matches it.
func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := query(r)
	rules := *l.rules.Load()
	for i := range rules {
		rule := &rules[i]
		if !rule.matches(r, q) {
			continue
		}
		switch {
		case rule.Fixed != nil:
			rule.Fixed.answer(w)
		case rule.Redirect != nil:
			rule.Redirect.answer(w, r, l.port)
		default:
			l.forwardTo(w, r, rule)
		}
		return
	}
	answerError(w, http.StatusServiceUnavailable)
}

// Close stops taking requests and gives those in flight a second to finish.
func (l *Listener) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	err := l.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = l.server.Close()
	}
	<-l.served
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("load balancer listener %s: closing: %w", l.Addr(), err)
	}
	return nil
}
