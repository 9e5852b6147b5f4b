// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

// byInstance is a spec whose instances move, one after the other.
func byInstance(version string) endpoint.Spec {
	s := guarded(version)
	s.Rollout.By, s.Rollout.Steps = endpoint.ByInstance, []endpoint.Step{{Bake: endpoint.Duration(5 * time.Minute)}}
	return s
}

// instances begins with 1.0.0 live and an alarm that is quiet.
func instances(t *testing.T) story {
	s := begin(t, "1.0.0")
	s.alarm(rollout.AlarmOK)
	return s
}

// atCall does something once, when a call was made for the n-th time.
func (s story) atCall(call string, n int, do func()) {
	s.w.Watch = func(*simulation.World) {
		if len(s.w.Calls) > 0 && strings.HasPrefix(s.w.Calls[len(s.w.Calls)-1], call) {
			if n--; n == 0 {
				do()
			}
		}
	}
}

// wantApart expects nothing to be left of moving instances.
func (s story) wantApart() {
	s.Helper()
	for name, e := range s.w.Environments {
		active := s.w.Records["checkout"].Active == name
		if e.Detached || active && e.Scaling.Suspended {
			s.Errorf("%s: detached %v, bounded to %+v", name, e.Detached, e.Scaling)
		}
		if n := s.w.Healthy(name); e.Gone || n < len(e.Instances) {
			s.Errorf("%s: %d of %d instances are healthy in its target group", name, n, len(e.Instances))
		}
	}
}

func TestByInstanceThenBackAndForth(t *testing.T) {
	s := instances(t)
	s.update(byInstance("1.1.0"))
	s.want("Launch 1.1.0", "Scale 1.0.0", "Scale 1.1.0", "Detach 1.1.0", "Register 1.1.0", "Shift map[1.1.0:100]",
		"Register 1.1.0", "Deregister 1.1.0", "Register 1.1.0", "Deregister 1.1.0", "Attach 1.1.0", "Scale 1.1.0")
	s.wantApart()
	s.wantQuiet(byInstance("1.1.0"))
	old := s.w.Records["checkout"].Environments[0]
	if settled := s.w.Records["checkout"].LastRollout.Finished.Add(-5 * time.Minute); !old.OutSince.Equal(settled) {
		t.Errorf("1.0.0 left traffic at %s, and its last instance at %s", old.OutSince, settled)
	}
	if plan := s.plan(byInstance("1.0.0")); plan.Kind != rollout.PlanHot {
		t.Errorf("plan = %+v", plan)
	}
	s.w.Calls = nil
	s.update(byInstance("1.0.0"))
	s.want("Shift map[1.0.0:100]", "Scale 1.0.0", "Scale 1.1.0")
	s.update(guarded("1.2.0")) // by weight
	s.wantShares("1.2.0", 100)
	s.update(byInstance("1.3.0"))
	s.wantShares("1.3.0", 100)
	s.wantApart()
}

// Going back is one change of the rule; then nothing is left as it was held.
func TestByInstanceRolledBack(t *testing.T) {
	s := instances(t)
	kept := func(version string) endpoint.Spec {
		spec := byInstance(version)
		spec.Retention.FailedFor = endpoint.Duration(time.Hour)
		return spec
	}
	s.update(kept("1.0.0"))
	s.atCall("Deregister", 1, func() { s.w.Calls = nil; s.alarm(rollout.AlarmFiring) })
	err := s.try(kept("1.1.0"))
	s.w.Watch = nil
	s.wantErr(err, "1 of 2 instances were of it", "Release 1.0.0 is live")
	s.want("Shift map[1.0.0:100]", "Scale 1.0.0", "Scale 1.1.0", "Attach 1.1.0", "Deregister 1.1.0")
	s.wantApart()
}

// An instance that is lost is replaced by one of the same release.
func TestByInstanceLosesInstances(t *testing.T) {
	s := instances(t)
	s.atCall("Deregister", 1, func() {
		for _, e := range s.w.Environments {
			lost := e.Instances[0]
			if e.Release.Version == "1.0.0" {
				lost = e.Instances[1] // the first has left already
			}
			for i := range e.Instances {
				if e.Instances[i] == lost {
					e.Instances = append([]simulation.Instance(nil), e.Instances...)
					e.Instances[i].ID += "-again"
				}
			}
		}
	})
	s.update(byInstance("1.1.0"))
	s.wantShares("1.1.0", 100)
	s.wantApart()
}

// A cap for a rollout under way: instances cannot rest half-way, weights can.
func TestByInstanceIsCapped(t *testing.T) {
	s := instances(t)
	s.atCall("Deregister", 1, func() { s.w.Fault = flaky("Observe", 100, errors.New("service unavailable")) })
	if err := s.try(byInstance("1.1.0")); err == nil {
		t.Fatal("it was not cut short")
	}
	s.w.Fault, s.w.Watch = nil, nil
	to := guarded("1.1.0", func(p *endpoint.RolloutPolicy) { p.MaxWeight = 20 })
	if plan := s.plan(to); !strings.Contains(strings.Join(plan.Steps, "\n"), "give up the rollout to 1.1.0 in flight: it is capped at 20 %") {
		t.Errorf("plan = %+v", plan)
	}
	s.update(to)
	s.wantShares("1.1.0", 20)
	s.wantApart()
}
