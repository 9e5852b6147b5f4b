// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// PlanKind is what an apply will be, in one word.
type PlanKind string

// The kinds, from the mildest to the one that changes most.
const (
	PlanNothing       PlanKind = "none"
	PlanUpdate        PlanKind = "update"         // in place: capacity, rollout, retention
	PlanRemoveExpired PlanKind = "remove-expired" // retained environments whose time is over
	PlanRepair        PlanKind = "repair"         // what somebody else changed is put right
	PlanRefused       PlanKind = "refused"        // the release was rejected: an apply does nothing
	PlanFrozen        PlanKind = "frozen"         // the rollout went wrong and waits for a decision
	PlanResume        PlanKind = "resume"         // a rollout that was interrupted goes on
	PlanHot           PlanKind = "hot"            // back to a retained release, one change of weight
	PlanWarm          PlanKind = "warm"           // a retained release, step by step
	PlanNew           PlanKind = "new"            // a new environment, step by step
)

// Plan is what an apply will do, known beforehand.
type Plan struct {
	Kind PlanKind
	From string // version that is live now; empty when none is
	To   string // version asked for
	// Steps are for people to read, in the order they will be taken.
	Steps []string
	// MinimumDuration is what bakes and drains take; launches come on top.
	MinimumDuration time.Duration
	// PeakInstances is the largest number of instances that run at a time.
	PeakInstances int
	// Creates says that an environment is made.
	Creates bool
}

// Preview runs Decide ahead from a world until it rests, in a model where all
// goes well. It is a function of its argument alone.
func Preview(w World) Plan {
	p := previewer{Model: NewModel(w), plan: Plan{
		Kind: PlanNothing, From: w.Record.ActiveVersion(), To: w.Record.Desired.Release.Version,
	}}
	p.plan.PeakInstances = p.instances()
	if p.halted() {
		return p.plan
	}
	p.run()
	return p.plan
}

// halted notes what an apply begins with, and says whether it does nothing more.
func (p *previewer) halted() bool {
	d := &decider{World: p.World, r: &p.Record}
	f := d.r.Rollout
	target := d.r.Desired.Release.Fingerprint()
	if j := d.r.Rejected(target, d.r.Desired.Rollout.Retry); j != nil && (d.r.Environment(d.r.Active) == nil || d.r.Environment(d.r.Active).Fingerprint != target) {
		p.plan.Kind = PlanRefused
		p.say("refused: %s was rejected at %s: %s; raise rollout.retry above %d to try it again", j.Version, j.Time.UTC().Format(time.RFC3339), j.Reason, j.Retry)
		return true
	}
	if f == nil || f.Back != nil || d.r.Environment(f.To).Fingerprint != target {
		return false
	}
	if f.Frozen != nil && d.r.Desired.Rollout.Retry <= f.Frozen.Retry {
		p.plan.Kind = PlanFrozen
		p.say("frozen at %s: %s; raise rollout.retry above %d to go on, or ask for another version", where(f), f.Frozen.Reason, f.Frozen.Retry)
		return true
	}
	if d.unaccepted() || !d.capped(f) && !d.handedOver(f) {
		p.plan.Kind = PlanResume
		p.say("resume %s at %s", p.plan.To, where(f))
		return false
	}
	return d.handedOver(f) // somebody else goes on
}

// maxTurns bounds a preview: no real plan comes near, so that to reach it is a
// defect of Decide.
const maxTurns = 10000

type previewer struct {
	*Model
	plan Plan
	said int // steps by instance that a line is about already
}

func (p *previewer) run() {
	for range maxTurns {
		d := Decide(p.World)
		switch a := d.Action.(type) {
		case Rest:
			if f := p.Record.Rollout; f != nil && p.plan.Kind != PlanNothing {
				p.say("capped at %d %% (rollout.max_weight): raise it to go on", f.Limit())
			}
			return
		case Stop:
			p.say("stop: %s", a.Reason)
			return
		case nil:
			if d.Wake.For == Bake || d.Wake.For == Drain {
				p.plan.MinimumDuration += max(0, d.Wake.At.Sub(p.Now)).Round(time.Second)
			}
			p.wake(d.Wake)
		default:
			p.note(a)
			p.Do(a)
			p.plan.PeakInstances = max(p.plan.PeakInstances, p.instances())
		}
	}
	p.say("this does not come to an end: please report it as a defect of ionroller")
}

