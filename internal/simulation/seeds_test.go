// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

var (
	seeds = flag.Uint64("seeds", 20000, "how many seeds TestSeeds lives through")
	seed  = flag.Uint64("seed", 0, "the one seed to replay; with -v its life is printed")
	soak  = flag.Duration("soak", 0, "how long TestSoak lives through random seeds")
)

// wanted is how often each action is to meet each fault.
const wanted = 50

// TestSeeds lives through the seeds from 1 on.
func TestSeeds(t *testing.T) {
	if *seed != 0 {
		replay(t, *seed)
		return
	}
	count := *seeds
	if testing.Short() {
		count = min(count, 500)
	}
	var last atomic.Uint64
	all := many(func() (uint64, bool) {
		n := last.Add(1)
		return n, n <= count
	})
	if all.Violation != nil {
		fail(t, all.Violation)
		return
	}
	t.Logf("%s\n%s", all, all.Met)
	if count < 10000 {
		return
	}
	for _, p := range all.Met.Rare(wanted) {
		t.Errorf("%s met %q %d times, want %d", p.Action, p.Fault, all.Met[p], wanted)
	}
	for _, p := range all.Met.Unexpected() {
		t.Errorf("%s met %q, which is said to be impossible: %s", p.Action, p.Fault, p.Impossible())
	}
}

// replay prints a life, turn by turn.
func replay(t *testing.T, seed uint64) {
	report := simulation.Live(seed, func(line string) {
		if testing.Verbose() {
			fmt.Println(line)
		}
	})
	if report.Violation != nil {
		t.Error(report.Violation)
	}
}

// fail tells of a violation: what led to it, and how to see all of it.
func fail(t *testing.T, v *simulation.Violation) {
	t.Helper()
	var lines []string
	simulation.Live(v.Seed, func(line string) { lines = append(lines, line) })
	t.Errorf("%v\n\n%s\n\nreplay it: make replay SEED=%d", v, strings.Join(lines[max(0, len(lines)-40):], "\n"), v.Seed)
}

// sum is what many lives came to.
type sum struct {
	simulation.Report
	lives int
	took  time.Duration
}

func (s sum) String() string {
	return fmt.Sprintf("%d lives in %s (%.1f ms each of one core): %d actions in %s of model time; left alone, at most %d actions to what is desired",
		s.lives, s.took.Round(time.Millisecond), s.took.Seconds()*1000*float64(runtime.GOMAXPROCS(0))/float64(max(s.lives, 1)),
		s.Actions, s.Lasted.Round(time.Hour), s.Calm)
}

// join adds what other lives came to.
func (s *sum) join(o sum) {
	lives, took := s.lives, s.took
	s.add(o.Report)
	s.lives, s.took = lives+o.lives, took+o.took
}

func (s *sum) add(r simulation.Report) {
	s.lives++
	s.Met.Add(r.Met)
	s.Actions += r.Actions
	s.Lasted += r.Lasted
	s.Calm = max(s.Calm, r.Calm)
	if s.Violation == nil || r.Violation != nil && r.Violation.Seed < s.Violation.Seed {
		s.Violation = r.Violation
	}
}

// many lives through seeds on all processors until there is none left or one fails.
func many(next func() (seed uint64, ok bool)) sum {
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // lives are short and make much garbage
	all := sum{Report: simulation.Report{Met: simulation.Coverage{}}}
	began := time.Now()
	var mu sync.Mutex
	var failed atomic.Bool
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for !failed.Load() {
				n, ok := next()
				if !ok {
					return
				}
				report := simulation.Live(n, nil)
				if report.Violation != nil {
					failed.Store(true)
				}
				mu.Lock()
				all.add(report)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	all.took = time.Since(began)
	return all
}
