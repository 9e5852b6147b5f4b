// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demoservice

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, env map[string]string) *Service {
	t.Helper()
	s, err := Start("127.0.0.1:0", Config{Version: "1.2.0", Environment: "checkout-1", Instance: "i-1", Env: env})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// ask sends a request on a connection of its own.
func ask(t *testing.T, s *Service, method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+s.Addr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestAnswers(t *testing.T) {
	s := start(t, nil)
	response, body := ask(t, s, "GET", "/any/path")
	if response.StatusCode != 200 || body != "version 1.2.0, environment checkout-1, instance i-1\n" {
		t.Errorf("got %d %q", response.StatusCode, body)
	}
	for name, want := range map[string]string{
		"X-Version": "1.2.0", "X-Environment": "checkout-1", "X-Instance": "i-1", "Content-Type": "text/plain; charset=utf-8",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	response, body = ask(t, s, "POST", "/", "Accept", "application/json")
	var got map[string]string
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got["version"] != "1.2.0" || got["environment"] != "checkout-1" || got["instance"] != "i-1" ||
		response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %v", got)
	}
}

func TestUnhealthy(t *testing.T) {
	s := start(t, map[string]string{"DEMO_UNHEALTHY": "true"})
	for _, c := range []struct {
		path, agent string
		status      int
	}{
		{"/", "curl/8", 200}, {"/healthz", "curl/8", 503}, {"/health", "curl/8", 503},
		{"/any", "ELB-HealthChecker/2.0", 503}, {"/healthz/x", "curl/8", 200},
	} {
		if response, _ := ask(t, s, "GET", c.path, "User-Agent", c.agent); response.StatusCode != c.status {
			t.Errorf("%s by %s: %d, want %d", c.path, c.agent, response.StatusCode, c.status)
		}
	}
}

func TestFailRate(t *testing.T) {
	s := start(t, map[string]string{"DEMO_FAIL_RATE": "0.4"})
	var got strings.Builder
	for range 10 {
		// Health checks neither fail nor count.
		if response, _ := ask(t, s, "GET", "/healthz"); response.StatusCode != 200 {
			t.Errorf("a health check got %d", response.StatusCode)
		}
		if response, _ := ask(t, s, "GET", "/"); response.StatusCode == 500 {
			got.WriteByte('x')
		} else {
			got.WriteByte('.')
		}
	}
	if got.String() != "..x.x..x.x" {
		t.Errorf("got %s", got.String())
	}
}

func TestFailRateIsExact(t *testing.T) {
	for rate, want := range map[float64]int{0: 0, 0.1: 100, 1.0 / 3: 333, 0.999: 999, 1: 1000} {
		failed := 0
		for n := range uint64(1000) {
			if (behaviour{failRate: rate}).fails(n + 1) {
				failed++
			}
		}
		if failed != want {
			t.Errorf("rate %v: %d of 1000 fail", rate, failed)
		}
	}
}

func TestStartDelay(t *testing.T) {
	s := start(t, map[string]string{"DEMO_START_DELAY": "1h"})
	for _, path := range []string{"/", "/healthz"} {
		if response, _ := ask(t, s, "GET", path); response.StatusCode != 503 {
			t.Errorf("%s: %d while starting", path, response.StatusCode)
		}
	}
	s = start(t, map[string]string{"DEMO_START_DELAY": "1ns"})
	if response, _ := ask(t, s, "GET", "/"); response.StatusCode != 200 {
		t.Errorf("%d after the delay", response.StatusCode)
	}
}

func TestLatency(t *testing.T) {
	s := start(t, map[string]string{"DEMO_LATENCY": "20ms"})
	began := time.Now()
	if ask(t, s, "GET", "/"); time.Since(began) < 20*time.Millisecond {
		t.Errorf("answered after %s", time.Since(began))
	}
}

func TestCrash(t *testing.T) {
	s := start(t, map[string]string{"DEMO_CRASH_AFTER": "10ms", "DEMO_LATENCY": "1h"})
	cut := make(chan error)
	go func() {
		response, err := http.Get("http://" + s.Addr())
		if err == nil {
			response.Body.Close()
		}
		cut <- err
	}()
	if err := <-cut; err == nil {
		t.Error("the request in flight was answered")
	}
	<-s.Exited()
	if response, err := http.Get("http://" + s.Addr()); err == nil {
		response.Body.Close()
		t.Error("a crashed service answers")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing a crashed service: %v", err)
	}
}

func TestCloseFinishesRequestsInFlight(t *testing.T) {
	s := start(t, map[string]string{"DEMO_LATENCY": "50ms"})
	began := make(chan struct{})
	handler := s.server.Handler
	s.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		handler.ServeHTTP(w, r)
	})
	status := make(chan int)
	go func() {
		response, err := http.Get("http://" + s.Addr())
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		response.Body.Close()
		status <- response.StatusCode
	}()
	<-began
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	if got := <-status; got != 200 {
		t.Errorf("the request in flight got %d", got)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	<-s.Exited()
}

func TestBadSettingsNameTheVariable(t *testing.T) {
	for variable, value := range map[string]string{
		"DEMO_START_DELAY": "5", "DEMO_LATENCY": "-1s", "DEMO_CRASH_AFTER": "soon", "DEMO_UNHEALTHY": "perhaps", "DEMO_FAIL_RATE": "NaN",
	} {
		s, err := Start("127.0.0.1:0", Config{Instance: "i-1", Env: map[string]string{variable: value}})
		if err == nil {
			s.Close()
			t.Errorf("%s=%s was taken", variable, value)
		} else if !strings.Contains(err.Error(), variable) || !strings.Contains(err.Error(), "i-1") {
			t.Errorf("%s=%s: %v", variable, value, err)
		}
	}
	for _, rate := range []string{"1.5", "-0.1", "half"} {
		if _, err := parseBehaviour(map[string]string{"DEMO_FAIL_RATE": rate}); err == nil {
			t.Errorf("rate %s was taken", rate)
		}
	}
}
