// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Effect returns the record after an action was done, and the events that tell
// of it. The loop and the model use the same, so that a preview cannot drift
// away from what an apply does.
func Effect(w World, a Action) (endpoint.Record, []endpoint.Event) {
	e := effect{World: w, r: w.Record.Clone()}
	e.r.Intent = nil
	switch a := a.(type) {
	case Start:
		e.start(a.Rollout)
	case Note:
		e.note(a.Takeover)
	case Launch:
		env := e.r.Environment(a.Environment)
		env.Launched = true
		e.tell(endpoint.EnvironmentCreated, env, "environment %s is being made", env.Name)
	case Count:
		e.count(a)
	case Advance:
		e.set(a.Step)
	case Join:
		e.join(a.Instances)
	case Obey:
		e.obey(a.Order)
	case Recap:
		e.r.Rollout.Cap = a.Cap
		e.r.Rollout.Set(e.r.Rollout.Step)
		e.tell(endpoint.RolloutContinued, e.r.Environment(e.r.Rollout.To), "the rollout is capped at %d %% now", a.Cap)
	case Lift:
		e.r.Rollout.Promoted = e.r.Rollout.Step + 1
		e.tell(endpoint.RolloutContinued, e.r.Environment(e.r.Rollout.To), "the pause after step %d is over", e.r.Rollout.Step+1)
	case Freeze:
		e.r.Rollout.Frozen = &a.Stall
		e.tell(endpoint.RolloutFrozen, e.r.Environment(e.r.Rollout.To), "the rollout is frozen, traffic stays as it is: %s", a.Stall.Reason)
	case Thaw:
		e.thaw()
	case Lack:
		e.lack(a.Of)
	case Shift:
		e.r.Move.Answered = true
	case Settle:
		e.settle(a.Weights)
	case Promote:
		e.promote(a.Proven)
	case Abandon:
		a.Back.Since = e.Now
		e.r.Rollout.Back, e.r.Rollout.Since = &a.Back, time.Time{}
		e.r.Environment(e.r.Rollout.To).Refused = a.Refused
		e.tell(abandoned(a.Back.Result), e.r.Environment(e.r.Rollout.To), "the rollout is given up: %s", a.Back.Reason)
	case Conclude:
		e.conclude()
	case Lose:
		e.lose(a.Environment)
	case Restore:
		e.r.Active = a.Environment
		if e.r.Rollout != nil {
			e.r.Rollout.From = a.Environment
		}
		env := e.r.Environment(a.Environment)
		env.Full = max(env.Full, (&decider{World: e.World}).load(env))
	case Accept:
		e.accept()
	case Scale:
		if f := e.r.Rollout; f != nil && f.Back != nil && a.Environment == f.From {
			f.Back.Since = e.Now
		}
		e.tell(endpoint.CapacityChanged, e.r.Environment(a.Environment), "%s", a)
	case Resize:
		env := e.r.Environment(a.Environment)
		env.Capacity = a.Capacity
		e.tell(endpoint.CapacityChanged, env, "%s", a)
	case Attach, Detach, Register, Deregister:
		e.exchange(a)
	case Probed:
		e.probed(a.Fault)
	case Aim:
		e.aim(a.Environment)
	case Unroute:
		e.unroute()
	case Point:
		e.point(a.Alias)
	case Unpoint:
		e.unpoint(a.Alias)
	case Retire:
		env := e.r.Environment(a.Environment)
		env.Retired = w.Now
		e.tell(endpoint.EnvironmentRetiring, env, "environment %s is being terminated: %s", env.Name, a.Why)
	case Forget:
		e.forget(a.Environment)
	case Dissolve:
		e.r.Phase, e.r.Active, e.r.Rollout, e.r.Move = endpoint.Deleted, "", nil, nil
		e.tell(endpoint.EndpointRemoved, nil, "nothing is left of the endpoint but its trail")
	}
	return e.r, e.events
}

type effect struct {
	World
	r      endpoint.Record
	events []endpoint.Event
}

// tell notes an event about an environment's release, or about the endpoint.
func (e *effect) tell(t endpoint.EventType, env *endpoint.Environment, format string, args ...any) {
	event := endpoint.Event{Time: e.Now, Type: t, Message: fmt.Sprintf(format, args...)}
	if env != nil {
		event.Version = env.Release.Version
		event.Data = map[string]string{"environment": env.Name, "fingerprint": env.Fingerprint}
		if env.ID != "" {
			event.Data["environment_id"] = env.ID
		}
	}
	e.events = append(e.events, event)
}

