// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import "slices"

// byTests are guards that seeds cannot show, or only by rare luck: some need a run that
// dies between two calls at the very moment at which something else goes wrong. Tests of
// their own prove them.
var byTests = slices.Concat(
	byATest(effect, "./internal/rollout", "TestCapacityUnderAllTraffic", [][3]string{
		{"what is restored keeps its capacity", "\t\tenv.Full = max(env.Full, (&decider{World: e.World}).load(env))\n", "\t\t_ = env\n"},
	}),
	byATest(decide, "./internal/rollout", "TestDecide", [][3]string{
		{"where traffic goes back from has its share still", "return f != nil && f.Back != nil && f.Step >= 0 && !d.sent(want) &&", "return false &&"},
		{"no weight is sent under an alarm that fired since", "late && (d.short(f) || d.condemned(f))", "late && d.short(f)"},
		{"what a rollout lacks has its time from when it is seen", "\tcase f.Lacking.IsZero():\n\t\treturn do(Lack{of})\n", "\tcase f.Lacking.IsZero():\n\t\treturn d.giveUp(format, args...)\n"},
		{"what is there again has its time anew", "\tif d.sated(decision) {", "\tif false {"},
		{"a raised cap is taken back to the one in force", "\tif f.Given > 0 && f.Given < f.Share(f.Step) &&", "\tif false &&"},
		{"what serves is waited for when nothing else does", "\tcase f.Step >= 0 && f.From != \"\" && d.Sights[f.From].Healthy == 0:\n", "\tcase false:\n"},
		{"what is all that serves is not given up", "\tif f.From == \"\" && f.Step >= 0 && d.r.Phase != endpoint.Creating {", "\tif false {"},
		{"what is paused stays", "\tcase f.Paused != nil:\n\t\treturn wait(Consent)\n\tcase d.consentWanted", "\tcase d.consentWanted"},
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
		{"what an operator left comes back last", "\tif left := d.left(e.Name); left != d.left(to.Name) {", "\tif left := d.left(e.Name); left != d.left(to.Name) && false {"},
	}),
	byATest(decide, "./internal/rollout", "TestDecideTakeover", [][3]string{
		{"old groups that are down are not waited for without end", "\tif d.deserted() {", "\tif false {"},
		{"what is taken as it is when old groups are down is whole", "return d.whole(to) && to.Failure == \"\"", "return to.Failure == \"\""},
		{"what somebody terminates is not taken when old groups are down", "d.whole(to) && to.Failure == \"\" && to", "d.whole(to) && to"},
		{"what is dropped is not taken when old groups are down", " && to.Dropped == \"\" && to.Fingerprint != d", " && to.Fingerprint != d"},
	}),
	byATest(decide, "./internal/rollout", "TestHotMovesAtOnceWhatItCanCarry", [][3]string{
		{"a hot rollout moves what healthy capacity carries", "\tif share >= 100 || share < 1 {", "\tif true {"},
	}),
	byATest(orders, "./internal/rollout", "TestNoAbortOnTheWayBack", [][3]string{
		{"an order to a rollout that ended is declined", "if f == nil || f.Back != nil {\n\t\treturn \"no rollout", "if f == nil {\n\t\treturn \"no rollout"},
	}),
	byATest(effect, "./internal/rollout", "TestNoHealthIsCarriedOver", [][3]string{
		{"no health is carried over to a warm rollout", "\t\tto.HealthyReads = 0\n\t}\n\tif from", "\t}\n\tif from"},
	}),
	byATest(decide, "./internal/rollout", "TestNothingIsAskedOfAnEnvironmentThatIsNotReady", [][3]string{
		{"a group is scaled when the platform is ready", "\t\tcase s.Ready:\n\t\t\treturn do(Scale", "\t\tcase true:\n\t\t\treturn do(Scale"},
		{"a capacity is changed when the platform is ready", "\tif !d.Sights[active.Name].Ready {", "\tif false {"},
		{"the platform is Ready before a termination", "\tif !s.Ready {\n\t\treturn Decision{Wake: Wake{For: Update}}", "\tif false {\n\t\treturn Decision{Wake: Wake{For: Update}}"},
	}),
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
	byATest(orders, "./internal/rollout", "TestOrderOfBefore", [][3]string{
		{"an order to unpin is about the pin of before", "\tcase since(e.r.Pin.Time, o):", "\tcase false:"},
		{"an order to retry is about the rejection of before", "return named && !since(j.Time, o)", "return named"},
	}),
	byATest(decide, "./internal/rollout", "TestReadsOfThePastProveNothing", [][3]string{
		{"a read of the past proves nothing", "d.r.Move.Answered || d.r.Move.Fresh || d.Now", "true || d.Now"},
		{"what AWS took is not sent again", "(d.r.Move.Answered || d.r.Move.Fresh || d.Now", "(d.Now"},
	}),
	byATest(effect, "./internal/rollout", "TestWhatAFailureLeaves", [][3]string{
		{"a release that failed is not desired any more", "\te.r.Desired, e.r.Accepted = accepted, &accepted\n", "\te.r.Accepted = &accepted\n"},
		{"a failed release is remembered", "\te.r.GivenUp = to.Fingerprint\n", ""},
	}),
	byATest(decide, "./internal/rollout", "TestWhatAnOperatorLeavesIsRejected", [][3]string{
		{"what an operator left is rejected", "\t\te.reject(left, strings", "\t\t_ = strings.TrimRight\n\t\te.reject(to, strings"},
	}),
	byATest(decide, "./internal/rollout", "TestWhatMayHappenIsNotedBefore", [][3]string{
		{"what may be terminated is noted before", "r.Environment(retire.Environment).Retired = w.Now", "_ = retire"},
		{"what others sent requests to is noted", "env != nil && weight > 0 {", "env != nil && weight > 999 {"},
	}),
	byATest(run, "./internal/simulation", "TestAlarmRollsBackAndRejects", [][3]string{
		{"a rejected release is refused at once", "if rejection := refused(&next); rejection != nil {", "if rejection := refused(&next); rejection != nil && false {"},
	}),
	byATest(run, "./internal/simulation", "TestAlarmThatFiresAlreadyBeginsNothing", [][3]string{
		{"an alarm that fires already keeps a rollout from beginning", "\t\tproblems = append(problems, firing...)", "\t\t_ = firing"},
	}),
	byATest(run, "./internal/simulation", "TestEnvironmentThatCannotBeLaunched", [][3]string{
		{"a launch that fails for good is given up", "return errors.As(err, &refused) || p.failures == maxFailures-1", "return false"},
	}),
	byATest(pace, "./internal/simulation", "TestFailingCallsAreBorneForAWhile", [][3]string{
		{"a failing call is borne", "ctx.Err() != nil || overtaken(err) || p.failures >= maxFailures || now.Sub(p.failing) > patience", "true"},
	}),
	byATest(decide, "./internal/simulation", "TestForcedDrop", [][3]string{
		{"what carries traffic is dropped by force only", "\tcase o.Force:\n", "\tcase true:\n"},
		{"what a rollout comes from is not dropped", "\tif e.r.Rollout != nil {\n\t\treturn \"a rollout", "\tif false {\n\t\treturn \"a rollout"},
		{"what was dropped is not kept for a look", "\t\tif e.Dropped != \"\" {\n", "\t\tif false {\n"},
	}),
	byATest(decide, "./internal/simulation", "TestHostsOfARunThatDied", [][3]string{
		{"a host that is being pointed is noted before", "\t\tr.Pointing = append(r.Pointing, point.Alias)", "\t\t_ = append(r.Pointing, point.Alias)"},
	}),
	byATest(record, "./internal/rollout", "TestGuardsLookSinceTheWeightInForce", [][3]string{
		{"a weight that is no higher is watched as before", "if f.Sent.IsZero() || share > f.Given {", "if f.Sent.IsZero() || share != f.Given {"},
		{"a weight that was never taken is not watched", "\tif step < 0 && f.Given > 0 {", "\tif false {"},
	}),
	byATest(record, "./internal/simulation", "TestNobodyWatchedBeforeTheNextStep", [][3]string{
		{"a weight is watched until the next is sent", "\tf.Step, f.Since = step, time.Time{}\n", "\tf.Step, f.Since, f.Sent = step, time.Time{}, time.Time{}\n"},
	}),
	byATest(record, "./internal/simulation", "TestAnotherCapHasItsOwnTime", [][3]string{
		{"what is lacking for something else is another lack", "\tif r.Rollout != nil && !reflect.DeepEqual(r.Desired, spec) {", "\tif r.Rollout != nil && reflect.DeepEqual(r.Desired, spec) {"},
	}),
	byATest(decide, "./internal/rollout", "TestGuardsLookSinceTheWeightInForce", [][3]string{
		{"what spoke against a rollout that goes on is forgiven", "\tf.Sent, f.Lacking = e.Now, time.Time{}\n\te.tell(", "\te.tell("},
	}),
	byATest(decide, "./internal/rollout", "TestAWaitIsNoted", [][3]string{
		{"a check that fails has its time from the first failure", "\t\tif f.Lacking.IsZero() {\n\t\t\te.lack(Smoke)\n\t\t}\n", "\t\te.lack(Smoke)\n"},
	}),
	byATest(run, "./internal/simulation", "TestHotByPlanIsNotWarmByApply", [][3]string{
		{"a plan is an upper bound: hot stays hot", "case e.Plan.Kind == rollout.PlanHot && now.Kind != rollout.PlanHot:", "case false:"},
	}),
	byATest(run, "./internal/simulation", "TestInterruptedRollback", [][3]string{
		{"what an operator left stays rejected until it is left", "rejection != nil && !rejection.Pinned && active", "rejection != nil && active"},
	}),
	byATest(decide, "./internal/simulation", "TestNoRollbackToWhatIsNotProven", [][3]string{
		{"only what is proven is a way back", "r.Role(e) == endpoint.Retained && e.Proven && e.Retired", "r.Role(e) == endpoint.Retained && e.Retired"},
	}),
	byATest(run, "./internal/simulation", "TestRefusalAfterALostAnswer", [][3]string{
		{"a refusal proves nothing about an earlier try", "errors.As(err, &refused) && first,", "errors.As(err, &refused) && (first || true),"},
	}),
	byATest(loop, "./internal/simulation", "TestRemoval", [][3]string{
		{"what is protected is not removed", "a != nil && a.DeletionProtection {", "a != nil && false {"},
	}),
	byATest(guard, "./internal/simulation", "TestRemoveAGuardedRollout", [][3]string{
		{"nothing guards an endpoint that is removed", "f.Kind != endpoint.Hot && r.Phase != endpoint.Deleting &&", "f.Kind != endpoint.Hot &&"},
	}),
	byATest(guard, "./internal/simulation", "TestWaysBackWithoutCloudWatch", [][3]string{
		{"nothing guards a release that another takes the place of", " && r.Environment(f.To).Fingerprint == r.Desired.Release.Fingerprint()\n", "\n"},
	}),
	byATest(back, "./internal/simulation", "TestWaysBackWithoutCloudWatch", [][3]string{
		{"who goes back asks no guard", "r.see(ctx, record)", "r.look(ctx, record)"},
	}),
	byATest(loop, "./internal/simulation", "TestWaysBackWithoutCloudWatch", [][3]string{
		{"who looks sees what there is without guards", "\t\tif ctx.Err() != nil {\n\t\t\treturn &w, err\n\t\t}\n\t\tr.Log.Warn(\"unable to read the alarms", "\t\treturn &w, err\n\t\tr.Log.Warn(\"unable to read the alarms"},
	}),
	byATest(effect, "./internal/simulation", "TestMendedWhileTheFailedGoesBack", [][3]string{
		{"a failure does not take the place of what is asked for since", "\tcase e.r.Desired.Release.Fingerprint() != to.Fingerprint:\n", "\tcase false:\n"},
	}),
	byATest(decide, "./internal/simulation", "TestRollbackOfWhatIsBeingRemoved", [][3]string{
		{"nothing leads back from a removal", "\tif r.Phase == endpoint.Deleting {\n\t\treturn nil, fmt", "\tif false {\n\t\treturn nil, fmt"},
	}),
	byATest(hold, "./internal/simulation", "TestPauseWithNothingToGoBackTo", [][3]string{
		{"what nobody promoted stays where nothing else serves", "\tcase f.From == \"\":\n\t\treturn d.freeze(reason+", "\tcase false:\n\t\treturn d.freeze(reason+"},
	}),
	byATest(retire, "./internal/simulation", "TestRetentionMaximum", [][3]string{
		{"no more is kept than asked", "if d.newer(e) >= d.r.Desired.Retention.Max {", "if false {"},
	}),
	byATest(decide, "./internal/simulation", "TestRollbackElsewhereOnTheWay", [][3]string{
		{"an operator who left both ends of a way back gives neither more traffic", "\te.redirect(to)\n", ""},
		{"what he goes back to then takes all traffic, whatever its capacity", "Started: e.Now, Urgent: true,", "Started: e.Now,"},
	}),
	byATest(back, "./internal/simulation", "TestRollbackOutlastsARunThatJustBegan", [][3]string{
		{"a rollback outlasts who it preempted", "\treturn run.reassert(ctx, r.Clock.Now().Add(strayCalls))", "\treturn nil"},
		{"a rollback outlasts who began while it looked", " || record.Epoch != before.Record.Epoch+1", ""},
	}),
	byATest(back, "./internal/simulation", "TestRollbackWhoseTargetGoes", [][3]string{
		{"a rollback ends well only on its target", "\tif !run.enough(&run.record) {", "\tif false {"},
	}),
	byATest(decide, "./internal/simulation", "TestRollbackRepairsNothingFirst", [][3]string{
		{"a rollback repairs nothing on its way", ", d.leaving():", ":"},
	}),
	byATest(probe, "./internal/simulation", "TestSmokeCheckKeepsUsersAway", [][3]string{
		{"the smoke check is passed in a row", "if check == nil || f.Smoked >= check.Count || f.Kind", "if check == nil || !f.Probed.IsZero() || f.Kind"},
	}),
	byATest(decide, "./internal/simulation", "TestTooLittleDataExtendsTheBakeThenFreezes", [][3]string{
		{"who cannot tell is no consent", "\tif v.unclear != \"\" && f.From != \"\" {", "\tif false {"},
	}),
	byATest(decide, "./internal/simulation", "TestWayBackTakesCapacity", [][3]string{
		{"what traffic goes back to has the capacity for it", "\tcase d.worse(want), d.hasty(want):", "\tcase d.worse(want):"},
		{"an operator's rollback does not wait for capacity", "f.Kind == endpoint.Hot || d.r.Pin != nil || d.sent(want)", "f.Kind == endpoint.Hot || d.sent(want)"},
	}),
	byATest(run, "./internal/simulation", "TestWhoFailsKeepsItsLease", [][3]string{
		{"the lease is kept while the loop turns", "\tif err := r.session.Renew(ctx); err != nil {\n\t\treturn p.retry(ctx, r, err)\n\t}\n\twithin", "\twithin"},
	}),
	byATest(pace, "./internal/simulation", "TestWhoWaitsKeepsItsLease", [][3]string{
		{"the lease is kept while the loop waits", "\t\tif err := r.session.Renew(ctx); err != nil {\n\t\t\treturn p.retry(ctx, r, err)\n\t\t}\n\t\tleft -= part", "\t\tleft -= part"},
	}),
)
