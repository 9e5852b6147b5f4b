// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Injector applies settings to calls. A nil one lets everything go right.
type Injector struct {
	operations []string // that there are, as service:Operation
	now        func() time.Time

	mu     sync.Mutex
	seed   uint64
	faults []*armed
}

// armed is a fault with what it has seen.
type armed struct {
	Fault
	matched, met int
	buckets      buckets
}

// Effect is what befalls one call, of all faults together.
type Effect struct {
	Delay, Latency, Stale, Propagation time.Duration
	Error                              *Error
	Drop, Race                         bool
	// Names says in words what befalls, for a log.
	Names []string
}

// New makes an injector without faults. Operations are all that can be befallen,
// as service:Operation; a fault that matches none of them is refused.
func New(operations []string, now func() time.Time) *Injector {
	return &Injector{operations: operations, now: now}
}

// Set replaces the settings, all or none, and counts anew.
func (i *Injector) Set(s Settings) error {
	var faults []*armed
	for n, f := range s.Faults {
		if err := f.check(); err != nil {
			return fmt.Errorf("fault %d (%s): %w", n+1, &f, err)
		}
		if !slices.ContainsFunc(i.operations, func(name string) bool {
			service, operation, _ := strings.Cut(name, ":")
			return f.matches(service, operation)
		}) {
			return fmt.Errorf("fault %d (%s): the sandbox serves no such operation", n+1, &f)
		}
		faults = append(faults, &armed{Fault: f, buckets: buckets{}})
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.seed, i.faults = s.Seed, faults
	return nil
}

// Meet counts a call and tells what befalls it.
func (i *Injector) Meet(service, operation string) Effect {
	var e Effect
	if i == nil {
		return e
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for n, f := range i.faults {
		if f.matches(service, operation) && f.befalls(i.seed, uint64(n)) {
			f.add(&e, service, operation, i.now)
		}
	}
	return e
}

// Stale is for how long changes of a service may have to be hidden from reads.
func (i *Injector) Stale(service string) time.Duration {
	if i == nil {
		return 0
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	var longest time.Duration
	for _, f := range i.faults {
		if fits(f.Service, service) {
			longest = max(longest, time.Duration(f.Stale))
		}
	}
	return longest
}

// befalls counts a matching call and decides. Its number and the seed decide
// about chance, so that the order of other faults' calls does not matter.
func (f *armed) befalls(seed, fault uint64) bool {
	f.matched++
	if f.Nth > 0 && f.matched != f.Nth || f.Times > 0 && f.met >= f.Times {
		return false
	}
	return f.Rate == 0 || rand.New(rand.NewPCG(seed, fault<<32|uint64(f.matched))).Float64() < f.Rate
}

// add joins the fault's effects to those of others. The first error wins.
func (f *armed) add(e *Effect, service, operation string, now func() time.Time) {
	failure := f.Error
	if f.Throttle != nil && failure == nil && !f.buckets.take(*f.Throttle, service, operation, now()) {
		failure = throttled(service)
	}
	if f.Throttle != nil && failure == nil && f.harmless() {
		return // there was a token
	}
	f.met++
	name := func(format string, args ...any) { e.Names = append(e.Names, fmt.Sprintf(format, args...)) }
	for _, d := range []struct {
		name string
		from Duration
		into *time.Duration
	}{{"delay", f.Delay, &e.Delay}, {"latency", f.Latency, &e.Latency}, {"stale", f.Stale, &e.Stale}, {"propagation", f.Propagation, &e.Propagation}} {
		if d.from > 0 {
			*d.into = max(*d.into, time.Duration(d.from))
			name("%s %s", d.name, time.Duration(d.from))
		}
	}
	if failure != nil && e.Error == nil {
		e.Error = failure
		name("error %s", failure.Code)
	}
	if f.Drop {
		e.Drop = true
		name("drop")
	}
	if f.Race {
		e.Race = true
		name("race")
	}
}

// harmless tells whether nothing but the throttling can befall a call.
func (f *armed) harmless() bool {
	return f.Delay == 0 && f.Latency == 0 && f.Stale == 0 && f.Propagation == 0 && !f.Drop && !f.Race
}

// report gives the settings with what each fault has met.
func (i *Injector) report() report {
	i.mu.Lock()
	defer i.mu.Unlock()
	r := report{Seed: i.seed, Faults: []reported{}}
	for _, f := range i.faults {
		r.Faults = append(r.Faults, reported{f.Fault, f.matched, f.met})
	}
	return r
}
