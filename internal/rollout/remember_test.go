// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// What a call may bring about is in the record before it is sent: the run may die in it.
func TestWhatMayHappenIsNotedBefore(t *testing.T) {
	t.Run("a launch", func(t *testing.T) {
		w := rolling(-1)
		w.Record.Environment("env-1.1.0").Created = time.Time{}
		r, _ := rollout.Before(w, rollout.Launch{Environment: "env-1.1.0"})
		if at := r.Environment("env-1.1.0").Created; !at.Equal(noon) {
			t.Errorf("it is asked for at %s", at)
		}
	})
	t.Run("a termination", func(t *testing.T) {
		w := live()
		retained(&w, time.Hour)
		r, _ := rollout.Before(w, rollout.Retire{Environment: "env-0.9.0"})
		if at := r.Environment("env-0.9.0").Retired; !at.Equal(noon) {
			t.Errorf("it may end from %s on", at)
		}
	})
	t.Run("requests to what gets a weight", func(t *testing.T) {
		w := rolling(0)
		w.Record.Environment("env-1.1.0").Carried = false
		w.Record.Environment("env-1.1.0").OutSince = noon.Add(-time.Hour)
		r, _ := rollout.Before(w, rollout.Shift{Weights: w.Record.Weights()})
		if e := r.Environment("env-1.1.0"); !e.Carried || !e.OutSince.IsZero() {
			t.Errorf("it is thought to be without requests: %+v", e)
		}
	})
	t.Run("requests to what somebody else gave a weight", func(t *testing.T) {
		w := live()
		retained(&w, time.Hour)
		w.Traffic.Weights = map[string]int{"env-0.9.0": 100}
		r, _ := rollout.Before(w, rollout.Shift{Weights: map[string]int{"env-1.0.0": 100}})
		if e := r.Environment("env-0.9.0"); !e.OutSince.IsZero() {
			t.Errorf("it is thought to be out since %s", e.OutSince)
		}
	})
}

// What a rollout that failed leaves: its release is not begun again by itself, and what is
// desired is what serves.
func TestWhatAFailureLeaves(t *testing.T) {
	for _, rejects := range []bool{false, true} {
		w := rolling(0)
		w.Record.Rollout.Back = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "an alarm", Rejects: rejects}
		w.Record.Rollout.Since, w.Traffic.Weights = noon, map[string]int{"env-1.0.0": 100}
		bad := w.Record.Environment("env-1.1.0").Fingerprint
		r, _ := rollout.Effect(w, rollout.Conclude{})
		if r.GivenUp != bad {
			t.Errorf("given up is %q", r.GivenUp)
		}
		if r.Desired.Release.Version != "1.0.0" || r.Accepted.Release.Version != "1.0.0" {
			t.Errorf("desired is %s, and accepted %s", r.Desired.Release.Version, r.Accepted.Release.Version)
		}
		if e := r.Environment("env-1.1.0"); e.Failure != "an alarm" || !e.FailedAt.Equal(noon) || !e.OutSince.Equal(noon) {
			t.Errorf("what failed: %+v", e)
		}
		if rejected := r.Rejected(bad, 0) != nil; rejected != rejects {
			t.Errorf("it is rejected: %t, want %t", rejected, rejects)
		}
	}
}

// What an operator left is rejected, and what he went back to is wanted.
func TestWhatAnOperatorLeavesIsRejected(t *testing.T) {
	w := live()
	retained(&w, time.Hour)
	left, to := w.Record.Environment("env-1.0.0").Fingerprint, w.Record.Environment("env-0.9.0").Fingerprint
	r, _ := rollout.GoBack(w, "env-0.9.0", "it is bad", endpoint.Who{})
	if r.Rejected(left, 0) == nil || r.Rejected(to, 0) != nil {
		t.Errorf("rejections: %+v", r.Rejections)
	}
	if r.Desired.Release.Version != "0.9.0" || r.Pin == nil || r.Pin.Fingerprint != to {
		t.Errorf("desired is %s, pinned %+v", r.Desired.Release.Version, r.Pin)
	}
}

// The capacity under all traffic is what traffic goes back to.
func TestCapacityUnderAllTraffic(t *testing.T) {
	w := live()
	w.Record.Desired = desired("1.1.0")
	see(&w, "env-1.0.0", func(s *rollout.Sight) { s.Healthy, s.Desired = 3, 4 })
	r, _ := rollout.Effect(w, rollout.Decide(w).Action)
	if full := r.Environment("env-1.0.0").Full; full != 4 {
		t.Errorf("when a rollout begins it is %d instances, want 4", full)
	}
	w = unserved()
	see(&w, "env-0.9.0", func(s *rollout.Sight) { s.Healthy, s.Desired = 3, 3 })
	r, _ = rollout.Effect(w, rollout.Decide(w).Action)
	if full := r.Environment("env-0.9.0").Full; full != 3 {
		t.Errorf("when it is restored it is %d instances, want 3", full)
	}
}

// Health that was read long ago says nothing of an environment that traffic goes back to
// step by step.
func TestNoHealthIsCarriedOver(t *testing.T) {
	w := wanted()
	w.Record.Environment("env-0.9.0").Proven = false
	r, _ := rollout.Effect(w, rollout.Decide(w).Action)
	if n := r.Environment("env-0.9.0").HealthyReads; n != 0 {
		t.Errorf("it begins with %d healthy reads", n)
	}
}

// Weights that were read back tell who is out of traffic since when.
func TestWhoLeftTrafficIsNoted(t *testing.T) {
	w := rolling(1)
	w.Record.Rollout.Since = time.Time{}
	r, _ := rollout.Effect(w, rollout.Settle{Weights: map[string]int{"env-1.1.0": 100}})
	if at := r.Environment("env-1.0.0").OutSince; !at.Equal(noon) {
		t.Errorf("it is out since %s", at)
	}
	if at := r.Rollout.Since; !at.Equal(noon) {
		t.Errorf("the step is there since %s", at)
	}
}

// The way back is sent, whatever a read shows: the step's weights may be on their way.
func TestWayBackIsSent(t *testing.T) {
	w := rolling(0)
	w.Record.Rollout.Since = noon.Add(-time.Minute)
	r, _ := rollout.Effect(w, rollout.Abandon{Back: endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "an alarm"}})
	w.Record, w.Traffic.Weights = r, map[string]int{"env-1.0.0": 100}
	if got := rollout.Decide(w).Action; got.String() != "set traffic to env-1.0.0 100 %" {
		t.Errorf("it comes to: %s", got)
	}
}
