// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Decide returns the one thing to do next. It is a pure function: equal worlds
// get equal decisions, which is why a plan can show what an apply will do and
// why any run can continue another's.
//
// The order of the rules is the order of what matters: know what is lost, keep
// traffic where it belongs, move it, and only then tidy up.
func Decide(w World) Decision {
	d := &decider{World: w, r: &w.Record}
	switch d.r.Phase {
	case endpoint.Deleted:
		return Decision{Action: Rest{}}
	case endpoint.Deleting:
		return d.remove()
	}
	for _, rule := range []func() (Decision, bool){
		d.obey, d.lose, d.supersede, d.restore, d.lower, d.settle, d.repair, d.conclude, d.start,
		d.scale, d.aim, d.progress, d.resize, d.point, d.accept, d.retire, d.hold,
	} {
		if decision, ok := rule(); ok {
			return decision
		}
	}
	return Decision{Action: Rest{}, Wake: d.nextExpiry()}
}

type decider struct {
	World
	r *endpoint.Record
}

func do(a Action) (Decision, bool) { return Decision{Action: a}, true }

func wait(what Awaited) (Decision, bool) { return Decision{Wake: Wake{For: what}}, true }

func waitUntil(at time.Time, what Awaited) (Decision, bool) {
	return Decision{Wake: Wake{At: at, For: what}}, true
}

func pass() (Decision, bool) { return Decision{}, false }

// lose notices environments that somebody else terminated. One that carried traffic
// was launched, also when the run that launched it could not note it.
func (d *decider) lose() (Decision, bool) {
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		s := d.Sights[e.Name]
		gone := s.Terminating || s.Terminated || s.Wrecked || !s.Found && d.Now.Sub(e.Created) > unseenFor
		if gone && (e.Launched || e.Carried) && e.Retired.IsZero() && e.Failure == "" {
			return do(Lose{e.Name})
		}
	}
	return pass()
}

// unseenFor is how long a launched environment may be missing from the
// platform's answers before it counts as gone: they may show the past, even after
// they once showed it.
const unseenFor = 5 * time.Minute

// supersede ends a rollout to a release that is not desired any more. When the
// candidate is all that serves, it is taken as it is instead.
func (d *decider) supersede() (Decision, bool) {
	f := d.r.Rollout
	if f == nil || f.Back != nil || d.r.Environment(f.To).Fingerprint == d.r.Desired.Release.Fingerprint() {
		return pass()
	}
	if f.Kind == endpoint.Hot && f.Step >= 0 && d.left(f.From) {
		return pass() // to give it up would bring back what an operator left
	}
	if f.Step >= 0 && (f.From == "" || d.Sights[f.From].Healthy == 0 && d.Sights[f.To].Healthy > 0) {
		return do(Promote{Proven: false})
	}
	return do(Abandon{Back: endpoint.GoingBack{
		Result: endpoint.Superseded,
		Reason: fmt.Sprintf("release %s was asked for", d.r.Desired.Release.Version),
	}})
}

// left says that an operator went back from an environment's release, and that it is
// not what is asked for now.
func (d *decider) left(name string) bool {
	e := d.r.Environment(name)
	if e == nil || e.Fingerprint == d.r.Desired.Release.Fingerprint() {
		return false
	}
	return slices.ContainsFunc(d.r.Rejections, func(j endpoint.Rejection) bool { return j.Pinned && j.Fingerprint == e.Fingerprint })
}

// restore brings a healthy retained environment back when nothing serves.
func (d *decider) restore() (Decision, bool) {
	f := d.r.Rollout
	if d.r.Active != "" || f != nil && (f.Step >= 0 || f.Back != nil) {
		return pass()
	}
	var best *endpoint.Environment
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		if d.r.Role(e) == endpoint.Retained && e.Proven && e.Retired.IsZero() && d.whole(e) && (best == nil || e.OutSince.After(best.OutSince)) {
			best = e
		}
	}
	if best == nil {
		return pass()
	}
	return do(Restore{best.Name})
}

// settle notes that weights that were sent have been read back.
func (d *decider) settle() (Decision, bool) {
	want := d.r.Weights()
	if want != nil && d.sent(want) && d.Traffic.Is(want) && d.Traffic.Routed {
		return do(Settle{want})
	}
	return pass()
}

