// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// differing are the items that are not as desired, as "item: desired / live".
func differing(w rollout.World) []string {
	var all []string
	for _, i := range rollout.Compare(w) {
		if !i.Same {
			all = append(all, i.Item+": "+i.Desired+" / "+i.Live)
		}
	}
	slices.Sort(all)
	return all
}

// What differs is named, and whatever differs is what a run would put right.
func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *rollout.World)
		want   []string
	}{
		"nothing":         {func(*rollout.World) {}, nil},
		"another release": {func(w *rollout.World) { w.Record.Desired = desired("1.1.0") }, []string{"release: 1.1.0 / 1.0.0"}},
		"the same version, made otherwise": {
			func(w *rollout.World) { w.Record.Desired.Release.Container.Port = 9000 },
			[]string{"release: 1.0.0 (" + func() string { r := release("1.0.0"); r.Container.Port = 9000; return r.Fingerprint() }() + ") / 1.0.0 (" + release("1.0.0").Fingerprint() + ")"},
		},
		"no rule": {
			func(w *rollout.World) { w.Traffic = rollout.Traffic{} },
			[]string{"rule: there / none", "weight.env-1.0.0: 100 % / none"},
		},
		"another priority": {
			func(w *rollout.World) { w.Traffic.Routed, w.Traffic.Unlike = false, "it has priority 3 and not 7" },
			[]string{"rule: as configured / it has priority 3 and not 7"},
		},
		"weights by hand": {
			func(w *rollout.World) {
				retained(w, time.Minute)
				w.Traffic.Weights = map[string]int{"env-1.0.0": 2, "env-0.9.0": 1}
			},
			[]string{"weight.env-0.9.0: none / 33.33 %", "weight.env-1.0.0: 100 % / 66.67 %"},
		},
		"a stranger in the rule": {
			func(w *rollout.World) { w.Traffic.Foreign = []string{"arn:theirs"} },
			[]string{"weight.arn:theirs: none / a target group that is not the endpoint's"},
		},
		"capacity": {
			func(w *rollout.World) { w.Record.Desired.Capacity.Max = 6; w.Record.Accepted = &w.Record.Desired },
			[]string{"environment.env-1.0.0.capacity: 2 to 6 instances / 2 to 4 instances"},
		},
		"bounds by hand": {
			func(w *rollout.World) { s := w.Sights["env-1.0.0"]; s.Scaling.Max = 9; w.Sights["env-1.0.0"] = s },
			[]string{"environment.env-1.0.0.scaling: 2 to 4 instances / 2 to 9 instances"},
		},
		"a scaling group that is detached": {
			func(w *rollout.World) { see(w, "env-1.0.0", func(s *rollout.Sight) { s.Detached = true }) },
			[]string{"environment.env-1.0.0.target_group: its own instances / its scaling group does not fill it"},
		},
		"an instance of another environment": {
			func(w *rollout.World) {
				retained(w, time.Minute)
				see(w, "env-0.9.0", func(s *rollout.Sight) { s.Instances = []string{"a1"} })
				see(w, "env-1.0.0", func(s *rollout.Sight) { s.Targets = map[string]rollout.Target{"a1": rollout.TargetHealthy} })
			},
			[]string{"environment.env-1.0.0.target_group: its own instances / its own instances, and 1 instance of other environments"},
		},
		"an environment that is gone": {
			func(w *rollout.World) {
				retained(w, time.Minute)
				w.Sights["env-0.9.0"] = rollout.Sight{Terminated: true}
			},
			[]string{"environment.env-0.9.0: Ready / gone"},
		},
		"a retention that is over": {
			func(w *rollout.World) { retained(w, 2*time.Hour) },
			[]string{"environment.env-0.9.0: removed: its retention of 1h is over / Ready"},
		},
		"a host elsewhere": {
			func(w *rollout.World) {
				w.Record.Desired.DNS, w.Record.Desired.Routing.Hosts = &endpoint.DNS{ZoneID: "Z1"}, []string{"a.acme.com"}
				w.Record.Accepted = &w.Record.Desired
				a := endpoint.Alias{ZoneID: "Z1", Host: "a.acme.com", Type: endpoint.TypeA}
				w.Record.Aliases, w.DNS = []endpoint.Alias{a}, &rollout.DNS{Elsewhere: []endpoint.Alias{a}}
			},
			[]string{"dns.a.acme.com (A): the load balancer / another record"},
		},
		"a test route that nobody wants": {
			func(w *rollout.World) {
				w.Traffic.Test = rollout.TestRule{RuleARN: "test", Target: "env-1.0.0", Routed: true}
			},
			[]string{"test_route: none / env-1.0.0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := live()
			c.change(&w)
			if d := cmp.Diff(c.want, differing(w)); d != "" {
				t.Error(d)
			}
			if plan := rollout.Preview(w); (plan.Kind == rollout.PlanNothing) != (len(c.want) == 0) {
				t.Errorf("a run would do %s: %v", plan.Kind, plan.Steps)
			}
		})
	}
}

// A rollout that rests at its cap is as desired, and one under way is not.
func TestCompareRollouts(t *testing.T) {
	w := rolling(0)
	if d := differing(w); !slices.Contains(d, "release: 1.1.0 / 1.0.0") {
		t.Errorf("under way: %v", d)
	}
	w.Record.Desired.Rollout.MaxWeight, w.Record.Rollout.Cap = 10, 10
	w.Record.Accepted = &w.Record.Desired
	w.Now = noon.Add(time.Hour)
	for _, i := range rollout.Compare(w) {
		if i.Item == "release" && (!i.Same || i.Live != "1.1.0 at 10 %, its cap") {
			t.Errorf("at its cap: %+v", i)
		}
	}
}

// Instances that fail are told of, though a run cannot mend them.
func TestCompareHealth(t *testing.T) {
	w := live()
	s := w.Sights["env-1.0.0"]
	s.Healthy = 1
	w.Sights["env-1.0.0"] = s
	if d := cmp.Diff([]string{"environment.env-1.0.0.healthy: 2 / 1"}, differing(w)); d != "" {
		t.Error(d)
	}
}
