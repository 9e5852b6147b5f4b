// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"slices"
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
		declined = e.clear(o)
	case endpoint.OrderUnpin:
		declined = e.unpin(o)
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
		return e.giveUp("it was aborted by " + o.Who.Caller)
	default:
		return "this version of ionroller does not know it"
	}
	return ""
}

// clear lifts the rejections of a release, named by version or fingerprint, that were
// there when that was ordered.
func (e *effect) clear(o endpoint.Order) (declined string) {
	later, before := false, len(e.r.Rejections)
	e.r.Rejections = slices.DeleteFunc(e.r.Rejections, func(j endpoint.Rejection) bool {
		named := j.Version == o.Release || j.Fingerprint == o.Release
		later = later || named && since(j.Time, o)
		return named && !since(j.Time, o)
	})
	switch {
	case len(e.r.Rejections) < before:
		return ""
	case later:
		return fmt.Sprintf("release %s was rejected after that was ordered", o.Release)
	default:
		return fmt.Sprintf("release %s is not rejected", o.Release)
	}
}

// since says that something was judged after who gave the order had looked.
func since(judged time.Time, o endpoint.Order) bool {
	return !o.Judged.IsZero() && judged.After(o.Judged)
}

func (e *effect) unpin(o endpoint.Order) (declined string) {
	switch {
	case e.r.Pin == nil:
		return "the endpoint is not pinned"
	case since(e.r.Pin.Time, o):
		return "the endpoint was pinned after that was ordered"
	}
	e.tell(endpoint.EndpointUnpinned, nil, "the endpoint is not held at %s any more", e.r.Pin.Version)
	e.r.Pin = nil
	e.r.Rejections = slices.DeleteFunc(e.r.Rejections, func(j endpoint.Rejection) bool { return j.Pinned })
	return ""
}
