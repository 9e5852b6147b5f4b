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

// At the end of a bake the release goes on, goes back with what was seen and what was
// allowed, or is given more time.
func TestAnalysis(t *testing.T) {
	bound, none, one := 2.0, 0, 1
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	errorRate := endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{Max: &bound}, MinimumRequests: 100}
	ratio := endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{MaxRatio: 2}, MinimumRequests: 100}
	slow := endpoint.Analysis{Latency: &endpoint.Latency{Percentile: 99.9, Max: endpoint.Duration(ms(300))}, MinimumRequests: 100}
	slower := endpoint.Analysis{Latency: &endpoint.Latency{Percentile: 95, MaxRatio: 1.5}, MinimumRequests: 100}
	for name, c := range map[string]struct {
		analysis endpoint.Analysis
		of, old  rollout.Measure
		want     string // of the reason to go back, with " | " between its parts; "" when it goes on, "more" for more time
	}{
		"few errors":               {errorRate, rollout.Measure{Requests: 1000, Errors: 20}, rollout.Measure{}, ""},
		"too many errors":          {errorRate, rollout.Measure{Requests: 1000, Errors: 21}, rollout.Measure{}, "error rate of env-1.1.0 is 2.1 % | allowed is at most 2 % | from 12:01:00 to 12:09:00 UTC | 10 % of traffic | answered 1234 requests"},
		"errors among too few":     {errorRate, rollout.Measure{Requests: 99, Errors: 99}, rollout.Measure{}, "more"},
		"no worse than the active": {ratio, rollout.Measure{Requests: 1000, Errors: 60}, rollout.Measure{Requests: 9000, Errors: 270}, ""},
		"worse than the active":    {ratio, rollout.Measure{Requests: 1000, Errors: 61}, rollout.Measure{Requests: 9000, Errors: 270}, "error rate of env-1.1.0 is 6.1 % | at most 2 times the active environment's 3 %"},
		"an active without errors counts as one with one": {ratio, rollout.Measure{Requests: 1000, Errors: 2}, rollout.Measure{Requests: 1000}, ""},
		"an active with too few":                          {ratio, rollout.Measure{Requests: 1000, Errors: 61}, rollout.Measure{Requests: 99}, "more"},
		"quick":                                           {slow, rollout.Measure{Requests: 100, Latency: ms(300)}, rollout.Measure{}, ""},
		"slow":                                            {slow, rollout.Measure{Requests: 100, Latency: ms(301)}, rollout.Measure{}, "latency p99.9 of env-1.1.0 is 301ms | allowed is at most 300ms"},
		"no slower":                                       {slower, rollout.Measure{Requests: 100, Latency: ms(150)}, rollout.Measure{Requests: 100, Latency: ms(100)}, ""},
		"slower":                                          {slower, rollout.Measure{Requests: 100, Latency: ms(151)}, rollout.Measure{Requests: 100, Latency: ms(100)}, "latency p95 of env-1.1.0 is 151ms | at most 1.5 times the active environment's 100ms"},
		"an unhealthy host":                               {endpoint.Analysis{UnhealthyHosts: &none}, rollout.Measure{Unhealthy: 1}, rollout.Measure{}, "unhealthy hosts of env-1.1.0 is 1 | allowed is at most 0"},
		"one that is borne":                               {endpoint.Analysis{UnhealthyHosts: &one}, rollout.Measure{Unhealthy: 1}, rollout.Measure{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := rolling(0)
			w.Record.Desired.Rollout.Analysis, w.Record.Desired.Rollout.ExtendBake = &c.analysis, endpoint.Duration(time.Hour)
			w.Record.Accepted = &w.Record.Desired
			w.Now = noon.Add(10 * time.Minute)
			see(&w, "env-1.0.0", func(s *rollout.Sight) { s.Scaling.Min = 2 })
			c.of.From, c.of.To = noon.Add(time.Minute), noon.Add(9*time.Minute)
			w.Guards = &rollout.Guards{Measures: map[string]rollout.Measure{"env-1.1.0": c.of, "env-1.0.0": c.old}, Exposed: 1234}
			d := rollout.Decide(w)
			switch a := d.Action.(type) {
			case rollout.Abandon:
				for part := range strings.SplitSeq(c.want, " | ") {
					if c.want == "" || !strings.Contains(a.Back.Reason, part) {
						t.Errorf("it goes back without %q: %s", part, a.Back.Reason)
					}
				}
				if e := a.Back.Evidence; !a.Back.Rejects || e == nil || e.Share != 10 || e.Exposed != 1234 {
					t.Errorf("it goes back with %+v", a.Back)
				}
			case rollout.Advance:
				if c.want != "" {
					t.Errorf("it goes on, want %q", c.want)
				}
			default:
				if c.want != "more" || d.Wake.For != rollout.Verdict || !d.Wake.At.Equal(w.Now.Add(time.Hour)) {
					t.Errorf("it decides %+v, want %q", d, c.want)
				}
			}
		})
	}
}

// Without another release to compare with, at all traffic, only absolute bounds count.
func TestNothingToCompareWith(t *testing.T) {
	w := rolling(1)
	w.Record.Desired.Rollout.Analysis = &endpoint.Analysis{ErrorRate: &endpoint.ErrorRate{MaxRatio: 1}, MinimumRequests: 10}
	w.Now = noon.Add(10 * time.Minute)
	w.Guards = &rollout.Guards{Measures: map[string]rollout.Measure{"env-1.1.0": {Requests: 100, Errors: 50}}}
	if d := rollout.Decide(w); d.Action != (rollout.Promote{Proven: true}) {
		t.Errorf("it decides %+v", d)
	}
}
