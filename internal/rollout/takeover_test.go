// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

var oldRule = endpoint.Takeover{RuleARN: "rule", Priority: 4, Groups: []endpoint.OldGroup{{ARN: "a/tg-old/1", Weight: 90}, {ARN: "a/tg-canary/1", Weight: 10}}}

// unmade is an endpoint to be created that is to take a rule over.
func unmade() rollout.World {
	spec := desired("1.0.0")
	spec.Routing.TakeoverRuleARN = "rule"
	rule := oldRule
	return rollout.World{
		Now: noon, Sights: map[string]rollout.Sight{}, Traffic: rollout.Traffic{Old: &rule},
		Record: endpoint.Record{Endpoint: "checkout", Phase: endpoint.Creating, Desired: spec},
	}
}

// taking is a takeover at a step, its weight read back at noon; -1 is before any.
func taking(step int) rollout.World {
	w := unmade()
	rule := oldRule
	w.Record.Takeover, w.Record.Active = &rule, endpoint.OldGroups
	w.Sights[endpoint.OldGroups] = rollout.Sight{Found: true, Ready: true, Healthy: 3}
	e, name := add(&w, "1.0.0")
	e.Proven, e.Carried = false, step >= 0
	w.Record.Rollout = &endpoint.Rollout{
		ID: "r1", Kind: endpoint.New, From: endpoint.OldGroups, To: name, Steps: desired("").Rollout.Plan(), Step: step, Started: noon,
	}
	w.Traffic = rollout.Traffic{RuleARN: "rule", Routed: true, Weights: map[string]int{endpoint.OldGroups: 100}, Old: &rule}
	if step >= 0 {
		w.Record.Takeover.Begun, w.Record.Rollout.Since = true, noon
		w.Traffic.Weights, w.Traffic.Old = w.Record.Weights(), nil
	}
	return w
}

// leftAlone is a takeover that was superseded a while ago, its old groups down since.
func leftAlone(ago time.Duration) rollout.World {
	w := taking(0)
	w.Record.Desired.Release = release("1.1.0")
	w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.Superseded, Since: noon.Add(-ago)}
	see(&w, endpoint.OldGroups, func(s *rollout.Sight) { s.Healthy = 0 })
	return w
}

