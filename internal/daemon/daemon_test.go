// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// loop is a journal's endpoints, and what a visit to each comes to.
type loop struct {
	mu       sync.Mutex
	versions map[string]int  // of the records
	ordered  map[string]bool // orders that wait
	visits   map[string][]time.Time
	under    int // visits under way
	most     int
	glance   error

	visit func(ctx context.Context, name string, ordered bool) (roller.Visit, error)
}

func (l *loop) Glance(context.Context) ([]roller.Glimpse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var seen []roller.Glimpse
	for name, version := range l.versions {
		seen = append(seen, roller.Glimpse{Endpoint: name, Version: strconv.Itoa(version), Ordered: l.ordered[name]})
	}
	return seen, l.glance
}

func (l *loop) Visit(ctx context.Context, w *roller.Ward, ordered bool) (roller.Visit, error) {
	l.mu.Lock()
	l.visits[w.Name] = append(l.visits[w.Name], time.Now())
	l.under++
	l.most = max(l.most, l.under)
	visit := l.visit
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.under--
		l.mu.Unlock()
	}()
	if visit == nil {
		return roller.Visit{}, nil
	}
	return visit(ctx, w.Name, ordered)
}

func (l *loop) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *loop) visited(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.visits[name])
}

// system is the clock of the bubble.
type system struct{}

func (system) Now() time.Time { return time.Now() }

func (system) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type pulse struct {
	mu    sync.Mutex
	beats int
	over  bool
	fails error
}

func (p *pulse) Beat(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beats++
	return p.fails
}

func (p *pulse) Stop(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	return nil
}

// lines is a log that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// watch is a daemon at work in a bubble of its own time.
type watch struct {
	*testing.T
	*loop
	*pulse
	Daemon
	log  *lines
	stop context.CancelFunc
	over chan error
}

// interval is that of the daemons here.
const interval = 2 * time.Minute

// inBubble lets a daemon look after endpoints, and ends it when the test is over.
func inBubble(t *testing.T, names []string, test func(*watch)) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{T: t, pulse: &pulse{}, log: &lines{}, loop: &loop{versions: map[string]int{}, ordered: map[string]bool{}, visits: map[string][]time.Time{}}}
		for _, name := range names {
			w.versions[name] = 1
		}
		w.Daemon = Daemon{
			Loop: w.loop, Pulse: w.pulse, Clock: system{}, Interval: interval,
			Log: hclog.New(&hclog.LoggerOptions{Output: w.log, Level: hclog.Info, DisableTime: true}),
		}
		test(w)
		if w.stop != nil {
			w.end()
		}
	})
}

func (w *watch) start() {
	ctx, stop := context.WithCancel(w.Context())
	w.stop, w.over = stop, make(chan error, 1)
	go func() { w.over <- w.Daemon.Run(ctx) }()
	synctest.Wait()
}

func (w *watch) end() {
	w.Helper()
	w.stop()
	if err := <-w.over; err != nil {
		w.Errorf("it ended with %v", err)
	}
	w.stop = nil
	if w.under > 0 {
		w.Errorf("%d visits are left under way", w.under)
	}
}

// pass lets time pass, and all happen that is to happen until then.
func (w *watch) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *watch) wantVisits(name string, least, most int) {
	w.Helper()
	if n := w.visited(name); n < least || n > most {
		w.Errorf("%d visits to %s, want %d to %d", n, name, least, most)
	}
}

func (w *watch) wantLog(words ...string) {
	w.Helper()
	for _, word := range words {
		if !strings.Contains(w.log.String(), word) {
			w.Errorf("the log does not say %q:\n%s", word, w.log)
		}
	}
}

// What rests is visited now and then, and what is awaited in time.
func TestWakes(t *testing.T) {
	inBubble(t, []string{"rests", "waits"}, func(w *watch) {
		w.visit = func(_ context.Context, name string, _ bool) (roller.Visit, error) {
			if name == "waits" {
				return roller.Visit{Again: time.Now().Add(7 * time.Second)}, nil
			}
			return roller.Visit{Again: time.Now().Add(5 * time.Hour)}, nil
		}
		w.start()
		w.pass(time.Hour)
		w.wantVisits("rests", 30, 41)
		w.wantVisits("waits", 3600/7, 3600/7+2)
		w.wantLog("an endpoint is looked after: endpoint=rests", "an endpoint is looked after: endpoint=waits")
		if n := strings.Count(w.log.String(), "\n"); n != 2 {
			t.Errorf("%d lines for two things that happened:\n%s", n, w.log)
		}
		if w.beats < 118 || w.beats > 122 {
			t.Errorf("%d beats in an hour", w.beats)
		}
	})
}