func (p *previewer) say(format string, args ...any) {
	p.plan.Steps = append(p.plan.Steps, fmt.Sprintf(format, args...))
}

// raise keeps the kind that says most.
func (p *previewer) raise(k PlanKind) {
	order := []PlanKind{PlanNothing, PlanUpdate, PlanRemoveExpired, PlanRepair, PlanRefused, PlanFrozen, PlanResume, PlanHot, PlanWarm, PlanNew}
	rank := func(k PlanKind) int {
		for i, o := range order {
			if o == k {
				return i
			}
		}
		return 0
	}
	if rank(k) > rank(p.plan.Kind) {
		p.plan.Kind = k
	}
}

// note words an action for the plan. Actions that people do not care about
// separately leave no line.
func (p *previewer) note(a Action) {
	switch a := a.(type) {
	case Start:
		p.noteStart(a.Rollout)
	case Note:
		p.noteTakeover(a.Takeover)
	case Launch:
		p.plan.Creates = true
		e := p.Record.Environment(a.Environment)
		p.say("create an environment of %s: %s of %s", e.Release.Version, instances(e.Capacity.Min), e.Release.Beanstalk.InstanceType)
	case Shift:
		p.noteShift(a)
	case Scale:
		p.noteScale(a)
	case Join:
		if f := p.Record.Rollout; f.Joined.IsZero() {
			p.say("the %s of %s join the target group of %s, and traffic follows them", instances(a.Instances), p.version(f.From), p.version(f.To))
		}
	case Advance:
		p.noteAdvance(a)
	case Attach, Deregister:
		p.noteParting(a)
	case Aim:
		p.noteAim(a)
	case Probe:
		if p.Record.Rollout.Smoked == 0 {
			check := p.Record.Desired.Rollout.Smoke
			p.say("check %s over the test route: %s answers %d, %d times in a row", p.version(a.Environment), check.Path, check.Status, check.Count)
		}
	case Resize:
		p.raise(PlanUpdate)
		p.say("change the capacity of %s to %d-%d instances", p.version(a.Environment), a.Capacity.Min, a.Capacity.Max)
	case Point:
		p.notePoint(a)
	case Unpoint:
		p.raise(PlanUpdate)
		p.say("%s", a)
	case Abandon:
		if a.Back.Result == endpoint.Superseded {
			p.say("give up the rollout to %s in flight: %s", p.version(p.Record.Rollout.To), a.Back.Reason)
		}
		p.raise(PlanRepair)
	case Recap:
		p.say("the cap is %d %% now", a.Cap)
	case Thaw:
		p.say("go on with the frozen rollout")
	case Lose:
		p.raise(PlanRepair)
		p.say("%s (%s) is gone: it was terminated outside ionroller", p.version(a.Environment), a.Environment)
	case Restore:
		p.raise(PlanRepair)
		p.say("bring %s back, which is retained and healthy, because nothing serves", p.version(a.Environment))
	case Retire:
		p.raise(PlanRemoveExpired)
		p.say("remove %s of %s: %s", a.Environment, p.version(a.Environment), a.Why)
	case Forget:
		p.raise(PlanRemoveExpired)
	case Accept:
		p.raise(PlanUpdate)
	}
}

func (p *previewer) noteStart(f endpoint.Rollout) {
	switch f.Kind {
	case endpoint.Hot:
		p.raise(PlanHot)
		p.say("%s is proven, retained and healthy: hot rollback", p.version(f.To))
	case endpoint.Warm:
		p.raise(PlanWarm)
		p.say("reuse the retained environment of %s, step by step", p.version(f.To))
	default:
		p.raise(PlanNew)
	}
}

