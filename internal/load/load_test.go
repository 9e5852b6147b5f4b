// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package load

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// serve answers on loopback and counts the connections made to it.
func serve(t *testing.T, handler http.HandlerFunc) (url string, connections *atomic.Int64) {
	t.Helper()
	connections = new(atomic.Int64)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, connections
}

// collect runs a stream until it has n results.
func collect(t *testing.T, c Config, n int) []Result {
	t.Helper()
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(s.Results()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d results after 10 s, want %d", len(s.Results()), n)
		}
	}
	return s.Stop()
}

func TestEveryRequestIsRecorded(t *testing.T) {
	url, connections := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "checkout.example.com" {
			t.Errorf("Host is %q", r.Host)
		}
		w.Header().Set("X-Version", "1.0.0")
		w.Header().Set("X-Environment", "checkout-1")
		_, _ = io.WriteString(w, "ok")
	})
	results := collect(t, Config{URL: url, Host: "checkout.example.com", Rate: 500}, 100)

	var fresh int
	for _, r := range results {
		if why := r.Failure(); why != "" {
			t.Errorf("request failed: %s", why)
		}
		if r.Version != "1.0.0" || r.Environment != "checkout-1" || r.Status != 200 || r.Took <= 0 {
			t.Errorf("recorded %+v", r)
		}
		if r.Fresh {
			fresh++
		}
	}
	kept := len(results) - fresh
	if d := kept - fresh; d < -1 || d > 1 {
		t.Errorf("%d of %d requests over fresh connections, want half", fresh, len(results))
	}
	if made := int(connections.Load()); made < fresh || made > fresh+kept/2 {
		t.Errorf("%d connections for %d fresh and %d kept-alive requests", made, fresh, kept)
	}
}

func TestFailuresAreCounted(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"status":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"reset": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := http.NewResponseController(w).Hijack()
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		},
		"time-out": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"short body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "short")
		},
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := serve(t, handler)
			s := Summarize(collect(t, Config{URL: url, Rate: 200, Timeout: 100 * time.Millisecond}, 10))
			if s.Failed != s.Requests || s.Requests < 10 {
				t.Errorf("%d of %d requests failed, want all", s.Failed, s.Requests)
			}
		})
	}
}

// net/http sends a GET again when a kept-alive connection dies before its answer.
// Such a request has failed for a client without retries.
func TestSilentRetryIsAFailure(t *testing.T) {
	var served atomic.Int64
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Close || served.Add(1)%2 == 1 {
			return // answers, and keeps a kept-alive connection
		}
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.Close()
	})
	s := Summarize(collect(t, Config{URL: url, Rate: 200}, 40))
	if s.Failures[errSentAgain.Error()] == 0 {
		t.Errorf("failures %v, want some of %q", s.Failures, errSentAgain)
	}
}

func TestStopLosesNothing(t *testing.T) {
	release := make(chan struct{})
	var arrived atomic.Int64
	url, _ := serve(t, func(http.ResponseWriter, *http.Request) {
		arrived.Add(1)
		<-release
	})
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, Config{URL: url, Rate: 500})
	if err != nil {
		t.Fatal(err)
	}
	for arrived.Load() < 5 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	time.AfterFunc(10*time.Millisecond, func() { close(release) })
	results := s.Stop()
	if s.Failed() != 0 {
		t.Errorf("%d failed", s.Failed())
	}
	if n := int(arrived.Load()); len(results) != n {
		t.Errorf("%d results of %d requests", len(results), n)
	}
	for _, r := range results {
		if why := r.Failure(); why != "" {
			t.Errorf("a request in flight at the end failed: %s", why)
		}
	}
}

func TestSince(t *testing.T) {
	start := time.Now()
	s := &Stream{}
	for i := range 5 {
		s.results = append(s.results, Result{Sent: start.Add(time.Duration(i) * time.Second)})
	}
	if got := len(s.Since(start.Add(2 * time.Second))); got != 2 {
		t.Errorf("%d results after 2 s, want 2", got)
	}
}

func TestSummaryShares(t *testing.T) {
	s := Summarize([]Result{
		{Status: 200, Version: "1.0.0"}, {Status: 200, Version: "1.0.0"}, {Status: 204, Version: "1.0.0"},
		{Status: 200, Version: "1.1.0"}, {Status: 502},
	})
	if s.Requests != 5 || s.Failed != 1 || s.Failures["status 502"] != 1 {
		t.Errorf("summary %+v", s)
	}
	if got := s.Share("1.0.0"); got != 0.75 {
		t.Errorf("share of 1.0.0 is %v, want 0.75", got)
	}
	if got := Summarize(nil).Share("1.0.0"); got != 0 {
		t.Errorf("share of nothing is %v", got)
	}
}

func TestBadConfig(t *testing.T) {
	for _, c := range []Config{{URL: "http://127.0.0.1"}, {URL: "http://127.0.0.1:port", Rate: 1}} {
		if _, err := Start(t.Context(), c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}
