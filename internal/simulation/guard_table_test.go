// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
)

// The guards of the decision and of the loop. Old and New are Go source: where a
// guard is more than an expression they are lines, with their tabs.
const (
	decide = "internal/rollout" // whichever of its files
	retire = "internal/rollout/retire.go"
	effect = "internal/rollout/effect.go"
	run    = "internal/roller/run.go"
	pace   = "internal/roller/pace.go"
	loop   = "internal/roller/roller.go"
	guard  = "internal/rollout/guards.go"
	hold   = "internal/rollout/hold.go"
	orders = "internal/rollout/orders.go"
	probe  = "internal/rollout/testroute.go"
	watch  = "internal/roller/guard.go"
	back   = "internal/roller/rollback.go"
)

// where is the file of a folder that has a text in it; a file is itself.
func where(file, text string) string {
	names, err := filepath.Glob(filepath.Join(root, file, "*.go"))
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		if content, err := os.ReadFile(name); err == nil && bytes.Contains(content, []byte(text)) {
			return filepath.ToSlash(filepath.Join(file, filepath.Base(name)))
		}
	}
	return file
}

// byASeed makes guards that some seed misses.
func byASeed(file string, table [][3]string) []Guard {
	var all []Guard
	for _, g := range table {
		all = append(all, Guard{g[0], where(file, g[1]), g[1], g[2], "./internal/simulation", "TestSeeds"})
	}
	return all
}

// byATest makes guards that a seed cannot show, or only by rare luck, and that a test
// of their own proves.
func byATest(file, pkg, run string, table [][3]string) []Guard {
	all := byASeed(file, table)
	for i := range all {
		all[i].Package, all[i].Run = pkg, run
	}
	return all
}

