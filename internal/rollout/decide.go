// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"reflect"
	"slices"
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
	switch {
	case d.r.Phase == endpoint.Deleted:
		return Decision{Action: Rest{}}
	case d.r.Phase == endpoint.Deleting:
		return d.remove()
	case d.r.Desired.Release.Version == "":
		return Decision{Action: Rest{}} // the run that was to make it died before it said what
	}
	for _, rule := range []func() (Decision, bool){
		d.obey, d.lose, d.takeOver, d.supersede, d.restore, d.lower, d.settle, d.repair, d.conclude, d.start,
		d.scale, d.part, d.aim, d.progress, d.resize, d.point, d.accept, d.retire, d.hold,
	} {
		if decision, ok := rule(); ok {
			return decision
		}
	}
	return Decision{Action: Rest{}, Wake: d.rest()}
}

type decider struct {
	World
	r      *endpoint.Record
	wanted string // see target
}

// target is the fingerprint of the release that is desired. Many rules ask for it, and it
// costs more than all else they do.
func (d *decider) target() string {
	if d.wanted == "" {
		d.wanted = d.r.Desired.Release.Fingerprint()
	}
	return d.wanted
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
	if f == nil || f.Back != nil || d.r.Environment(f.To).Fingerprint == d.target() {
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
	if e == nil || e.Fingerprint == d.target() {
		return false
	}
	return slices.ContainsFunc(d.r.Rejections, func(j endpoint.Rejection) bool { return j.Pinned && j.Fingerprint == e.Fingerprint })
}

// restore brings a healthy retained environment back when nothing serves: one that an
// operator left only where there is no other, because any answer is better than none.
func (d *decider) restore() (Decision, bool) {
	f := d.r.Rollout
	if d.r.Active != "" || f != nil && (f.Step >= 0 || f.Back != nil) {
		return pass()
	}
	var best *endpoint.Environment
	for i := range d.r.Environments {
		e := &d.r.Environments[i]
		if d.r.Role(e) == endpoint.Retained && e.Proven && e.Retired.IsZero() && d.whole(e) && (best == nil || d.prefers(e, best)) {
			best = e
		}
	}
	if best == nil {
		return pass()
	}
	return do(Restore{best.Name})
}

// prefers says that an environment is the better one to come back.
func (d *decider) prefers(e, to *endpoint.Environment) bool {
	if left := d.left(e.Name); left != d.left(to.Name) {
		return !left
	}
	return e.OutSince.After(to.OutSince)
}

// conclude ends a rollout whose traffic is back where it was.
func (d *decider) conclude() (Decision, bool) {
	if f := d.r.Rollout; f != nil && f.Back != nil {
		return do(Conclude{})
	}
	return pass()
}

// accept notes that what is desired has been reached.
func (d *decider) accept() (Decision, bool) {
	active := d.r.Environment(d.r.Active)
	if active == nil && !d.r.TakingOver() || !d.unaccepted() {
		return pass()
	}
	f := d.r.Rollout
	reached := active != nil && active.Fingerprint == d.target()
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
