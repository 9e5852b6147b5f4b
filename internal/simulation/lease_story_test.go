// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"testing"
	"time"
)

// Who waits shows at least every fifteen seconds that it lives, which is half a lease:
// a slow call does not cost it the endpoint.
func TestWhoWaitsKeepsItsLease(t *testing.T) {
	s := begin(t, "1.0.0")
	wrote := s.w.Now
	var longest time.Duration
	s.w.Fault = func(call string, after bool) error {
		if after && (call == "Renew" || call == "Commit") {
			longest = max(longest, s.w.Now.Sub(wrote))
			wrote = s.w.Now
		}
		return nil
	}
	s.update(spec("1.1.0"))
	if longest > 15*time.Second {
		t.Errorf("nothing was heard of it for %s", longest)
	}
}
