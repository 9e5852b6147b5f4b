// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// after is the record some time later, when an action was done.
func after(w *rollout.World, later time.Duration, a rollout.Action) *endpoint.Rollout {
	w.Now = w.Now.Add(later)
	if rollout.Touches(a) {
		w.Record, _ = rollout.Before(*w, a)
	}
	w.Record, _ = rollout.Effect(*w, a)
	return w.Record.Rollout
}

// Guards look since the weight in force was first sent, until the next one is.
func TestGuardsLookSinceTheWeightInForce(t *testing.T) {
	w := rolling(-1)
	expect := func(when string, f *endpoint.Rollout, since time.Time) {
		t.Helper()
		if !f.Sent.Equal(since) {
			t.Errorf("%s: guards look since %s, want %s", when, f.Sent, since)
		}
	}
	expect("step 1 is decided on", after(&w, time.Minute, rollout.Advance{Step: 0}), time.Time{})
	first := w.Now.Add(time.Minute)
	shift := rollout.Shift{Weights: w.Record.Weights()}
	expect("its weight is sent", after(&w, time.Minute, shift), first)
	expect("and once more", after(&w, time.Minute, shift), first)
	w.Traffic.Weights = w.Record.Weights()
	expect("it is read back", after(&w, time.Minute, rollout.Settle{Weights: w.Record.Weights()}), first)
	expect("step 2 is decided on", after(&w, time.Hour, rollout.Advance{Step: 1}), first)
	expect("and taken back", after(&w, time.Hour, rollout.Advance{Step: 0}), first)
	expect("step 1 is sent again", after(&w, time.Minute, shift), first)
	expect("step 2 is decided on again", after(&w, time.Hour, rollout.Advance{Step: 1}), first)
	expect("its weight is sent", after(&w, time.Hour, rollout.Shift{Weights: w.Record.Weights()}), w.Now)
	second := w.Now
	expect("it freezes", after(&w, time.Minute, rollout.Freeze{}), second)
	expect("what spoke against it is forgiven", after(&w, time.Hour, rollout.Thaw{}), w.Now)
	thawed := w.Now
	expect("its weight is sent again", after(&w, time.Hour, rollout.Shift{Weights: w.Record.Weights()}), thawed)
	expect("a lower cap is followed", after(&w, time.Hour, rollout.Recap{Cap: 20}), thawed)
	expect("and sent", after(&w, time.Hour, rollout.Shift{Weights: w.Record.Weights()}), thawed)
	expect("a higher one is followed", after(&w, time.Hour, rollout.Recap{Cap: 50}), thawed)
	expect("and sent", after(&w, time.Hour, rollout.Shift{Weights: w.Record.Weights()}), w.Now)
	expect("no weight is to be set", after(&w, time.Hour, rollout.Advance{Step: -1}), time.Time{})
}

// A plan shows that a rollout will go back, also when it died before it sent a weight.
func TestPlanOfACondemnedStep(t *testing.T) {
	for name, w := range map[string]rollout.World{"settled": rolling(0), "not sent": unsent()} {
		w.Record.Desired.Rollout.Alarms = []string{"errors"}
		w.Guards = &rollout.Guards{Alarms: map[string]rollout.Alarm{"errors": {State: rollout.AlarmOK, Fired: noon}}}
		if p := rollout.Preview(w); !strings.Contains(strings.Join(p.Steps, "\n"), "traffic goes back: alarm errors") {
			t.Errorf("%s: %s %q", name, p.Kind, p.Steps)
		}
	}
}

