// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

const from, to = "env-1.0.0", "env-1.1.0"

// moving is a rollout by instance of two, at a step, with these targets in the
// candidate's target group. a1 and a2 are the old instances, b1 and b2 the new ones.
func moving(step int, targets map[string]rollout.Target) rollout.World {
	w := rolling(0)
	w.Record.Desired.Rollout.By = endpoint.ByInstance
	w.Record.Desired.Rollout.Steps = []endpoint.Step{{Bake: endpoint.Duration(10 * time.Minute)}}
	f := w.Record.Rollout
	f.By, f.Steps, f.Joined, f.Since = endpoint.ByInstance, w.Record.Desired.Rollout.ForInstances(2), noon, time.Time{}
	f.Set(step)
	if step >= 0 {
		f.Sent = noon
		w.Traffic.Weights = map[string]int{to: 100}
	} else {
		w.Traffic.Weights = map[string]int{from: 100}
	}
	if step == 0 {
		w.Record.Move = &endpoint.Move{Weights: map[string]int{to: 100}, Since: noon, Answered: true}
	}
	w.Record.Environment(from).Full = 2
	still := rollout.Scaling{Min: 2, Max: 4, Suspended: true}
	see(&w, from, func(s *rollout.Sight) {
		s.Instances, s.Scaling = []string{"a1", "a2"}, still
		s.Targets = map[string]rollout.Target{"a1": rollout.TargetHealthy, "a2": rollout.TargetHealthy}
	})
	see(&w, to, func(s *rollout.Sight) {
		s.Instances, s.Scaling, s.Targets, s.Detached, s.Healthy, s.Desired = []string{"b1", "b2"}, still, targets, true, 0, 2
		for id, state := range targets {
			if strings.HasPrefix(id, "b") && state == rollout.TargetHealthy {
				s.Healthy++
			}
		}
	})
	return w
}

const (
	good  = rollout.TargetHealthy
	fresh = rollout.TargetNew
	ill   = rollout.TargetIll
	gone  = rollout.TargetLeaving
)

type targets = map[string]rollout.Target

func TestDecideByInstance(t *testing.T) {
	late := func(w *rollout.World) { w.Now = noon.Add(time.Hour) }
	overdue := func(w *rollout.World) { late(w); w.Record.Rollout.Lacking = noon }
	settled := func(w *rollout.World) { w.Record.Rollout.Since, w.Record.Move = noon, nil }
	for name, c := range map[string]struct {
		step    int
		targets targets
		change  func(*rollout.World)
		want    string // the action, or what is waited for
	}{
		"the new instances leave their group first": {
			-1, targets{"b1": good, "b2": good}, func(w *rollout.World) { see(w, to, func(s *rollout.Sight) { s.Detached = false }) },
			"detach the scaling group of " + to,
		},
		"scaling is suspended before anything moves": {
			-1, nil, func(w *rollout.World) { see(w, from, func(s *rollout.Sight) { s.Scaling.Suspended = false }) },
			"scale env-1.0.0 to 2-4 instances, its own scaling suspended",
		},
		"nothing moves while the platform is busy": {
			-1, targets{"b1": good, "b2": good}, func(w *rollout.World) {
				see(w, to, func(s *rollout.Sight) { s.Detached, s.Ready, s.Scaling.Suspended = false, false, false })
			},
			"note the wait for the environment to become healthy",
		},
		"the old ones join all together":        {-1, nil, nil, "register a1, a2 with " + to},
		"one that was missed joins them":        {-1, targets{"a1": good}, nil, "register a2 with " + to},
		"they are healthy before traffic comes": {-1, targets{"a1": good, "a2": fresh}, nil, "note the wait for the environment to become healthy"},
		"nothing of the new release is left":    {-1, targets{"a1": good, "a2": good, "b1": good}, nil, "deregister b1 from " + to},
		"nor drains":                            {-1, targets{"a1": good, "a2": good, "b1": gone}, nil, "note the wait for the environment to become healthy"},
		"then traffic follows":                  {-1, targets{"a1": good, "a2": good}, nil, "advance to step 1"},
		"they cannot join":                      {-1, targets{"a1": ill, "a2": ill}, overdue, "give the rollout up: the instances of 1.0.0 cannot make room"},
		"the old release is down, so by weight": {
			-1, nil, func(w *rollout.World) { see(w, from, func(s *rollout.Sight) { s.Healthy = 0 }) },
			"let 0 instances join the candidate's target group",
		},
		"a capped rollout goes by weight": {
			-1, nil, func(w *rollout.World) { w.Record.Desired.Rollout.MaxWeight = 10; w.Record.Rollout.Cap = 10 },
			"let 0 instances join the candidate's target group",
		},
		"the old release grew meanwhile": {
			-1, nil, func(w *rollout.World) { see(w, from, func(s *rollout.Sight) { s.Desired = 3 }) },
			"let 3 instances join the candidate's target group",
		},
		"the rule is sent again when it is not seen": {
			0, targets{"a1": good, "a2": good}, func(w *rollout.World) { w.Traffic.Weights = map[string]int{from: 100} },
			"set traffic to env-1.1.0 100 %",
		},
		"one is registered":                    {0, targets{"a1": good, "a2": good}, nil, "register b1 with " + to},
		"it is healthy before an old one goes": {0, targets{"a1": good, "a2": good, "b1": fresh}, nil, "note the wait for the environment to become healthy"},
		"then one goes":                        {0, targets{"a1": good, "a2": good, "b1": good}, nil, "deregister a1 from " + to},
		"an ill one first":                     {0, targets{"a1": good, "a2": ill, "b1": good}, nil, "deregister a2 from " + to},
		"then the bake begins":                 {0, targets{"a1": gone, "a2": good, "b1": good}, nil, "note that traffic is env-1.1.0 100 %"},
		"the new one does not become healthy":  {0, targets{"a1": good, "a2": good, "b1": ill}, overdue, "give the rollout up: 0 of 1 instances of env-1.1.0 pass the health check at step 1 of 2"},
		"an old one that dies is replaced":     {0, targets{"b1": good}, settled, "register a1 with " + to},
		"the only new one dies":                {0, targets{"a2": good, "b1": ill}, settled, "give the rollout up: env-1.1.0 has no healthy target left"},
		"what others put there is taken out":   {0, targets{"a2": good, "b1": good, "b2": good}, settled, "deregister b1 from " + to},
		"the next follows the bake":            {0, targets{"a2": good, "b1": good}, func(w *rollout.World) { settled(w); late(w) }, "advance to step 2"},
		"the rule need not change for it":      {1, targets{"a2": good, "b1": good}, nil, "register b2 with " + to},
		"the last old one goes":                {1, targets{"a2": good, "b1": good, "b2": good}, nil, "deregister a2 from " + to},
		"then the group is attached":           {1, targets{"b1": good, "b2": good}, nil, "attach the scaling group of " + to},
		"a stray change of the rule is mended": {1, targets{"a2": good, "b1": good}, func(w *rollout.World) { w.Traffic.Weights = map[string]int{from: 100} }, "set traffic to env-1.1.0 100 %"},
		"a cap in the middle takes traffic back": {
			0, targets{"a2": good, "b1": good}, func(w *rollout.World) { settled(w); w.Record.Desired.Rollout.MaxWeight = 10 },
			"give the rollout up: it is capped at 10 % now",
		},
		"an alarm ends it at once": {
			0, targets{"a1": good, "a2": good, "b1": good}, func(w *rollout.World) {
				w.Record.Desired.Rollout.Alarms = []string{"errors"}
				w.Guards = &rollout.Guards{Alarms: map[string]rollout.Alarm{"errors": {State: rollout.AlarmFiring}}}
			}, "give the rollout up: alarm errors is in state ALARM; 1 of 2 instances were of it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := moving(c.step, maps.Clone(c.targets))
			if c.change != nil {
				c.change(&w)
			}
			d := rollout.Decide(w)
			got := fmt.Sprintf("wait for %s", d.Wake.For)
			if d.Action != nil {
				got = d.Action.String()
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("it comes to %q, want %q", got, c.want)
			}
		})
	}
}