// Endpoints at rest cost no goroutine, however many there are.
func TestManyAtRest(t *testing.T) {
	var names []string
	for i := range 5000 {
		names = append(names, fmt.Sprintf("endpoint-%d", i))
	}
	inBubble(t, names, func(w *watch) {
		before := runtime.NumGoroutine()
		w.start()
		w.pass(time.Minute)
		if n := runtime.NumGoroutine() - before; n > 5 {
			t.Errorf("%d goroutines for %d endpoints at rest", n, len(names))
		}
		for _, name := range names {
			w.wantVisits(name, 1, 1)
		}
	})
}

// What is new, what was changed and what was ordered is noticed soon.
func TestNews(t *testing.T) {
	inBubble(t, []string{"checkout"}, func(w *watch) {
		var told []bool
		w.visit = func(_ context.Context, name string, ordered bool) (roller.Visit, error) {
			if name == "checkout" {
				told = append(told, ordered)
				w.change(func() { w.ordered["checkout"] = false })
			}
			return roller.Visit{Gone: name == "removed"}, nil
		}
		w.start()
		w.pass(30 * time.Second)
		w.wantVisits("checkout", 1, 1)
		w.change(func() { w.versions["basket"] = 1 })
		w.pass(16 * time.Second)
		w.wantVisits("basket", 1, 1)
		w.change(func() { w.versions["checkout"]++ })
		w.pass(16 * time.Second)
		w.wantVisits("checkout", 2, 2)
		w.change(func() { w.ordered["checkout"] = true })
		w.pass(16 * time.Second)
		w.wantVisits("checkout", 3, 3)
		if told[0] || told[1] || !told[2] {
			t.Errorf("told of orders: %v", told)
		}

		// What is gone is left alone until it comes back; what is not listed any more is forgotten.
		w.change(func() { w.versions["removed"] = 1; delete(w.versions, "basket") })
		w.pass(time.Hour)
		w.wantVisits("removed", 1, 1)
		before := w.visited("basket")
		w.pass(time.Hour)
		w.wantVisits("basket", before, before)
		w.change(func() { w.versions["removed"]++ })
		w.pass(time.Minute)
		w.wantVisits("removed", 2, 2)
	})
}

// Trouble with one endpoint is borne, less and less often, and is no trouble for others.
func TestTrouble(t *testing.T) {
	inBubble(t, []string{"bad", "mad", "good"}, func(w *watch) {
		trouble := true
		w.visit = func(_ context.Context, name string, _ bool) (roller.Visit, error) {
			w.loop.mu.Lock()
			defer w.loop.mu.Unlock()
			w.versions[name]++ // as visits do that take the lease
			switch {
			case trouble && name == "bad":
				return roller.Visit{}, errors.New("rate exceeded")
			case trouble && name == "mad":
				panic("a defect")
			}
			return roller.Visit{Again: time.Now().Add(20 * time.Second)}, nil
		}
		w.start()
		w.pass(time.Minute)
		w.wantVisits("bad", 3, 6)
		w.pass(2 * time.Hour)
		before := w.visited("bad")
		w.pass(2 * time.Hour)
		for _, name := range []string{"bad", "mad"} {
			w.wantVisits(name, before+24, before+33)
		}
		w.wantVisits("good", 4*180, 4*300)
		w.wantLog("unable to look after an endpoint: endpoint=bad error=\"rate exceeded\"", "panic=\"a defect\"", "daemon_test.go")

		w.change(func() { trouble = false })
		w.pass(10 * time.Minute)
		before = w.visited("bad")
		w.pass(10 * time.Minute)
		w.wantVisits("bad", before+20, before+60)
		w.wantLog("an endpoint is looked after again: endpoint=bad")
	})
}

// Whoever is at work on an endpoint is left alone for as long as a lease lasts.
func TestHeld(t *testing.T) {
	inBubble(t, []string{"checkout"}, func(w *watch) {
		w.visit = func(context.Context, string, bool) (roller.Visit, error) {
			return roller.Visit{}, &roller.Held{Endpoint: "checkout"}
		}
		w.start()
		w.pass(time.Hour)
		w.wantVisits("checkout", 3600/31, 3600/23)
		if w.log.String() != "" {
			t.Errorf("it says:\n%s", w.log)
		}
	})
}

// Only so many endpoints are visited at a time.
func TestAtOnce(t *testing.T) {
	var names []string
	for i := range 3 * atOnce {
		names = append(names, strconv.Itoa(i))
	}
	inBubble(t, names, func(w *watch) {
		w.visit = func(context.Context, string, bool) (roller.Visit, error) {
			time.Sleep(time.Second)
			return roller.Visit{}, nil
		}
		w.start()
		w.pass(3500 * time.Millisecond)
		if w.most != atOnce {
			t.Errorf("%d visits at a time", w.most)
		}
		for _, name := range names {
			w.wantVisits(name, 1, 1)
		}
	})
}

