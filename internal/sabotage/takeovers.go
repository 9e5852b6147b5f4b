// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

// takeovers guards what somebody else's rule is promised while it is taken over.
var takeovers = []Guard{
	{
		Name:    "nothing-of-a-rule-but-its-weights",
		Against: "a rule that is given back has its own conditions and priority",
		File:    "internal/balancer/shift.go",
		Old: `	case r.TakingOver():
		return b.take(ctx, ours, action)
`,
		New:     ``,
		Package: "internal/balancer", Test: "TestTakeover",
	},
	{
		Name:    "stickiness-is-given-back",
		Against: "clients that were kept on a target group are to be kept there again",
		File:    "internal/balancer/takeover.go",
		Old:     `case t.Sticky > 0:`,
		New:     `case t.Sticky < 0:`,
		Package: "internal/balancer", Test: "TestTakeover",
	},
	{
		Name:    "a-rule-stays-its-makers",
		Against: "a rule that is removed serves nobody",
		File:    "internal/rollout/retire.go",
		Old:     `if d.r.TakingOver() {`,
		New:     `if false {`,
		Package: "internal/rollout", Test: "TestDecideTakeover/removed before anything was sent",
	},
	{
		Name:    "giving-back-is-read-back",
		Against: "a read of the past shows a rule without the environment that is in it",
		File:    "internal/rollout/takeover.go",
		Old:     `case d.proven(back) && d.Traffic.Is(back)`,
		New:     `case d.Traffic.Is(back)`,
		Package: "internal/rollout", Test: "TestDecideTakeover/removed, and a read of the past shows nothing of ours",
	},
	{
		Name:    "what-its-maker-changes-is-noted",
		Against: "who gives a rule back as it was before its maker changed it undoes that",
		File:    "internal/rollout/takeover.go",
		Old: `	case seen != nil && !seen.Is(*d.r.Takeover):
		return do(Note{*seen})
`,
		New:     ``,
		Package: "internal/rollout", Test: "TestDecideTakeover/its maker changes it before anything is sent",
	},
	{
		Name:    "a-rule-that-does-something-else-is-left-alone",
		Against: "weights would take the place of what its maker made of it meanwhile",
		File:    "internal/rollout/takeover.go",
		Old:     `case seen == nil && d.r.Rollout != nil && d.r.Rollout.Back == nil:`,
		New:     `case false:`,
		Package: "internal/rollout", Test: "TestDecideTakeover/its maker removes it before anything is sent",
	},
	{
		Name:    "an-old-groups-share-does-not-vanish",
		Against: "weights are whole numbers up to 999",
		File:    "internal/endpoint/takeover.go",
		Old:     `max(1, (w*MaxGroupWeight+largest/2)/largest)`,
		New:     `(w*MaxGroupWeight + largest/2) / largest`,
		Package: "internal/endpoint", Test: "TestSpread/none vanishes",
	},
}
