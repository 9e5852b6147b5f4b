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

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func release(version string) endpoint.Release {
	return endpoint.Release{
		Version: version, Container: endpoint.Container{Image: "acme/checkout", Port: 8080},
		Health: endpoint.Health{DeregistrationDelay: endpoint.Duration(20 * time.Second)},
	}
}

func desired(version string) endpoint.Spec {
	return endpoint.Spec{
		Name: "checkout", Release: release(version), Capacity: endpoint.Capacity{Min: 2, Max: 4},
		Rollout: endpoint.RolloutPolicy{
			HealthyWithin: endpoint.Duration(15 * time.Minute),
			Steps:         []endpoint.Step{{Weight: 10, Bake: endpoint.Duration(10 * time.Minute)}, {Weight: 100, Bake: endpoint.Duration(5 * time.Minute)}},
		},
		Retention: endpoint.Retention{KeepFor: endpoint.Duration(time.Hour), Max: 2},
	}
}

// live is an endpoint at rest: 1.0.0 serves.
func live() rollout.World {
	spec := desired("1.0.0")
	w := rollout.World{
		Now: noon, Sights: map[string]rollout.Sight{},
		Record: endpoint.Record{Endpoint: "checkout", Phase: endpoint.Live, Desired: spec, Accepted: &spec, Active: "env-1.0.0"},
	}
	add(&w, "1.0.0")
	w.Traffic = rollout.Traffic{RuleARN: "rule", Routed: true, Weights: map[string]int{"env-1.0.0": 100}}
	return w
}

// add puts a healthy, proven environment of a version into the world.
func add(w *rollout.World, version string) (*endpoint.Environment, string) {
	name := "env-" + version
	w.Record.Environments = append(w.Record.Environments, endpoint.Environment{
		Name: name, Release: release(version), Fingerprint: release(version).Fingerprint(), Capacity: endpoint.Capacity{Min: 2, Max: 4},
		TargetGroup: name, ScalingGroup: name, Created: noon.Add(-time.Hour), Launched: true, HealthyReads: 3, Carried: true, Proven: true, Full: 2,
	})
	w.Sights[name] = rollout.Sight{
		Found: true, Ready: true, TargetGroup: name, ScalingGroup: name, Healthy: 2, Desired: 2,
		Scaling: rollout.Scaling{Min: 2, Max: 4}, Quiet: true,
	}
	return w.Record.Environment(name), name
}

// retained adds 0.9.0, which left traffic a while ago and is held.
func retained(w *rollout.World, out time.Duration) *endpoint.Environment {
	e, name := add(w, "0.9.0")
	e.OutSince = noon.Add(-out)
	s := w.Sights[name]
	s.Scaling.Suspended = true
	w.Sights[name] = s
	return e
}

// rolling is a rollout to 1.1.0 at a step, its weight read back at noon.
func rolling(step int) rollout.World {
	w := live()
	e, name := add(&w, "1.1.0")
	e.Proven = false
	w.Record.Desired = desired("1.1.0")
	w.Record.Rollout = &endpoint.Rollout{
		ID: "r1", Kind: endpoint.New, From: "env-1.0.0", To: name, Steps: desired("").Rollout.Plan(), Step: step, Started: noon,
	}
	if step >= 0 {
		w.Traffic.Weights = w.Record.Weights()
		w.Record.Rollout.Give(w.Traffic.Weights[name], noon)
		w.Record.Rollout.Since = noon
	}
	return w
}

// shrunk is a rollout that was superseded a while ago; what it comes from has lost an
// instance, and another is on its way.
func shrunk(ago time.Duration) rollout.World {
	w := rolling(0)
	w.Record.Desired = desired("1.0.0")
	w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.Superseded, Reason: "asked for", Since: noon.Add(-ago)}
	w.Record.Environment("env-1.0.0").Full = 2
	see(&w, "env-1.0.0", func(s *rollout.Sight) { s.Healthy = 1 })
	return w
}

// unsent is a rollout whose last step was decided on, and its weight not sent.
func unsent() rollout.World {
	w := rolling(0)
	w.Record.Rollout.Set(1)
	return w
}

