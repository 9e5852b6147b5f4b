// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"sync"
	"testing"
)

// Two endpoints that are made on one listener at once both go live, although their
// environments race for a priority.
func TestEndpointsThatRace(t *testing.T) {
	w := sandboxes(t, "checkout")["checkout"]
	w.connect(t)
	w.befall("elasticbeanstalk:CreateEnvironment race times=2")
	var both sync.WaitGroup
	for _, name := range []string{"checkout", "search"} {
		spec := w.spec("1.0.0")
		spec.Name, spec.Routing.Hosts = name, []string{name + ".acme.com"}
		both.Go(func() {
			if _, err := w.roller.Create(t.Context(), spec); err != nil {
				t.Errorf("creating %s: %v", name, err)
			}
		})
	}
	both.Wait()
}
