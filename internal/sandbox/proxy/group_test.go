// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// eager checks as often as a test wants to see something happen.
var eager = HealthCheck{
	Enabled: true, Interval: 2 * time.Millisecond, Timeout: 5 * time.Second, Healthy: 3, Unhealthy: 2,
}

// awaitHealth waits until the states of the group's targets are as given.
func awaitHealth(t *testing.T, g *Group, want string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		got := states(g)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("targets are %q, want %q", got, want)
		}
		time.Sleep(time.Millisecond)
	}
}

func states(g *Group) string {
	var states []string
	for _, h := range g.Health() {
		states = append(states, h.State)
	}
	return strings.Join(states, " ")
}

// adjustable is a target whose answer can be changed.
func adjustable(t *testing.T, status int) (*atomic.Int32, *httptest.Server) {
	var answer atomic.Int32
	answer.Store(int32(status))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(answer.Load()))
	}))
	t.Cleanup(server.Close)
	return &answer, server
}

func TestHealthFollowsTarget(t *testing.T) {
	answer, server := adjustable(t, 200)
	g := newGroup(t, eager, time.Hour)
	g.Register(instance(0, server.Listener.Addr().String()))
	awaitHealth(t, g, "healthy")
	if h := g.Health()[0]; h.Reason != "" || h.Description != "" || h.Target.ID != "i-0" {
		t.Errorf("got %+v", h)
	}
	answer.Store(503)
	awaitHealth(t, g, "unhealthy")
	if h := g.Health()[0]; h.Reason != "Target.ResponseCodeMismatch" || h.Description != "Health checks failed with these codes: [503]" {
		t.Errorf("got %+v", h)
	}
	answer.Store(200)
	awaitHealth(t, g, "healthy")
	server.Close()
	awaitHealth(t, g, "unhealthy")
	if h := g.Health()[0]; h.Reason != "Target.FailedHealthChecks" || h.Description != "Health checks failed" {
		t.Errorf("got %+v", h)
	}
}

func TestHealthThresholds(t *testing.T) {
	failure := &condition{stateUnhealthy, "r", "d"}
	h := HealthCheck{Healthy: 3, Unhealthy: 2}
	for _, c := range []struct {
		name, checks, want string // a check is + or -
	}{
		{"one pass makes a new target healthy", "+", "healthy"},
		{"one failure leaves it initial", "-", "initial"},
		{"failures make it unhealthy", "--", "unhealthy"},
		{"a late first pass", "-+", "healthy"},
		{"one failure leaves it healthy", "+-", "healthy"},
		{"failures must come in a row", "+-+-+-", "healthy"},
		{"a healthy target fails", "+--", "unhealthy"},
		{"some passes do not suffice", "+--++", "unhealthy"},
		{"passes must come in a row", "+--++-++", "unhealthy"},
		{"it recovers", "+--+++", "healthy"},
	} {
		target := &target{condition: registering}
		for _, check := range c.checks {
			if check == '+' {
				target.record(h, nil)
			} else {
				target.record(h, failure)
			}
		}
		if target.state != c.want {
			t.Errorf("%s: %s gives %s, want %s", c.name, c.checks, target.state, c.want)
		}
	}
	target := &target{condition: registering}
	target.record(h, failure)
	if target.reason != "Elb.InitialHealthChecking" {
		t.Errorf("after the first failure: %+v", target.condition)
	}
}

func TestProbe(t *testing.T) {
	var agent, path atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent.Store(r.UserAgent())
		path.Store(r.RequestURI)
		switch r.URL.Path {
		case "/slow":
			<-r.Context().Done()
		case "/moved":
			http.Redirect(w, r, "/ok", http.StatusFound)
		}
	}))
	defer server.Close()
	tls := httptest.NewTLSServer(says(""))
	defer tls.Close()
	target := instance(0, server.Listener.Addr().String())
	_, port, _ := strings.Cut(target.Addr, ":")
	for name, c := range map[string]struct {
		check  HealthCheck
		target Target
		reason string
	}{
		"passes":                {HealthCheck{Path: "/ok?deep=1"}, target, ""},
		"redirect":              {HealthCheck{Path: "/moved"}, target, "Target.ResponseCodeMismatch"},
		"redirect that matches": {HealthCheck{Path: "/moved", Matcher: "200-299,302"}, target, ""},
		"slow":                  {HealthCheck{Path: "/slow", Timeout: 10 * time.Millisecond}, target, "Target.Timeout"},
		"other port":            {HealthCheck{Port: port}, Target{ID: "i", Port: 80, Addr: "127.0.0.1:1"}, ""},
		"refused":               {HealthCheck{Port: "1"}, target, "Target.FailedHealthChecks"},
		"TLS":                   {HealthCheck{Protocol: "HTTPS"}, instance(1, tls.Listener.Addr().String()), ""},
		"TLS that is none":      {HealthCheck{Protocol: "HTTPS"}, target, "Target.FailedHealthChecks"},
	} {
		var reason string
		if failed := c.check.withDefaults().probe(t.Context(), c.target); failed != nil {
			reason = failed.reason
		}
		if reason != c.reason {
			t.Errorf("%s: got %q, want %q", name, reason, c.reason)
		}
		if name == "passes" && (agent.Load() != "ELB-HealthChecker/2.0" || path.Load() != "/ok?deep=1") {
			t.Errorf("checked %v as %v", path.Load(), agent.Load())
		}
	}
}