// waning is a rollout at its last step that has lost one instance of two, at a time; it
// has been noted since another.
func waning(now, noted time.Time) rollout.World {
	w := rolling(1)
	w.Now, w.Record.Rollout.Lacking = now, noted
	see(&w, "env-1.1.0", func(s *rollout.Sight) { s.Healthy = 1 })
	return w
}

// raised is a rollout at a cap of 5 % that was raised; its step of 10 % needs two instances.
func raised(healthy int) rollout.World {
	w := rolling(0)
	w.Record.Rollout.Cap = 5
	w.Traffic.Weights = w.Record.Weights()
	w.Record.Rollout.Given = 5
	w.Record.Environment("env-1.0.0").Full = 20
	see(&w, "env-1.0.0", func(s *rollout.Sight) { s.Healthy, s.Desired, s.Scaling = 20, 20, rollout.Scaling{Min: 20, Max: 20} })
	see(&w, "env-1.1.0", func(s *rollout.Sight) { s.Healthy, s.Scaling.Min, s.Scaling.Max = healthy, 20, 20 })
	return w
}

// lost is an endpoint whose live environment is gone. These are kept; the newest left
// traffic last, and an operator went back from it.
func lost(kept ...string) rollout.World {
	w := live()
	w.Record.Environment("env-1.0.0").Failure, w.Record.Active = "gone", ""
	for i, version := range kept {
		e, _ := add(&w, version)
		e.OutSince = noon.Add(time.Duration(i-len(kept)) * time.Minute)
	}
	left := release(kept[len(kept)-1])
	w.Record.Rejections = []endpoint.Rejection{{Fingerprint: left.Fingerprint(), Version: left.Version, Pinned: true}}
	return w
}

func see(w *rollout.World, name string, change func(*rollout.Sight)) {
	s := w.Sights[name]
	change(&s)
	w.Sights[name] = s
}

