// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
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
