// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/demoservice"
)

// stream sends requests of all kinds until it is stopped, and takes every one
// that is not answered with 200 for lost.
type stream struct {
	url      string
	answered atomic.Int64
	lost     atomic.Int64
	stop     chan struct{}
	senders  sync.WaitGroup
}

func startStream(t *testing.T, url string) *stream {
	s := &stream{url: url, stop: make(chan struct{})}
	for _, method := range []string{"GET", "POST"} {
		for _, fresh := range []bool{false, true} {
			transport := &http.Transport{DisableKeepAlives: fresh}
			t.Cleanup(transport.CloseIdleConnections)
			s.senders.Go(func() { s.send(t, method, transport) })
		}
	}
	return s
}

func (s *stream) send(t *testing.T, method string, transport *http.Transport) {
	tick := time.NewTicker(4 * time.Millisecond) // 250 a second from each sender
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		var body io.Reader
		if method == "POST" {
			body = struct{ io.Reader }{strings.NewReader("payload")} // cannot be rewound
		}
		r, err := http.NewRequest(method, s.url, body)
		if err != nil {
			t.Error(err)
			return
		}
		response, err := transport.RoundTrip(r)
		if err == nil {
			var text []byte
			text, err = io.ReadAll(response.Body)
			response.Body.Close()
			if err == nil && response.StatusCode != 200 {
				err = fmt.Errorf("status %d: %s", response.StatusCode, text)
			}
		}
		if err != nil {
			s.lost.Add(1)
			t.Errorf("%s lost: %v", method, err)
		}
		s.answered.Add(1)
	}
}

// flow waits until n more requests have been answered.
func (s *stream) flow(t *testing.T, n int64) {
	t.Helper()
	goal, deadline := s.answered.Load()+n, time.Now().Add(20*time.Second)
	for s.answered.Load() < goal {
		if time.Now().After(deadline) {
			t.Fatal("the stream has run dry")
		}
		time.Sleep(time.Millisecond)
	}
}

func (s *stream) finish() {
	close(s.stop)
	s.senders.Wait()
}

// release is a group with its services.
type release struct {
	group    *Group
	services []*demoservice.Service
}

func deploy(t *testing.T, version string) release {
	t.Helper()
	r := release{group: NewGroup(eager, 30*time.Millisecond)}
	r.group.SetInUse(true)
	r.add(t, version)
	r.add(t, version)
	return r
}

// add starts an instance and registers it.
func (r *release) add(t *testing.T, version string) {
	t.Helper()
	service, err := demoservice.Start("127.0.0.1:0", demoservice.Config{
		Version: version, Env: map[string]string{"DEMO_LATENCY": "2ms"}})
	if err != nil {
		t.Fatal(err)
	}
	r.services = append(r.services, service)
	r.group.Register(Target{ID: service.Addr(), Port: 80, Addr: service.Addr()})
}

// drop drains the oldest instance and stops it as soon as it is gone.
func (r *release) drop(t *testing.T) {
	t.Helper()
	service := r.services[0]
	r.services = r.services[1:]
	r.group.Deregister(Target{ID: service.Addr(), Port: 80})
	awaitHealth(t, r.group, strings.TrimSpace(strings.Repeat("healthy ", len(r.services))))
	if err := service.Close(); err != nil {
		t.Error(err)
	}
}

func (r *release) retire(t *testing.T) {
	t.Helper()
	for len(r.services) > 0 {
		r.drop(t)
	}
	r.group.Close()
}

func TestNoRequestIsLostAcrossDeploys(t *testing.T) {
	l := newListener(t, time.Now)
	active := deploy(t, "0")
	awaitHealth(t, active.group, "healthy healthy")
	l.SetRules(forwardTo(WeightedGroup{active.group, 100}))
	s := startStream(t, "http://"+l.Addr())
	for version := 1; version <= 5; version++ {
		next := deploy(t, fmt.Sprint(version))
		awaitHealth(t, next.group, "healthy healthy")
		for _, weight := range []int{5, 50, 100} {
			l.SetRules(forwardTo(WeightedGroup{active.group, 100 - weight}, WeightedGroup{next.group, weight}))
			s.flow(t, 50)
		}
		l.SetRules(forwardTo(WeightedGroup{next.group, 100}))
		active.retire(t)

		// Meanwhile the new release has one instance replaced.
		next.add(t, fmt.Sprint(version))
		awaitHealth(t, next.group, "healthy healthy healthy")
		next.drop(t)
		s.flow(t, 50)
		active = next
	}
	s.finish()
	t.Logf("%d requests, %d lost", s.answered.Load(), s.lost.Load())
	active.retire(t)
}

// A target that closes its idle connections at will costs no request.
func TestNoRequestIsLostToIdleConnections(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	server.Config.IdleTimeout = 3 * time.Millisecond // about as long as the stream's pauses
	server.Start()
	defer server.Close()
	g := newGroup(t, passive, 0)
	g.Register(instance(0, server.Listener.Addr().String()))
	l := newListener(t, time.Now)
	l.SetRules(forwardTo(WeightedGroup{g, 1}))
	s := startStream(t, "http://"+l.Addr())
	s.flow(t, 500)
	s.finish()
}

// A request in flight outlives the draining of its target.
func TestRequestInFlightFinishes(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	g := newGroup(t, passive, time.Millisecond)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.UserAgent(), "ELB-") {
			return
		}
		_, _ = io.WriteString(w, "be")
		w.(http.Flusher).Flush()
		entered <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "gun")
	}))
	defer server.Close()
	g.Register(instance(0, server.Listener.Addr().String()))
	l := newListener(t, time.Now)
	l.SetRules(forwardTo(WeightedGroup{g, 1}))
	got := make(chan string)
	c := client(t)
	go func() {
		response, err := c.Get("http://" + l.Addr())
		if err != nil {
			got <- err.Error()
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		got <- fmt.Sprint(string(body), " ", err)
	}()
	<-entered
	g.Deregister(instance(0, ""))
	awaitHealth(t, g, "")
	close(release)
	if text := <-got; text != "begun <nil>" {
		t.Errorf("got %q", text)
	}
}

// A request that has chosen a target which then goes away reaches another one,
// its body whole.
func TestTargetLeavesAfterItWasChosen(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	g := newGroup(t, passive, 0)
	g.Register(instance(0, closed.Listener.Addr().String()))
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer echo.Close()
	g.mu.Lock()
	gone := g.targets[0]
	gone.left.Store(true) // deregistered, but not yet published
	there := &target{Target: instance(1, echo.Listener.Addr().String()), pooled: pooled(time.Minute)}
	g.eligible.Store(&[]*target{gone, there})
	gone.stop()
	g.mu.Unlock()
	defer there.pooled.CloseIdleConnections()
	l := newListener(t, time.Now)
	l.SetRules(forwardTo(WeightedGroup{g, 1}))
	for range 4 {
		response, err := client(t).Post("http://"+l.Addr(), "text/plain", struct{ io.Reader }{strings.NewReader("payload")})
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != 200 || string(body) != "payload" {
			t.Errorf("got %d %q", response.StatusCode, body)
		}
	}
}