func TestDecideTakeover(t *testing.T) {
	const to = "env-1.0.0"
	for name, c := range map[string]struct {
		world func() rollout.World
		want  string
	}{
		"it begins with what the rule does": {unmade, "note what is to be taken over: 90 % for tg-old, 10 % for tg-canary"},
		"another release was asked for, and the old groups are down": {func() rollout.World {
			return leftAlone(15*time.Minute - time.Second)
		}, "wait for the environment to become healthy"},
		"and have been for long enough": {func() rollout.World { return leftAlone(15 * time.Minute) }, "finish the rollout"},
		"and the candidate is ill too": {func() rollout.World {
			w := leftAlone(15 * time.Minute)
			see(&w, to, func(s *rollout.Sight) { s.Healthy = 1 })
			return w
		}, "wait for the environment to become healthy"},
		"and somebody terminates the candidate": {func() rollout.World {
			w := leftAlone(15 * time.Minute)
			w.Record.Environment(to).Failure = "it was terminated outside ionroller"
			return w
		}, "wait for the environment to become healthy"},
		"and the candidate was dropped": {func() rollout.World {
			w := leftAlone(15 * time.Minute)
			w.Record.Environment(to).Dropped = "an operator dropped it"
			return w
		}, "wait for the environment to become healthy"},
		"and the candidate failed": {func() rollout.World {
			w := leftAlone(15 * time.Minute)
			w.Record.Rollout.Back.Result = endpoint.RolledBack
			return w
		}, "wait for the environment to become healthy"},
		"there is no rule": {func() rollout.World {
			w := unmade()
			w.Traffic = rollout.Traffic{}
			return w
		}, "listener rule rule, which is to be taken over, is not there"},
		"the rule does something else": {func() rollout.World {
			w := unmade()
			w.Traffic = rollout.Traffic{Unlike: "it does more than forward"}
			return w
		}, "listener rule rule cannot be taken over as it is: it does more than forward"},
		"its maker changes it before anything is sent": {func() rollout.World {
			w := taking(-1)
			w.Traffic.Old = &endpoint.Takeover{RuleARN: "rule", Priority: 4, Groups: []endpoint.OldGroup{{ARN: "a/tg-next/1", Weight: 1}}}
			w.Traffic.Weights, w.Traffic.Routed = map[string]int{}, false
			return w
		}, "note what is to be taken over: 100 % for tg-next"},
		"its maker removes it before anything is sent": {func() rollout.World {
			w := taking(-1)
			w.Traffic = rollout.Traffic{}
			return w
		}, "give the rollout up: listener rule rule, which is to be taken over, is not there"},
		"the first step": {func() rollout.World {
			w := taking(-1)
			w.Record.Rollout.Step = 0
			return w
		}, "set traffic to " + to + " 10 %, old-groups 90 %"},
		"the first step, without the capacity for it any more": {func() rollout.World {
			w := taking(-1)
			w.Record.Rollout.Step = 0
			see(&w, to, func(s *rollout.Sight) { s.Healthy = 1 })
			return w
		}, "advance to step 0"},
		"somebody edits it while traffic moves": {func() rollout.World {
			w := taking(0)
			w.Traffic.Routed = false
			return w
		}, "set traffic to " + to + " 10 %, old-groups 90 %"},
		"it is given up": {func() rollout.World {
			w := taking(0)
			w.Record.Rollout.Back, w.Record.Rollout.Since = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "x"}, time.Time{}
			return w
		}, "set traffic to old-groups 100 %"},
		"it is given up before anything was sent": {func() rollout.World {
			w := taking(-1)
			w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "x"}
			return w
		}, "close the rollout that was given up"},
		"given up, and the rule is its maker's again": {func() rollout.World {
			w := taking(-1)
			w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "x"}
			w.Traffic = rollout.Traffic{RuleARN: "rule", Weights: map[string]int{}, Unlike: "it redirects"}
			return w
		}, "close the rollout that was given up"},
		"a late call of ours after that": {func() rollout.World {
			w := taking(-1)
			w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "x"}
			w.Traffic.Weights, w.Traffic.Old = map[string]int{to: 10, endpoint.OldGroups: 90}, nil
			return w
		}, "set traffic to old-groups 100 %"},
		"the new environment is down": {func() rollout.World {
			w := taking(0)
			see(&w, to, func(s *rollout.Sight) { s.Healthy = 0 })
			return w
		}, "give the rollout up: " + to + " has no healthy target left at 10 % of traffic"},
		"the old groups are down, and traffic is not given back to them": {func() rollout.World {
			w := taking(1)
			w.Record.Rollout.Back, w.Record.Rollout.Since = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "x"}, time.Time{}
			see(&w, endpoint.OldGroups, func(s *rollout.Sight) { s.Healthy = 0 })
			return w
		}, "wait for the environment to become healthy"},
		"at the end of its last bake": {func() rollout.World {
			w := taking(1)
			w.Now = noon.Add(time.Hour)
			return w
		}, "finish the rollout"},
		"the rule is the endpoint's": {func() rollout.World {
			w := taking(1)
			w.Record.Rollout, w.Record.Active = nil, to
			return w
		}, "set traffic to " + to + " 100 %"},
		"it rests at its cap": {func() rollout.World {
			w := taking(0)
			w.Record.Rollout.Cap, w.Record.Desired.Rollout.MaxWeight = 10, 10
			w.Now = noon.Add(time.Hour)
			return w
		}, "accept the desired state"},
		"removed while traffic moves": {func() rollout.World {
			w := taking(0)
			w.Record.Phase = endpoint.Deleting
			return w
		}, "set traffic to old-groups 100 %"},
		"removed, and everything is given back": {func() rollout.World {
			w := taking(0)
			w.Record.Phase, w.Record.Move = endpoint.Deleting, &endpoint.Move{Weights: map[string]int{endpoint.OldGroups: 100}, Since: noon, Answered: true}
			w.Traffic.Weights = map[string]int{endpoint.OldGroups: 100}
			return w
		}, "note that traffic is old-groups 100 %"},
		"removed, and a read of the past shows nothing of ours": {func() rollout.World {
			w := taking(0)
			w.Record.Phase = endpoint.Deleting
			w.Traffic.Weights = map[string]int{endpoint.OldGroups: 100}
			return w
		}, "set traffic to old-groups 100 %"},
		"removed before anything was sent": {func() rollout.World {
			w := taking(-1)
			w.Record.Phase = endpoint.Deleting
			return w
		}, "terminate environment " + to},
		"removed after the rule was": {func() rollout.World {
			w := taking(0)
			w.Record.Phase, w.Traffic = endpoint.Deleting, rollout.Traffic{}
			return w
		}, "remove the listener rule"}, // of which nothing is left: the drain begins
		"removed when it is complete": {func() rollout.World {
			w := taking(1)
			w.Record.Rollout, w.Record.Active, w.Record.Phase = nil, to, endpoint.Deleting
			return w
		}, "remove the listener rule"},
		"given up for good, and the test route still reaches it": {func() rollout.World {
			w := taking(-1)
			w.Record.Rollout, w.Record.Phase, w.Record.GivenUp = nil, endpoint.Live, release("1.0.0").Fingerprint()
			w.Record.Desired.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.acme.com"}}
			w.Record.Environments[0].Failure, w.Traffic.Test = "it failed", rollout.TestRule{RuleARN: "test", Target: to, Routed: true}
			return w
		}, "remove the test route"},
		"another release is asked for": {func() rollout.World {
			w := taking(0)
			w.Record.Desired.Release = release("1.1.0")
			return w
		}, "give the rollout up: release 1.1.0 was asked for"},
		"a comparison with one old group": {func() rollout.World { return compared(90, 0, true) }, "give the rollout up: error rate of " + to},
		"no comparison with several":      {func() rollout.World { return compared(90, 10, false) }, "wait for the step's bake"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := words(rollout.Decide(c.world())); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func words(d rollout.Decision) string {
	if d.Action == nil {
		return "wait for " + string(d.Wake.For)
	}
	return d.Action.String()
}

// compared is a takeover whose analysis compares with the old groups.
func compared(one, other int, measured bool) rollout.World {
	w := taking(0)
	w.Record.Takeover.Groups = []endpoint.OldGroup{{ARN: "a/tg-old/1", Weight: one}, {ARN: "a/tg-canary/1", Weight: other}}
	w.Record.Desired.Rollout.Analysis = &endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{MaxRatio: 2}, MinimumRequests: 10}
	w.Guards = &rollout.Guards{Measures: map[string]rollout.Measure{"env-1.0.0": {Requests: 1000, Errors: 100}}}
	if measured {
		w.Guards.Measures[endpoint.OldGroups] = rollout.Measure{Requests: 9000, Errors: 9}
	}
	return w
}

