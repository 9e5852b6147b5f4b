// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

// traffic guards against what Application Load Balancers do, and against those who
// share one.
var traffic = []Guard{
	{
		Name:    "no-group-without-a-share",
		Against: "stickiness keeps sending to a group of weight 0, and an action takes five groups",
		File:    "internal/balancer/shift.go",
		Old: `		if weights[name] == 0 {
			continue
		}
`,
		New:     ``,
		Package: "internal/balancer", Test: "TestShift",
	},
	{
		Name:    "stickiness-is-seen",
		Against: "stickiness that somebody turned on beats weights",
		File:    "internal/balancer/rule.go",
		Old:     `s != nil && aws.ToBool(s.Enabled)`,
		New:     `s != nil && aws.ToBool(s.Enabled) && false`,
		Package: "internal/balancer", Test: "TestDrift/stickiness",
	},
	{
		Name:    "weights-of-zero-send-nothing",
		Against: "a rule of which all weights are 0 answers 503",
		File:    "internal/rollout/world.go",
		Old: `	if total == 0 {
		return false // weights of 0 everywhere: the load balancer answers 503
	}
`,
		New:     ``,
		Package: "internal/rollout", Test: "TestDecide/weights of 0 everywhere",
	},
	{
		Name:    "weights-in-any-measure",
		Against: "weights go from 0 to 999, and count beside each other",
		File:    "internal/rollout/world.go",
		Old:     `if !ok || w*100 != percent*total {`,
		New:     `if !ok || w != percent {`,
		Package: "internal/rollout", Test: "TestWeightsInAnyMeasure",
	},
	{
		Name:    "weights-are-read-back",
		Against: "a rule that was changed a moment ago is not yet what it was changed to",
		File:    "internal/rollout/traffic.go",
		Old:     `	if want == nil || !d.Traffic.Is(want) || !d.Traffic.Routed ||`,
		New:     `	if want == nil ||`,
		Package: "internal/rollout", Test: "TestWeightsAreReadBack",
	},
	{
		Name:    "changes-are-made-once",
		Against: "reads show a change only later, and who makes it again until then is throttled",
		File:    "internal/roller/run.go",
		Old:     `if p.justDone(a, r.Clock.Now()) {`,
		New:     `if false {`,
		Package: "internal/onaws", Test: "TestStaleReadsRepeatNoChange",
	},
	{
		Name:    "own-rule-that-is-unseen",
		Against: "the answer to the rule's creation is lost, and reads do not show it for a minute",
		File:    "internal/roller/run.go",
		Old:     `if !errors.As(err, &unseen) || r`,
		New:     `if true || !errors.As(err, &unseen) || r`,
		Package: "internal/onaws", Test: "TestLostAnswerThatReadsDoNotShow",
	},
	{
		Name:    "priority-taken-meanwhile",
		Against: "Elastic Beanstalk and others race for priorities",
		File:    "internal/balancer/shift.go",
		Old:     `if code(err) != "PriorityInUse" {`,
		New:     `if true {`,
		Package: "internal/balancer", Test: "TestPriorityTakenMeanwhile",
	},
	{
		Name:    "room-for-the-configured-priority",
		Against: "Elastic Beanstalk takes any priority that is free, also the configured one",
		File:    "internal/balancer/shift.go",
		Old:     `if priority == 0 || r.fallback || r.priority != priority || !r.platforms() {`,
		New:     `if true {`,
		Package: "internal/balancer", Test: "TestPriorityOfElasticBeanstalk",
	},
	{
		Name:    "cname-rule-is-no-conflict",
		Against: "Elastic Beanstalk adds a rule of its own for each environment's CNAME",
		File:    "internal/balancer/conflict.go",
		Old:     `r.priority == s.Priority && !r.platforms()`,
		New:     `r.priority == s.Priority`,
		Package: "internal/balancer", Test: "TestPriorityOfElasticBeanstalk",
	},
	{
		Name:    "cname-rule-is-not-foreign",
		Against: "Elastic Beanstalk's own rule names every environment's group",
		File:    "internal/balancer/observe.go",
		Old:     `!slices.Contains(ours, r.arn) && !r.platforms()`,
		New:     `!slices.Contains(ours, r.arn)`,
		Package: "internal/balancer", Test: "TestUsedBy",
	},
	{
		Name:    "rules-of-other-listeners",
		Against: "a group is in use by a rule of any listener of the load balancer",
		File:    "internal/balancer/observe.go",
		Old: `		rules = append(rules, others...)
`,
		New: `		_ = others
`,
		Package: "internal/balancer", Test: "TestUsedBy",
	},
	{
		Name:    "foreign-rule-stops-a-removal",
		Against: "terminating an environment whose group a foreign rule uses gets stuck",
		File:    "internal/roller/roller.go",
		Old: `		s.UsedBy = used[name]
`,
		New: `		_ = used
`,
		Package: "internal/onaws", Test: "TestForeignRule",
	},
	{
		Name:    "foreign-rule-keeps-an-environment",
		Against: "terminating an environment whose group a foreign rule uses gets stuck",
		File:    "internal/rollout/retire.go",
		Old:     `if why == "" || len(d.Sights[e.Name].UsedBy) > 0 {`,
		New:     `if why == "" {`,
		Package: "internal/rollout", Test: "TestDecide/one that is over but in a rule of somebody else",
	},
	{
		Name:    "drained-for-the-whole-delay",
		Against: "targets drain for the whole deregistration delay, and rules spread with a delay",
		File:    "internal/rollout/retire.go",
		Old:     `if at := d.drained(e); d.Now.Before(at) {`,
		New:     `if at := d.drained(e); false {`,
		Package: "internal/rollout", Test: "TestDecide/too many, and the last left traffic just now",
	},
	{
		Name:    "rule-of-another-owner",
		Against: "others have rules for the same hosts",
		File:    "internal/balancer/rule.go",
		Old:     `tags[tagEndpoint] == r.Endpoint && tags[tagOwner] == b.Owner`,
		New:     `tags[tagEndpoint] == r.Endpoint`,
		Package: "internal/balancer", Test: "TestRuleOfAnotherOwner",
	},
	{
		Name:    "rule-made-already",
		Against: "the answer to a rule's creation is lost, and its repetition refused because of itself",
		File:    "internal/balancer/rule.go",
		Old:     `if rules[i].fallback || !as && (arn != "" || !rules[i].unrecorded(r)) {`,
		New:     `if as || true {`,
		Package: "internal/balancer", Test: "TestCreationAnswerLost",
	},
	{
		Name:    "unrecorded-rule-is-ours",
		Against: "a run died after it made a rule, and other hosts are asked for: the rule would be left",
		File:    "internal/balancer/rule.go",
		Old:     `!as && (arn != "" || !rules[i].unrecorded(r))`,
		New:     `!as`,
		Package: "internal/balancer", Test: "TestUnrecordedRulesFollowOtherConditions",
	},
	{
		Name:    "rule-removed-already",
		Against: "the answer to a rule's removal is lost",
		File:    "internal/balancer/balancer.go",
		Old:     `if err != nil && code(err) != "RuleNotFound" {`,
		New:     `if err != nil {`,
		Package: "internal/balancer", Test: "TestShift",
	},
	{
		Name:    "quota-of-rules",
		Against: "quotas: a load balancer takes 100 rules",
		File:    "internal/balancer/check.go",
		Old:     `have+need > most`,
		New:     `have > most`,
		Package: "internal/balancer", Test: "TestCheck/full of rules",
	},
	{
		Name:    "quota-of-groups",
		Against: "a load balancer takes 100 target groups",
		File:    "internal/balancer/check.go",
		Old:     `groups+1 > most`,
		New:     `groups > most`,
		Package: "internal/balancer", Test: "TestCheck/full of groups",
	},
}