// A smoke check that failed hours ago is made again before the release is given up.
func TestSmokeIsCheckedAnew(t *testing.T) {
	w := rolling(-1)
	w.Record.Desired.Rollout.Smoke = &endpoint.Smoke{Path: "/", Status: 200, Count: 2}
	f := w.Record.Rollout
	f.SmokeFault, f.Probed, f.Lacking = "it answers 500", noon.Add(-2*time.Hour), noon.Add(-3*time.Hour)
	if d := rollout.Decide(w); d.Action != (rollout.Probe{Environment: f.To}) {
		t.Errorf("it decides on %v", d.Action)
	}
	w.Record, _ = rollout.Effect(w, rollout.Probed{Fault: "it answers 500"})
	if _, gives := rollout.Decide(w).Action.(rollout.Abandon); !gives {
		t.Errorf("it fails for three hours, and the release is not given up: %v", rollout.Decide(w).Action)
	}
}

// A candidate that is healthy now and then, and never when it should get its first
// requests, is given up in its time.
func TestACandidateThatFlaps(t *testing.T) {
	w := rolling(-1)
	for w.Record.Rollout.Back == nil {
		if w.Now = w.Now.Add(time.Minute); w.Now.After(noon.Add(20 * time.Minute)) {
			t.Fatal("it is not given up")
		}
		see(&w, w.Record.Rollout.To, func(s *rollout.Sight) { s.Healthy = 0 })
		if w.Now.Minute()%5 == 0 {
			see(&w, w.Record.Rollout.To, func(s *rollout.Sight) { s.Healthy = 2 })
		}
		if a := rollout.Decide(w).Action; a != nil {
			w.Record, _ = rollout.Effect(w, a)
		}
	}
}

// What a rollout lacks is noted when it is first seen, and what ends the wait ends the note.
func TestAWaitIsNoted(t *testing.T) {
	smoke := &endpoint.Smoke{Path: "/", Status: 200, Count: 2}
	for name, c := range map[string]struct {
		step   int
		action rollout.Action
		want   bool
	}{
		"a healthy read":        {-1, rollout.Count{Environment: "env-1.1.0", Healthy: true}, true},
		"the last healthy read": {-1, rollout.Count{Environment: "env-1.1.0", Healthy: true}, false},
		"a smoke check":         {-1, rollout.Probed{}, true},
		"a failed smoke check":  {-1, rollout.Probed{Fault: "it answers 500"}, true},
		"the last smoke check":  {-1, rollout.Probed{}, false},
		"a step":                {0, rollout.Advance{Step: 1}, true},
		"a step that is there":  {0, rollout.Settle{}, false},
		"a raised cap":          {0, rollout.Recap{Cap: 50}, true},
		"the end of a freeze":   {0, rollout.Thaw{}, false},
		"the end of the wait":   {0, rollout.Lack{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := rolling(c.step)
			w.Record.Desired.Rollout.Smoke = smoke
			f := w.Record.Rollout
			f.Lacking, f.Since = noon.Add(-time.Minute), time.Time{}
			w.Record.Environment(f.To).HealthyReads = endpoint.HealthyReadsWanted - 2
			if !c.want {
				w.Record.Environment(f.To).HealthyReads, f.Smoked = endpoint.HealthyReadsWanted-1, smoke.Count-1
			}
			r, _ := rollout.Effect(w, c.action)
			if got := r.Rollout.Lacking.Equal(f.Lacking); got != c.want || !c.want && !r.Rollout.Lacking.IsZero() {
				t.Errorf("it lacks something since %s, before since %s", r.Rollout.Lacking, f.Lacking)
			}
		})
	}
	w := rolling(0)
	w.Record.Rollout.Lacking = noon
	w.Record.Rollout.Set(1)
	if r, _ := rollout.Before(w, rollout.Shift{Weights: w.Record.Weights()}); !r.Rollout.Lacking.IsZero() {
		t.Error("a higher weight is sent, and what it needed is lacking still")
	}
	w = rolling(-1)
	w.Record.Desired.Rollout.Smoke = smoke
	if r, _ := rollout.Effect(w, rollout.Probed{Fault: "it answers 500"}); !r.Rollout.Lacking.Equal(noon) {
		t.Errorf("the first failed smoke check is noted at %s", r.Rollout.Lacking)
	}
}
