// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func heartbeat(id string) endpoint.Heartbeat {
	return endpoint.Heartbeat{ID: id, Who: who("reconcile"), Since: began, Every: endpoint.Duration(30 * time.Second)}
}

func (w *world) beat(p roller.Pulse) {
	w.Helper()
	if err := p.Beat(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// daemons are the ids of those that are heard of, a silent one in brackets.
func (w *world) daemons() string {
	w.Helper()
	all, err := w.journal().Daemons(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	var ids []string
	for _, d := range all {
		if d.AtWork() {
			ids = append(ids, d.ID)
		} else {
			ids = append(ids, "("+d.ID+")")
		}
	}
	return strings.Join(ids, " ")
}

func (w *world) wantDaemons(want string) {
	w.Helper()
	if got := w.daemons(); got != want {
		w.Errorf("daemons %q, want %q", got, want)
	}
}

// A daemon is at work as long as it beats, whatever its machine's clock says.
func TestHeartbeat(t *testing.T) {
	w := newWorld(t)
	j := w.journal()
	j.Clock = skewed{w.clock, -7 * time.Hour}
	one, two := j.Pulse(heartbeat("one")), w.journal().Pulse(heartbeat("two"))
	w.wantDaemons("")
	w.beat(one)
	w.advance(30 * time.Second)
	w.beat(two)
	w.wantDaemons("two one")
	w.advance(70 * time.Second)
	w.beat(two)
	w.wantDaemons("two (one)")
	w.beat(one)
	w.wantDaemons("one two")
	if err := one.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantDaemons("two")

	others := w.journal()
	others.Owner = "others"
	w.beat(others.Pulse(heartbeat("theirs")))
	w.wantDaemons("two")
}

// A beat whose answer is lost does not stand in the way of the next, and a heartbeat
// that was taken away comes back.
func TestHeartbeatThatIsNotAsItWasLeft(t *testing.T) {
	w := newWorld(t)
	p := w.journal().Pulse(heartbeat("one"))
	w.beat(p)
	w.fault = func(out http.ResponseWriter, r *http.Request) bool {
		if !isPut(r, "daemons") {
			return false
		}
		w.fault = nil
		w.store.ServeHTTP(discard{}, r)
		http.Error(out, "lost", http.StatusNotImplemented)
		return true
	}
	if err := p.Beat(t.Context()); err == nil || !strings.Contains(err.Error(), "daemons/123456789012/eu-west-1/one.json") {
		t.Errorf("a beat whose answer was lost: %v", err)
	}
	w.beat(p)
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.beat(p)
	w.wantDaemons("one")
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// What a daemon that died has left is taken away by the next, after a day.
func TestHeartbeatOfADeadDaemon(t *testing.T) {
	w := newWorld(t)
	dead := w.journal().Pulse(heartbeat("dead"))
	w.beat(dead)
	w.advance(23 * time.Hour)
	w.beat(w.journal().Pulse(heartbeat("two")))
	w.wantDaemons("two (dead)")
	w.advance(2 * time.Hour)
	w.beat(w.journal().Pulse(heartbeat("three")))
	w.wantDaemons("three (two)")
}

// One that wakes up in the moment in which others take its heartbeat away keeps it.
func TestHeartbeatThatComesBack(t *testing.T) {
	w := newWorld(t)
	slept := w.journal().Pulse(heartbeat("slept"))
	w.beat(slept)
	w.advance(25 * time.Hour)
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			w.fault = nil
			w.beat(slept)
		}
		return false
	}
	w.beat(w.journal().Pulse(heartbeat("next")))
	if got := w.daemons(); !strings.Contains(got, "slept") || strings.Contains(got, "(") {
		t.Errorf("daemons %q", got)
	}
}

func TestWhatADaemonCovers(t *testing.T) {
	all, one := heartbeat("all"), heartbeat("one")
	one.Endpoints = []string{"checkout"}
	if !all.Covers("basket") || !one.Covers("checkout") || one.Covers("basket") {
		t.Error("a daemon covers the endpoints it was given, and all when it was given none")
	}
}
