// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// standing is a clock that stands.
type standing time.Time

func (s standing) Now() time.Time                           { return time.Time(s) }
func (standing) Sleep(context.Context, time.Duration) error { return nil }

// People are warned where they get hurt, and not where they do not.
func TestWarnOfRisk(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	safe := endpoint.Spec{Capacity: endpoint.Capacity{Min: 2, Max: 4}, Retention: endpoint.Retention{KeepFor: endpoint.Duration(time.Hour), Max: 2}}
	shown := rollout.Plan{Kind: rollout.PlanNew, From: "1.0.0", To: "1.1.0", MinimumDuration: time.Hour}
	for name, c := range map[string]struct {
		change func(*endpoint.Spec, *rollout.Plan)
		left   time.Duration // of the credentials; 0 for renewed ones
		warns  string
	}{
		"nothing":               {func(*endpoint.Spec, *rollout.Plan) {}, 0, ""},
		"credentials that last": {func(*endpoint.Spec, *rollout.Plan) {}, 2 * time.Hour, ""},
		"credentials that end":  {func(*endpoint.Spec, *rollout.Plan) {}, 30 * time.Minute, "Bakes longer than the credentials"},
		"not waited for":        {func(s *endpoint.Spec, _ *rollout.Plan) { s.Rollout.NoWait = true }, 30 * time.Minute, ""},
		"one instance":          {func(s *endpoint.Spec, _ *rollout.Plan) { s.Capacity.Min = 1 }, 0, "Single instance"},
		"none kept":             {func(s *endpoint.Spec, _ *rollout.Plan) { s.Retention.Max = 0 }, 0, "Nothing is kept to go back to"},
		"kept for no time":      {func(s *endpoint.Spec, _ *rollout.Plan) { s.Retention.KeepFor = 0 }, 0, "Nothing is kept to go back to"},
		"capped":                {func(s *endpoint.Spec, _ *rollout.Plan) { s.Retention.Max, s.Rollout.MaxWeight = 0, 50 }, 0, ""},
		"nothing there before":  {func(s *endpoint.Spec, p *rollout.Plan) { s.Retention.Max, p.From = 0, "" }, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			spec, plan := safe, shown
			c.change(&spec, &plan)
			r := endpointResource{roller: &roller.Roller{Clock: standing(now)}}
			if c.left != 0 {
				r.roller.Expires = now.Add(c.left)
			}
			var diags diag.Diagnostics
			r.warnOfRisk(spec, plan, &diags)
			warned(t, diags, c.warns)
		})
	}
}

// What a change does not alter, and what stays though its time is over, is said.
func TestWarnOfStanding(t *testing.T) {
	world, err := parseSnapshot(kept(t, "testdata/endpoint-snapshot-0.json"))
	if err != nil {
		t.Fatal(err)
	}
	desired := world.Record.Desired
	for name, c := range map[string]struct {
		change func(*rollout.World, *endpoint.Spec)
		warns  string
	}{
		"nothing":         {func(*rollout.World, *endpoint.Spec) {}, ""},
		"other steps":     {func(_ *rollout.World, s *endpoint.Spec) { s.Rollout.Steps = s.Rollout.Steps[:1] }, "Steps of the rollout in flight stay"},
		"another release": {func(_ *rollout.World, s *endpoint.Spec) { s.Rollout.Steps, s.Release.Version = nil, "1.3.0" }, ""},
		"used in time":    {func(w *rollout.World, _ *endpoint.Spec) { use(w, "checkout-1-0-0-a9c0a7") }, ""},
		"used beyond it": {func(w *rollout.World, _ *endpoint.Spec) {
			use(w, "checkout-1-0-0-a9c0a7")
			w.Now = w.Now.Add(24 * time.Hour)
		}, "Environment is kept for somebody else's rule"},
		"unused beyond it": {func(w *rollout.World, _ *endpoint.Spec) { w.Now = w.Now.Add(24 * time.Hour) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w, spec := world.Clone(), desired
			spec.Rollout.Steps = slices.Clone(desired.Rollout.Steps)
			c.change(&w, &spec)
			var diags diag.Diagnostics
			warnOfStanding(w, spec, &diags)
			warned(t, diags, c.warns)
		})
	}
}

func use(w *rollout.World, environment string) {
	s := w.Sights[environment]
	s.UsedBy = []string{"arn:theirs"}
	w.Sights[environment] = s
}

func warned(t *testing.T, diags diag.Diagnostics, summary string) {
	t.Helper()
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary())
	}
	if strings.Join(got, ", ") != summary || diags.HasError() {
		t.Errorf("diagnostics %v, want %q", diags, summary)
	}
}
