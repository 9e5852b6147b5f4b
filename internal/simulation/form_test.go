// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// A record's stored form loses nothing that matters: lives whose records go through
// it are the same, line by line, as those whose records do not.
func TestStoredFormLosesNothing(t *testing.T) {
	for seed := range uint64(60) {
		var direct, frozen []string
		live(seed, func(line string) { direct = append(direct, line) }, false)
		live(seed, func(line string) { frozen = append(frozen, line) }, true)
		if diff := cmp.Diff(direct, frozen); diff != "" {
			t.Fatalf("seed %d (-copied +through its stored form):\n%s", seed, diff)
		}
	}
}

// A seed is the whole of a life.
func TestASeedIsTheWholeOfALife(t *testing.T) {
	for seed := range uint64(60) {
		var first, again []string
		live(seed, func(line string) { first = append(first, line) }, false)
		live(seed, func(line string) { again = append(again, line) }, false)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("seed %d (-first +again):\n%s", seed, diff)
		}
	}
}

// The simulation knows actions by how the loop words them.
func TestActionsAreKnownByTheirWords(t *testing.T) {
	for kind, action := range map[string]rollout.Action{
		"Start": rollout.Start{Rollout: endpoint.Rollout{Kind: endpoint.New, To: "x"}}, "Count": rollout.Count{Environment: "x"},
		"Advance": rollout.Advance{}, "Settle": rollout.Settle{}, "Promote": rollout.Promote{}, "Abandon": rollout.Abandon{},
		"Conclude": rollout.Conclude{}, "Lose": rollout.Lose{Environment: "x"}, "Restore": rollout.Restore{Environment: "x"},
		"Accept": rollout.Accept{}, "Launch": rollout.Launch{Environment: "x"}, "Shift": rollout.Shift{},
		"Scale": rollout.Scale{Environment: "x"}, "Resize": rollout.Resize{Environment: "x"}, "Unroute": rollout.Unroute{},
		"Retire": rollout.Retire{Environment: "x"}, "Forget": rollout.Forget{Environment: "x"}, "Dissolve": rollout.Dissolve{},
		"Note": rollout.Note{}, "Lack": rollout.Lack{Of: rollout.Health},
		"Obey": rollout.Obey{}, "Recap": rollout.Recap{}, "Lift": rollout.Lift{}, "Join": rollout.Join{}, "Attach": rollout.Attach{}, "Detach": rollout.Detach{},
		"Register": rollout.Register{}, "Deregister": rollout.Deregister{}, "Freeze": rollout.Freeze{}, "Thaw": rollout.Thaw{},
		"Probe": rollout.Probe{Environment: "x"}, "Aim": rollout.Aim{Environment: "x"}, "Unaim": rollout.Aim{},
		"Point": rollout.Point{}, "Unpoint": rollout.Unpoint{},
	} {
		if got := kindOf(action.String()); got != kind {
			t.Errorf("%q is taken for %q, want %s", action, got, kind)
		}
		if records[kind] == rollout.Touches(action) {
			t.Errorf("%s changes AWS or only the record, and the simulation has it the other way round", kind)
		}
	}
}

// A run that stands still beyond its lease finds that AWS takes no call of its any
// more.
func TestALeaseEndsByTheModelsClock(t *testing.T) {
	w := New()
	h := &holder{w: w, run: "apply"}
	s, err := (&journal{h}).Acquire(context.Background(), name, endpoint.Who{Run: "apply"}, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := s.Within(context.Background())
	defer cancel()
	if w.Now = w.Now.Add(leaseLength - leaseMargin - 1); ctx.Err() != nil {
		t.Errorf("over too soon: %v", ctx.Err())
	}
	if w.Now = w.Now.Add(1); ctx.Err() == nil {
		t.Error("not over a margin before the lease")
	}
}
