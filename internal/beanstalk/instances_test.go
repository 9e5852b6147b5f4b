// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk_test

import (
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Instances of one environment come into the target group of another and leave it
// again; what was asked for twice is done once.
func TestInstancesMove(t *testing.T) {
	w := newWorld(t, nil)
	ctx := t.Context()
	w.launch(w.release("1.0.0"))
	w.launch(w.release("1.1.0"))
	from, to := &w.record.Environments[0], &w.record.Environments[1]
	s := w.see(from)
	guests := s.Instances
	if len(guests) != 2 || s.Targets[guests[0]] != rollout.TargetHealthy || s.Detached {
		t.Fatalf("seen: %+v", s)
	}
	for range 2 {
		w.ok(w.platform.Detach(ctx, to))
	}
	w.until(to, "empty", func(s rollout.Sight) bool { return s.Detached && len(s.Targets) == 0 && s.Healthy == 0 })
	for range 2 {
		w.ok(w.platform.Register(ctx, to, guests))
	}
	s = w.until(to, "shared", func(s rollout.Sight) bool {
		return s.Targets[guests[0]] == rollout.TargetHealthy && s.Targets[guests[1]] == rollout.TargetHealthy
	})
	if s.Healthy != 0 || s.Able() != 2 || len(s.Instances) != 2 {
		t.Errorf("guests are taken for its own: %+v", s)
	}
	w.ok(w.platform.Register(ctx, to, s.Instances[:1]))
	w.until(to, "mixed", func(s rollout.Sight) bool { return s.Healthy == 1 && s.Able() == 3 })
	for range 2 {
		w.ok(w.platform.Deregister(ctx, to, guests[:1]))
	}
	w.until(to, "left by one", func(s rollout.Sight) bool { return s.Able() == 2 && s.Targets[guests[0]] != rollout.TargetHealthy })
	for range 2 {
		w.ok(w.platform.Attach(ctx, to))
	}
	w.until(to, "attached", func(s rollout.Sight) bool { return !s.Detached && s.Healthy == 2 })
	if s := w.see(from); s.Healthy != 2 || s.Detached {
		t.Errorf("the other environment is %+v", s)
	}
}
