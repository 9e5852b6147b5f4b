// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import "slices"

// bySeeds are guards without which some seed breaks.
var bySeeds = slices.Concat(
	byASeed(decide, [][3]string{
		{"an environment that a read does not show yet is not lost", "!s.Found && d.Now.Sub(e.Created) > unseenFor", "!s.Found"},
		{"nothing is made before somebody said what", "\tcase d.r.Desired.Release.Version == \"\":\n", "\tcase false:\n"},
		{"what is lost is noticed", "\t\tif gone && (e.Launched", "\t\tif false && gone && (e.Launched"},
		{"a release that is not desired any more is given up", "\tif f == nil || f.Back != nil || d.r.Environment(f.To).Fingerprint ==", "\tif f == nil || f.Back != nil || f.Step > 0 || d.r.Environment(f.To).Fingerprint =="},
		{"only weights that were sent are noted", "if d.proven(want) || d.entering()", "if d.r.Move != nil || d.stepping()"},
		{"weights are read back", "!d.Traffic.Is(want) || !d.Traffic.Routed || d.entering() &&", "d.entering() &&"},
		{"weights that were not sent are sent, whatever a read shows", "d.Traffic.Routed && !d.unsent(want) && !doubtful", "d.Traffic.Routed && !doubtful"},
		{"what others changed is repaired", "\tcase want == nil, d.untouched()", "\tcase want == nil, d.r.Rollout == nil && d.r.Move == nil, d.untouched()"},
		{"a step that lost its capacity is taken back", "\tcase d.tooFar(want):\n\t\treturn d.retreat()\n", ""},
		{"a repair does not take traffic from what is healthy", "\tcase d.worse(want), d.hasty", "\tcase d.hasty"},
		{"a rollout that was given up is closed", "f != nil && f.Back != nil {\n\t\treturn do(Conclude{})", "f != nil && f.Back != nil && false {\n\t\treturn do(Conclude{})"},
		{"three reads find a candidate healthy", "to.HealthyReads < endpoint.HealthyReadsWanted:", "to.HealthyReads < 1:"},
		{"a candidate is healthy before it has traffic", "s.Desired > 0 && s.Healthy >= max(s.Desired, d.need(f, 0))", "s.Desired > 0"},
		{"a candidate is Ready before it has traffic", "healthy := s.Found && s.Ready && s.Desired", "healthy := s.Found && s.Desired"},
		{"a candidate that does not become healthy is given up", "\tcase d.overdue(f):\n\t\treturn d.giveUp(format, args...)\n", ""},
		{"a step is baked", "if end := d.baked(f); d.Now.Before(end) {", "if end := d.baked(f); false && d.Now.Before(end) {"},
		{"a weight is raised with the capacity for it", "need := d.need(f, next); s.Healthy < need {", "need := d.need(f, next); false && s.Healthy < need {"},
		{"what is needed is a share of all capacity", "return max(1, (share*from.Full+99)/100)", "_ = share\n\treturn 1"},
		{"the active environment keeps its floor while traffic moves", "\t\t\twant.Min = max(want.Min, e.Full)\n\t\t}", "\t\t}"},
		{"the candidate grows ahead of its weight", "want.Min = max(want.Min, d.need(f, f.Step+1), e.Full)", "want.Min = max(want.Min, e.Full)"},
		{"what is retained keeps its capacity", "want.Min, want.Suspended = max(e.Full, 1), true", "want.Suspended = true"},
		{"what is retained does not scale itself", "want.Min, want.Suspended = max(e.Full, 1), true", "want.Min = max(e.Full, 1)"},
		{"a cap that was lowered comes first", "d.restore, d.lower, d.settle", "d.restore, d.settle"},
		{"an operator's way back is not given up halfway", "\tif f.Kind == endpoint.Hot && f.Step >= 0 && d.left(f.From) {", "\tif false {"},
		{"what is capped stays", "\tcase d.capped(f):\n\t\treturn pass()\n", ""},
		{"a step with a pause waits for consent", "\tcase d.consentWanted(f):\n\t\treturn d.consent(f)\n", ""},
		{"what is frozen stays", "\tif f.Frozen != nil {\n\t\treturn d.thaw(f)\n\t}\n", ""},
		{"a guard that speaks against a release is heard", "\tif v.against != nil {", "\tif false {"},
		{"an operator wants what he goes back to", "\te.r.Desired.Release, e.r.GivenUp = to.Release, \"\"\n", "\te.r.GivenUp = \"\"\n"},
	}),
	byASeed(retire, [][3]string{
		{"what is not shown yet is not forgotten", "d.Now.Sub(e.Created) < unseenFor && !e.Refused", "false"},
		{"what has a weight is not terminated", "if _, routed := d.Traffic.Weights[e.Name]; routed {", "if false {"},
		{"what left traffic is drained", "if at := d.drained(e); d.Now.Before(at) {", "if at := d.drained(e); false && d.Now.Before(at) {"},
		{"a margin is added to the drain", "Std() + PropagationMargin)", "Std())"},
		{"what still answers is waited for", "!d.Sights[e.Name].Quiet && !d.Now.Before(at)", "false"},
		{"the rule goes first", `	if d.Traffic.RuleARN != "" || d.r.RuleARN != "" {`, "\tif false {"},
		{"a rule that a read does not show is removed", ` || d.r.RuleARN != "" {`, " {"},
		{"the application goes last", "\tif len(d.r.Environments) > 0 {\n\t\treturn waiting", "\tif false {\n\t\treturn waiting"},
		{"the test route goes with the endpoint", "\tif d.Traffic.Test.RuleARN != \"\" {", "\tif false {"},
	}),
	byASeed(decide, [][3]string{
		{"when an environment was asked for is noted before", "r.Environment(launch.Environment).Created = w.Now", "_ = launch"},
		{"what may get requests is noted before", "\t\t\tenv.Carried, env.OutSince = true, time.Time{}\n\t\t}\n\t}\n\tfor name, weight", "\t\t\t_ = env\n\t\t}\n\t}\n\tfor name, weight"},
		{"what left traffic is noted", "weights[env.Name] == 0 && env.Carried && env.OutSince.IsZero()", "false"},
		{"the capacity under all traffic is remembered", "\t\tfrom.Full = (&decider{World: e.World}).load(from)\n", "\t\t_ = from\n"},
		{"the way back is sent, whatever a read shows", "e.r.Rollout.Back, e.r.Rollout.Since = &a.Back, time.Time{}", "e.r.Rollout.Back = &a.Back"},
	}),
	byASeed(run, [][3]string{
		{"a plan is an upper bound: no new environment", "case now.Creates && !e.Plan.Creates:", "case false:"},
		{"a plan begins where it was made", "case w.Record.Active != e.Active:", "case false:"},
		{"a call ends before the lease", "\tctx, cancel := r.session.Within(ctx)\n\tdefer cancel()\n\trecord :=", "\tctx, cancel := context.WithCancel(ctx)\n\tdefer cancel()\n\trecord :="},
		{"the intent is recorded first", "\t\tif err := r.commit(whole, record, events...); err != nil {\n\t\t\treturn p.retry(ctx, r, err)\n\t\t}\n\t\tr.world.Record = r.record\n", "\t\t_ = events\n\t\tr.world.Record = record\n"},
		{"an order is carried out once", "obeyed := slices.Contains(r.record.Obeyed, o.ID)", "obeyed := false"},
	}),
	byASeed(loop, [][3]string{
		{"requests are counted before an end", "s.Quiet = err == nil && n == 0", "s.Quiet = err == nil && n >= 0"},
		{"who cannot count requests waits", "s.Quiet = err == nil && n == 0", "s.Quiet = n == 0"},
	}),
	byASeed(guard, [][3]string{
		{"a firing alarm speaks against a release", "case a.State == AlarmFiring || !a.Fired.IsZero():", "case false:"},
		{"freezing leaves traffic", "case f.Step >= 0 && d.r.Desired.Rollout.OnFailure == endpoint.Freeze:", "case false:"},
	}),
	byASeed(hold, [][3]string{
		{"a frozen rollout goes on only when asked", "if d.r.Desired.Rollout.Retry > f.Frozen.Retry {", "if true {"},
		{"a pause lasts to its deadline", "\tif d.Now.Before(deadline) {", "\tif false && d.Now.Before(deadline) {"},
	}),
	byASeed(probe, [][3]string{
		{"the test route is on the newest", "seen.RuleARN != \"\" && seen.Routed && seen.Target == newest:", "seen.RuleARN != \"\" && seen.Routed:"},
		{"the test route goes when it is not wanted", "case d.r.Desired.TestRoute == nil && seen.RuleARN != \"\":", "case false:"},
	}),
)
