// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// Target is a server that takes requests for a group. ID and Port name it.
type Target struct {
	ID   string
	Port int
	Addr string // the real host:port
}

// TargetHealth is a target's state, in ELB's words. Reason and Description are
// empty for a healthy one.
type TargetHealth struct {
	Target      Target
	State       string // initial, healthy, unhealthy, draining, unused or unavailable
	Reason      string
	Description string
}

const (
	stateInitial     = "initial"
	stateHealthy     = "healthy"
	stateUnhealthy   = "unhealthy"
	stateDraining    = "draining"
	stateUnused      = "unused"
	stateUnavailable = "unavailable"
)

// condition is a state with its reason.
type condition struct{ state, reason, description string }

var (
	registering = condition{stateInitial, "Elb.RegistrationInProgress", "Target registration is in progress"}
	checking    = condition{stateInitial, "Elb.InitialHealthChecking", "Initial health checks in progress"}
	healthy     = condition{stateHealthy, "", ""}
	draining    = condition{stateDraining, "Target.DeregistrationInProgress", "Target deregistration is in progress"}
	unused      = condition{stateUnused, "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"}
	unchecked   = condition{stateUnavailable, "Target.HealthCheckDisabled", "Health checks are disabled for this target group"}
)

// target is a Target with its state, which its group's lock guards.
type target struct {
	Target
	condition
	passes   int // in a row
	failures int // in a row
	cancel   context.CancelFunc
	drained  *time.Timer // removes the target when its draining is over
	left     atomic.Bool // deregistered
	pooled   *http.Transport
}

func (t *target) leaving() bool { return t.left.Load() }

func (t *target) set(c condition) { t.condition = c }

// transportFor chooses between kept-alive and single-use connections.
func (g *Group) transportFor(t *target, r *http.Request) *http.Transport {
	if replayable(r) {
		return t.pooled
	}
	return g.single
}

// stop ends what goes on in the background for the target.
func (t *target) stop() {
	t.passes, t.failures = 0, 0
	if t.cancel != nil {
		t.cancel()
		t.cancel = nil
	}
	if t.drained != nil {
		t.drained.Stop()
		t.drained = nil
	}
}

// record takes in one check's outcome: failed is nil when it passed. One pass
// makes a new target healthy; after that it takes as many in a row as the
// thresholds say to change its state.
func (t *target) record(h HealthCheck, failed *condition) {
	if failed == nil {
		t.passes, t.failures = t.passes+1, 0
		if t.state == stateInitial || t.passes >= h.Healthy {
			t.set(healthy)
		}
		return
	}
	t.passes, t.failures = 0, t.failures+1
	switch {
	case t.state == stateUnhealthy || t.failures >= h.Unhealthy:
		t.set(*failed)
	case t.state == stateInitial:
		t.set(checking)
	}
}
