// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demoservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Config says who a service is and how it behaves.
type Config struct {
	Version     string
	Environment string
	Instance    string
	Env         map[string]string // only the DEMO_ variables are read
}

// Service is one running copy of the demo service.
type Service struct {
	config    Config
	behaviour behaviour
	listener  net.Listener
	server    *http.Server
	ready     time.Time
	crash     *time.Timer // nil: does not crash
	requests  atomic.Uint64
	exited    chan struct{}
}

// closeGrace is how long Close waits for requests in flight, beyond the
// service's own latency.
const closeGrace = 5 * time.Second

// Start listens on addr, for instance "127.0.0.1:0", and serves until Close or
// until the service crashes because it was told to.
func Start(addr string, c Config) (*Service, error) {
	b, err := parseBehaviour(c.Env)
	if err != nil {
		return nil, fmt.Errorf("demo service %s: %w", c.Instance, err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("demo service %s: %w", c.Instance, err)
	}
	s := &Service{
		config:    c,
		behaviour: b,
		listener:  listener,
		ready:     time.Now().Add(b.startDelay),
		exited:    make(chan struct{}),
	}
	s.server = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	if b.crashAfter > 0 {
		s.crash = time.AfterFunc(b.crashAfter, func() { s.server.Close() })
	}
	go s.serve()
	return s, nil
}

func (s *Service) serve() {
	defer close(s.exited)
	// Serve returns as soon as the listener is closed; Close waits for the rest.
	_ = s.server.Serve(s.listener)
}

// Addr is the host:port at which the service listens.
func (s *Service) Addr() string { return s.listener.Addr().String() }

// Exited is closed once the service takes no more connections: it has crashed
// or Close has begun.
func (s *Service) Exited() <-chan struct{} { return s.exited }

// Close stops taking connections and lets requests in flight finish.
func (s *Service) Close() error {
	if s.crash != nil {
		s.crash.Stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace+s.behaviour.latency)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	<-s.exited
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("demo service %s: closing: %w", s.config.Instance, err)
	}
	return nil
}

// ServeHTTP answers one request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A body left unread would make the server cut the connection afterwards.
	_, _ = io.Copy(io.Discard, r.Body)
	if !s.wait(r.Context()) {
		return
	}
	h := w.Header()
	h.Set("X-Version", s.config.Version)
	h.Set("X-Environment", s.config.Environment)
	h.Set("X-Instance", s.config.Instance)
	h.Set("Cache-Control", "no-store")
	switch check := isHealthCheck(r); {
	case time.Now().Before(s.ready):
		http.Error(w, "starting", http.StatusServiceUnavailable)
	case check && s.behaviour.unhealthy:
		http.Error(w, "unhealthy", http.StatusServiceUnavailable)
	case !check && s.behaviour.fails(s.requests.Add(1)):
		http.Error(w, "failing as told by DEMO_FAIL_RATE", http.StatusInternalServerError)
	default:
		s.answer(w, r)
	}
}

// wait lets the latency pass and reports whether the client is still there.
func (s *Service) wait(ctx context.Context) bool {
	if s.behaviour.latency == 0 {
		return true
	}
	select {
	case <-time.After(s.behaviour.latency):
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"version":     s.config.Version,
			"environment": s.config.Environment,
			"instance":    s.config.Instance,
		})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "version %s, environment %s, instance %s\n",
		s.config.Version, s.config.Environment, s.config.Instance)
}

// isHealthCheck recognises load balancers by their User-Agent too, because
// users may have them check any path.
func isHealthCheck(r *http.Request) bool {
	return r.URL.Path == "/health" || r.URL.Path == "/healthz" ||
		strings.HasPrefix(r.UserAgent(), "ELB-HealthChecker/")
}