// sent says that these were the last weights sent, and not read back yet. A read
// that shows weights which were not sent may show the past.
func (d *decider) sent(want map[string]int) bool {
	return d.r.Move != nil && maps.Equal(d.r.Move.Weights, want)
}

// stepping says that the weights of a step, or of the way back, are being set and
// were not read back yet.
func (d *decider) stepping() bool {
	f := d.r.Rollout
	return f != nil && f.Step >= 0 && f.Since.IsZero()
}

// repair makes the rule send what the record says, whoever changed it.
func (d *decider) repair() (Decision, bool) {
	want := d.r.Weights()
	unsent := !d.sent(want) && (d.r.Move != nil || d.stepping())
	if want == nil || (d.Traffic.Is(want) && d.Traffic.Routed && !unsent) {
		return pass()
	}
	for name := range want {
		if d.r.Environment(name).TargetGroup == "" {
			return wait(Health)
		}
	}
	if f := d.r.Rollout; d.stepping() && (unsent || d.Now.Sub(d.r.Move.Since) > readsBehind) && d.Traffic.Percent(f.To) < want[f.To] && (d.Sights[f.To].Healthy < d.need(f, f.Step) || d.alarmed(f)) {
		// Its capacity went, or an alarm went off, after the step was decided on: back
		// to the step before.
		return do(Advance{f.Step - 1})
	}
	if d.worse(want) {
		return d.spare()
	}
	return do(Shift{Weights: want, Why: d.whyShift()})
}

// worse says that these weights would take traffic from what is healthy, where
// somebody else sent it, to what is not.
func (d *decider) worse(want map[string]int) bool {
	for name := range want {
		if d.Sights[name].Healthy > 0 {
			return false
		}
	}
	for name, weight := range d.Traffic.Weights {
		if weight > 0 && d.Sights[name].Healthy > 0 {
			return true
		}
	}
	return false
}

// spare leaves traffic where it is healthy. Its way back waits for capacity;
// otherwise what else is to be done may be what helps.
func (d *decider) spare() (Decision, bool) {
	if f := d.r.Rollout; f == nil || f.Back == nil && !d.stepping() {
		return pass()
	}
	if decision, ok := d.scale(); ok {
		return decision, true
	}
	return wait(Health)
}

// hold waits with a repair that would be for the worse.
func (d *decider) hold() (Decision, bool) {
	if want := d.r.Weights(); want != nil && (!d.Traffic.Is(want) || !d.Traffic.Routed) {
		return wait(Health)
	}
	return pass()
}

// readsBehind is how far AWS's answers may be behind.
const readsBehind = time.Minute

func (d *decider) whyShift() string {
	f := d.r.Rollout
	switch {
	case f != nil && f.Back != nil:
		return "traffic goes back: " + f.Back.Reason
	case d.stepping():
		return fmt.Sprintf("step %d of %d", f.Step+1, len(f.Steps))
	case d.Traffic.RuleARN == "":
		return "the listener rule is missing"
	case !d.Traffic.Routed:
		return "the rule's conditions, priority or stickiness differ from the configuration"
	case d.r.Move != nil:
		return d.r.Move.Why
	default:
		return "weights were changed outside ionroller"
	}
}

// conclude ends a rollout whose traffic is back where it was.
func (d *decider) conclude() (Decision, bool) {
	if f := d.r.Rollout; f != nil && f.Back != nil {
		return do(Conclude{})
	}
	return pass()
}

// start begins the rollout to the desired release.
func (d *decider) start() (Decision, bool) {
	desired := d.r.Desired.Release
	active := d.r.Environment(d.r.Active)
	target := desired.Fingerprint()
	if d.r.Rollout != nil || target == d.r.GivenUp || (active != nil && active.Fingerprint == target) {
		return pass()
	}
	if d.r.Rejected(target, d.r.Desired.Rollout.Retry) != nil {
		return pass()
	}
	f := endpoint.Rollout{
		ID: fmt.Sprintf("r%d", d.r.Trail.Sequence+1), Kind: endpoint.New, From: d.r.Active,
		Step: -1, Started: d.Now, Steps: d.r.Desired.Rollout.Plan(), Cap: d.r.Desired.Rollout.MaxWeight,
	}
	if to := d.existing(target); to != nil {
		f.To, f.Kind = to.Name, endpoint.Warm
		if to.Proven && (d.whole(to) || d.pinned(to)) {
			f.Kind, f.Cap = endpoint.Hot, 0
			f.Steps = d.hotSteps(to, active)
		}
	} else {
		f.To = endpoint.EnvironmentName(d.r.Endpoint, desired, d.r.Serial+1)
	}
	if active == nil {
		// Nothing serves: there is nobody to share traffic with.
		f.Steps = f.Steps[len(f.Steps)-1:]
	}
	return do(Start{f})
}

