// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

func byInstance() endpoint.RolloutPolicy {
	p := guarded()
	p.By, p.MaxWeight = endpoint.ByInstance, 100
	p.Steps = []endpoint.Step{
		{Bake: duration("10m"), Pause: endpoint.Pause{Deadline: duration("4h"), Then: endpoint.ThenPromote}},
		{Bake: duration("1m")},
	}
	p.Analysis.ErrorRate.MaxRatio, p.Analysis.Latency.MaxRatio = 0, 0
	return p
}

func TestByInstanceIsValidated(t *testing.T) {
	s := good()
	s.Rollout = byInstance()
	if problems := s.Validate(); len(problems) > 0 {
		t.Fatalf("a good spec has problems: %v", problems)
	}
	for name, c := range map[string]struct {
		spoil     func(*endpoint.RolloutPolicy)
		attribute string
		says      string
	}{
		"neither":           {func(p *endpoint.RolloutPolicy) { p.By = "host" }, "rollout.by", `"host" is neither "weight" nor "instance"`},
		"a weight":          {func(p *endpoint.RolloutPolicy) { p.Steps[1].Weight = 50 }, "rollout.steps[1].weight", "a step is one instance there and has no weight"},
		"a negative bake":   {func(p *endpoint.RolloutPolicy) { p.Steps[0].Bake = -1 }, "rollout.steps[0].bake", "negative"},
		"a cap":             {func(p *endpoint.RolloutPolicy) { p.MaxWeight = 30 }, "rollout.max_weight", "the rollout would rest with the scaling of both environments suspended"},
		"compared errors":   {func(p *endpoint.RolloutPolicy) { p.Analysis.ErrorRate.MaxRatio = 2 }, "rollout.analysis.error_rate.max_ratio", "do not tell them apart"},
		"compared latency":  {func(p *endpoint.RolloutPolicy) { p.Analysis.Latency.MaxRatio = 2 }, "rollout.analysis.latency.max_ratio", "do not tell them apart"},
		"a missing weight":  {func(p *endpoint.RolloutPolicy) { p.By = endpoint.ByWeight }, "rollout.steps[0].weight", `only with rollout.by = "instance"`},
		"a deadline of 0 s": {func(p *endpoint.RolloutPolicy) { p.Steps[0].Pause.Deadline = 0 }, "rollout.steps[0].pause.deadline", "nobody time"},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			s.Rollout = byInstance()
			c.spoil(&s.Rollout)
			problems := s.Validate()
			if len(problems) == 0 || problems[0].Attribute != c.attribute || !strings.Contains(problems[0].Message, c.says) {
				t.Errorf("problems: %v", problems)
			}
		})
	}
}

// The last step holds for all further instances; a first deployment has only that.
func TestStepsForInstances(t *testing.T) {
	p := byInstance()
	steps := p.ForInstances(3)
	if len(steps) != 3 || steps[0].Weight != 33 || steps[1].Weight != 66 || steps[2].Weight != 100 ||
		steps[0].Bake != duration("10m") || steps[1].Bake != duration("1m") || steps[2].Bake != duration("1m") {
		t.Errorf("steps: %+v", steps)
	}
	if least, most := p.MinimumDuration(3), p.LongestDuration(3); least != 12*time.Minute || most != 4*time.Hour+12*time.Minute {
		t.Errorf("it takes %s to %s", least, most)
	}
	if first := p.Plan(); len(first) != 1 || first[0].Weight != 100 || first[0].Bake != duration("1m") {
		t.Errorf("a first deployment takes %+v", first)
	}
	if none := (endpoint.RolloutPolicy{By: endpoint.ByInstance}).ForInstances(1); len(none) != 1 || none[0].Weight != 100 {
		t.Errorf("without steps: %+v", none)
	}
}