func (e *effect) start(f endpoint.Rollout) {
	if f.Kind == endpoint.New {
		e.r.Serial++
		made := endpoint.Environment{
			Name: f.To, Release: e.r.Desired.Release, Fingerprint: e.r.Desired.Release.Fingerprint(),
			Capacity: e.r.Desired.Capacity,
		}
		// What is made again is made of the same parts, if they proved themselves.
		for _, earlier := range e.r.Environments {
			if earlier.Proven && earlier.Fingerprint == made.Fingerprint {
				made.PlatformARN, made.ImageDigest = earlier.PlatformARN, earlier.ImageDigest
			}
		}
		e.r.Environments = append(e.r.Environments, made)
	}
	to := e.r.Environment(f.To)
	if f.Kind == endpoint.Warm {
		to.HealthyReads = 0
	}
	if from := e.r.Environment(f.From); from != nil {
		from.Full = (&decider{World: e.World}).load(from)
	}
	e.r.Rollout = &f
	e.tell(endpoint.RolloutStarted, to, "%s rollout from %s to %s, %s", f.Kind, from(&e.r), to.Release.Version, describe(f.Steps))
}

func (e *effect) count(a Count) {
	env := e.r.Environment(a.Environment)
	if !a.Healthy {
		env.HealthyReads = 0
		return
	}
	env.HealthyReads++
	env.LastRead = e.Now
	if env.HealthyReads == endpoint.HealthyReadsWanted {
		e.lack("")
		e.tell(endpoint.EnvironmentHealthy, env, "environment %s is healthy: %d of %d targets in %d consecutive reads", env.Name, e.Sights[env.Name].Healthy, e.Sights[env.Name].Desired, env.HealthyReads)
	}
}

func (e *effect) settle(weights map[string]int) {
	e.r.Move = nil
	e.settleTakeover(weights)
	if !e.r.TakingOver() {
		e.r.RuleARN = e.Traffic.RuleARN
	}
	for i := range e.r.Environments {
		env := &e.r.Environments[i]
		if weights[env.Name] == 0 && env.Carried && env.OutSince.IsZero() && !e.lodged(env.Name) {
			env.OutSince = e.Now
		}
	}
	if f := e.r.Rollout; f != nil && f.Step >= 0 && f.Since.IsZero() {
		f.Since, f.Lacking = e.Now, time.Time{}
	}
	e.events = append(e.events, endpoint.Event{
		Time: e.Now, Type: endpoint.TrafficMoved, Version: toVersion(&e.r),
		Message: "traffic is " + Shares(weights) + e.mixture(), Data: weightData(weights),
	})
}

func (e *effect) promote(proven bool) {
	f := e.r.Rollout
	to := e.r.Environment(f.To)
	if from := e.r.Environment(f.From); f.Shared() && from.OutSince.IsZero() {
		from.OutSince = e.Now // no change of weights tells that its instances are out
	}
	to.Proven = to.Proven || proven
	e.finish(endpoint.Succeeded, "")
	e.tell(endpoint.RolloutFinished, to, "%s carries all traffic", to.Release.Version)
	if from := e.r.Environment(f.From); from != nil {
		e.tell(endpoint.EnvironmentRetained, from, "%s is kept hot with %d instances for %s", from.Release.Version, from.Full, e.r.Desired.Retention.KeepFor)
	}
	e.r.Active = to.Name
}

func (e *effect) conclude() {
	f := e.r.Rollout
	to := e.r.Environment(f.To)
	to.Full = max(to.Full, e.Sights[to.Name].Desired)
	if to.Carried && to.OutSince.IsZero() {
		to.OutSince = e.Now
	}
	back := *f.Back
	e.finish(back.Result, back.Reason)
	if back.Result != endpoint.RolledBack {
		return
	}
	e.r.LastRollout.Evidence = back.Evidence
	to.Failure, to.FailedAt = back.Reason, e.Now
	e.r.GivenUp = to.Fingerprint
	if back.Rejects {
		e.reject(to, back.Reason, false)
		e.r.LastRollout.Rejected = true
	}
	switch {
	case e.r.Desired.Release.Fingerprint() != to.Fingerprint:
		// Another release was asked for meanwhile, and is next.
	case e.r.Accepted != nil && e.r.TakingOver():
		// The old groups serve again, and have no settings that could be desired.
	case e.r.Accepted != nil:
		e.standBy()
	case e.r.Environment(e.r.Active) == nil:
		// The first deployment failed: nothing of it is to stay.
		e.r.Phase = endpoint.Deleting
	}
}

// standBy makes what is live the desired state again, whatever was accepted: a
// release may be accepted while it is capped or not waited for.
func (e *effect) standBy() {
	accepted := *e.r.Accepted
	if active := e.r.Environment(e.r.Active); active != nil {
		accepted.Release = active.Release
	}
	e.r.Desired, e.r.Accepted = accepted, &accepted
	e.tell(endpoint.DesiredStateRestored, e.r.Environment(e.r.Active), "%s is desired again, with the settings that were reached before", accepted.Release.Version)
	e.configured(accepted)
}

// configured says in the last event which configuration it brought about.
func (e *effect) configured(s endpoint.Spec) {
	last := &e.events[len(e.events)-1]
	if last.Data == nil {
		last.Data = map[string]string{}
	}
	last.Data[endpoint.ConfigurationKey] = s.Digest()
}

