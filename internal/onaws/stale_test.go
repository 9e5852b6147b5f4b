// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"slices"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// A change that reads do not show yet is waited for, and not sent once more.
func TestStaleReadsRepeatNoChange(t *testing.T) {
	w := sandboxes(t, "stale")["stale"]
	w.connect(t)
	w.befall("elasticloadbalancing:* stale=500ms")
	w.apply("1.0.0")
	w.users()
	w.apply("1.1.0")
	w.served("1.0.0", "1.1.0")
	sent := map[string]int{}
	for _, c := range w.Calls() {
		sent[c.Operation]++
	}
	// The first weight makes the rule; the rollout's are 50 % and 100 %.
	if sent["CreateRule"] != 1 || sent["ModifyRule"] != 2 {
		t.Errorf("CreateRule was called %d times and ModifyRule %d times, want 1 and 2", sent["CreateRule"], sent["ModifyRule"])
	}
}

// A rule whose creation was not answered, and that reads do not show for a minute, is
// waited for: it is its own priority's taker.
func TestLostAnswerThatReadsDoNotShow(t *testing.T) {
	w := sandboxes(t, "unseen")["unseen"]
	w.connect(t)
	w.befall("elasticloadbalancing:CreateRule drop nth=1", "elasticloadbalancing:* stale=6s")
	w.apply("1.0.0")
	w.befall()
	rules := 0
	for _, c := range w.Calls() {
		if c.Operation == "CreateRule" && c.Outcome == "OK" {
			rules++
		}
	}
	if rules != 1 {
		t.Errorf("%d rules were made, want 1", rules)
	}
	// It is one change of weights, however often it was tried.
	events, err := w.roller.Journal.Events(t.Context(), "checkout", 0)
	if err != nil {
		t.Fatal(err)
	}
	requested := slices.DeleteFunc(events, func(e endpoint.Event) bool { return e.Type != endpoint.TrafficRequested })
	if len(requested) != 1 {
		t.Errorf("the trail tells of %d changes of weights, want 1", len(requested))
	}
	w.users()
}
