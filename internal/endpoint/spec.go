// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package endpoint holds the nouns of ionroller: what a user wants of an
// endpoint (Spec, Release), what stands in AWS for it (Environment, Record) and
// what happened to it (Event). It is data with its rules and performs no I/O.
package endpoint

import (
	"strings"
	"time"
)

// Spec is everything a user says about one endpoint: the host names users call,
// the release that shall serve them, and how to get there.
type Spec struct {
	Name               string        `json:"name"`
	Release            Release       `json:"release"`
	Capacity           Capacity      `json:"capacity"`
	Routing            Routing       `json:"routing"`
	TestRoute          *TestRoute    `json:"test_route,omitempty"`
	DNS                *DNS          `json:"dns,omitempty"` // nil: ionroller keeps no records
	Rollout            RolloutPolicy `json:"rollout"`
	Retention          Retention     `json:"retention"`
	DeletionProtection bool          `json:"deletion_protection"`
	Timeouts           Timeouts      `json:"timeouts,omitzero"`
}

// Capacity bounds the number of instances of a serving environment.
type Capacity struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// Routing says which requests reaching a listener belong to the endpoint.
type Routing struct {
	ListenerARN string   `json:"listener_arn"`
	Hosts       []string `json:"hosts"`
	// Paths are path patterns; empty means every path.
	Paths []string `json:"paths,omitempty"`
	// Priority of the listener rule, 1 to 50000; 0 lets ionroller choose a free one.
	Priority int `json:"priority,omitempty"`
	// TakeoverRuleARN is the rule of somebody else's with whose takeover the endpoint
	// begins; empty: it begins with a rule of its own. Later it says nothing.
	TakeoverRuleARN string `json:"takeover_rule_arn,omitempty"`
}

// LoadBalancerOf makes a load balancer's ARN of its listener's, which has it as its
// beginning.
func LoadBalancerOf(listenerARN string) string {
	i := strings.LastIndex(listenerARN, "/")
	if i < 0 {
		return ""
	}
	return strings.Replace(listenerARN[:i], ":listener/", ":loadbalancer/", 1)
}

// RolloutPolicy says how traffic moves from one environment to the next.
type RolloutPolicy struct {
	// Steps in rising weight. No steps: all traffic moves at once. A list that
	// ends below 100 is followed by a last step to 100 without a bake. By instance
	// a step is one instance, has no weight, and the last is repeated.
	Steps []Step `json:"steps,omitempty"`
	By    By     `json:"by,omitempty"` // empty is ByWeight
	// HealthyWithin is the time a new environment has to become healthy, or to get
	// the capacity that a step needs, counted from when the lack is first seen.
	HealthyWithin Duration `json:"healthy_within"`
	// MaxWeight caps the rollout, in percent: it stops there until the cap is
	// lifted. 0 is no cap.
	MaxWeight int `json:"max_weight,omitempty"`
	// Alarms are the names of CloudWatch alarms, metric or composite, that must not
	// fire while a release is rolled out.
	Alarms   []string  `json:"alarms,omitempty"`
	Analysis *Analysis `json:"analysis,omitempty"`
	// ExtendBake is how much longer a bake may last when alarms have too little
	// data, or analysis too few requests, for a verdict.
	ExtendBake Duration `json:"extend_bake,omitempty"`
	// Smoke must pass over the test route before the first user's request.
	Smoke     *Smoke    `json:"smoke,omitempty"`
	OnFailure OnFailure `json:"on_failure,omitempty"` // empty is Rollback
	// Retry is raised by users to try a rejected release, or a frozen rollout, again.
	Retry int `json:"retry,omitempty"`
	// NoWait ends an apply when the first step is set; somebody else goes on.
	NoWait bool `json:"no_wait,omitempty"`
}

// Cap is the largest share a new release may get, in percent.
func (p RolloutPolicy) Cap() int {
	if p.MaxWeight == 0 {
		return 100
	}
	return p.MaxWeight
}

// Guarded says that something watches over the rollout.
func (p RolloutPolicy) Guarded() bool { return len(p.Alarms) > 0 || p.Analysis != nil }

// Step is one share of traffic and the time it is watched.
type Step struct {
	Weight int      `json:"weight"` // percent of the endpoint's requests, 1 to 100; 0 by instance
	Bake   Duration `json:"bake"`
	// Pause holds the rollout after the bake; zero for none.
	Pause Pause `json:"pause,omitzero"`
}

// Plan returns the steps in the order they are taken, always ending at 100. By
// instance it is the last of them: how many come before depends on the instances.
func (p RolloutPolicy) Plan() []Step {
	if p.By == ByInstance {
		return p.ForInstances(max(1, len(p.Steps)))[max(0, len(p.Steps)-1):]
	}
	steps := append([]Step(nil), p.Steps...)
	if len(steps) == 0 || steps[len(steps)-1].Weight < 100 {
		steps = append(steps, Step{Weight: 100})
	}
	return steps
}

// Taken returns the steps that a rollout beside a live release of so many instances
// takes until it ends or rests at its cap.
func (p RolloutPolicy) Taken(instances int) []Step {
	if p.By == ByInstance {
		return p.ForInstances(instances)
	}
	steps := p.Plan()
	for i, s := range steps {
		if s.Weight >= p.Cap() {
			return steps[:i+1]
		}
	}
	return steps
}

// MinimumDuration is the sum of the bakes up to the cap, beside a live release of so
// many instances: a rollout cannot be quicker.
func (p RolloutPolicy) MinimumDuration(instances int) time.Duration {
	bakes, _ := p.durations(instances)
	return bakes
}

// LongestDuration is how long the bakes and pauses up to the cap may last, when
// nobody promotes the rollout and nothing extends a bake.
func (p RolloutPolicy) LongestDuration(instances int) time.Duration {
	bakes, pauses := p.durations(instances)
	return bakes + pauses
}

func (p RolloutPolicy) durations(instances int) (bakes, pauses time.Duration) {
	for _, s := range p.Taken(instances) {
		bakes += s.Bake.Std()
		if p.Cap() == 100 || s.Weight < p.Cap() { // at the cap it stays, before the pause
			pauses += s.Pause.Deadline.Std()
		}
	}
	return bakes, pauses
}

// Retention says how long and how many old environments are kept hot.
type Retention struct {
	KeepFor Duration `json:"keep_for"` // counted from the moment the environment left traffic
	Max     int      `json:"max"`      // environments kept beside the active one
	// FailedFor is how long an environment that was given up is kept, so that
	// people can look at it.
	FailedFor Duration `json:"failed_for,omitempty"`
}

// Timeouts bound one run of Terraform, as the user wrote them; empty means the
// provider's default.
type Timeouts struct {
	Create string `json:"create,omitempty"`
	Update string `json:"update,omitempty"`
	Delete string `json:"delete,omitempty"`
}