// existing returns a usable environment of the release, or nil.
func (d *decider) existing(fingerprint string) *endpoint.Environment {
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		if e.Fingerprint == fingerprint && d.r.Role(e) == endpoint.Retained && e.Retired.IsZero() && d.Sights[e.Name].Found {
			return e
		}
	}
	return nil
}

// whole reports whether an environment has all the capacity it is to keep, healthy.
func (d *decider) whole(e *endpoint.Environment) bool {
	s := d.Sights[e.Name]
	return s.Found && s.Ready && s.Healthy >= max(e.Full, 1)
}

// pinned says that an operator wants an environment's release now, with whatever
// healthy capacity there is.
func (d *decider) pinned(e *endpoint.Environment) bool {
	return d.r.Pin != nil && d.r.Pin.Fingerprint == e.Fingerprint && d.Sights[e.Name].Healthy > 0
}

// hotSteps moves at once the share that healthy capacity carries: all of it as a
// rule, less when the live release has grown since.
func (d *decider) hotSteps(to, active *endpoint.Environment) []endpoint.Step {
	all := []endpoint.Step{{Weight: 100}}
	if active == nil || d.r.Pin != nil && d.Sights[active.Name].Healthy == 0 {
		return all
	}
	share := d.Sights[to.Name].Healthy * 100 / max(d.load(active), 1)
	if share >= 100 || share < 1 {
		return all
	}
	return append([]endpoint.Step{{Weight: share}}, all...)
}

// load is the number of instances that carries all traffic at the moment.
func (d *decider) load(active *endpoint.Environment) int {
	s := d.Sights[active.Name]
	return max(s.Healthy, s.Desired, active.Capacity.Min)
}

// progress takes the rollout one thing further.
func (d *decider) progress() (Decision, bool) {
	f := d.r.Rollout
	if f == nil {
		return pass()
	}
	to := d.r.Environment(f.To)
	switch {
	case !to.Launched:
		return do(Launch{to.Name})
	case f.Step < 0 && to.HealthyReads < endpoint.HealthyReadsWanted:
		return d.gate(f, to)
	case f.Step < 0:
		if decision, ok := d.smoke(f, to); ok {
			return decision, ok
		}
		return d.advance(f, to)
	}
	s := d.Sights[to.Name]
	if f.From != "" && s.Healthy == 0 && d.Sights[f.From].Healthy > 0 {
		return d.giveUp("%s has no healthy target left at %d %% of traffic", to.Name, f.Share(f.Step))
	}
	if f.Frozen != nil {
		return d.thaw(f)
	}
	v := d.verdict(f)
	if v.against != nil {
		return d.fail(f, *v.against)
	}
	if d.unaccepted() && d.handedOver(f) {
		return do(Accept{})
	}
	if f.Kind != endpoint.Hot && f.From != "" && f.Limit() < d.r.Desired.Rollout.Cap() {
		return d.recap(f, to)
	}
	if end := d.baked(f); d.Now.Before(end) {
		return waitUntil(end, Bake)
	}
	// A first deployment has had no users yet, and there is nothing to go back to.
	if v.unclear != "" && f.From != "" {
		limit := d.baked(f).Add(d.r.Desired.Rollout.ExtendBake.Std())
		if d.Now.Before(limit) {
			return waitUntil(limit, Verdict)
		}
		return d.freeze(v.unclear+", for "+d.r.Desired.Rollout.ExtendBake.String()+" beyond the bake (rollout.extend_bake)", nil)
	}
	switch {
	case d.capped(f):
		return pass()
	case f.Paused != nil:
		return wait(Consent)
	case d.consentWanted(f):
		return d.consent(f)
	case f.Step < len(f.Steps)-1:
		return d.advance(f, to)
	}
	if s.Healthy >= d.need(f, f.Step) {
		return do(Promote{Proven: true})
	}
	// It carries all traffic without the capacity for it: not a success.
	if d.overdue(f, to) && (f.From == "" || d.Sights[f.From].Healthy > 0) {
		return d.giveUp("%s has %d healthy targets of %d at the end of its last bake, for %s (rollout.healthy_within)", to.Name, s.Healthy, d.need(f, f.Step), d.r.Desired.Rollout.HealthyWithin)
	}
	return wait(Health)
}

