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

// obeyedKept is how many orders a record remembers, so that one whose object
// could not be deleted is not carried out twice.
const obeyedKept = 32

// obey changes the record as an order says. What cannot be done now is declined,
// and the trail says why: an order never waits for its time to come.
func (e *effect) obey(o endpoint.Order) {
	e.r.Obeyed = append(e.r.Obeyed, o.ID)
	if n := len(e.r.Obeyed); n > obeyedKept {
		e.r.Obeyed = e.r.Obeyed[n-obeyedKept:]
	}
	var declined string
	switch o.Kind {
	case endpoint.OrderRetry:
		declined = e.clear(o.Release)
	case endpoint.OrderUnpin:
		declined = e.unpin()
	case endpoint.OrderDrop:
		declined = e.drop(o)
	default:
		declined = e.steer(o)
	}
	t, message := endpoint.OrderObeyed, fmt.Sprintf("%s was ordered", o.Kind)
	if declined != "" {
		t, message = endpoint.OrderDeclined, fmt.Sprintf("the order to %s was declined: %s", o.Kind, declined)
	}
	event := endpoint.Event{
		Time: e.Now, Type: t, Version: toVersion(&e.r), Message: message,
		Data: map[string]string{"order": o.ID, "by": o.Who.Caller, "host": o.Who.Host, "ordered": o.Time.UTC().Format(time.RFC3339)},
	}
	if o.Reason != "" {
		event.Data["reason"] = o.Reason
	}
	e.events = append(e.events, event)
}

// steer carries out an order about the rollout in flight. It returns why it
// cannot.
func (e *effect) steer(o endpoint.Order) (declined string) {
	f := e.r.Rollout
	if f == nil || f.Back != nil {
		return "no rollout is in flight"
	}
	switch o.Kind {
	case endpoint.OrderPromote:
		f.Paused = nil
		if f.Frozen != nil {
			e.thaw()
		} else {
			f.Promoted = max(f.Promoted, f.Step+1)
		}
	case endpoint.OrderPause:
		f.Paused = &endpoint.Stall{Reason: either(o.Reason, "ordered by "+o.Who.Caller), Since: e.Now}
	case endpoint.OrderResume:
		if f.Paused == nil {
			return "the rollout is not paused"
		}
		f.Paused = nil
	case endpoint.OrderAbort:
		if f.From == "" && f.Step >= 0 {
			return "there is no release to go back to"
		}
		f.Back = &endpoint.GoingBack{
			Result: endpoint.RolledBack, Reason: "it was aborted by " + o.Who.Caller, Rejects: true,
		}
		e.tell(endpoint.RolloutFailed, e.r.Environment(f.To), "the rollout is given up: %s", f.Back.Reason)
	default:
		return "this version of ionroller does not know it"
	}
	return ""
}

// clear lifts the rejections of a release, named by version or fingerprint.
func (e *effect) clear(release string) (declined string) {
	before := len(e.r.Rejections)
	e.r.Rejections = slices.DeleteFunc(e.r.Rejections, func(j endpoint.Rejection) bool {
		return j.Version == release || j.Fingerprint == release
	})
	if len(e.r.Rejections) == before {
		return fmt.Sprintf("release %s is not rejected", release)
	}
	return ""
}

func (e *effect) unpin() (declined string) {
	if e.r.Pin == nil {
		return "the endpoint is not pinned"
	}
	e.tell(endpoint.EndpointUnpinned, nil, "the endpoint is not held at %s any more", e.r.Pin.Version)
	e.r.Pin = nil
	e.r.Rejections = slices.DeleteFunc(e.r.Rejections, func(j endpoint.Rejection) bool { return j.Pinned })
	return ""
}

// drop gives up the retained or failed environments of a release, named by version,
// fingerprint or the environment's name.
func (e *effect) drop(o endpoint.Order) (declined string) {
	declined = fmt.Sprintf("there is no environment of %s", o.Release)
	for i := range e.r.Environments {
		env := &e.r.Environments[i]
		if o.Release != env.Release.Version && o.Release != env.Fingerprint && o.Release != env.Name || !env.Retired.IsZero() {
			continue
		}
		if role := e.r.Role(env); role == endpoint.Active || role == endpoint.Candidate {
			return fmt.Sprintf("%s is %s: only an environment without traffic can be dropped", env.Name, role)
		}
		env.Failure, env.FailedAt, declined = "it was dropped by "+o.Who.Caller, time.Time{}, ""
	}
	return declined
}

// GoBack is the record after an operator asked for all traffic back on an
// environment, whatever was under way: what carries requests instead is left, and
// rejected, and the endpoint is held at the release gone back to.
func GoBack(w World, target string, why string, who endpoint.Who) (endpoint.Record, []endpoint.Event) {
	e := effect{World: w, r: w.Record.Clone()}
	to, left := e.r.Environment(target), e.r.Environment(e.r.Active)
	if f := e.r.Rollout; f != nil {
		left = e.r.Environment(f.To)
	}
	e.r.Pin = &endpoint.Pin{Fingerprint: to.Fingerprint, Version: to.Release.Version, Reason: why, Time: w.Now, Who: who}
	if left != nil && left.Fingerprint != to.Fingerprint {
		e.r.Pin.Left = left.Release.Version
		e.reject(left, strings.TrimRight("an operator went back to "+to.Release.Version+": "+why, ": "), true)
	}
	e.r.Rejections = slices.DeleteFunc(e.r.Rejections, func(j endpoint.Rejection) bool { return j.Fingerprint == to.Fingerprint })
	e.r.Desired.Release, e.r.GivenUp = to.Release, ""
	if e.r.Accepted != nil {
		accepted := *e.r.Accepted
		accepted.Release = to.Release
		e.r.Accepted = &accepted
	}
	e.tell(endpoint.EndpointPinned, to, "all traffic goes back to %s, and stays there until the endpoint is unpinned or another release is asked for: %s", to.Release.Version, either(why, "an operator's rollback"))
	if e.r.Accepted != nil {
		e.configured(*e.r.Accepted)
	}
	return e.r, e.events
}
