// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import "slices"

// The guards of the decision and of the loop. Old and New are Go source: where a
// guard is more than an expression they are lines, with their tabs.
const (
	decide = "internal/rollout/decide.go"
	retire = "internal/rollout/retire.go"
	effect = "internal/rollout/effect.go"
	run    = "internal/roller/run.go"
	pace   = "internal/roller/pace.go"
	loop   = "internal/roller/roller.go"
)

// byASeed makes guards that some seed misses.
func byASeed(file string, table [][3]string) []Guard {
	var all []Guard
	for _, g := range table {
		all = append(all, Guard{g[0], file, g[1], g[2], "./internal/simulation", "TestSeeds"})
	}
	return all
}

var guards = slices.Concat(
	byASeed(decide, [][3]string{
		{"an environment that a read does not show yet is not lost", "!s.Found && d.Now.Sub(e.Created) > unseenFor", "!s.Found"},
		{"what is lost is noticed", "\t\tif gone && (e.Launched", "\t\tif false && gone && (e.Launched"},
		{"what is being removed is not lost", "(e.Launched || e.Carried) && e.Retired.IsZero() && e.Failure", "(e.Launched || e.Carried) && e.Failure"},
		{"a release that is not desired any more is given up", "\tif f == nil || f.Back != nil || d.r.Environment(f.To).Fingerprint ==", "\tif f == nil || f.Back != nil || f.Step > 0 || d.r.Environment(f.To).Fingerprint =="},
		{"a candidate that is all that serves stays", `(f.From == "" || d.Sights[f.From].Healthy == 0 && d.Sights[f.To].Healthy > 0)`, `f.From == ""`},
		{"what is restored is proven and stays", "e.Proven && e.Retired.IsZero() && d.whole(e) && (best", "e.Proven && d.whole(e) && (best"},
		{"what is restored is whole", "e.Proven && e.Retired.IsZero() && d.whole(e) && (best", "e.Proven && e.Retired.IsZero() && (best"},
		{"only weights that were sent are noted", "want != nil && d.sent(want) && d.Traffic.Is(want) && d.Traffic.Routed", "want != nil && (d.r.Move != nil || d.stepping()) && d.Traffic.Is(want) && d.Traffic.Routed"},
		{"weights are read back", "want != nil && d.sent(want) && d.Traffic.Is(want) && d.Traffic.Routed", "want != nil && d.sent(want)"},
		{"weights that were not sent are sent, whatever a read shows", "d.Traffic.Routed && !unsent)", "d.Traffic.Routed)"},
		{"what others changed is repaired", "want == nil || (d.Traffic.Is(want)", "want == nil || d.r.Rollout == nil && d.r.Move == nil || (d.Traffic.Is(want)"},
		{"a step that lost its capacity is taken back", "return do(Advance{f.Step - 1})", "_ = f"},
		{"a repair does not take traffic from what is healthy", "\tif d.worse(want) {", "\tif false {"},
		{"a rollout that was given up is closed", "f != nil && f.Back != nil {\n\t\treturn do(Conclude{})", "f != nil && f.Back != nil && false {\n\t\treturn do(Conclude{})"},
		{"a release that was rejected is not started again", "if d.r.Rejected(target, d.r.Desired.Rollout.Retry) != nil {", "if false {"},
		{"a release that failed is not started again", "target == d.r.GivenUp || ", ""},
		{"an existing environment that is being removed is not reused", "d.r.Role(e) == endpoint.Retained && e.Retired.IsZero() && d.Sights", "d.r.Role(e) == endpoint.Retained && d.Sights"},
		{"an existing environment is there", "e.Retired.IsZero() && d.Sights[e.Name].Found {", "e.Retired.IsZero() {"},
		{"hot is only what is whole", "if to.Proven && (d.whole(to) || d.pinned(to)) {", "if to.Proven {"},
		{"a hot rollout moves what healthy capacity carries", "\tif share >= 100 || share < 1 {", "\tif true {"},
		{"three reads find a candidate healthy", "to.HealthyReads < endpoint.HealthyReadsWanted:", "to.HealthyReads < 1:"},
		{"reads of health are apart", "to.HealthyReads > 0 && d.Now.Before(next) {", "false && d.Now.Before(next) {"},
		{"a candidate is healthy before it has traffic", "s.Desired > 0 && s.Healthy >= max(s.Desired, d.need(f, 0))", "s.Desired > 0"},
		{"a candidate is Ready before it has traffic", "healthy := s.Found && s.Ready && s.Desired", "healthy := s.Found && s.Desired"},
		{"a candidate with errors is given up", "!to.Carried && len(s.Errors) > 0", "false"},
		{"a candidate that does not become healthy is given up", "\t\tif d.overdue(f, to) {\n\t\t\treturn d.giveUp(\"%s is not healthy within", "\t\tif false {\n\t\t\treturn d.giveUp(\"%s is not healthy within"},
		{"a candidate that lost its health is given up", `f.From != "" && s.Healthy == 0 && d.Sights`, "false && s.Healthy == 0 && d.Sights"},
		{"a step is baked", "if end := d.baked(f); d.Now.Before(end) {", "if end := d.baked(f); false && d.Now.Before(end) {"},
		{"a weight is raised with the capacity for it", "need := d.need(f, next); s.Healthy < need {", "need := d.need(f, next); false && s.Healthy < need {"},
		{"success takes the capacity for all traffic", "\tif s.Healthy >= d.need(f, f.Step) {", "\tif true {"},
		{"what is needed is a share of all capacity", "return max(1, (share*from.Full+99)/100)", "_ = share\n\treturn 1"},
		{"the active environment keeps its floor while traffic moves", "\t\t\twant.Min = max(want.Min, e.Full)\n\t\t}", "\t\t}"},
		{"the candidate grows ahead of its weight", "want.Min = max(want.Min, d.need(f, f.Step+1), e.Full)", "want.Min = max(want.Min, e.Full)"},
		{"what is retained keeps its capacity", "want.Min, want.Suspended = max(e.Full, 1), true", "want.Suspended = true"},
		{"what is retained does not scale itself", "want.Min, want.Suspended = max(e.Full, 1), true", "want.Min = max(e.Full, 1)"},
		{"a group is scaled when the platform is ready", "\t\tcase s.Ready:\n\t\t\treturn do(Scale", "\t\tcase true:\n\t\t\treturn do(Scale"},
		{"a capacity is changed when the platform is ready", "\tif !d.Sights[active.Name].Ready {", "\tif false {"},
	}),
	byASeed(retire, [][3]string{
		{"nothing is removed while traffic moves", "\tif d.r.Rollout != nil && !d.parked() {\n\t\treturn pass()\n\t}\n\tvar waiting", "\tvar waiting"},
		{"a retention is waited for", "ok && !d.Now.Before(at) {\n\t\t\treturn fmt.Sprintf(\"its retention", "ok && !d.Now.Before(at.Add(-time.Hour)) {\n\t\t\treturn fmt.Sprintf(\"its retention"},
		{"what is not shown yet is not forgotten", "d.Now.Sub(e.Created) < unseenFor && !e.Refused", "false"},
		{"what has a weight is not terminated", "if _, routed := d.Traffic.Weights[e.Name]; routed {", "if false {"},
		{"what left traffic is drained", "if at := d.drained(e); d.Now.Before(at) {", "if at := d.drained(e); false && d.Now.Before(at) {"},
		{"a margin is added to the drain", "Std() + PropagationMargin)", "Std())"},
		{"what still answers is waited for", "!d.Sights[e.Name].Quiet && !d.Now.Before(at)", "false"},
		{"the platform is Ready before a termination", "\tif !s.Ready {\n\t\treturn Decision{Wake: Wake{For: Update}}", "\tif false {\n\t\treturn Decision{Wake: Wake{For: Update}}"},
		{"the rule goes first", `	if d.Traffic.RuleARN != "" || d.r.RuleARN != "" {`, "\tif false {"},
		{"a rule that a read does not show is removed", ` || d.r.RuleARN != "" {`, " {"},
		{"a rule that may still come is waited for", "\tif d.r.Move != nil && d.Now.Sub(d.r.Move.Since) < readsBehind {", "\tif false {"},
		{"the application goes last", "\tif len(d.r.Environments) > 0 {\n\t\treturn waiting", "\tif false {\n\t\treturn waiting"},
	}),
	byASeed(effect, [][3]string{
		{"what may get requests is noted before", "\t\tenv.Carried, env.OutSince = true, time.Time{}\n\t}\n\tfor name, weight", "\t\t_ = env\n\t}\n\tfor name, weight"},
		{"what others sent requests to is noted", "env != nil && weight > 0 {", "env != nil && weight > 999 {"},
		{"what left traffic is noted", "weights[env.Name] == 0 && env.Carried && env.OutSince.IsZero()", "false"},
		{"a failed release is remembered", "\te.r.GivenUp = to.Fingerprint\n", ""},
		{"a release that failed is not desired any more", "\te.r.Desired, e.r.Accepted = accepted, &accepted\n", "\te.r.Accepted = &accepted\n"},
		{"the capacity under all traffic is remembered", "\t\tfrom.Full = (&decider{World: e.World}).load(from)\n", "\t\t_ = from\n"},
		{"what is restored keeps its capacity", "\t\tenv.Full = max(env.Full, (&decider{World: e.World}).load(env))\n", "\t\t_ = env\n"},
		{"the way back is sent, whatever a read shows", "e.r.Rollout.Back, e.r.Rollout.Since = &a.Back, time.Time{}", "e.r.Rollout.Back = &a.Back"},
		{"no health is carried over to a warm rollout", "\t\tto.HealthyReads = 0\n\t}\n\tif from", "\t}\n\tif from"},
	}),
	byASeed(run, [][3]string{
		{"a plan is an upper bound: no new environment", "case now.Creates && !e.Plan.Creates:", "case false:"},
		{"a plan is an upper bound: hot stays hot", "case e.Plan.Kind == rollout.PlanHot && now.Kind != rollout.PlanHot:", "case false:"},
		{"a plan begins where it was made", "case w.Record.Active != e.Active:", "case false:"},
		{"a call ends before the lease", "\tctx, cancel := r.session.Within(ctx)\n\tdefer cancel()\n\trecord :=", "\tctx, cancel := context.WithCancel(ctx)\n\tdefer cancel()\n\trecord :="},
		{"the intent is recorded first", "\t\tif err := r.commit(whole, record, events...); err != nil {\n\t\t\treturn p.retry(ctx, r, err)\n\t\t}\n\t\tr.world.Record = r.record\n", "\t\t_ = events\n\t\tr.world.Record = record\n"},
		{"the lease is kept while the loop turns", "\tif err := r.session.Renew(ctx); err != nil {\n\t\treturn p.retry(ctx, r, err)\n\t}\n\twithin", "\twithin"},
		{"a refusal proves nothing about an earlier try", "errors.As(err, &refused) && first,", "errors.As(err, &refused) && (first || true),"},
		{"a launch that fails for good is given up", "return errors.As(err, &refused) || p.failures == maxFailures-1", "return false"},
	}),
	byASeed(pace, [][3]string{
		{"a failing call is borne", "ctx.Err() != nil || overtaken(err) || p.failures >= maxFailures || now.Sub(p.failing) > patience", "true"},
		{"the lease is kept while the loop waits", "\t\tif err := r.session.Renew(ctx); err != nil {\n\t\t\treturn p.retry(ctx, r, err)\n\t\t}\n\t\tleft -= part", "\t\tleft -= part"},
	}),
	byASeed(loop, [][3]string{
		{"requests are counted before an end", "s.Quiet = err == nil && n == 0", "s.Quiet = err == nil && n >= 0"},
		{"who cannot count requests waits", "s.Quiet = err == nil && n == 0", "s.Quiet = n == 0"},
	}),
)