// overdue says that a step's time for becoming healthy is over: it counts from the
// launch, or from the end of the step's bake.
func (d *decider) overdue(f *endpoint.Rollout, to *endpoint.Environment) bool {
	since := latest(f.Started, to.Created)
	if f.Step >= 0 {
		since = d.baked(f)
	}
	return d.Now.Sub(since) >= d.r.Desired.Rollout.HealthyWithin.Std()
}

// gate waits until a candidate is healthy in three consecutive reads. Nothing
// reaches it before.
func (d *decider) gate(f *endpoint.Rollout, to *endpoint.Environment) (Decision, bool) {
	s := d.Sights[to.Name]
	if !to.Carried && s.Raced && d.attempts(to) < launchAttempts {
		return do(Abandon{Back: endpoint.GoingBack{
			Result: endpoint.Superseded, Reason: to.Name + " lost a race for the priority of its listener rule, and another is made",
		}})
	}
	if !to.Carried && len(s.Errors) > 0 {
		return d.giveUp("Elastic Beanstalk reports for %s: %s", to.Name, strings.TrimRight(strings.Join(s.Errors, " "), "."))
	}
	healthy := s.Found && s.Ready && s.Desired > 0 && s.Healthy >= max(s.Desired, d.need(f, 0))
	if !healthy {
		if to.HealthyReads > 0 {
			return do(Count{to.Name, false})
		}
		if d.overdue(f, to) {
			return d.giveUp("%s is not healthy within %s (rollout.healthy_within): %d of %d targets pass their health check", to.Name, d.r.Desired.Rollout.HealthyWithin, s.Healthy, s.Desired)
		}
		return wait(Health)
	}
	if next := to.LastRead.Add(endpoint.HealthyReadsInterval); to.HealthyReads > 0 && d.Now.Before(next) {
		return waitUntil(next, Health)
	}
	return do(Count{to.Name, true})
}

// launchAttempts is how many environments of a release are made when their
// launches lose races.
const launchAttempts = 3

// attempts counts the environments of e's release that never had traffic, with e.
func (d *decider) attempts(e *endpoint.Environment) int {
	n := 0
	for _, other := range d.r.Environments {
		if other.Fingerprint == e.Fingerprint && !other.Carried {
			n++
		}
	}
	return n
}

// advance sets the next weight, once there is healthy capacity for it.
func (d *decider) advance(f *endpoint.Rollout, to *endpoint.Environment) (Decision, bool) {
	next := f.Step + 1
	s := d.Sights[to.Name]
	if v := d.verdict(f); f.Step < 0 && v.against != nil {
		return d.fail(f, *v.against) // no request has reached it yet
	}
	if f.Paused != nil {
		return wait(Consent)
	}
	if f.Step < 0 && f.Kind != endpoint.Hot && !d.floored(f) {
		if d.overdue(f, to) {
			return d.giveUp("%s does not take a change of its capacity, for %s (rollout.healthy_within)", f.From, d.r.Desired.Rollout.HealthyWithin)
		}
		return wait(Update)
	}
	if need := d.need(f, next); s.Healthy < need {
		if d.overdue(f, to) {
			return d.giveUp("%s has %d healthy targets of the %d that %d %% of traffic need, for %s (rollout.healthy_within)", to.Name, s.Healthy, need, f.Share(next), d.r.Desired.Rollout.HealthyWithin)
		}
		return wait(Health)
	}
	return do(Advance{next})
}

// floored says that the environment which traffic may have to go back to keeps the
// capacity for all of it.
func (d *decider) floored(f *endpoint.Rollout) bool {
	from, s := d.r.Environment(f.From), d.Sights[f.From]
	if from == nil || s.Healthy == 0 {
		return true // there is nothing to keep
	}
	want, _ := d.scaling(from)
	return s.Scaling.Min >= want.Min
}