// Whatever became of the rollout, nothing stays as it held it.
func TestInstancesPart(t *testing.T) {
	left := func() rollout.World {
		w := moving(0, targets{"a2": good, "b1": good})
		w.Record.Rollout, w.Record.Move = nil, nil
		w.Record.Desired = *w.Record.Accepted
		w.Traffic.Weights = map[string]int{from: 100}
		out := w.Record.Environment(to)
		out.OutSince = noon.Add(-time.Minute)
		return w
	}
	m := rollout.NewModel(left())
	var done []string
	for {
		d := rollout.Decide(m.World)
		if _, rest := d.Action.(rollout.Rest); rest {
			break
		}
		if d.Action == nil || len(done) > 20 {
			t.Fatalf("after %q it comes to %+v", done, d)
		}
		done = append(done, d.Action.String())
		m.Do(d.Action)
	}
	want := []string{
		"scale env-1.0.0 to 2-4 instances", "attach the scaling group of env-1.1.0", "deregister a2 from env-1.1.0",
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(done, "\n")+"\n", w+"\n") {
			t.Errorf("%q is not done in %q", w, done)
		}
	}
	if plan := rollout.Preview(left()); plan.Kind != rollout.PlanRepair {
		t.Errorf("the plan is %+v", plan)
	}
}

// Shares are those of instances where two releases stand in one group.
func TestPercentOfInstances(t *testing.T) {
	w := moving(0, targets{"a2": good, "b1": good, "a1": gone})
	if a, b := w.Percent(from), w.Percent(to); a != 50 || b != 50 {
		t.Errorf("%d %% and %d %%", a, b)
	}
	w = live()
	if p := w.Percent(from); p != 100 {
		t.Errorf("%d %%", p)
	}
}

// What another target group still sends to is not terminated.
func TestLodgersStay(t *testing.T) {
	w := live()
	old := retained(&w, 2*time.Hour)
	see(&w, old.Name, func(s *rollout.Sight) { s.Instances = []string{"c1"} })
	see(&w, from, func(s *rollout.Sight) { s.Instances, s.Targets = []string{"a1"}, targets{"a1": good, "c1": gone} })
	if d := rollout.Decide(w); d.Action != nil || d.Wake.For != rollout.Drain {
		t.Errorf("it comes to %+v", d)
	}
}
