// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// What is reused has to be there, whole, proven and wanted: otherwise the release gets
// another environment, or none at all.
func TestOnlyWhatIsSoundIsReused(t *testing.T) {
	made := func(version string) string {
		return "start new rollout to " + endpoint.EnvironmentName("checkout", release(version), 1)
	}
	for name, c := range map[string]struct {
		world  func() rollout.World // in which env-0.9.0 is used again
		again  string               // how
		change func(*rollout.World, *endpoint.Environment)
		want   string
	}{
		"going back: it is being removed": {wanted, "start hot rollout to env-0.9.0", func(w *rollout.World, e *endpoint.Environment) {
			e.Retired = noon.Add(-time.Second)
		}, made("0.9.0")},
		"going back: a read does not show it": {wanted, "start hot rollout to env-0.9.0", func(w *rollout.World, e *endpoint.Environment) {
			e.Created, w.Sights[e.Name] = noon.Add(-time.Second), rollout.Sight{}
		}, made("0.9.0")},
		"going back: it lost an instance": {wanted, "start hot rollout to env-0.9.0", func(w *rollout.World, e *endpoint.Environment) {
			see(w, e.Name, func(s *rollout.Sight) { s.Healthy = 1 })
		}, "start warm rollout to env-0.9.0"},
		"going back: it was rejected": {wanted, "start hot rollout to env-0.9.0", func(w *rollout.World, e *endpoint.Environment) {
			w.Record.Rejections = []endpoint.Rejection{{Fingerprint: e.Fingerprint, Version: "0.9.0"}}
		}, "rest"},
		"going back: it failed": {wanted, "start hot rollout to env-0.9.0", func(w *rollout.World, e *endpoint.Environment) {
			w.Record.GivenUp = e.Fingerprint
		}, "rest"},
		"nothing serves: it is being removed": {unserved, "make env-0.9.0 the active environment", func(w *rollout.World, e *endpoint.Environment) {
			e.Retired = noon.Add(-time.Second)
		}, made("1.0.0")},
		"nothing serves: it did not prove itself": {unserved, "make env-0.9.0 the active environment", func(w *rollout.World, e *endpoint.Environment) {
			e.Proven = false
		}, made("1.0.0")},
		"nothing serves: it lost an instance": {unserved, "make env-0.9.0 the active environment", func(w *rollout.World, e *endpoint.Environment) {
			see(w, e.Name, func(s *rollout.Sight) { s.Healthy = 1 })
		}, made("1.0.0")},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.world()
			if got := rollout.Decide(w).Action.String(); got != c.again {
				t.Fatalf("sound, and it comes to: %s", got)
			}
			c.change(&w, w.Record.Environment("env-0.9.0"))
			if got := rollout.Decide(w).Action.String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// wanted is an endpoint that is to go back to 0.9.0, which is kept.
func wanted() rollout.World {
	w := live()
	retained(&w, time.Minute)
	w.Record.Desired = desired("0.9.0")
	return w
}

// unserved is an endpoint whose live environment is gone, and that keeps 0.9.0.
func unserved() rollout.World {
	w := live()
	retained(&w, time.Minute)
	w.Record.Environment("env-1.0.0").Failure, w.Record.Active = "gone", ""
	return w
}
