// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// guard asks CloudWatch what the guards of a rollout in flight see, over the time
// since its step began: also the part of it that nobody watched.
func (r *Roller) guard(ctx context.Context, w *rollout.World) error {
	f, policy := w.Record.Rollout, w.Record.Desired.Rollout
	if f == nil || f.Back != nil || !policy.Guarded() {
		return nil
	}
	g := rollout.Guards{Measures: map[string]rollout.Measure{}}
	var err error
	if g.Alarms, err = r.Meter.Alarms(ctx, policy.Alarms, f.Sent); err != nil {
		return err
	}
	if f.Step >= 0 {
		if err := r.measure(ctx, w, &g); err != nil {
			return err
		}
	}
	w.Guards = &g
	return nil
}

// measure reads the metrics of both sides of a rollout.
func (r *Roller) measure(ctx context.Context, w *rollout.World, g *rollout.Guards) error {
	f := w.Record.Rollout
	var err error
	if g.Exposed, err = r.Meter.Requests(ctx, w.Record.Environment(f.To).TargetGroup, f.Started); err != nil {
		return err
	}
	analysis := w.Record.Desired.Rollout.Analysis
	if analysis == nil || f.Sent.IsZero() {
		return nil
	}
	percentile := 0.0
	if analysis.Latency != nil {
		percentile = analysis.Latency.Percentile
	}
	for _, name := range []string{f.To, f.From} {
		if e := w.Record.Environment(name); e != nil && e.TargetGroup != "" {
			if g.Measures[name], err = r.Meter.Measure(ctx, e.TargetGroup, f.Sent, percentile); err != nil {
				return err
			}
		}
	}
	return nil
}

// alarms returns what is wrong with the alarms that are to guard a rollout: those
// that do not exist, and apart from them those that fire already.
func (r *Roller) alarms(ctx context.Context, spec endpoint.Spec) (missing, firing []endpoint.Problem, err error) {
	names := spec.Rollout.Alarms
	if len(names) == 0 {
		return nil, nil, nil
	}
	alarms, err := r.Meter.Alarms(ctx, names, time.Time{})
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		a, exists := alarms[name]
		switch {
		case !exists:
			missing = append(missing, endpoint.Problem{Attribute: "rollout.alarms", Message: fmt.Sprintf("there is no CloudWatch alarm %q in this account and Region: make it first, or take it out", name)})
		case a.State == rollout.AlarmFiring:
			firing = append(firing, endpoint.Problem{Attribute: "rollout.alarms", Message: fmt.Sprintf("alarm %q is in state ALARM already (%s): no rollout begins before it is OK; to release in spite of it, take it out for this release", name, a.Reason)})
		}
	}
	return missing, firing, nil
}