// It stops as soon as what was begun is ended, and takes its heartbeat away.
func TestStop(t *testing.T) {
	inBubble(t, []string{"checkout"}, func(w *watch) {
		ended := false
		w.visit = func(ctx context.Context, _ string, _ bool) (roller.Visit, error) {
			<-ctx.Done()
			time.Sleep(10 * time.Second) // the action under way
			ended = true
			return roller.Visit{}, &roller.Interrupted{Endpoint: "checkout", Err: ctx.Err()}
		}
		w.start()
		w.pass(time.Minute)
		before := time.Now()
		w.end()
		if took := time.Since(before); !ended || took != 10*time.Second || !w.pulse.over {
			t.Errorf("it stopped after %s, ended %t, heartbeat taken away %t", took, ended, w.pulse.over)
		}
		w.wantLog("what was begun is ended first")
	})
}

// A visit that hangs is given up.
func TestHanging(t *testing.T) {
	inBubble(t, []string{"checkout"}, func(w *watch) {
		w.visit = func(ctx context.Context, _ string, _ bool) (roller.Visit, error) {
			<-ctx.Done()
			return roller.Visit{}, ctx.Err()
		}
		w.start()
		w.pass(time.Hour)
		w.wantVisits("checkout", 4, 6)
		w.wantLog("deadline exceeded")
	})
}

// A journal that cannot be read is an error at the beginning, and borne later.
func TestJournalInTrouble(t *testing.T) {
	inBubble(t, nil, func(w *watch) {
		w.glance = errors.New("access denied")
		if err := w.Daemon.Run(w.Context()); err == nil || !strings.Contains(err.Error(), "access denied") {
			t.Errorf("it began with %v", err)
		}
	})
	inBubble(t, []string{"checkout"}, func(w *watch) {
		w.start()
		w.change(func() { w.glance = errors.New("slow down") })
		w.pulse.mu.Lock()
		w.fails = errors.New("slow down")
		w.pulse.mu.Unlock()
		w.pass(time.Hour)
		w.wantVisits("checkout", 30, 41)
		w.wantLog("unable to glance at the journal: error=\"slow down\"", "unable to give a sign of life")
		if n := strings.Count(w.log.String(), "unable to glance"); n > 25 {
			t.Errorf("it was tried %d times in an hour", n)
		}
		w.change(func() { w.glance, w.versions["basket"] = nil, 1 })
		w.pass(6 * time.Minute)
		if w.visited("basket") == 0 {
			t.Error("the new endpoint is not looked after")
		}
	})
}

// A daemon for some endpoints leaves the others alone, and waits for what is not there.
func TestNamed(t *testing.T) {
	inBubble(t, []string{"checkout", "basket"}, func(w *watch) {
		w.Endpoints = []string{"checkout", "search"}
		w.start()
		w.pass(time.Hour)
		w.wantVisits("basket", 0, 0)
		w.wantLog("there is no such endpoint yet: endpoint=search")
		w.change(func() { w.versions["search"] = 1 })
		w.pass(time.Minute)
		w.wantVisits("search", 1, 1)
	})
}

// Endpoints of other owners are passed over.
func TestOthers(t *testing.T) {
	inBubble(t, []string{"theirs"}, func(w *watch) {
		w.visit = func(context.Context, string, bool) (roller.Visit, error) {
			return roller.Visit{}, &roller.OtherOwner{Endpoint: "theirs"}
		}
		w.start()
		w.pass(time.Hour)
		w.wantVisits("theirs", 1, 1)
		if w.log.String() != "" {
			t.Errorf("it says:\n%s", w.log)
		}
	})
}

// A clock that is ahead until it hears of AWS's keeps nothing from its turn.
func TestClockThatGoesBack(t *testing.T) {
	inBubble(t, []string{"checkout"}, func(w *watch) {
		c := &ahead{by: 5 * time.Hour}
		w.Clock = c
		w.visit = func(context.Context, string, bool) (roller.Visit, error) {
			c.mu.Lock()
			c.by = 0
			c.mu.Unlock()
			return roller.Visit{}, nil
		}
		w.start()
		w.pass(20 * time.Minute)
		if w.beats < 20 {
			t.Errorf("%d beats in 20 minutes", w.beats)
		}
		w.wantVisits("checkout", 8, 15)
	})
}

type ahead struct {
	system
	mu sync.Mutex
	by time.Duration
}

func (a *ahead) Now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Add(a.by)
}
