// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

var errKilled = errors.New("killed")

// kill ends a run at its n-th call, before or after the call's effect, and leaves
// the lease with a holder that is dead.
func kill(w *simulation.World, n int, after bool) {
	w.Fault = func(call string, happened bool) error {
		if happened == after {
			n--
		}
		if n < 0 {
			return fmt.Errorf("%s: %w", call, errKilled)
		}
		return nil
	}
}

// watch fails the test when users would be hurt.
func watch(t *rapid.T, hurt map[string]bool) func(*simulation.World) {
	return func(w *simulation.World) {
		last := w.Calls[len(w.Calls)-1]
		if w.Rule == nil {
			return
		}
		sum := 0
		for name, share := range w.Rule.Weights {
			sum += share
			e := w.Environments[name]
			if strings.HasPrefix(last, "Shift") && !hurt[name] && w.Healthy(name) == 0 {
				t.Fatalf("%s: %s has %d %% of traffic and no healthy instance", last, name, share)
			}
			if !hurt[name] && (e == nil || e.Gone) {
				t.Fatalf("%s: %s has %d %% of traffic and does not exist", last, name, share)
			}
		}
		if strings.HasPrefix(last, "Shift") && sum != 100 {
			t.Fatalf("%s: shares sum to %d", last, sum)
		}
		if name, ok := strings.CutPrefix(last, "Retire "); ok && !hurt[name] {
			if left := w.Now.Sub(w.Environments[name].LastShare); !w.Environments[name].LastShare.IsZero() && left < 25*time.Second {
				t.Fatalf("%s %s after it had traffic", last, left)
			}
		}
	}
}

// TestAnyRunMayDieAnywhere applies versions one after the other, kills runs at
// any call, lets people meddle and time pass; then, left alone, the endpoint
// comes to what is desired, and stays there.
func TestAnyRunMayDieAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := simulation.New()
		hurt := map[string]bool{}
		w.Watch = watch(t, hurt)
		versions := rapid.SampledFrom([]string{"1.0.0", "1.1.0", "1.2.0"})
		ctx := context.Background()
		for range rapid.IntRange(1, 6).Draw(t, "applies") {
			if rapid.Bool().Draw(t, "killed") {
				kill(w, rapid.IntRange(0, 60).Draw(t, "at call"), rapid.Bool().Draw(t, "after its effect"))
			}
			err := apply(ctx, w, spec(versions.Draw(t, "version")))
			if w.Fault == nil && err != nil {
				t.Fatalf("apply: %v", err)
			}
			w.Fault = nil
			abandon(w)
			meddle(t, w, hurt)
			w.Now = w.Now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
		}
		desired := spec(versions.Draw(t, "at last"))
		if err := apply(ctx, w, desired); err != nil {
			t.Fatalf("left alone, apply: %v", err)
		}
		seen, err := w.Roller("plan").Observe(ctx, "checkout")
		if err != nil {
			t.Fatal(err)
		}
		if plan := rollout.Preview(*seen); plan.Kind != rollout.PlanNothing {
			t.Fatalf("it does not stay there: %+v", plan)
		}
		if got := seen.Record.ActiveVersion(); got != desired.Release.Version {
			t.Fatalf("%s is live, want %s", got, desired.Release.Version)
		}
		explained(t, w)
		if err := w.Roller("apply").Remove(ctx, "checkout"); err != nil || len(w.Environments) > 0 {
			t.Fatalf("removal: %v, left %v", err, w.Environments)
		}
	})
}

// apply is what Terraform does: create what it has no state of, update the rest.
func apply(ctx context.Context, w *simulation.World, s endpoint.Spec) error {
	r := w.Records["checkout"]
	var err error
	if r == nil || r.Phase != endpoint.Live {
		_, err = w.Roller("apply").Create(ctx, s)
	} else {
		_, err = w.Roller("apply").Update(ctx, s, nil)
	}
	return err
}

// abandon leaves the lease as a killed process does.
func abandon(w *simulation.World) {
	if r := w.Records["checkout"]; r != nil && r.Lease != nil {
		r.Lease.Who.Run = "dead"
	}
}

// meddle is a person at the console.
func meddle(t *rapid.T, w *simulation.World, hurt map[string]bool) {
	r := w.Records["checkout"]
	if r == nil || len(r.Environments) == 0 {
		return
	}
	name := r.Environments[rapid.IntRange(0, len(r.Environments)-1).Draw(t, "which")].Name
	switch rapid.IntRange(0, 9).Draw(t, "meddling") {
	case 0:
		w.Rule = nil
	case 1:
		if e := w.Environments[name]; e != nil && w.Rule != nil {
			w.Rule.Weights = map[string]int{name: 7}
			e.LastShare = w.Now
		}
	case 2:
		if e := w.Environments[name]; e != nil {
			e.Gone, hurt[name] = true, true
		}
	}
}

// explained checks that the trail is an unbroken chain.
func explained(t *rapid.T, w *simulation.World) {
	previous := endpoint.TrailHead{}
	for _, e := range w.Trail {
		if e.Sequence != previous.Sequence+1 || e.Previous != previous.Hash {
			t.Fatalf("the trail breaks at event %d, %s", e.Sequence, e.Type)
		}
		previous = endpoint.TrailHead{Sequence: e.Sequence, Hash: e.Hash()}
	}
}
