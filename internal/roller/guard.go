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
// since the weight in force was first sent: also the part of it that nobody watched.
func (r *Roller) guard(ctx context.Context, w *rollout.World) error {
	f, policy := w.Record.Rollout, w.Record.Desired.Rollout
	if !rollout.Watched(&w.Record) {
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
		if group := groupOf(&w.Record, name); group != "" {
			if g.Measures[name], err = r.Meter.Measure(ctx, group, f.Sent, percentile); err != nil {
				return err
			}
		}
	}
	return nil
}

// groupOf is the target group that is measured for an environment, or for old groups
// where one has all traffic.
func groupOf(r *endpoint.Record, name string) string {
	if name == endpoint.OldGroups {
		return r.Takeover.Sole()
	}
	if e := r.Environment(name); e != nil {
		return e.TargetGroup
	}
	return ""
}

// alarms returns what is wrong with the alarms that are to guard a rollout: those
// that do not exist, those that fire already, and those too slow for its bakes.
func (r *Roller) alarms(ctx context.Context, spec endpoint.Spec) (missing, firing, slow []endpoint.Problem, err error) {
	names := spec.Rollout.Alarms
	if len(names) == 0 {
		return nil, nil, nil, nil
	}
	alarms, err := r.Meter.Alarms(ctx, names, time.Time{})
	if err != nil {
		return nil, nil, nil, err
	}
	say := func(format string, args ...any) endpoint.Problem {
		return endpoint.Problem{Attribute: "rollout.alarms", Message: fmt.Sprintf(format, args...)}
	}
	shortest, bake := shortestBake(spec.Rollout, spec.Capacity.Min)
	for _, name := range names {
		a, exists := alarms[name]
		switch {
		case !exists:
			missing = append(missing, say("there is no CloudWatch alarm %q in this account and Region: make it first, or take it out", name))
		case a.State == rollout.AlarmFiring:
			firing = append(firing, say("alarm %q is in state ALARM already (%s): no rollout begins before it is OK; to release in spite of it, take it out for this release", name, a.Reason))
		}
		if a.Needs > bake {
			slow = append(slow, say("alarm %q needs %s of bad data to fire, and %s: a bad release may be past it before the alarm fires; CloudWatch's own delay comes on top. Make the bake longer or the alarm quicker", name, endpoint.Duration(a.Needs), shortest))
		}
	}
	return missing, firing, slow, nil
}

// shortestBake returns the least time that a step which a rollout takes is
// watched, in words too, beside so many instances. The step to 100 that nobody wrote
// down does not count.
func shortestBake(p endpoint.RolloutPolicy, instances int) (words string, bake time.Duration) {
	taken := p.Taken(instances)
	if p.By != endpoint.ByInstance {
		taken = taken[:min(len(taken), len(p.Steps))]
	}
	if len(taken) == 0 || len(p.Steps) == 0 {
		return "there is no bake", 0
	}
	least := 0
	for i, s := range taken {
		if s.Bake < taken[least].Bake {
			least = i
		}
	}
	if p.By == endpoint.ByInstance {
		return fmt.Sprintf("the bake after instance %d is %s", least+1, taken[least].Bake), taken[least].Bake.Std()
	}
	return fmt.Sprintf("the bake of step %d, at %d %%, is %s", least+1, min(taken[least].Weight, p.Cap()), taken[least].Bake), taken[least].Bake.Std()
}
