// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// guarded is a policy in which everything is said.
func guarded() endpoint.RolloutPolicy {
	none, zero := 0.0, 0
	return endpoint.RolloutPolicy{
		HealthyWithin: duration("15m"), MaxWeight: 30,
		Steps: []endpoint.Step{
			{Weight: 10, Bake: duration("10m"), Pause: endpoint.Pause{Deadline: duration("4h"), Then: endpoint.ThenPromote}},
			{Weight: 50, Bake: duration("5m"), Pause: endpoint.Pause{Deadline: duration("1h"), Then: endpoint.ThenFreeze}},
			{Weight: 100, Bake: duration("1m")},
		},
		Alarms: []string{"checkout-5xx", "checkout-latency"},
		Analysis: &endpoint.Analysis{
			ErrorRate: &endpoint.ErrorRate{Max: &none, MaxRatio: 1}, UnhealthyHosts: &zero, MinimumRequests: 1,
			Latency: &endpoint.Latency{Percentile: 99.95, Max: duration("300ms"), MaxRatio: 1.5},
		},
		ExtendBake: duration("10m"), OnFailure: endpoint.Freeze, Retry: 1, NoWait: true,
	}
}

func TestGuardsAreValidated(t *testing.T) {
	s := good()
	s.Rollout = guarded()
	if problems := s.Validate(); len(problems) > 0 {
		t.Fatalf("a good spec has problems: %v", problems)
	}
	for name, c := range map[string]struct {
		spoil     func(*endpoint.RolloutPolicy)
		attribute string
		says      string
	}{
		"cap over 100":          {func(p *endpoint.RolloutPolicy) { p.MaxWeight = 101 }, "max_weight", "101 is outside 1 to 100"},
		"101 alarms":            {func(p *endpoint.RolloutPolicy) { p.Alarms = names(101) }, "alarms", "at most 100"},
		"alarm without a name":  {func(p *endpoint.RolloutPolicy) { p.Alarms = []string{""} }, "alarms", "1 to 255"},
		"long alarm":            {func(p *endpoint.RolloutPolicy) { p.Alarms = []string{strings.Repeat("a", 256)} }, "alarms", "1 to 255"},
		"alarm twice":           {func(p *endpoint.RolloutPolicy) { p.Alarms = []string{"a", "b", "a"} }, "alarms", `"a" is named twice`},
		"nothing analysed":      {func(p *endpoint.RolloutPolicy) { p.Analysis = &endpoint.Analysis{MinimumRequests: 50} }, "analysis", "bounds nothing"},
		"no bound on errors":    {func(p *endpoint.RolloutPolicy) { p.Analysis.ErrorRate = &endpoint.ErrorRate{} }, "analysis.error_rate", "bounds nothing"},
		"errors over 100":       {func(p *endpoint.RolloutPolicy) { *p.Analysis.ErrorRate.Max = 101 }, "analysis.error_rate.max", "outside 0 to 100"},
		"errors that are none":  {func(p *endpoint.RolloutPolicy) { *p.Analysis.ErrorRate.Max = math.NaN() }, "analysis.error_rate.max", "outside 0 to 100"},
		"ratio below 1":         {func(p *endpoint.RolloutPolicy) { p.Analysis.ErrorRate.MaxRatio = 0.9 }, "analysis.error_rate.max_ratio", "below 1"},
		"negative ratio":        {func(p *endpoint.RolloutPolicy) { p.Analysis.Latency.MaxRatio = -2 }, "analysis.latency.max_ratio", "below 1"},
		"no bound on latency":   {func(p *endpoint.RolloutPolicy) { p.Analysis.Latency = &endpoint.Latency{Percentile: 99} }, "analysis.latency", "bounds nothing"},
		"percentile of 0":       {func(p *endpoint.RolloutPolicy) { p.Analysis.Latency.Percentile = 0 }, "analysis.latency.percentile", "outside 0 to 100"},
		"percentile over 100":   {func(p *endpoint.RolloutPolicy) { p.Analysis.Latency.Percentile = 100.01 }, "analysis.latency.percentile", "outside 0 to 100"},
		"three decimals":        {func(p *endpoint.RolloutPolicy) { p.Analysis.Latency.Percentile = 99.999 }, "analysis.latency.percentile", "two decimals"},
		"fewer than no targets": {func(p *endpoint.RolloutPolicy) { *p.Analysis.UnhealthyHosts = -1 }, "analysis.unhealthy_hosts", "negative"},
		"a verdict on nothing":  {func(p *endpoint.RolloutPolicy) { p.Analysis.MinimumRequests = 0 }, "analysis.minimum_requests", "nothing follows"},
		"negative extension":    {func(p *endpoint.RolloutPolicy) { p.ExtendBake = -1 }, "extend_bake", "negative"},
		"another failure":       {func(p *endpoint.RolloutPolicy) { p.OnFailure = "shrug" }, "on_failure", `"shrug" is neither`},
		"negative retry":        {func(p *endpoint.RolloutPolicy) { p.Retry = -1 }, "retry", "negative"},
		"nothing to wait for":   {func(p *endpoint.RolloutPolicy) { p.Steps = nil }, "wait", "without rollout.steps"},
		"pause of 0s":           {func(p *endpoint.RolloutPolicy) { p.Steps[0].Pause.Deadline = 0 }, "steps[0].pause.deadline", "nobody time"},
		"pause without an end":  {func(p *endpoint.RolloutPolicy) { p.Steps[1].Pause.Then = "wait" }, "steps[1].pause.then", "is none of"},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			s.Rollout = guarded()
			c.spoil(&s.Rollout)
			problems := s.Validate()
			if len(problems) != 1 || problems[0].Attribute != "rollout."+c.attribute || !strings.Contains(problems[0].Message, c.says) {
				t.Errorf("problems = %v, want one of rollout.%s that says %q", problems, c.attribute, c.says)
			}
		})
	}
}

func names(n int) []string {
	var all []string
	for i := range n {
		all = append(all, strconv.Itoa(i))
	}
	return all
}

// A rollout lasts as long as its bakes and pauses, and a capped one ends at the
// step that reaches the cap.
func TestLongestDuration(t *testing.T) {
	p := guarded()
	for limit, want := range map[int]time.Duration{
		0: 16*time.Minute + 5*time.Hour, 100: 16*time.Minute + 5*time.Hour,
		5: 10 * time.Minute, 10: 10 * time.Minute, 11: 15*time.Minute + 4*time.Hour, 51: 16*time.Minute + 5*time.Hour,
	} {
		p.MaxWeight = limit
		if got := p.LongestDuration(2); got != want {
			t.Errorf("capped at %d %% it may last %s, want %s", limit, got, want)
		}
	}
}
