// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// set begins a step, or begins it anew. By instance only the first sends weights: from
// the others guards look from now on.
func (e *effect) set(step int) {
	f := e.r.Rollout
	f.Set(step)
	if f.Shared() && step > 0 {
		f.Sent, f.Lacking = e.Now, time.Time{}
	}
}

// join lets so many instances make room for others, one a step.
func (e *effect) join(n int) {
	f := e.r.Rollout
	f.Lacking = time.Time{}
	if n == 0 {
		f.Joined = time.Time{}
		return
	}
	f.Joined = e.Now
	e.r.Environment(f.From).Full = n
	if n != len(f.Steps) {
		f.Steps = e.r.Desired.Rollout.ForInstances(n)
	}
}

// exchange tells of what changed in an environment's target group.
func (e *effect) exchange(a Action) {
	switch a := a.(type) {
	case Attach:
		e.tell(endpoint.ScalingGroupAttached, e.r.Environment(a.Environment), "the scaling group of %s fills its target group", a.Environment)
	case Detach:
		e.tell(endpoint.ScalingGroupDetached, e.r.Environment(a.Environment), "the scaling group of %s does not fill its target group: instances are registered one by one", a.Environment)
	case Register:
		e.moved(endpoint.InstancesRegistered, "are registered with", a.Environment, a.Instances)
	case Deregister:
		e.moved(endpoint.InstancesDeregistered, "are taken out of", a.Environment, a.Instances)
	}
}

// moved tells of instances, each of its own environment, in a target group.
func (e *effect) moved(t endpoint.EventType, verb, host string, ids []string) {
	for i := range e.r.Environments {
		env := &e.r.Environments[i]
		own := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(e.Sights[env.Name].Instances, id) })
		if len(own) > 0 {
			e.tell(t, env, "%s of %s %s the target group of %s: %s", instances(len(own)), env.Release.Version, verb, host, strings.Join(own, ", "))
			e.events[len(e.events)-1].Data["instances"] = strings.Join(own, " ")
		}
	}
}

// lodged says that an environment has no weight of its own and its instances serve
// all the same, in the candidate's target group.
func (e *effect) lodged(name string) bool {
	f := e.r.Rollout
	return f != nil && f.Shared() && f.From == name && !last(f)
}

// mixture words whose instances stand behind the candidate's weight.
func (e *effect) mixture() string {
	f := e.r.Rollout
	if f == nil || !f.Shared() || f.Step < 0 {
		return ""
	}
	return fmt.Sprintf("; %d of %d instances there are of %s", f.Step+1, len(f.Steps), e.r.Environment(f.To).Release.Version)
}

// noteAdvance says how instances move, once for steps that are alike.
func (p *previewer) noteAdvance(a Advance) {
	f := p.Record.Rollout
	if !f.Shared() || a.Step < p.said {
		return
	}
	first, n := f.Steps[a.Step], 0
	for _, s := range f.Steps[a.Step:] {
		if s.Bake != first.Bake || s.Pause != first.Pause {
			break
		}
		n++
	}
	p.said = a.Step + n
	each, text := "", fmt.Sprintf("1 instance of %s takes the place of one of %s", p.version(f.To), p.version(f.From))
	if n > 1 {
		each, text = "each ", fmt.Sprintf("%d instances of %s take the place of as many of %s, one after the other", n, p.version(f.To), p.version(f.From))
	}
	if first.Bake > 0 {
		text += fmt.Sprintf(", %swatched for %s", each, first.Bake)
	}
	if first.Pause.Then != "" {
		text += fmt.Sprintf(", then %spaused until it is promoted, at most for %s (then %s)", each, first.Pause.Deadline, first.Pause.Then)
	}
	p.say("%s", text)
}

// noteParting says what ends the moving of instances: its own end, or a repair.
func (p *previewer) noteParting(a Action) {
	f := p.Record.Rollout
	switch a := a.(type) {
	case Attach:
		p.say("attach the Auto Scaling group of %s to its target group", p.version(a.Environment))
	case Deregister:
		if f != nil && f.Shared() {
			return
		}
		p.say("take the instances of other environments out of the target group of %s", p.version(a.Environment))
	}
	if f == nil {
		p.raise(PlanRepair)
	}
}
