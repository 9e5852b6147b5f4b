// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// EventType says what kind of thing happened.
type EventType string

const (
	NewDesiredState        EventType = "NewDesiredState"        // a run began to work towards a spec
	DesiredStateReached    EventType = "DesiredStateReached"    // the spec became the accepted one
	DesiredStateRestored   EventType = "DesiredStateRestored"   // what was asked for failed: what is live is desired again
	RolloutStarted         EventType = "RolloutStarted"         //
	RolloutFinished        EventType = "RolloutFinished"        // all traffic is on the new environment
	RolloutFailed          EventType = "RolloutFailed"          // the new environment is given up
	RolloutSuperseded      EventType = "RolloutSuperseded"      // another release was asked for meanwhile
	RolloutFrozen          EventType = "RolloutFrozen"          // traffic is left as it is, and nothing goes on by itself
	RolloutContinued       EventType = "RolloutContinued"       // a freeze, a pause or a cap was lifted
	ReleaseRejected        EventType = "ReleaseRejected"        // it is not tried again unasked
	EndpointPinned         EventType = "EndpointPinned"         // an operator went back by hand
	EndpointUnpinned       EventType = "EndpointUnpinned"       //
	OrderObeyed            EventType = "OrderObeyed"            // an operator's order was carried out
	OrderDeclined          EventType = "OrderDeclined"          // there was nothing it could be carried out on
	EnvironmentCreated     EventType = "EnvironmentCreated"     //
	EnvironmentHealthy     EventType = "EnvironmentHealthy"     // fit for its first request
	EnvironmentLost        EventType = "EnvironmentLost"        // it is gone and nobody here removed it
	EnvironmentRetained    EventType = "EnvironmentRetained"    // it left traffic and is kept
	EnvironmentRetiring    EventType = "EnvironmentRetiring"    // its termination was asked for
	EnvironmentRemoved     EventType = "EnvironmentRemoved"     //
	TrafficRequested       EventType = "TrafficRequested"       // weights are about to be set
	TrafficMoved           EventType = "TrafficMoved"           // weights were set
	InstancesRegistered    EventType = "InstancesRegistered"    // with an environment's target group
	InstancesDeregistered  EventType = "InstancesDeregistered"  //
	ScalingGroupAttached   EventType = "ScalingGroupAttached"   // it fills its environment's target group again
	ScalingGroupDetached   EventType = "ScalingGroupDetached"   // instances are registered one by one
	TestRouteAimed         EventType = "TestRouteAimed"         // the test route reaches another environment
	SmokePassed            EventType = "SmokePassed"            //
	CapacityChanged        EventType = "CapacityChanged"        //
	TakeoverStarted        EventType = "TakeoverStarted"        // what a rule of somebody else's did was noted
	TakeoverFinished       EventType = "TakeoverFinished"       // it is the endpoint's own
	RouteRemoved           EventType = "RouteRemoved"           // the listener rule is gone
	HostPointed            EventType = "HostPointed"            // its DNS record points at the load balancer
	HostReleased           EventType = "HostReleased"           // its DNS record is not kept any more
	LeaseTaken             EventType = "LeaseTaken"             // from a run that died
	RunInterrupted         EventType = "RunInterrupted"         // it ended before it was done
	EndpointRemovalStarted EventType = "EndpointRemovalStarted" //
	EndpointRemoved        EventType = "EndpointRemoved"        //
)

// EventTypes are all of them.
var EventTypes = []EventType{
	NewDesiredState, DesiredStateReached, DesiredStateRestored, RolloutStarted, RolloutFinished,
	RolloutFailed, RolloutSuperseded, RolloutFrozen, RolloutContinued, ReleaseRejected, EndpointPinned,
	EndpointUnpinned, OrderObeyed, OrderDeclined, EnvironmentCreated, EnvironmentHealthy,
	EnvironmentLost, EnvironmentRetained, EnvironmentRetiring, EnvironmentRemoved, TrafficRequested,
	TrafficMoved, InstancesRegistered, InstancesDeregistered, ScalingGroupAttached,
	ScalingGroupDetached, TestRouteAimed, SmokePassed, CapacityChanged, TakeoverStarted,
	TakeoverFinished, RouteRemoved, HostPointed, HostReleased, LeaseTaken, RunInterrupted,
	EndpointRemovalStarted, EndpointRemoved,
}

// Event is one entry of an endpoint's trail. Events are numbered from 1 and each
// carries the hash of the one before, so that a change to a past one shows.
type Event struct {
	Sequence int64             `json:"sequence"`
	Time     time.Time         `json:"time"`
	Endpoint string            `json:"endpoint"`
	Version  string            `json:"version,omitempty"` // the release it is about
	Type     EventType         `json:"type"`
	Message  string            `json:"message"`
	Data     map[string]string `json:"data,omitempty"`
	Who      Who               `json:"who"`
	Previous string            `json:"previous"` // hash of the event before; "" for the first
}

// Who did it.
type Who struct {
	Caller string `json:"caller"` // ARN of the AWS principal
	Host   string `json:"host"`
	Run    string `json:"run"` // what ran: "terraform apply", "ionroller reconcile"
}

// TrailHead is the newest event of a trail.
type TrailHead struct {
	Sequence int64  `json:"sequence"`
	Hash     string `json:"hash"`
}

// Hash returns the event's SHA-256 over its JSON form, in hexadecimal.
func (e Event) Hash() string {
	text, err := json.Marshal(e)
	if err != nil {
		panic("endpoint: an event is plain data and always marshals: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Append numbers e, chains it to the trail and puts it into the outbox.
func (r *Record) Append(e Event) {
	e.Sequence = r.Trail.Sequence + 1
	e.Endpoint = r.Endpoint
	e.Previous = r.Trail.Hash
	r.Trail = TrailHead{Sequence: e.Sequence, Hash: e.Hash()}
	r.Outbox = append(r.Outbox, e)
}
