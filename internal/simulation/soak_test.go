// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

// TestSoak lives through random seeds for as long as it is told, and says now and
// then how far it is.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("a soak is asked for by -soak, or make soak")
	}
	all := sum{Report: simulation.Report{Met: simulation.Coverage{}}}
	end := time.Now().Add(*soak)
	for all.Violation == nil && time.Now().Before(end) {
		stop := time.Now().Add(min(time.Minute, time.Until(end)))
		part := many(func() (uint64, bool) { return rand.Uint64(), time.Now().Before(stop) })
		all.join(part)
		t.Logf("%s; %.0f a second; %d of the pairs met less than %d times", all, float64(all.lives)/all.took.Seconds(), len(all.Met.Rare(wanted)), wanted)
	}
	t.Logf("coverage:\n%s", all.Met)
	if all.Violation != nil {
		fail(t, all.Violation)
	}
}
