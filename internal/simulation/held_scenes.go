// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// holding leads to what only happens to rollouts that are guarded, held or tested.
func (l *life) holding(p Pair) {
	next := l.other()
	switch p.Fault {
	case Refused, Broken, Sick:
		next.Retention.FailedFor = endpoint.Duration(30 * time.Minute) // what failed stays for a while
	}
	next.Rollout.By = endpoint.ByWeight
	next.Rollout.Steps = []endpoint.Step{
		{Weight: 20, Bake: endpoint.Duration(5 * time.Second)}, {Weight: 50, Bake: endpoint.Duration(5 * time.Second)},
	}
	apply := func() {
		l.desired = next
		if l.broken == nil {
			l.wish(l.apply(next, false))
		}
	}
	pause := func(then endpoint.AfterTheWait) {
		for i := range next.Rollout.Steps {
			next.Rollout.Steps[i].Pause = endpoint.Pause{Deadline: endpoint.Duration(10 * time.Second), Then: then}
		}
	}
	switch p.Action {
	case "Obey":
		for range 3 {
			l.order()
		}
	case "Recap":
		for _, limit := range []int{5, 15, 10} {
			next.Rollout.MaxWeight = limit
			apply()
		}
		next.Rollout.MaxWeight = 0
	case "Join", "Attach", "Detach", "Register", "Deregister":
		next.Rollout.By = endpoint.ByInstance
		next.Rollout.Steps = []endpoint.Step{{Bake: endpoint.Duration(5 * time.Second)}}
		next.Retention.Max = 0 // to what is kept it would go by weight
		l.aims = append(l.aims, aim{p, 3})
		for range 2 {
			apply()
			next.Release.Version = l.other().Release.Version
		}
	case "Lift":
		pause(endpoint.ThenPromote)
	case "Freeze", "Thaw":
		pause(endpoint.ThenFreeze)
		for range 2 {
			apply()
			l.retry++
			next.Rollout.Retry = l.retry
		}
	case "Probe", "Aim", "Unaim":
		l.tested(&next)
		next.Rollout.Smoke = &endpoint.Smoke{Path: "/", Status: 200, Count: 3}
		if p.Action == "Unaim" {
			apply()
			next.TestRoute, next.Rollout.Smoke = nil, nil
		}
	case "Point", "Unpoint":
		l.named(&next)
		next.Routing.Hosts = []string{"checkout.acme.com"}
		apply()
		next.Routing.Hosts = []string{"pay.acme.com"}
		if p.Action == "Unpoint" {
			apply()
			next.DNS = nil
		}
	}
	apply()
}