// need is the healthy capacity that a step takes: its share of the instances
// that carried all traffic when the rollout began, rounded up.
func (d *decider) need(f *endpoint.Rollout, step int) int {
	from := d.r.Environment(f.From)
	if from == nil {
		return max(1, d.r.Environment(f.To).Capacity.Min)
	}
	if f.Kind == endpoint.Hot && d.r.Pin != nil && d.Sights[f.From].Healthy == 0 {
		return 1 // an operator wants it, and whatever there is is better than what serves
	}
	share := f.Steps[min(max(step, 0), len(f.Steps)-1)].Weight
	if f.Kind != endpoint.Hot {
		share = min(share, d.r.Desired.Rollout.Cap())
	}
	return max(1, (share*from.Full+99)/100)
}

// giveUp ends a rollout whose environment is not what it should be. Once it had
// traffic, its release is rejected: it has hurt users.
func (d *decider) giveUp(format string, args ...any) (Decision, bool) {
	return do(Abandon{Back: endpoint.GoingBack{
		Result: endpoint.RolledBack, Reason: fmt.Sprintf(format, args...), Rejects: d.r.Rollout.Step >= 0,
	}})
}

// scale keeps every scaling group at the capacity its role asks for.
func (d *decider) scale() (Decision, bool) {
	f := d.r.Rollout
	if f != nil && f.Kind == endpoint.Hot && f.Since.IsZero() {
		return pass() // going back comes first; the capacity is there
	}
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		s := d.Sights[e.Name]
		if !s.Found || s.Terminating || s.ScalingGroup == "" || !e.Retired.IsZero() || d.due(e) != "" {
			continue
		}
		want, ok := d.scaling(e)
		switch {
		case !ok || s.Scaling == want:
		case s.Ready:
			return do(Scale{e.Name, want})
		case f == nil && e.Name == d.r.Active:
			return wait(Update)
		}
	}
	return pass()
}

// scaling is the capacity that an environment's role asks for. A serving
// environment scales by itself, above a floor; one that is kept for going back
// stays at what it had under all traffic.
func (d *decider) scaling(e *endpoint.Environment) (Scaling, bool) {
	f := d.r.Rollout
	want := Scaling{Min: e.Capacity.Min, Max: e.Capacity.Max}
	switch d.r.Role(e) {
	case endpoint.Active:
		if f != nil {
			want.Min = max(want.Min, e.Full)
		}
	case endpoint.Candidate:
		want.Min = max(want.Min, d.need(f, f.Step+1), e.Full)
	case endpoint.Retained:
		want.Min, want.Suspended = max(e.Full, 1), true
	default:
		return Scaling{}, false
	}
	want.Max = max(want.Max, want.Min)
	return want, true
}

// resize follows the configured capacity, in place.
func (d *decider) resize() (Decision, bool) {
	active := d.r.Environment(d.r.Active)
	if d.r.Rollout != nil || active == nil || active.Capacity == d.r.Desired.Capacity {
		return pass()
	}
	if !d.Sights[active.Name].Ready {
		return wait(Update)
	}
	return do(Resize{active.Name, d.r.Desired.Capacity})
}

// accept notes that what is desired has been reached.
func (d *decider) accept() (Decision, bool) {
	active := d.r.Environment(d.r.Active)
	if active == nil || !d.unaccepted() {
		return pass()
	}
	f := d.r.Rollout
	reached := active.Fingerprint == d.r.Desired.Release.Fingerprint()
	if reached && f == nil || f != nil && f.Back == nil && f.Frozen == nil && d.capped(f) {
		return do(Accept{})
	}
	return pass()
}

func (d *decider) unaccepted() bool {
	return d.r.Accepted == nil || !reflect.DeepEqual(*d.r.Accepted, d.r.Desired)
}

// handedOver says that the run in charge need not stay: the first step is set and
// somebody else goes on.
func (d *decider) handedOver(f *endpoint.Rollout) bool {
	return d.r.Desired.Rollout.NoWait && f.Kind != endpoint.Hot && f.From != "" && f.Step >= 0 && !f.Since.IsZero() && f.Frozen == nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