var guards = slices.Concat(
	byASeed(decide, [][3]string{
		{"an environment that a read does not show yet is not lost", "!s.Found && d.Now.Sub(e.Created) > unseenFor", "!s.Found"},
		{"what is lost is noticed", "\t\tif gone && (e.Launched", "\t\tif false && gone && (e.Launched"},
		{"a release that is not desired any more is given up", "\tif f == nil || f.Back != nil || d.r.Environment(f.To).Fingerprint ==", "\tif f == nil || f.Back != nil || f.Step > 0 || d.r.Environment(f.To).Fingerprint =="},
		{"only weights that were sent are noted", "if d.proven(want) || d.entering()", "if d.r.Move != nil || d.stepping()"},
		{"weights are read back", "!d.Traffic.Is(want) || !d.Traffic.Routed || d.entering() &&", "d.entering() &&"},
		{"weights that were not sent are sent, whatever a read shows", "d.Traffic.Routed && !d.unsent(want) && !doubtful", "d.Traffic.Routed && !doubtful"},
		{"what others changed is repaired", "\tcase want == nil, d.untouched()", "\tcase want == nil, d.r.Rollout == nil && d.r.Move == nil, d.untouched()"},
		{"a step that lost its capacity is taken back", "\tcase d.tooFar(want):\n\t\treturn do(Advance{d.r.Rollout.Step - 1})\n", ""},
		{"a repair does not take traffic from what is healthy", "\tcase d.worse(want), d.hasty", "\tcase d.hasty"},
		{"a rollout that was given up is closed", "f != nil && f.Back != nil {\n\t\treturn do(Conclude{})", "f != nil && f.Back != nil && false {\n\t\treturn do(Conclude{})"},
		{"three reads find a candidate healthy", "to.HealthyReads < endpoint.HealthyReadsWanted:", "to.HealthyReads < 1:"},
		{"a candidate is healthy before it has traffic", "s.Desired > 0 && s.Healthy >= max(s.Desired, d.need(f, 0))", "s.Desired > 0"},
		{"a candidate is Ready before it has traffic", "healthy := s.Found && s.Ready && s.Desired", "healthy := s.Found && s.Desired"},
		{"a candidate that does not become healthy is given up", "\t\tif d.overdue(f, to) {\n\t\t\treturn d.giveUp(\"%s is not healthy within", "\t\tif false {\n\t\t\treturn d.giveUp(\"%s is not healthy within"},
		{"a step is baked", "if end := d.baked(f); d.Now.Before(end) {", "if end := d.baked(f); false && d.Now.Before(end) {"},
		{"a weight is raised with the capacity for it", "need := d.need(f, next); s.Healthy < need {", "need := d.need(f, next); false && s.Healthy < need {"},
		{"what is needed is a share of all capacity", "return max(1, (share*from.Full+99)/100)", "_ = share\n\treturn 1"},
		{"the active environment keeps its floor while traffic moves", "\t\t\twant.Min = max(want.Min, e.Full)\n\t\t}", "\t\t}"},
		{"the candidate grows ahead of its weight", "want.Min = max(want.Min, d.need(f, f.Step+1), e.Full)", "want.Min = max(want.Min, e.Full)"},
		{"what is retained keeps its capacity", "want.Min, want.Suspended = max(e.Full, 1), true", "want.Suspended = true"},
		{"what is retained does not scale itself", "want.Min, want.Suspended = max(e.Full, 1), true", "want.Min = max(e.Full, 1)"},
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
	}),
	byASeed(effect, [][3]string{
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
	}),
	byASeed(loop, [][3]string{
		{"requests are counted before an end", "s.Quiet = err == nil && n == 0", "s.Quiet = err == nil && n >= 0"},
		{"who cannot count requests waits", "s.Quiet = err == nil && n == 0", "s.Quiet = n == 0"},
	}),
	byASeed(decide, [][3]string{
		{"a cap that was lowered comes first", "d.restore, d.lower, d.settle", "d.restore, d.settle"},
		{"an operator's way back is not given up halfway", "\tif f.Kind == endpoint.Hot && f.Step >= 0 && d.left(f.From) {", "\tif false {"},
		{"what is capped stays", "\tcase d.capped(f):\n\t\treturn pass()\n", ""},
		{"a step with a pause waits for consent", "\tcase d.consentWanted(f):\n\t\treturn d.consent(f)\n", ""},
		{"what is frozen stays", "\tif f.Frozen != nil {\n\t\treturn d.thaw(f)\n\t}\n", ""},
		{"a guard that speaks against a release is heard", "\tif v.against != nil {", "\tif false {"},
	}),
	// It takes a run that dies between two calls while an alarm begins to fire, or an
	// order to pause in the last step.
	byATest(decide, "./internal/rollout", "TestDecide", [][3]string{
		{"where traffic goes back from has its share still", "return f != nil && f.Back != nil && f.Step >= 0 && !d.sent(want) &&", "return false &&"},
		{"no weight is sent under an alarm that fired since", "late && (d.short(f) || d.alarmed(f))", "late && d.short(f)"},
		{"what is paused stays", "\tcase f.Paused != nil:\n\t\treturn wait(Consent)\n\tcase d.consentWanted", "\tcase d.consentWanted"},
	}),
	// Seeds show it, or not, as luck will have it.
	byATest(decide, "./internal/rollout", "TestOnlyWhatIsSoundIsReused", [][3]string{
		{"what is restored is proven", "e.Proven && e.Retired.IsZero() && d.whole(e) && (best", "e.Retired.IsZero() && d.whole(e) && (best"},
		{"what is restored stays", "e.Proven && e.Retired.IsZero() && d.whole(e) && (best", "e.Proven && d.whole(e) && (best"},
		{"what is restored is whole", "e.Proven && e.Retired.IsZero() && d.whole(e) && (best", "e.Proven && e.Retired.IsZero() && (best"},
		{"a release that was rejected is not started again", "if d.r.Rejected(target, d.r.Desired.Rollout.Retry) != nil {", "if false {"},
		{"a release that failed is not started again", "target == d.r.GivenUp || ", ""},
		{"an existing environment that is being removed is not reused", "d.r.Role(e) == endpoint.Retained && e.Retired.IsZero() && d.Sights", "d.r.Role(e) == endpoint.Retained && d.Sights"},
		{"an existing environment is there", "e.Retired.IsZero() && d.Sights[e.Name].Found {", "e.Retired.IsZero() {"},
		{"hot is only what is whole", "if to.Proven && (d.whole(to) || d.pinned(to)) {", "if to.Proven {"},
	}),
	byATest(decide, "./internal/rollout", "TestDecide", [][3]string{
		{"reads of health are apart", "to.HealthyReads > 0 && d.Now.Before(next) {", "false && d.Now.Before(next) {"},
		{"a candidate with errors is given up", "!to.Carried && len(s.Errors) > 0", "false"},
		{"a candidate that lost its health is given up", `f.From != "" && s.Healthy == 0 && d.Sights`, "false && s.Healthy == 0 && d.Sights"},
		{"success takes the capacity for all traffic", "\tif s.Healthy >= d.need(f, f.Step) {", "\tif true {"},
		{"a retention is waited for", "ok && !d.Now.Before(at) {\n\t\t\treturn fmt.Sprintf(\"its retention", "ok && !d.Now.Before(at.Add(-time.Hour)) {\n\t\t\treturn fmt.Sprintf(\"its retention"},
		{"a rule that may still come is waited for", "\tif d.r.Move != nil && d.Now.Sub(d.r.Move.Since) < readsBehind {", "\tif false {"},
		{"a raised cap takes capacity first", "\tif healthy < need {", "\tif false && healthy < need {"},
		{"what the test route reaches is not terminated", "\tif d.Traffic.Test.Target == e.Name {", "\tif false {"},
		{"who may get all traffic back keeps the capacity for it", "f.Kind != endpoint.Hot && !d.floored(f) {", "f.Kind != endpoint.Hot && false {"},
		{"what is being removed is not lost", "(e.Launched || e.Carried) && e.Retired.IsZero() && e.Failure", "(e.Launched || e.Carried) && e.Failure"},
		{"a candidate that is all that serves stays", `(f.From == "" || d.Sights[f.From].Healthy == 0 && d.Sights[f.To].Healthy > 0)`, `f.From == ""`},
		{"a repair that would be for the worse is waited with", "\tif want := d.r.Weights(); want != nil && !d.untouched() && (!d", "\tif want := d.r.Weights(); false && want != nil && !d.untouched() && (!d"},
		{"what has a weight while nothing else serves is not waited for", "\t\tif d.r.Active == \"\" && d.r.Phase != endpoint.Deleting {\n", "\t\tif false {\n"},
		{"a termination is asked for once", "d.Now.Sub(e.Retired) < retireAgainAfter", "false"},
	}),
	byATest(decide, "./internal/rollout", "TestNothingIsAskedOfAnEnvironmentThatIsNotReady", [][3]string{
		{"a group is scaled when the platform is ready", "\t\tcase s.Ready:\n\t\t\treturn do(Scale", "\t\tcase true:\n\t\t\treturn do(Scale"},
		{"a capacity is changed when the platform is ready", "\tif !d.Sights[active.Name].Ready {", "\tif false {"},
		{"the platform is Ready before a termination", "\tif !s.Ready {\n\t\treturn Decision{Wake: Wake{For: Update}}", "\tif false {\n\t\treturn Decision{Wake: Wake{For: Update}}"},
	}),
	byATest(effect, "./internal/rollout", "TestWhatAFailureLeaves", [][3]string{
		{"a release that failed is not desired any more", "\te.r.Desired, e.r.Accepted = accepted, &accepted\n", "\te.r.Accepted = &accepted\n"},
		{"a failed release is remembered", "\te.r.GivenUp = to.Fingerprint\n", ""},
	}),
	byATest(effect, "./internal/rollout", "TestCapacityUnderAllTraffic", [][3]string{
		{"what is restored keeps its capacity", "\t\tenv.Full = max(env.Full, (&decider{World: e.World}).load(env))\n", "\t\t_ = env\n"},
	}),
	byATest(effect, "./internal/rollout", "TestNoHealthIsCarriedOver", [][3]string{
		{"no health is carried over to a warm rollout", "\t\tto.HealthyReads = 0\n\t}\n\tif from", "\t}\n\tif from"},
	}),
	byATest(run, "./internal/simulation", "TestHotByPlanIsNotWarmByApply", [][3]string{
		{"a plan is an upper bound: hot stays hot", "case e.Plan.Kind == rollout.PlanHot && now.Kind != rollout.PlanHot:", "case false:"},
	}),
	byATest(run, "./internal/simulation", "TestRefusalAfterALostAnswer", [][3]string{
		{"a refusal proves nothing about an earlier try", "errors.As(err, &refused) && first,", "errors.As(err, &refused) && (first || true),"},
	}),
	byATest(run, "./internal/simulation", "TestEnvironmentThatCannotBeLaunched", [][3]string{
		{"a launch that fails for good is given up", "return errors.As(err, &refused) || p.failures == maxFailures-1", "return false"},
	}),
	byATest(pace, "./internal/simulation", "TestWhoWaitsKeepsItsLease", [][3]string{
		{"the lease is kept while the loop waits", "\t\tif err := r.session.Renew(ctx); err != nil {\n\t\t\treturn p.retry(ctx, r, err)\n\t\t}\n\t\tleft -= part", "\t\tleft -= part"},
	}),
	byATest(decide, "./internal/rollout", "TestWhatAnOperatorLeavesIsRejected", [][3]string{
		{"what an operator left is rejected", "\t\te.reject(left, strings", "\t\t_ = strings.TrimRight\n\t\te.reject(to, strings"},
	}),
	byATest(decide, "./internal/rollout", "TestHotMovesAtOnceWhatItCanCarry", [][3]string{
		{"a hot rollout moves what healthy capacity carries", "\tif share >= 100 || share < 1 {", "\tif true {"},
	}),
	byATest(effect, "./internal/rollout", "TestWhatMayHappenIsNotedBefore", [][3]string{
		{"what may be terminated is noted before", "r.Environment(retire.Environment).Retired = w.Now", "_ = retire"},
		{"what others sent requests to is noted", "env != nil && weight > 0 {", "env != nil && weight > 999 {"},
	}),
	byATest(run, "./internal/simulation", "TestWhoFailsKeepsItsLease", [][3]string{
		{"the lease is kept while the loop turns", "\tif err := r.session.Renew(ctx); err != nil {\n\t\treturn p.retry(ctx, r, err)\n\t}\n\twithin", "\twithin"},
	}),
	byATest(pace, "./internal/simulation", "TestFailingCallsAreBorneForAWhile", [][3]string{
		{"a failing call is borne", "ctx.Err() != nil || overtaken(err) || p.failures >= maxFailures || now.Sub(p.failing) > patience", "true"},
	}),
	// Some seeds show it, but few.
	byATest(decide, "./internal/rollout", "TestReadsOfThePastProveNothing", [][3]string{
		{"a read of the past proves nothing", "d.r.Move.Answered || d.r.Move.Fresh || d.Now", "true || d.Now"},
		{"what AWS took is not sent again", "(d.r.Move.Answered || d.r.Move.Fresh || d.Now", "(d.Now"},
	}),
	byATest(decide, "./internal/rollout", "TestDecideTakeover", [][3]string{
		{"old groups that are down are not waited for without end", "\tif d.deserted() {", "\tif false {"},
		{"what is taken as it is when old groups are down is whole", "return d.whole(to) && to.Failure == \"\"", "return to.Failure == \"\""},
		{"what somebody terminates is not taken when old groups are down", "d.whole(to) && to.Failure == \"\" && to", "d.whole(to) && to"},
		{"what is dropped is not taken when old groups are down", " && to.Dropped == \"\" && to.Fingerprint != d", " && to.Fingerprint != d"},
	}),
	byATest(decide, "./internal/simulation", "TestRollbackElsewhereOnTheWay", [][3]string{
		{"an operator who left both ends of a way back gives neither more traffic", "\te.redirect(to)\n", ""},
		{"what he goes back to then takes all traffic, whatever its capacity", "Started: e.Now, Urgent: true,", "Started: e.Now,"},
	}),
	byATest(decide, "./internal/simulation", "TestWayBackTakesCapacity", [][3]string{
		{"what traffic goes back to has the capacity for it", "\tcase d.worse(want), d.hasty(want):", "\tcase d.worse(want):"},
		{"an operator's rollback does not wait for capacity", "f.Kind == endpoint.Hot || d.r.Pin != nil || d.sent(want)", "f.Kind == endpoint.Hot || d.sent(want)"},
	}),
	byATest(decide, "./internal/simulation", "TestRollbackRepairsNothingFirst", [][3]string{
		{"a rollback repairs nothing on its way", ", d.leaving():", ":"},
	}),
	byATest(decide, "./internal/rollout", "TestDecide", [][3]string{
		{"what an operator left comes back last", "\tif left := d.left(e.Name); left != d.left(to.Name) {", "\tif left := d.left(e.Name); left != d.left(to.Name) && false {"},
	}),
	byASeed(guard, [][3]string{
		{"a firing alarm speaks against a release", "case a.State == AlarmFiring || !a.Fired.IsZero():", "case false:"},
		{"freezing leaves traffic", "case f.Step >= 0 && d.r.Desired.Rollout.OnFailure == endpoint.Freeze:", "case false:"},
	}),
	byASeed(hold, [][3]string{
		{"a frozen rollout goes on only when asked", "if d.r.Desired.Rollout.Retry > f.Frozen.Retry {", "if true {"},
		{"a pause lasts to its deadline", "\tif d.Now.Before(deadline) {", "\tif false && d.Now.Before(deadline) {"},
	}),
	byASeed(decide, [][3]string{
		{"an operator wants what he goes back to", "\te.r.Desired.Release, e.r.GivenUp = to.Release, \"\"\n", "\te.r.GivenUp = \"\"\n"},
	}),
	byASeed(probe, [][3]string{
		{"the test route is on the newest", "seen.RuleARN != \"\" && seen.Routed && seen.Target == newest:", "seen.RuleARN != \"\" && seen.Routed:"},
		{"the test route goes when it is not wanted", "case d.r.Desired.TestRoute == nil && seen.RuleARN != \"\":", "case false:"},
	}),
	byASeed(retire, [][3]string{
		{"the test route goes with the endpoint", "\tif d.Traffic.Test.RuleARN != \"\" {", "\tif false {"},
	}),
	byASeed(run, [][3]string{
		{"an order is carried out once", "obeyed := slices.Contains(r.record.Obeyed, o.ID)", "obeyed := false"},
	}),
	byASeed(back, [][3]string{
		{"a rollback ends well only on its target", "\tif !run.enough(&run.record) {", "\tif false {"},
	}),
	byATest(probe, "./internal/simulation", "TestSmokeCheckKeepsUsersAway", [][3]string{
		{"the smoke check is passed in a row", "if check == nil || f.Smoked >= check.Count || f.Kind", "if check == nil || !f.Probed.IsZero() || f.Kind"},
	}),
	byATest(orders, "./internal/rollout", "TestOrderOfBefore", [][3]string{
		{"an order to unpin is about the pin of before", "\tcase since(e.r.Pin.Time, o):", "\tcase false:"},
		{"an order to retry is about the rejection of before", "return named && !since(j.Time, o)", "return named"},
	}),
	byATest(orders, "./internal/rollout", "TestNoAbortOnTheWayBack", [][3]string{
		{"an order to a rollout that ended is declined", "if f == nil || f.Back != nil {\n\t\treturn \"no rollout", "if f == nil {\n\t\treturn \"no rollout"},
	}),
	byATest(watch, "./internal/simulation", "TestRemoveAGuardedRollout", [][3]string{
		{"nothing guards an endpoint that is removed", " || w.Record.Phase == endpoint.Deleting {", " {"},
	}),
	byATest(decide, "./internal/simulation", "TestForcedDrop", [][3]string{
		{"what carries traffic is dropped by force only", "\tcase o.Force:\n", "\tcase true:\n"},
		{"what a rollout comes from is not dropped", "\tif e.r.Rollout != nil {\n\t\treturn \"a rollout", "\tif false {\n\t\treturn \"a rollout"},
		{"what was dropped is not kept for a look", "\t\tif e.Dropped != \"\" {\n", "\t\tif false {\n"},
	}),
	byATest(decide, "./internal/simulation", "TestNoRollbackToWhatIsNotProven", [][3]string{
		{"only what is proven is a way back", "r.Role(e) == endpoint.Retained && e.Proven && e.Retired", "r.Role(e) == endpoint.Retained && e.Retired"},
	}),
	byATest(back, "./internal/simulation", "TestRollbackOutlastsARunThatJustBegan", [][3]string{
		{"a rollback outlasts who it preempted", "\treturn run.reassert(ctx, r.Clock.Now().Add(strayCalls))", "\treturn nil"},
		{"a rollback outlasts who began while it looked", " || record.Epoch != before.Record.Epoch+1", ""},
	}),
	byATest(loop, "./internal/simulation", "TestRemoval", [][3]string{
		{"what is protected is not removed", "a != nil && a.DeletionProtection {", "a != nil && false {"},
	}),
	byATest(run, "./internal/simulation", "TestAlarmThatFiresAlreadyBeginsNothing", [][3]string{
		{"an alarm that fires already keeps a rollout from beginning", "\t\tproblems = append(problems, firing...)", "\t\t_ = firing"},
	}),
	byATest(run, "./internal/simulation", "TestAlarmRollsBackAndRejects", [][3]string{
		{"a rejected release is refused at once", "if rejection := refused(&next); rejection != nil {", "if rejection := refused(&next); rejection != nil && false {"},
	}),
	byATest(decide, "./internal/simulation", "TestTooLittleDataExtendsTheBakeThenFreezes", [][3]string{
		{"who cannot tell is no consent", "\tif v.unclear != \"\" && f.From != \"\" {", "\tif false {"},
	}),
	byATest(retire, "./internal/simulation", "TestRetentionMaximum", [][3]string{
		{"no more is kept than asked", "if d.newer(e) >= d.r.Desired.Retention.Max {", "if false {"},
	}),
	byATest(effect, "./internal/simulation", "TestHostsOfARunThatDied", [][3]string{
		{"a host that is being pointed is noted before", "\t\tr.Pointing = append(r.Pointing, point.Alias)", "\t\t_ = append(r.Pointing, point.Alias)"},
	}),
	byATest(run, "./internal/simulation", "TestInterruptedRollback", [][3]string{
		{"what an operator left stays rejected until it is left", "rejection != nil && !rejection.Pinned && active", "rejection != nil && active"},
	}),
)