// reject takes a release out.
func (e *effect) reject(env *endpoint.Environment, reason string, pinned bool) {
	e.r.Rejections = append(slices.DeleteFunc(e.r.Rejections, func(j endpoint.Rejection) bool {
		return j.Fingerprint == env.Fingerprint
	}), endpoint.Rejection{
		Fingerprint: env.Fingerprint, Version: env.Release.Version, Reason: reason, Time: e.Now, Retry: e.r.Desired.Rollout.Retry, Pinned: pinned,
	})
	e.tell(endpoint.ReleaseRejected, env, "%s is rejected: it is not tried again unless rollout.retry is raised above %d, or by ionroller retry", env.Release.Version, e.r.Desired.Rollout.Retry)
}

// thaw goes on with the step that was frozen: it is baked anew, and what spoke against
// it until now is forgiven.
func (e *effect) thaw() {
	f := e.r.Rollout
	f.Frozen = nil
	e.set(f.Step)
	f.Sent, f.Lacking = e.Now, time.Time{}
	e.tell(endpoint.RolloutContinued, e.r.Environment(f.To), "the frozen rollout goes on at step %d", f.Step+1)
}

func (e *effect) finish(result endpoint.Result, reason string) {
	f := e.r.Rollout
	to := e.r.Environment(f.To)
	outcome := &endpoint.Outcome{
		ID: f.ID, Kind: f.Kind, To: to.Release.Version, Target: to.Fingerprint,
		Started: f.Started, Finished: e.Now, Result: result, Reason: reason, Carried: to.Carried,
	}
	if from := e.r.Environment(f.From); from != nil {
		outcome.From = from.Release.Version
	}
	e.r.LastRollout, e.r.Rollout = outcome, nil
}

func (e *effect) lose(name string) {
	env := e.r.Environment(name)
	env.Failure = "it was terminated outside ionroller"
	e.tell(endpoint.EnvironmentLost, env, "environment %s is gone, and not by ionroller", name)
	f := e.r.Rollout
	if f != nil && f.To == name {
		// Another one is made for the same release.
		f.Back = &endpoint.GoingBack{Result: endpoint.Superseded, Reason: "environment " + name + " was terminated outside ionroller"}
		f.Since = time.Time{}
	}
	if e.r.Active == name {
		e.r.Active = ""
		if f != nil {
			f.From = ""
		}
	}
}

func (e *effect) accept() {
	desired := e.r.Desired
	e.r.Accepted, e.r.GivenUp, e.r.Phase = &desired, "", endpoint.Live
	if e.r.Pin != nil && e.r.Pin.Fingerprint != desired.Release.Fingerprint() {
		e.r.Pin = nil // another release was asked for
	}
	if f := e.r.Rollout; f != nil {
		e.tell(endpoint.DesiredStateReached, e.r.Environment(f.To), "%s has %d %% of traffic, as configured", desired.Release.Version, f.Share(f.Step))
	} else {
		e.tell(endpoint.DesiredStateReached, e.r.Environment(e.r.Active), "%s is live as configured", desired.Release.Version)
	}
	e.configured(desired)
}

func (e *effect) unroute() {
	e.r.RuleARN, e.r.Move = "", nil
	if e.r.TakingOver() {
		e.r.Takeover.Begun = false
	} else {
		e.r.Takeover = nil
	}
	for i := range e.r.Environments {
		if env := &e.r.Environments[i]; env.OutSince.IsZero() || e.Traffic.Weights[env.Name] > 0 {
			env.OutSince = e.Now
		}
	}
	e.tell(endpoint.RouteRemoved, nil, "the listener rule is removed: no request reaches the endpoint any more")
}

func (e *effect) forget(name string) {
	for i := range e.r.Environments {
		if env := e.r.Environments[i]; env.Name == name {
			e.r.Environments = append(e.r.Environments[:i], e.r.Environments[i+1:]...)
			e.tell(endpoint.EnvironmentRemoved, &env, "environment %s is removed", name)
			return
		}
	}
}

func abandoned(r endpoint.Result) endpoint.EventType {
	if r == endpoint.Superseded {
		return endpoint.RolloutSuperseded
	}
	return endpoint.RolloutFailed
}

// toVersion is the version that a change of traffic is about.
func toVersion(r *endpoint.Record) string {
	if r.Rollout != nil {
		return r.Environment(r.Rollout.To).Release.Version
	}
	return r.ActiveVersion()
}

func weightData(weights map[string]int) map[string]string {
	data := make(map[string]string, len(weights))
	for name, w := range weights {
		data["weight:"+name] = strconv.Itoa(w)
	}
	return data
}

func describe(steps []endpoint.Step) string {
	text := ""
	for i, s := range steps {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d %%", s.Weight)
		if s.Bake > 0 {
			text += " for " + s.Bake.String()
		}
		if s.Pause.Then != "" {
			text += ", then promoted by hand"
		}
	}
	return text
}
