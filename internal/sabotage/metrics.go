// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

// metrics guard against what CloudWatch does.
var metrics = []Guard{
	{
		Name:    "whole-minutes-only",
		Against: "metrics are by the minute: that in which a step began has requests of before",
		File:    "internal/gate/meter.go",
		Old: `		from = from.Add(period)
`,
		New:     ``,
		Package: "internal/gate", Test: "TestMinuteThatHadBegun",
	},
	{
		Name:    "no-count-is-none",
		Against: "counts exist only for minutes in which they are not zero",
		File:    "internal/rollout/guards.go",
		Old: `	if m.Requests == 0 {
		return 0
	}
`,
		New:     ``,
		Package: "internal/gate", Test: "TestQuietGroup",
	},
	{
		Name:    "too-little-data-is-no-verdict",
		Against: "metrics come with a lag: at first nothing is known, which looks like no errors",
		File:    "internal/rollout/guards.go",
		Old:     `if m.Requests < least && (a.ErrorRate != nil || a.Latency != nil) {`,
		New:     `if false {`,
		Package: "internal/simulation", Test: "TestAnalysis/too few requests",
	},
	{
		Name:    "meter-that-cannot-tell",
		Against: "metrics that cannot be read look like no requests",
		File:    "internal/roller/roller.go",
		Old:     `s.Quiet = err == nil && n == 0`,
		New:     `s.Quiet = n == 0`,
		Package: "internal/simulation", Test: "TestMeterThatCannotTell",
	},
	{
		Name:    "still-answering",
		Against: "open connections go on after a weight was taken away",
		File:    "internal/rollout/retire.go",
		Old:     `if !d.Sights[e.Name].Quiet && !d.Now.Before(at) {`,
		New:     `if false {`,
		Package: "internal/rollout", Test: "TestDecide/one that still answers requests",
	},
	{
		Name:    "composite-alarms-too",
		Against: "DescribeAlarms leaves composite alarms out",
		File:    "internal/gate/alarms.go",
		Old:     `AlarmNames: some, AlarmTypes: kinds`,
		New:     `AlarmNames: some`,
		Package: "internal/gate", Test: "TestCompositeAlarmIsSeen",
	},
	{
		Name:    "history-of-composite-alarms-too",
		Against: "DescribeAlarmHistory leaves composite alarms out",
		File:    "internal/gate/alarms.go",
		Old:     `AlarmName: &name, AlarmTypes: kinds,`,
		New:     `AlarmName: &name,`,
		Package: "internal/gate", Test: "TestAlarmThatFiredMeanwhile",
	},
	{
		Name:    "alarms-by-the-hundred",
		Against: "DescribeAlarms takes a hundred names",
		File:    "internal/gate/alarms.go",
		Old:     `slices.Chunk(names, namesPerCall)`,
		New:     `slices.Chunk(names, 10*namesPerCall)`,
		Package: "internal/gate", Test: "TestManyAlarms",
	},
	{
		Name:    "fired-meanwhile",
		Against: "an alarm fires and is quiet again between two looks",
		File:    "internal/gate/alarms.go",
		Old:     `if !since.IsZero() && a.State != rollout.AlarmFiring && (changed == nil || changed.After(since)) {`,
		New:     `if false {`,
		Package: "internal/gate", Test: "TestAlarmThatFiredMeanwhile",
	},
	{
		Name:    "unknown-alarm",
		Against: "DescribeAlarms says nothing of names that do not exist",
		File:    "internal/roller/guard.go",
		Old: `		case !exists:
`,
		New: `		case !exists && false:
`,
		Package: "internal/simulation", Test: "TestAlarmThatFiresAlreadyBeginsNothing",
	},
	{
		Name:    "insufficient-data-is-not-ok",
		Against: "a new alarm, or one without data, is in state INSUFFICIENT_DATA",
		File:    "internal/rollout/guards.go",
		Old:     `case a.State != AlarmOK:`,
		New:     `case false:`,
		Package: "internal/simulation", Test: "TestTooLittleDataExtendsTheBakeThenFreezes",
	},
}