func TestDecide(t *testing.T) {
	const old, young = "env-1.0.0", "env-1.1.0"
	for name, c := range map[string]struct {
		world func() rollout.World
		want  string // the action, or "wait for ..." and until when
	}{
		"at rest": {live, "rest"},
		"a live environment that lost its scaling group": {func() rollout.World {
			w := live()
			see(&w, old, func(s *rollout.Sight) { s.Wrecked, s.Healthy, s.Desired = true, 0, 0 })
			return w
		}, "note that " + old + " is gone"},
		"nobody has said yet what is desired": {func() rollout.World {
			return rollout.World{Now: noon, Record: endpoint.Record{Endpoint: "checkout", Phase: endpoint.Creating}}
		}, "rest"},
		"another release is desired": {func() rollout.World {
			w := live()
			w.Record.Desired = desired("1.1.0")
			return w
		}, "start new rollout to " + endpoint.EnvironmentName("checkout", release("1.1.0"), 1)},
		"the cap is lowered before an earlier one's weight is sent": {func() rollout.World {
			w := rolling(0)
			w.Record.Rollout.Since, w.Record.Rollout.Cap = time.Time{}, 50
			w.Record.Desired.Rollout.MaxWeight = 10
			w.Traffic.Weights = map[string]int{old: 100}
			return w
		}, "follow the cap of 10 %"},
		"a cap that was raised waits for capacity": {func() rollout.World {
			return raised(1)
		}, "note the wait for the environment to become healthy"},
		"not without end": {func() rollout.World {
			w := raised(1)
			w.Record.Rollout.Lacking = noon.Add(-15 * time.Minute)
			return w
		}, "give the rollout up: env-1.1.0 has 1 healthy targets of the 2 that the raised cap needs, for 15m (rollout.healthy_within)"},
		"and its time does not count from the step": {func() rollout.World {
			w := raised(1)
			w.Now = noon.Add(48 * time.Hour)
			return w
		}, "note the wait for the environment to become healthy"},
		"and is followed with it": {func() rollout.World {
			return raised(2)
		}, "follow the cap of 100 %"},
		"an alarm fires before the step's weight is sent": {func() rollout.World {
			w := rolling(0)
			w.Record.Rollout.Since = time.Time{}
			w.Record.Desired.Rollout.Alarms = []string{"errors"}
			w.Guards = &rollout.Guards{Alarms: map[string]rollout.Alarm{"errors": {State: rollout.AlarmFiring}}}
			w.Traffic.Weights = map[string]int{old: 100}
			return w
		}, "advance to step 0"},
		"an alarm fired while nobody watched, before the next step's weight is sent": {func() rollout.World {
			w := unsent()
			w.Record.Desired.Rollout.Alarms = []string{"errors"}
			w.Guards = &rollout.Guards{Alarms: map[string]rollout.Alarm{"errors": {State: rollout.AlarmOK, Fired: noon}}}
			return w
		}, "advance to step 1"},
		"errors were measured while nobody watched, before the next step's weight is sent": {func() rollout.World {
			w := unsent()
			w.Record.Desired.Rollout.Analysis = &endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{MaxRatio: 2}}
			w.Guards = &rollout.Guards{Measures: map[string]rollout.Measure{old: {Requests: 900, Errors: 9}, young: {Requests: 100, Errors: 50}}}
			return w
		}, "advance to step 1"},
		"an alarm fired while nobody watched, before a raised cap's weight is sent": {func() rollout.World {
			w := raised(2)
			w.Record.Rollout.Cap = 100
			w.Record.Rollout.Set(0)
			w.Record.Desired.Rollout.Alarms = []string{"errors"}
			w.Guards = &rollout.Guards{Alarms: map[string]rollout.Alarm{"errors": {State: rollout.AlarmOK, Fired: noon}}}
			return w
		}, "follow the cap of 5 %"},
		"its capacity goes before a raised cap's weight is sent": {func() rollout.World {
			w := raised(1)
			w.Record.Rollout.Cap = 100
			w.Record.Rollout.Set(0)
			return w
		}, "follow the cap of 5 %"},
		"a first weight that AWS never took, and errors meanwhile": {func() rollout.World {
			w := rolling(0)
			w.Now = noon.Add(5 * time.Minute)
			w.Record.Rollout.Since = time.Time{}
			w.Record.Move = &endpoint.Move{Weights: w.Record.Weights(), Since: noon}
			w.Traffic.Weights = map[string]int{old: 100}
			w.Record.Desired.Rollout.Analysis = &endpoint.Analysis{UnhealthyHosts: new(int)}
			w.Guards = &rollout.Guards{Measures: map[string]rollout.Measure{young: {Unhealthy: 1}}}
			return w
		}, "advance to step 0"},
		"what serves is waited for when there is nothing better to go back to": {func() rollout.World {
			w := waning(noon.Add(20*time.Minute), noon.Add(5*time.Minute))
			see(&w, old, func(s *rollout.Sight) { s.Healthy = 0 })
			return w
		}, "wait for the environment to become healthy"},
		"nothing speaks against the next step, and its weight is sent": {func() rollout.World {
			w := unsent()
			w.Record.Desired.Rollout.Alarms = []string{"errors"}
			w.Guards = &rollout.Guards{Alarms: map[string]rollout.Alarm{"errors": {State: rollout.AlarmOK}}}
			return w
		}, "set traffic to env-1.1.0 100 %"},
		"another release while an operator's way back is not at its end": {func() rollout.World {
			w := rolling(0)
			f := w.Record.Rollout
			f.Kind, f.Steps = endpoint.Hot, []endpoint.Step{{Weight: 100}}
			w.Traffic.Weights = map[string]int{young: 100}
			w.Record.Rejections = []endpoint.Rejection{{Fingerprint: release("1.0.0").Fingerprint(), Pinned: true}}
			w.Record.Desired = desired("1.2.0")
			return w
		}, "finish the rollout"},
		"paused at the last step": {func() rollout.World {
			w := rolling(len(desired("").Rollout.Plan()) - 1)
			w.Now = noon.Add(time.Hour)
			w.Record.Rollout.Paused = &endpoint.Stall{Reason: "ordered"}
			return w
		}, "wait for somebody to promote the rollout"},
		"back to one that is proven and retained": {func() rollout.World {
			w := live()
			retained(&w, time.Minute)
			w.Record.Desired = desired("0.9.0")
			return w
		}, "start hot rollout to env-0.9.0"},
		"back to one that is not proven": {func() rollout.World {
			w := live()
			retained(&w, time.Minute).Proven = false
			w.Record.Desired = desired("0.9.0")
			return w
		}, "start warm rollout to env-0.9.0"},
		"back to one that lost an instance": {func() rollout.World {
			w := live()
			retained(&w, time.Minute)
			see(&w, "env-0.9.0", func(s *rollout.Sight) { s.Healthy = 1 })
			w.Record.Desired = desired("0.9.0")
			return w
		}, "start warm rollout to env-0.9.0"},
		"a release that failed is not tried again by itself": {func() rollout.World {
			w := live()
			w.Record.Desired = desired("1.1.0")
			w.Record.GivenUp = release("1.1.0").Fingerprint()
			return w
		}, "rest"},
		"the first of three healthy reads": {func() rollout.World {
			w := rolling(-1)
			w.Record.Environment(young).HealthyReads = 0
			return w
		}, "count a read of the health of " + young},
		"the next read is not due yet": {func() rollout.World {
			w := rolling(-1)
			w.Record.Environment(young).HealthyReads = 1
			w.Record.Environment(young).LastRead = noon
			return w
		}, "wait for the environment to become healthy until 12:00:01"},
		"an unhealthy read ends the row": {func() rollout.World {
			w := rolling(-1)
			w.Record.Environment(young).HealthyReads = 2
			see(&w, young, func(s *rollout.Sight) { s.Healthy = 1 })
			return w
		}, "count a read of the health of " + young},
		"Ready without healthy targets is not healthy": {func() rollout.World {
			w := rolling(-1)
			w.Record.Environment(young).HealthyReads = 0
			see(&w, young, func(s *rollout.Sight) { s.Healthy = 0 })
			return w
		}, "note the wait for the environment to become healthy"},
		"healthy targets without Ready are not enough": {func() rollout.World {
			w := rolling(-1)
			w.Record.Environment(young).HealthyReads = 0
			see(&w, young, func(s *rollout.Sight) { s.Ready = false })
			return w
		}, "note the wait for the environment to become healthy"},
		"three healthy reads let the first step begin": {func() rollout.World { return rolling(-1) }, "advance to step 1"},
		"no weight before what traffic may go back to keeps its capacity": {func() rollout.World {
			w := rolling(-1)
			see(&w, old, func(s *rollout.Sight) { s.Scaling.Min, s.Ready = 1, false })
			return w
		}, "note the wait for the platform to finish its update"},
		"the platform reports an error": {func() rollout.World {
			w := rolling(-1)
			e := w.Record.Environment(young)
			e.HealthyReads, e.Carried = 0, false
			see(&w, young, func(s *rollout.Sight) { s.Errors = []string{"Docker pull failed."} })
			return w
		}, "give the rollout up: Elastic Beanstalk reports for env-1.1.0: Docker pull failed"},
		"not healthy in its time": {func() rollout.World {
			w := rolling(-1)
			w.Record.Environment(young).HealthyReads = 0
			see(&w, young, func(s *rollout.Sight) { s.Healthy = 0 })
			w.Now, w.Record.Rollout.Lacking = noon.Add(15*time.Minute), noon
			return w
		}, "give the rollout up: env-1.1.0 is not healthy within 15m (rollout.healthy_within): 0 of 2 targets pass their health check"},
		"a step is set": {func() rollout.World {
			w := rolling(0)
			w.Record.Rollout.Since = time.Time{}
			w.Traffic.Weights = map[string]int{old: 100}
			return w
		}, "set traffic to env-1.0.0 90 %, env-1.1.0 10 %"},
		"a step that was set is noted, also when its answer was lost": {func() rollout.World {
			w := rolling(0)
			w.Record.Rollout.Since = time.Time{}
			w.Record.Move = &endpoint.Move{Weights: w.Record.Weights()}
			return w
		}, "note that traffic is env-1.0.0 90 %, env-1.1.0 10 %"},
		"weights that nobody sent are sent, also when a read shows them: it may show the past": {func() rollout.World {
			w := rolling(0)
			w.Record.Rollout.Since = time.Time{}
			return w
		}, "set traffic to env-1.0.0 90 %, env-1.1.0 10 %"},
		"a bake counts from the stored time": {func() rollout.World {
			w := rolling(0)
			w.Now = noon.Add(4 * time.Minute)
			return w
		}, "wait for the step's bake until 12:10:00"},
		"the next step waits for capacity": {func() rollout.World {
			w := rolling(0)
			w.Now = noon.Add(10 * time.Minute)
			w.Record.Environment(old).Full = 4
			see(&w, old, func(s *rollout.Sight) { s.Scaling.Min = 4 })
			see(&w, young, func(s *rollout.Sight) { s.Scaling.Min = 4 })
			return w
		}, "note the wait for the environment to become healthy"},
		"capacity is asked for before weight": {func() rollout.World {
			w := rolling(0)
			w.Record.Environment(old).Full = 4
			see(&w, old, func(s *rollout.Sight) { s.Scaling.Min = 4 })
			return w
		}, "scale env-1.1.0 to 4-4 instances"},
		"the last step after its bake": {func() rollout.World {
			w := rolling(1)
			w.Now = noon.Add(5 * time.Minute)
			return w
		}, "finish the rollout"},
		"the last step without its capacity is no success": {func() rollout.World {
			return waning(noon.Add(5*time.Minute), time.Time{})
		}, "note the wait for the environment to become healthy"},
		"nor when nobody was there for hours": {func() rollout.World {
			return waning(noon.Add(5*time.Hour), time.Time{})
		}, "note the wait for the environment to become healthy"},
		"it has its time": {func() rollout.World {
			return waning(noon.Add(5*time.Hour), noon.Add(5*time.Hour-14*time.Minute))
		}, "wait for the environment to become healthy"},
		"what is all that serves is not taken away": {func() rollout.World {
			w := waning(noon.Add(20*time.Minute), noon.Add(5*time.Minute))
			w.Record.Active, w.Record.Rollout.From = "", ""
			w.Record.Environments, w.Traffic.Weights = w.Record.Environments[1:], map[string]int{young: 100}
			return w
		}, "freeze the rollout: env-1.1.0 has 1 healthy targets of 2 at the end of its last bake, for 15m (rollout.healthy_within); there is no release to go back to"},
		"what was lacking and is there again counts no more": {func() rollout.World {
			w := rolling(0)
			w.Record.Rollout.Lacking = noon.Add(-10 * time.Minute)
			return w
		}, "note the end of a wait"},
		"nor for ever": {func() rollout.World {
			return waning(noon.Add(20*time.Minute), noon.Add(5*time.Minute))
		}, "give the rollout up: env-1.1.0 has 1 healthy targets of 2 at the end of its last bake, for 15m (rollout.healthy_within)"},
		"the live environment is lost before the candidate has traffic": {func() rollout.World {
			w := rolling(-1)
			retained(&w, time.Minute)
			w.Record.Active, w.Record.Rollout.From = "", ""
			return w
		}, "make env-0.9.0 the active environment"},
		"one that was retired is gone": {func() rollout.World {
			w := live()
			retained(&w, 2*time.Hour).Retired = noon.Add(-time.Minute)
			see(&w, "env-0.9.0", func(s *rollout.Sight) { *s = rollout.Sight{Terminated: true} })
			return w
		}, "remove what is left of env-0.9.0"},
		"superseded when the candidate is all that serves": {func() rollout.World {
			w := rolling(0)
			w.Record.Desired = desired("1.2.0")
			see(&w, old, func(s *rollout.Sight) { s.Healthy = 0 })
			return w
		}, "finish the rollout"},
		"traffic that would go back to less than it needs": {func() rollout.World {
			return shrunk(time.Minute)
		}, "wait for the environment to become healthy"},
		"and has waited for that long enough": {func() rollout.World {
			return shrunk(15 * time.Minute)
		}, "set traffic to env-1.0.0 100 %"},
		"nothing serves, and an operator left the last that did": {func() rollout.World {
			return lost("0.8.0", "0.9.0")
		}, "make env-0.8.0 the active environment"},
		"nothing serves, and there is only what an operator left": {func() rollout.World {
			return lost("0.9.0")
		}, "make env-0.9.0 the active environment"},
		"nothing serves, and the release was given up": {func() rollout.World {
			w := live()
			e := w.Record.Environment(old)
			e.Failure, w.Record.Active, w.Record.GivenUp = "gone", "", e.Fingerprint
			return w
		}, "rest"},
		"the candidate dies while it has traffic": {func() rollout.World {
			w := rolling(0)
			see(&w, young, func(s *rollout.Sight) { s.Healthy = 0 })
			return w
		}, "give the rollout up: env-1.1.0 has no healthy target left at 10 % of traffic"},
		"traffic goes back before the rollout is closed": {func() rollout.World {
			w := rolling(0)
			w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "bad"}
			return w
		}, "set traffic to env-1.0.0 100 %"},
		"traffic does not go back to what is down because a read shows the past": {func() rollout.World {
			w := rolling(0)
			w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "bad"}
			w.Record.Rollout.Since = time.Time{}
			w.Traffic.Weights = map[string]int{old: 100}
			see(&w, old, func(s *rollout.Sight) { s.Healthy = 0 })
			return w
		}, "wait for the environment to become healthy"},
		"the version was changed in the middle": {func() rollout.World {
			w := rolling(0)
			w.Record.Desired = desired("1.2.0")
			return w
		}, "give the rollout up: release 1.2.0 was asked for"},
		"weights moved by hand": {func() rollout.World {
			w := live()
			retained(&w, time.Minute)
			w.Traffic.Weights = map[string]int{old: 50, "env-0.9.0": 50}
			return w
		}, "set traffic to env-1.0.0 100 %"},
		"a group without a share in the action": {func() rollout.World {
			w := live()
			retained(&w, time.Minute)
			w.Traffic.Weights = map[string]int{old: 100, "env-0.9.0": 0}
			return w
		}, "set traffic to env-1.0.0 100 %"},
		"a foreign group in the action": {func() rollout.World {
			w := live()
			w.Traffic.Foreign = []string{"group/theirs"}
			return w
		}, "set traffic to env-1.0.0 100 %"},
		"weights of 0 everywhere": {func() rollout.World {
			w := live()
			w.Traffic.Weights = map[string]int{old: 0}
			return w
		}, "set traffic to env-1.0.0 100 %"},
		"a rule deleted by hand": {func() rollout.World {
			w := live()
			w.Traffic = rollout.Traffic{}
			return w
		}, "set traffic to env-1.0.0 100 %"},
		"the live environment was terminated": {func() rollout.World {
			w := live()
			w.Sights[old] = rollout.Sight{}
			return w
		}, "note that env-1.0.0 is gone"},
		"nothing serves, and one is retained": {func() rollout.World {
			w := live()
			w.Record.Active = ""
			return w
		}, "make env-1.0.0 the active environment"},
		"a retained environment scales by itself": {func() rollout.World {
			w := live()
			retained(&w, time.Minute)
			see(&w, "env-0.9.0", func(s *rollout.Sight) { s.Scaling.Suspended = false })
			return w
		}, "scale env-0.9.0 to 2-4 instances, its own scaling suspended"},
		"a serving environment does not": {func() rollout.World {
			w := live()
			see(&w, old, func(s *rollout.Sight) { s.Scaling.Suspended = true })
			return w
		}, "scale env-1.0.0 to 2-4 instances"},
		"another capacity is configured": {func() rollout.World {
			w := live()
			w.Record.Desired.Capacity = endpoint.Capacity{Min: 3, Max: 6}
			return w
		}, "set the capacity of env-1.0.0 to 3-6 instances"},
		"only the retention is configured anew": {func() rollout.World {
			w := live()
			w.Record.Desired.Retention.Max = 5
			return w
		}, "accept the desired state"},
		"a retention that is over": {func() rollout.World {
			w := live()
			retained(&w, time.Hour)
			return w
		}, "terminate environment env-0.9.0"},
		"a retention that is not over": {func() rollout.World {
			w := live()
			retained(&w, time.Hour-time.Second)
			return w
		}, "rest"},
		"one that is over but in a rule of somebody else": {func() rollout.World {
			w := live()
			retained(&w, time.Hour)
			see(&w, "env-0.9.0", func(s *rollout.Sight) { s.UsedBy = []string{"rule/theirs"} })
			return w
		}, "rest"},
		"one that is over but reached by the test route, which cannot move on yet": {func() rollout.World {
			w := live()
			retained(&w, time.Hour)
			w.Record.Desired.TestRoute = &endpoint.TestRoute{Hosts: []string{"next.acme.com"}}
			w.Record.Accepted = &w.Record.Desired
			w.Record.Environment(old).TargetGroup = "" // not known yet
			w.Traffic.Test = rollout.TestRule{RuleARN: "test", Target: "env-0.9.0", Routed: true}
			return w
		}, "wait for requests in flight to end"},
		"too many, and the last left traffic just now": {func() rollout.World {
			w := live()
			w.Record.Desired.Retention.Max = 0
			retained(&w, 10*time.Second)
			accepted := w.Record.Desired
			w.Record.Accepted = &accepted
			return w
		}, "wait for requests in flight to end until 12:00:15"},
		"one that still answers requests": {func() rollout.World {
			w := live()
			w.Record.Desired.Retention.Max = 0
			retained(&w, time.Minute)
			see(&w, "env-0.9.0", func(s *rollout.Sight) { s.Quiet = false })
			accepted := w.Record.Desired
			w.Record.Accepted = &accepted
			return w
		}, "wait for requests in flight to end until 12:04:00"},
		"what is left of a terminated one": {func() rollout.World {
			w := live()
			retained(&w, time.Hour).Retired = noon
			w.Sights["env-0.9.0"] = rollout.Sight{}
			return w
		}, "remove what is left of env-0.9.0"},
		"one whose termination was asked for a moment ago": {func() rollout.World {
			w := live()
			retained(&w, time.Hour).Retired = noon.Add(-time.Minute)
			return w
		}, "wait for the environment to terminate"},
		"one that is Ready long after its termination was asked for": {func() rollout.World {
			w := live()
			retained(&w, time.Hour).Retired = noon.Add(-2 * time.Minute)
			return w
		}, "terminate environment env-0.9.0"},
		"one that is over, and still in the rule while nothing serves": {func() rollout.World {
			w := unserved()
			w.Record.GivenUp = release("1.0.0").Fingerprint()
			w.Record.Environments = w.Record.Environments[1:] // what served is forgotten
			w.Record.Environment("env-0.9.0").OutSince = noon.Add(-2 * time.Hour)
			see(&w, "env-0.9.0", func(s *rollout.Sight) { s.Healthy = 0 })
			w.Traffic.Weights = map[string]int{"env-0.9.0": 100}
			return w
		}, "rest"},
		"weights moved by hand to all that is healthy": {func() rollout.World {
			w := live()
			retained(&w, time.Minute)
			w.Traffic.Weights = map[string]int{"env-0.9.0": 100}
			see(&w, old, func(s *rollout.Sight) { s.Healthy = 0 })
			return w
		}, "wait for the environment to become healthy"},
		"removal begins with the rule": {func() rollout.World {
			w := live()
			w.Record.Phase = endpoint.Deleting
			return w
		}, "remove the listener rule"},
		"removal waits for a rule that was sent, and that a read does not show yet": {func() rollout.World {
			w := live()
			w.Record.Phase, w.Traffic = endpoint.Deleting, rollout.Traffic{}
			w.Record.Move = &endpoint.Move{Weights: map[string]int{old: 100}, Since: noon.Add(-30 * time.Second)}
			return w
		}, "wait for requests in flight to end until 12:00:30"},
		"removal waits for the drain": {func() rollout.World {
			w := live()
			w.Record.Phase, w.Traffic = endpoint.Deleting, rollout.Traffic{}
			w.Record.Environment(old).OutSince = noon
			return w
		}, "wait for requests in flight to end until 12:00:25"},
		"removal stops at a rule of somebody else, before anything is touched": {func() rollout.World {
			w := live()
			w.Record.Phase = endpoint.Deleting
			see(&w, old, func(s *rollout.Sight) { s.UsedBy = []string{"rule/theirs"} })
			return w
		}, "environment env-1.0.0 is still used by a listener rule that is not ionroller's: rule/theirs; remove that rule or take the environment's target group out of it, then try again"},
		"removal ends with the application": {func() rollout.World {
			return rollout.World{Now: noon, Record: endpoint.Record{Phase: endpoint.Deleting}}
		}, "remove the application"},
	} {
		t.Run(name, func(t *testing.T) {
			d := rollout.Decide(c.world())
			got := "wait for " + string(d.Wake.For)
			if d.Action != nil {
				got = d.Action.String()
			} else if !d.Wake.At.IsZero() {
				got += " until " + d.Wake.At.Format(time.TimeOnly)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Weights changed by hand brought requests back to a retained environment: it is
// drained, and retained, from when they are taken away again.
func TestRepairBeginsTheDrainAnew(t *testing.T) {
	w := live()
	retained(&w, 2*time.Hour)
	w.Traffic.Weights = map[string]int{"env-1.0.0": 50, "env-0.9.0": 50}
	d := rollout.Decide(w)
	shift, ok := d.Action.(rollout.Shift)
	if !ok {
		t.Fatalf("decided to %v", d.Action)
	}
	m := rollout.NewModel(w)
	m.Do(shift)
	m.Do(rollout.Settle{Weights: shift.Weights})
	if e := m.Record.Environment("env-0.9.0"); !e.OutSince.Equal(noon) {
		t.Errorf("it left traffic at %s, want %s", e.OutSince, noon)
	}
}

func TestHotMovesAtOnceWhatItCanCarry(t *testing.T) {
	w := live()
	retained(&w, time.Minute)
	see(&w, "env-1.0.0", func(s *rollout.Sight) { s.Healthy, s.Desired = 4, 4 }) // grown since
	w.Record.Desired = desired("0.9.0")
	start, ok := rollout.Decide(w).Action.(rollout.Start)
	if want := []endpoint.Step{{Weight: 50}, {Weight: 100}}; !ok || !slices.Equal(start.Rollout.Steps, want) {
		t.Errorf("steps = %v, want %v", start.Rollout.Steps, want)
	}
}

// An environment that was lost is made again on the platform version and of the
// image with which the release proved itself; a release that did not prove itself binds nothing.
func TestMadeAgainOfTheSameParts(t *testing.T) {
	for name, c := range map[string]struct {
		proven           bool
		platform, digest string
	}{
		"proven": {true, "platform/1", "sha256:1"}, "not proven": {false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := live()
			lost := w.Record.Environment("env-1.0.0")
			lost.PlatformARN, lost.ImageDigest, lost.Proven = "platform/1", "sha256:1", c.proven
			delete(w.Sights, lost.Name)
			m := rollout.NewModel(w)
			for n := range 10 {
				a := rollout.Decide(m.World).Action
				m.Do(a)
				if _, ok := a.(rollout.Start); ok {
					break
				}
				if n == 9 {
					t.Fatalf("nothing is made in its place; now it is to %v", a)
				}
			}
			made := m.Record.Environments[len(m.Record.Environments)-1]
			if made.Name == lost.Name || made.PlatformARN != c.platform || made.ImageDigest != c.digest {
				t.Errorf("%s is to be made on %q of %q, want %q of %q", made.Name, made.PlatformARN, made.ImageDigest, c.platform, c.digest)
			}
		})
	}
}

func TestPreviewTellsVersionsApart(t *testing.T) {
	w := live()
	w.Record.Desired.Release.Container.Environment = map[string]string{"A": "1"}
	plan := rollout.Preview(w)
	if text := strings.Join(plan.Steps, "\n"); !strings.Contains(text, "traffic: 1.0.0 (new) 10 %, 1.0.0 (old) 90 %") {
		t.Errorf("steps:\n%s", text)
	}
}

// A preview is a function of its argument alone, and leaves it as it was.
func TestPreviewIsPure(t *testing.T) {
	w := rolling(0)
	before := fmt.Sprintf("%+v", w)
	first, second := rollout.Preview(w), rollout.Preview(w)
	if fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("two previews differ:\n%v\n%v", first, second)
	}
	if after := fmt.Sprintf("%+v", w); after != before {
		t.Errorf("the world was changed:\n%s\n%s", before, after)
	}
}
