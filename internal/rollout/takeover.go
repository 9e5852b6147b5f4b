// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// The first rollout of an endpoint may come from the target groups of a rule that
// somebody else made. They stand in the place of an active environment until it ends:
// what goes wrong goes back to them.

// takeOver notes what the rule to be taken over does, as long as nothing of it was
// changed: until then its maker may change it.
func (d *decider) takeOver() (Decision, bool) {
	seen, rule := d.Traffic.Old, d.r.ToTakeOver()
	switch {
	case rule != "" && seen == nil && d.r.Phase == endpoint.Creating:
		return do(Stop{d.notToBeTaken(rule)})
	case rule != "" && seen != nil:
		return do(Note{*seen})
	case !d.untouched():
		return pass()
	case seen != nil && !seen.Is(*d.r.Takeover):
		return do(Note{*seen})
	case seen == nil && d.r.Rollout != nil && d.r.Rollout.Back == nil:
		return do(Abandon{Back: endpoint.GoingBack{Result: endpoint.RolledBack, Reason: d.notToBeTaken(d.r.Takeover.RuleARN)}})
	case d.Traffic.RuleARN == "" && d.r.Rollout == nil && d.r.Desired.Routing.TakeoverRuleARN != d.r.Takeover.RuleARN:
		return do(Note{}) // it is gone, and not asked for any more
	}
	return pass()
}

// notToBeTaken says why a rule cannot be taken over as it was seen.
func (d *decider) notToBeTaken(rule string) string {
	if d.Traffic.Unlike == "" {
		return fmt.Sprintf("listener rule %s, which is to be taken over, is not there", rule)
	}
	return fmt.Sprintf("listener rule %s cannot be taken over as it is: %s", rule, d.Traffic.Unlike)
}

// untouched says that the old groups are to have all traffic, and that the rule is as
// its maker left it: there is nothing to repair in it.
func (d *decider) untouched() bool {
	f := d.r.Rollout
	return d.r.TakingOver() && !d.r.Takeover.Begun && len(d.ours()) == 0 && (f == nil || f.Step < 0 || f.Back != nil)
}

// ours are the weights in the rule of the endpoint's own environments.
func (d *decider) ours() map[string]int {
	ours := maps.Clone(d.Traffic.Weights)
	delete(ours, endpoint.OldGroups)
	return ours
}

// owned says that a rule was taken over and is not known to be without its old groups.
func (d *decider) owned() bool { return d.r.Takeover != nil && !d.r.TakingOver() }

// deserted says that traffic cannot go back to the old groups because nothing is left in
// them that takes requests, for as long as health is waited for. Nobody here can mend
// them; the candidate, which another release was asked for instead of, is taken as it is.
func (d *decider) deserted() bool {
	f := d.r.Rollout
	if f.From != endpoint.OldGroups || f.Back == nil || f.Back.Result != endpoint.Superseded || d.Sights[f.From].Able() > 0 {
		return false
	}
	to := d.r.Environment(f.To)
	return d.whole(to) && to.Failure == "" && to.Dropped == "" && to.Fingerprint != d.target() &&
		d.Now.Sub(f.Back.Since) >= d.r.Desired.Rollout.HealthyWithin.Std()
}

// giveBack gives traffic back to the old groups of an endpoint that is removed before
// its takeover is complete, and says whether there is still something to do.
func (d *decider) giveBack() (Decision, bool) {
	back := map[string]int{endpoint.OldGroups: 100}
	switch {
	case !d.r.Takeover.Begun && len(d.ours()) == 0:
		return pass()
	case d.Traffic.RuleARN == "":
		return do(Unroute{}) // its maker removed it: the drain begins
	case d.proven(back) && d.Traffic.Is(back) && d.Traffic.Routed:
		return do(Settle{back})
	}
	return do(Shift{Weights: back, Why: "the endpoint is removed before the takeover is complete"})
}

func (e *effect) note(t endpoint.Takeover) {
	if t.RuleARN == "" {
		e.r.Takeover, e.r.Active = nil, ""
		return
	}
	e.r.Takeover, e.r.Active = &t, endpoint.OldGroups
	e.tell(endpoint.TakeoverStarted, nil, "listener rule %s is to be taken over: its traffic is %s", t.RuleARN, t)
	data := map[string]string{"rule": t.RuleARN, "priority": strconv.Itoa(t.Priority)}
	for _, g := range t.Groups {
		data["weight:"+g.ARN] = strconv.Itoa(g.Weight)
	}
	e.events[len(e.events)-1].Data = data
}

// settleTakeover follows weights that were read back of a rule that is taken over.
func (e *effect) settleTakeover(weights map[string]int) {
	t := e.r.Takeover
	switch {
	case t == nil:
	case !e.r.TakingOver():
		e.r.Takeover = nil
		e.tell(endpoint.TakeoverFinished, e.r.Environment(e.r.Active), "listener rule %s is the endpoint's own; its old groups are out of it and are their makers' to remove: %s", e.Traffic.RuleARN, t)
	default:
		t.RuleARN = e.Traffic.RuleARN
		t.Begun = weights[endpoint.OldGroups] < 100
	}
}

// from words what is live: a version, the old groups, or nothing.
func from(r *endpoint.Record) string {
	switch {
	case r.TakingOver():
		return "the old groups"
	case r.ActiveVersion() == "":
		return "nothing"
	}
	return r.ActiveVersion()
}

// noteTakeover says from what traffic is taken. Beforehand only the rule is known.
func (p *previewer) noteTakeover(t endpoint.Takeover) {
	p.raise(PlanUpdate)
	if t.RuleARN == "" {
		p.say("listener rule %s, which was to be taken over, is not there any more", p.Record.Takeover.RuleARN)
		return
	}
	if len(t.Groups) == 0 {
		p.say("take over listener rule %s: its old groups have all traffic", t.RuleARN)
		return
	}
	p.say("take over listener rule %s: %s", t.RuleARN, t)
}