// noteShift says what a change of weights is for: a step, a way back, or a
// repair.
func (p *previewer) noteShift(a Shift) {
	f := p.Record.Rollout
	stepping := (&decider{World: p.World, r: &p.Record}).stepping()
	if p.Record.Takeover != nil && !p.Record.TakingOver() {
		p.raise(PlanRepair)
		p.say("listener rule %s is the endpoint's own from then on, and its old groups are their makers'", p.Record.Takeover.RuleARN)
		return
	}
	if !stepping || f.Back != nil {
		p.raise(PlanRepair)
		p.say("set traffic to %s: %s", p.shares(a.Weights), a.Why)
		return
	}
	if f.Shared() {
		return // its instances join it, and that is what Join said
	}
	step := f.Steps[f.Step]
	text := fmt.Sprintf("traffic: %s", p.shares(a.Weights))
	if step.Bake > 0 {
		text += ", watched for " + step.Bake.String()
	}
	limit := p.Record.Desired.Rollout.Cap()
	if pause := step.Pause; (&decider{World: p.World, r: &p.Record}).consentWanted(f) && (limit == 100 || step.Weight < limit) {
		text += fmt.Sprintf(", then paused until it is promoted, at most for %s (then %s)", pause.Deadline, pause.Then)
	}
	p.say("%s", text)
}

func (p *previewer) noteAim(a Aim) {
	if p.Record.Rollout == nil && p.plan.Kind == PlanNothing {
		p.raise(PlanRepair)
	}
	if a.Environment == "" {
		p.say("remove the test route")
		return
	}
	p.say("the test route reaches %s", p.version(a.Environment))
}

func (p *previewer) noteScale(a Scale) {
	e := p.Record.Environment(a.Environment)
	role := p.Record.Role(e)
	if p.Record.Rollout == nil && p.plan.Kind == PlanNothing {
		p.raise(PlanRepair)
	}
	before := p.Sights[a.Environment].Scaling
	switch {
	case role != endpoint.Retained && a.Scaling.Suspended:
		p.say("suspend the scaling of %s", e.Release.Version)
	case role == endpoint.Retained:
		p.say("keep %s hot with %s for %s", e.Release.Version, instances(a.Scaling.Min), p.Record.Desired.Retention.KeepFor)
	case a.Scaling.Min > before.Min:
		p.say("raise %s to at least %s", e.Release.Version, instances(a.Scaling.Min))
	default:
		p.say("let %s scale by itself between %d and %s", e.Release.Version, a.Scaling.Min, instances(a.Scaling.Max))
	}
}

// shares words weights by version, the newest environment first. Two
// environments of one version are told apart.
func (p *previewer) shares(weights map[string]int) string {
	var parts []string
	seen := map[string]bool{}
	for i := len(p.Record.Environments) - 1; i >= 0; i-- {
		e := &p.Record.Environments[i]
		w, ok := weights[e.Name]
		if !ok {
			continue
		}
		version := e.Release.Version
		if seen[version] {
			parts[len(parts)-1] = strings.Replace(parts[len(parts)-1], version, version+" (new)", 1)
			version += " (old)"
		}
		seen[e.Release.Version] = true
		parts = append(parts, fmt.Sprintf("%s %d %%", version, w))
	}
	if w, ok := weights[endpoint.OldGroups]; ok {
		parts = append(parts, fmt.Sprintf("the old groups %d %%", w))
	}
	return strings.Join(parts, ", ")
}

func (p *previewer) version(environment string) string {
	if e := p.Record.Environment(environment); e != nil {
		return e.Release.Version
	}
	return environment
}

// where words how far a rollout got.
func where(f *endpoint.Rollout) string {
	if f.Step < 0 {
		return "the start: its environment has no traffic yet"
	}
	return fmt.Sprintf("step %d of %d, at %d %%", f.Step+1, len(f.Steps), f.Share(f.Step))
}

func instances(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", n)
}
