// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package rollout is the brain: Decide looks at everything that is known of an
// endpoint and names the one small thing to do next; Effect says what that does
// to the record; Preview runs both ahead against a model. All of it is pure: no
// I/O, no clock, no AWS types.
package rollout

import (
	"maps"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// World is all that a decision rests on.
type World struct {
	Now     time.Time        `json:"now"`
	Record  endpoint.Record  `json:"record"`
	Sights  map[string]Sight `json:"sights"` // by the environment's name
	Traffic Traffic          `json:"traffic"`
	DNS     *DNS             `json:"dns,omitempty"` // nil when nobody looked
	// Orders are what operators asked for and nobody has carried out yet, the
	// oldest first.
	Orders []endpoint.Order `json:"orders,omitempty"`
	// Guards is what the rollout's guards see; nil when nobody looked.
	Guards *Guards `json:"guards,omitempty"`
}

// Sight is what was seen of one environment.
type Sight struct {
	Found       bool `json:"found"` // it exists and is not terminated
	Ready       bool `json:"ready"` // the platform takes operations on it
	Terminating bool `json:"terminating,omitempty"`
	// Terminated says that the platform lists it as terminated: not being listed at
	// all may be an answer of before it was made.
	Terminated bool `json:"terminated,omitempty"`
	// Wrecked says that its scaling group is gone, and its instances with it: a
	// termination by others that could not be finished.
	Wrecked bool `json:"wrecked,omitempty"`

	ID           string `json:"id,omitempty"`
	TargetGroup  string `json:"target_group,omitempty"`
	ScalingGroup string `json:"scaling_group,omitempty"`
	PlatformARN  string `json:"platform_arn,omitempty"`
	ImageDigest  string `json:"image_digest,omitempty"` // told once, when the environment is first seen

	Healthy int     `json:"healthy"` // targets that pass their health check, and are no other environment's instances
	Desired int     `json:"desired"` // instances the scaling group keeps
	Scaling Scaling `json:"scaling"`

	// Instances are those that the scaling group has in service, and Targets what the
	// target group has, by instance: in a rollout by instance another environment's
	// too. Detached says that the scaling group does not fill the target group.
	Instances []string          `json:"instances,omitempty"`
	Targets   map[string]Target `json:"targets,omitempty"`
	Detached  bool              `json:"detached,omitempty"`

	// Errors are the platform's own error messages since the launch.
	Errors []string `json:"errors,omitempty"`
	// Raced says that they come from a race for the priority of the platform's own
	// listener rule, which another launch would win.
	Raced bool `json:"raced,omitempty"`
	// Quiet says that no request was answered since the environment left traffic.
	Quiet bool `json:"quiet,omitempty"`
	// UsedBy are listener rules, not the endpoint's nor the platform's own, that
	// forward to it.
	UsedBy []string `json:"used_by,omitempty"`
}

// Health is how the environment is, in one word.
func (s Sight) Health() string {
	switch {
	case !s.Found || s.Terminating || s.Wrecked:
		return "gone"
	case s.Healthy > 0 && s.Healthy >= s.Desired:
		return "healthy"
	default:
		return "unhealthy"
	}
}

// Scaling is how a scaling group is bounded, and whether it scales by itself.
type Scaling struct {
	Min       int  `json:"min"`
	Max       int  `json:"max"`
	Suspended bool `json:"suspended,omitempty"`
}

// Traffic is what was seen of the endpoint's listener rule.
type Traffic struct {
	RuleARN string `json:"rule_arn,omitempty"` // empty: there is no rule
	// Weights are the rule's weights by environment, in the load balancer's own
	// measure, 0 to 999; an entry of 0 is a group that is in the action without a
	// share. Of a rule that is being taken over they are in percent, with those of the
	// old groups together.
	Weights map[string]int `json:"weights,omitempty"`
	// Foreign are target groups in the rule that belong to none of the
	// endpoint's environments.
	Foreign []string `json:"foreign,omitempty"`
	// Routed says that conditions, priority and stickiness are as wanted.
	Routed bool `json:"routed"`
	// Unlike says in words what is not, for people.
	Unlike string `json:"unlike,omitempty"`
	// Old is what the rule that is to be taken over does: nil when it is not there, does
	// more than forward, or forwards to environments of the endpoint.
	Old *endpoint.Takeover `json:"old,omitempty"`
	// OldHealthy are the healthy targets of the old groups with a share.
	OldHealthy int `json:"old_healthy,omitempty"`
	// Test is the rule of the test route.
	Test TestRule `json:"test,omitzero"`
}

// TestRule is what was seen of the rule of the test route.
type TestRule struct {
	RuleARN string `json:"rule_arn,omitempty"` // empty: there is no rule
	Target  string `json:"target,omitempty"`   // environment that gets all its requests; empty for anything else
	Routed  bool   `json:"routed,omitempty"`   // conditions are as wanted, and they come before the endpoint's
}

// Is reports whether the rule sends exactly these shares, in percent.
func (t Traffic) Is(want map[string]int) bool {
	if t.RuleARN == "" || len(t.Foreign) > 0 || len(t.Weights) != len(want) {
		return false
	}
	total := 0
	for _, w := range t.Weights {
		total += w
	}
	if total == 0 {
		return false // weights of 0 everywhere: the load balancer answers 503
	}
	for name, percent := range want {
		w, ok := t.Weights[name]
		if !ok || w*100 != percent*total {
			return false
		}
	}
	return true
}

// Percent returns the share of name's environment in percent, rounded.
func (t Traffic) Percent(name string) int {
	total := 0
	for _, w := range t.Weights {
		total += w
	}
	if total == 0 {
		return 0
	}
	return (t.Weights[name]*100 + total/2) / total
}

// Clone returns a copy that shares nothing that a model changes.
func (w World) Clone() World {
	w.Record = w.Record.Clone()
	w.Sights = maps.Clone(w.Sights)
	w.Traffic.Weights = maps.Clone(w.Traffic.Weights)
	w.DNS = w.DNS.clone()
	return w
}

// Learn copies what was seen of the environments into the record, so that they
// are found again when the platform's answer to their creation was lost.
func Learn(r *endpoint.Record, sights map[string]Sight) {
	for i := range r.Environments {
		e := &r.Environments[i]
		s := sights[e.Name]
		e.ID = either(s.ID, e.ID)
		e.TargetGroup = either(s.TargetGroup, e.TargetGroup)
		e.ScalingGroup = either(s.ScalingGroup, e.ScalingGroup)
		e.PlatformARN = either(s.PlatformARN, e.PlatformARN)
		e.ImageDigest = either(s.ImageDigest, e.ImageDigest)
	}
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
