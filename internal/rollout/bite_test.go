// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Elastic Beanstalk refuses to change an environment that is not Ready.
func TestNothingIsAskedOfAnEnvironmentThatIsNotReady(t *testing.T) {
	for name, c := range map[string]struct {
		environment string
		change      func(*rollout.World) // that Ready would let be made
	}{
		"another capacity": {"env-1.0.0", func(w *rollout.World) { w.Record.Desired.Capacity = endpoint.Capacity{Min: 3, Max: 6} }},
		"a bounded group": {"env-1.0.0", func(w *rollout.World) {
			see(w, "env-1.0.0", func(s *rollout.Sight) { s.Scaling.Min = 1 })
		}},
		"its end": {"env-0.9.0", func(w *rollout.World) { retained(w, time.Hour) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := live()
			c.change(&w)
			if d := rollout.Decide(w); d.Action == nil || !rollout.Touches(d.Action) {
				t.Fatalf("Ready, and it comes to %+v", d)
			}
			see(&w, c.environment, func(s *rollout.Sight) { s.Ready = false })
			if d := rollout.Decide(w); d.Action != nil || d.Wake.For != rollout.Update {
				t.Errorf("not Ready, and it comes to %+v", d)
			}
		})
	}
}

// While traffic leaves the live environment it keeps the capacity for all of it:
// traffic may come back at any time.
func TestActiveKeepsItsCapacityInARollout(t *testing.T) {
	w := rolling(0)
	w.Record.Environment("env-1.0.0").Full = 3
	scale, ok := rollout.Decide(w).Action.(rollout.Scale)
	if !ok || scale.Environment != "env-1.0.0" || scale.Scaling != (rollout.Scaling{Min: 3, Max: 4}) {
		t.Errorf("it comes to %+v", rollout.Decide(w))
	}
}

// A rule takes a moment to be what it was changed to: a step begins when it is.
func TestWeightsAreReadBack(t *testing.T) {
	w := rolling(0)
	w.Record.Rollout.Since = time.Time{}
	want := w.Record.Weights()
	w.Record.Move = &endpoint.Move{Weights: want, Why: "step 1 of 2", Since: noon, Answered: true}
	if d := rollout.Decide(w); d.Action == nil || d.Action.String() != (rollout.Settle{Weights: want}).String() {
		t.Errorf("the rule is as wanted, and it comes to %+v", d)
	}
	w.Traffic.Weights = map[string]int{"env-1.0.0": 100}
	if _, settled := rollout.Decide(w).Action.(rollout.Settle); settled {
		t.Error("weights that are not there count as set")
	}
}

// A read may show the time before weights were sent. Where nobody knows whether AWS
// took them, one that the rule had before proves nothing, and they are sent again; one
// that it never had, or that is late enough, proves that they were taken.
func TestReadsOfThePastProveNothing(t *testing.T) {
	back := func() rollout.World {
		w := rolling(0)
		w.Record.Rollout.Back, w.Record.Rollout.Since = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "an alarm"}, time.Time{}
		w.Traffic.Weights = map[string]int{"env-1.0.0": 100}
		return w
	}
	up := func() rollout.World {
		w := rolling(0)
		w.Record.Rollout.Since = time.Time{}
		w.Record.Environment("env-1.0.0").Full = 1
		return w
	}
	for name, c := range map[string]struct {
		w     rollout.World
		later time.Duration
		lost  bool // the answer
		again bool
	}{
		"the way back, answered":               {back(), time.Second, false, false},
		"the way back, its answer lost":        {back(), time.Second, true, true},
		"the way back, its answer lost, later": {back(), 2 * time.Minute, true, false},
		"a first share, its answer lost":       {up(), time.Second, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, want := c.w, c.w.Record.Weights()
			shift := rollout.Shift{Weights: want, Why: "a test"}
			w.Record, _ = rollout.Before(w, shift)
			if !c.lost {
				w.Record, _ = rollout.Effect(w, shift)
			}
			w.Now = w.Now.Add(c.later)
			switch a := rollout.Decide(w).Action.(type) {
			case rollout.Shift:
				if !c.again {
					t.Errorf("it is sent again: %s", a)
				}
			case rollout.Settle:
				if c.again {
					t.Errorf("a read of the past settles it: %s", a)
				}
			default:
				t.Errorf("it comes to %+v", a)
			}
		})
	}
}

// Weights count beside each other: 999 is all when it is alone, and 0 is nothing.
func TestWeightsInAnyMeasure(t *testing.T) {
	for _, c := range []struct {
		weights map[string]int
		want    map[string]int // percent
		is      bool
	}{
		{map[string]int{"a": 999}, map[string]int{"a": 100}, true},
		{map[string]int{"a": 1, "b": 3}, map[string]int{"a": 25, "b": 75}, true},
		{map[string]int{"a": 25, "b": 75, "c": 900}, map[string]int{"a": 25, "b": 75}, false},
		{map[string]int{"a": 100, "b": 100}, map[string]int{"a": 100, "b": 100}, false},
		{map[string]int{"a": 0}, map[string]int{"a": 100}, false},
	} {
		if is := (rollout.Traffic{RuleARN: "rule", Weights: c.weights}).Is(c.want); is != c.is {
			t.Errorf("%v sends %v: %v", c.weights, c.want, is)
		}
	}
}

// An environment that lost a race for the priority of its listener rule says
// nothing against its release: another one is made, though not for ever.
func TestLostRaceIsRunAgain(t *testing.T) {
	m := rollout.NewModel(rolling(-1))
	made := 1
	for ; made < 10; made++ {
		to := m.Record.Environment(m.Record.Rollout.To)
		to.HealthyReads, to.Carried = 0, false
		see(&m.World, to.Name, func(s *rollout.Sight) { s.Errors, s.Raced = []string{"PriorityInUse."}, true })
		abandon, ok := rollout.Decide(m.World).Action.(rollout.Abandon)
		if !ok {
			t.Fatalf("it comes to %+v", rollout.Decide(m.World))
		}
		if abandon.Back.Result != endpoint.Superseded {
			break
		}
		begun := func() bool {
			f := m.Record.Rollout
			return f != nil && f.To != to.Name && m.Record.Environment(f.To).Launched
		}
		for m.Do(abandon); !begun(); {
			m.Do(rollout.Decide(m.World).Action)
		}
	}
	if made != 3 {
		t.Errorf("%d environments were made", made)
	}
}