// A takeover that fails leaves nothing but what there was.
func TestTakeoverIsGivenBack(t *testing.T) {
	m := rollout.NewModel(taking(0))
	m.Record.Rollout.Back, m.Record.Rollout.Since = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "it failed", Rejects: true}, time.Time{}
	var did []string
	for range 100 {
		d := rollout.Decide(m.World)
		switch d.Action.(type) {
		case nil:
			m.Now = m.Now.Add(time.Minute)
		case rollout.Rest:
			if m.Record.Phase != endpoint.Deleted || len(m.Record.Environments) > 0 || !m.Traffic.Is(map[string]int{endpoint.OldGroups: 100}) {
				t.Errorf("it ends as %s with %v, traffic %v", m.Record.Phase, m.Record.Environments, m.Traffic)
			}
			if i := slices.Index(did, "remove the listener rule"); i >= 0 {
				t.Errorf("the rule was removed: %v", did)
			}
			return
		default:
			did = append(did, d.Action.String())
			m.Do(d.Action)
		}
	}
	t.Errorf("it does not come to an end: %v", did)
}

// A preview says from what traffic is taken and what becomes of the rule, also where
// only the configuration is known.
func TestPreviewOfATakeover(t *testing.T) {
	known := unmade()
	unknown := unmade()
	unknown.Traffic = rollout.Traffic{}
	for _, c := range []struct {
		world rollout.World
		old   string
	}{{known, "90 % for tg-old, 10 % for tg-canary"}, {unknown, "its old groups have all traffic"}} {
		plan := rollout.Preview(c.world)
		want := []string{
			"take over listener rule rule: " + c.old,
			"create an environment of 1.0.0: 2 instances of ",
			"traffic: 1.0.0 10 %, the old groups 90 %, watched for 10m",
			"traffic: 1.0.0 100 %, watched for 5m",
			"listener rule rule is the endpoint's own from then on, and its old groups are their makers'",
		}
		if plan.Kind != rollout.PlanNew || plan.From != "" || !slices.Equal(plan.Steps, want) {
			t.Errorf("%s", fmt.Sprint(plan.Kind, plan.From, "\n", strings.Join(plan.Steps, "\n")))
		}
	}
}

func TestWayBackOfATakeover(t *testing.T) {
	if _, err := rollout.WayBack(taking(0), ""); err == nil || !strings.Contains(err.Error(), "ionroller abort checkout gives all traffic back to the rule's old groups") {
		t.Errorf("it is %v", err)
	}
}