func TestUnusedGroup(t *testing.T) {
	var checks atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { checks.Add(1) }))
	defer server.Close()
	g := NewGroup(eager, time.Hour)
	defer g.Close()
	g.Register(instance(0, server.Listener.Addr().String()))
	g.Register(instance(1, server.Listener.Addr().String()))
	h := g.Health()[0]
	if h.State != "unused" || h.Reason != "Target.NotInUse" || checks.Load() != 0 {
		t.Errorf("got %+v after %d checks", h, checks.Load())
	}
	g.Deregister(instance(1, ""))
	if got := states(g); got != "unused" {
		t.Errorf("an unused target does not drain, but: %q", got)
	}
	g.SetInUse(true)
	awaitHealth(t, g, "healthy")
	g.SetInUse(false)
	if got := states(g); got != "unused" {
		t.Errorf("got %q", got)
	}
	if g.next() == nil {
		t.Error("a request that matched the rule just before it changed is lost")
	}
}

func TestDraining(t *testing.T) {
	const delay = 50 * time.Millisecond
	_, server := adjustable(t, 200)
	addr := server.Listener.Addr().String()
	g := newGroup(t, eager, delay)
	g.Register(instance(0, addr))
	g.Register(instance(1, addr))
	awaitHealth(t, g, "healthy healthy")
	began := time.Now()
	g.Deregister(Target{ID: "i-0", Port: 80}) // named by ID and port
	g.Deregister(Target{ID: "i-0", Port: 81})
	if h := g.Health()[0]; h.State != "draining" || h.Reason != "Target.DeregistrationInProgress" {
		t.Errorf("got %+v", h)
	}
	for range 10 {
		if got := g.next().ID; got != "i-1" {
			t.Fatalf("%s got a request", got)
		}
	}
	awaitHealth(t, g, "healthy")
	if took := time.Since(began); took < delay {
		t.Errorf("gone after %s, though idle targets drain for %s too", took, delay)
	}

	g.SetDeregistrationDelay(time.Hour)
	g.Deregister(instance(1, ""))
	if g.next() != nil {
		t.Error("a target that drains got a request, all others being gone")
	}
	g.Register(instance(1, addr))
	if got := states(g); got != "initial" {
		t.Errorf("registered while draining: %q", got)
	}
	awaitHealth(t, g, "healthy")
}

func TestFailOpen(t *testing.T) {
	answer, server := adjustable(t, 200)
	_, bad := adjustable(t, 500)
	g := newGroup(t, eager, time.Hour)
	g.Register(instance(0, server.Listener.Addr().String()))
	g.Register(instance(1, bad.Listener.Addr().String()))
	awaitHealth(t, g, "healthy unhealthy")
	chosen := func() map[string]bool {
		ids := map[string]bool{}
		for range 10 {
			ids[g.next().ID] = true
		}
		return ids
	}
	if ids := chosen(); len(ids) != 1 || !ids["i-0"] {
		t.Errorf("with a healthy target: %v", ids)
	}
	answer.Store(500)
	awaitHealth(t, g, "unhealthy unhealthy")
	if ids := chosen(); len(ids) != 2 {
		t.Errorf("with none: %v", ids)
	}
}

func TestHealthCheckSettings(t *testing.T) {
	_, server := adjustable(t, 404)
	g := newGroup(t, eager, time.Hour)
	g.Register(instance(0, server.Listener.Addr().String()))
	awaitHealth(t, g, "unhealthy")
	changed := eager
	changed.Matcher = "404"
	g.SetHealthCheck(changed)
	awaitHealth(t, g, "healthy")
	changed.Enabled = false
	g.SetHealthCheck(changed)
	if h := g.Health()[0]; h.State != "unavailable" || h.Reason != "Target.HealthCheckDisabled" || g.next() == nil {
		t.Errorf("got %+v", h)
	}
	if again := g.Health(); len(again) != 1 {
		t.Errorf("got %+v", again)
	}
	g.Close()
	if g.Register(instance(1, "127.0.0.1:1")); len(g.Health()) != 0 || g.next() != nil {
		t.Error("a closed group took a target")
	}
}

// A target that is gone is not held up by connections kept for it.
func TestIdleConnectionsToGoneTargetAreClosed(t *testing.T) {
	closed := make(chan struct{}, 100)
	server := httptest.NewUnstartedServer(says("x"))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	unchecked := passive
	unchecked.Enabled = false
	g := newGroup(t, unchecked, 0)
	g.Register(instance(0, server.Listener.Addr().String()))
	l := newListener(t, time.Now)
	l.SetRules(forwardTo(WeightedGroup{g, 1}))
	get(t, client(t), "http://"+l.Addr())
	g.Deregister(instance(0, ""))
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection stays open")
	}
}

// Close leaves nothing running, whatever goes on.
func TestCloseEndsAllGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	entered, release := make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	addr := server.Listener.Addr().String()
	g := NewGroup(eager, time.Hour)
	g.SetInUse(true)
	for i := range 10 {
		g.Register(instance(i, addr))
	}
	<-entered // a check is under way
	g.Deregister(instance(0, ""))
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.SetRules(forwardTo(WeightedGroup{g, 1}))
	if l.Addr() == "" {
		t.Error("no address")
	}
	g.Close()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	close(release)
	server.Close()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			stacks := make([]byte, 64<<10)
			t.Fatalf("%d goroutines more than before:\n%s", runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(time.Millisecond)
	}
}
