// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// A rollout that goes back already is not aborted: its release was not found bad.
func TestNoAbortOnTheWayBack(t *testing.T) {
	w := rolling(0)
	w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.Superseded, Reason: "release 1.2.0 was asked for"}
	r, events := rollout.Effect(w, rollout.Obey{Order: endpoint.Order{ID: "1", Kind: endpoint.OrderAbort}})
	if r.Rollout.Back.Result != endpoint.Superseded || r.Rollout.Back.Rejects {
		t.Errorf("it was aborted: %+v", r.Rollout.Back)
	}
	if len(events) != 1 || events[0].Type != endpoint.OrderDeclined {
		t.Errorf("events: %+v", events)
	}
}

// What was in the rule until it was removed is drained from then on.
func TestUnrouteBeginsTheDrain(t *testing.T) {
	w := live()
	w.Record.Environments[0].OutSince = noon.Add(-time.Minute) // given up, with nowhere to go back to
	r, _ := rollout.Effect(w, rollout.Unroute{})
	if out := r.Environments[0].OutSince; !out.Equal(noon) {
		t.Errorf("it drains since %s", out)
	}
}

// A rollback that was cut short is gone on with, unless where it went was dropped
// meanwhile.
func TestRollbackCutShort(t *testing.T) {
	w := live()
	retained(&w, time.Hour)
	w.Record, _ = rollout.GoBack(w, "env-0.9.0", "", endpoint.Who{})
	w.Record.Rollout = &endpoint.Rollout{ID: "r1", Kind: endpoint.Hot, From: "env-1.0.0", To: "env-0.9.0", Started: noon, Since: noon}
	for dropped, want := range map[string]string{"": "env-0.9.0", "it was dropped by somebody": "env-1.0.0"} {
		w.Record.Environment("env-0.9.0").Dropped = dropped
		if back, err := rollout.WayBack(w, ""); err != nil || back.Name != want {
			t.Errorf("dropped %q: back to %+v, %v; want %s", dropped, back, err, want)
		}
	}
	// One that was given up for the release left is gone on with, and sends nobody there.
	w.Record.Rejections, w.Record.Pin, w.Record.Environment("env-0.9.0").Dropped = nil, nil, ""
	w.Record.Rollout.Steps = []endpoint.Step{{Weight: 50}, {Weight: 100}}
	w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.Superseded}
	r, _ := rollout.GoBack(w, "env-0.9.0", "", endpoint.Who{})
	if got := r.Weights(); got["env-0.9.0"] != 50 {
		t.Errorf("traffic is to be %v", got)
	}
	w.Record.Environments = nil // a removal has come so far
	if back, err := rollout.WayBack(w, ""); err == nil {
		t.Errorf("back to %+v, which is gone", back)
	}
}

// An order is about what there was when it was given: a pin and a rejection that came
// after it stay.
func TestOrderOfBefore(t *testing.T) {
	for name, c := range map[string]struct {
		order   endpoint.Order
		ordered time.Duration // before noon, when the endpoint was pinned
		lifted  bool
		told    string
	}{
		"unpin, after it was pinned":    {endpoint.Order{Kind: endpoint.OrderUnpin}, -time.Minute, true, "is not held at 0.9.0 any more"},
		"unpin, before it was pinned":   {endpoint.Order{Kind: endpoint.OrderUnpin}, time.Minute, false, "was pinned after that was ordered"},
		"retry, after it was rejected":  {endpoint.Order{Kind: endpoint.OrderRetry, Release: "1.1.0"}, -time.Minute, true, "retry was ordered"},
		"retry, before it was rejected": {endpoint.Order{Kind: endpoint.OrderRetry, Release: "1.1.0"}, time.Minute, false, "was rejected after that was ordered"},
	} {
		t.Run(name, func(t *testing.T) {
			w := live()
			bad := release("1.1.0")
			w.Record.Pin = &endpoint.Pin{Version: "0.9.0", Left: "1.1.0", Time: noon}
			w.Record.Rejections = []endpoint.Rejection{{Fingerprint: bad.Fingerprint(), Version: bad.Version, Pinned: true, Time: noon}}
			c.order.ID, c.order.Judged = "1", noon.Add(-c.ordered)
			w.Now = noon.Add(2 * time.Minute)
			r, events := rollout.Effect(w, rollout.Obey{Order: c.order})
			if lifted := len(r.Rejections) == 0; lifted != c.lifted {
				t.Errorf("the release may be tried again: %t", lifted)
			}
			if unpinned := r.Pin == nil; unpinned != (c.lifted && c.order.Kind == endpoint.OrderUnpin) {
				t.Errorf("pin %+v", r.Pin)
			}
			if !slices.ContainsFunc(events, func(e endpoint.Event) bool { return strings.Contains(e.Message, c.told) }) {
				t.Errorf("the trail does not say %q: %v", c.told, events)
			}
		})
	}
}
