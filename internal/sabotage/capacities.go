// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

// capacities guard against Auto Scaling, and against targets that are not healthy.
var capacities = []Guard{
	{
		Name:    "idle-scaling-is-suspended",
		Against: "the default trigger takes instances away from an environment without traffic",
		File:    "internal/beanstalk/scale.go",
		Old:     `[]string{"AlarmNotification", "ScheduledActions", "AZRebalance"}`,
		New:     `[]string{"ScheduledActions", "AZRebalance"}`,
		Package: "internal/beanstalk", Test: "TestIdleEnvironmentKeepsItsInstances",
	},
	{
		Name:    "retained-does-not-scale",
		Against: "the default trigger shrinks an environment that is kept for going back",
		File:    "internal/rollout/capacity.go",
		Old:     `want.Min, want.Suspended = max(e.Full, 1), true`,
		New:     `want.Min = max(e.Full, 1)`,
		Package: "internal/rollout", Test: "TestDecide/a retained environment scales by itself",
	},
	{
		Name:    "serving-scales",
		Against: "suspended scaling leaves a serving environment at the size it had",
		File:    "internal/beanstalk/scale.go",
		Old:     `if !s.Suspended && now.Suspended {`,
		New:     `if false {`,
		Package: "internal/beanstalk", Test: "TestLife",
	},
	{
		Name:    "capacity-before-weight",
		Against: "a group with too few targets is overrun",
		File:    "internal/rollout/progress.go",
		Old:     `if need := d.need(f, next); s.Healthy < need {`,
		New:     `if need := d.need(f, next); s.Healthy < need && false {`,
		Package: "internal/rollout", Test: "TestDecide/the next step waits for capacity",
	},
	{
		Name:    "candidate-has-its-floor",
		Against: "the default trigger shrinks an environment that has little traffic yet",
		File:    "internal/rollout/capacity.go",
		Old:     `want.Min = max(want.Min, d.need(f, f.Step+1), e.Full)`,
		New:     `want.Min = max(want.Min, e.Full)`,
		Package: "internal/rollout", Test: "TestDecide/capacity is asked for before weight",
	},
	{
		Name:    "active-has-its-floor",
		Against: "the default trigger shrinks an environment as traffic leaves it, to which it may go back",
		File:    "internal/rollout/capacity.go",
		Old: `			want.Min = max(want.Min, e.Full)
		}`,
		New:     `		}`,
		Package: "internal/rollout", Test: "TestActiveKeepsItsCapacityInARollout",
	},
	{
		Name:    "no-weight-for-the-unhealthy",
		Against: "a group of which all targets are unhealthy gets its requests all the same (fail-open)",
		File:    "internal/rollout/progress.go",
		Old:     `if f.From != "" && s.Healthy == 0 && d.Sights[f.From].Healthy > 0 {`,
		New:     `if false {`,
		Package: "internal/rollout", Test: "TestDecide/the candidate dies while it has traffic",
	},
	{
		Name:    "hot-only-when-whole",
		Against: "an environment that lost instances fails open, or is overrun, when all traffic comes back at once",
		File:    "internal/rollout/start.go",
		Old:     `return s.Found && s.Ready && s.Healthy >= max(e.Full, 1)`,
		New:     `return s.Found && s.Ready`,
		Package: "internal/rollout", Test: "TestDecide/back to one that lost an instance",
	},
	{
		Name:    "three-healthy-reads",
		Against: "a target that flaps is healthy in one read",
		File:    "internal/rollout/progress.go",
		Old:     `case f.Step < 0 && to.HealthyReads < endpoint.HealthyReadsWanted:`,
		New:     `case f.Step < 0 && to.HealthyReads < 1:`,
		Package: "internal/rollout", Test: "TestDecide/the next read is not due yet",
	},
}
