// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

var (
	ipv4 = endpoint.Alias{ZoneID: "Z1", Host: "checkout.acme.com", Type: endpoint.TypeA}
	ipv6 = endpoint.Alias{ZoneID: "Z1", Host: "checkout.acme.com", Type: endpoint.TypeAAAA}
)

// pointed is an endpoint at rest whose host has its alias.
func pointed() rollout.World {
	w := live()
	withDNS(&w.Record.Desired)
	accepted := w.Record.Desired
	w.Record.Accepted = &accepted
	w.Record.Aliases = []endpoint.Alias{ipv4}
	w.DNS = &rollout.DNS{Target: "front.elb", Here: []endpoint.Alias{ipv4}}
	return w
}

func withDNS(s *endpoint.Spec) {
	s.Routing.Hosts, s.DNS = []string{"Checkout.acme.com"}, &endpoint.DNS{ZoneID: "Z1"}
}

func TestAliases(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *rollout.World)
		want   string // the action
		plan   rollout.PlanKind
		says   string // of the plan's steps
	}{
		"at rest": {func(*rollout.World) {}, "rest", rollout.PlanNothing, ""},
		"dns is new": {func(w *rollout.World) {
			w.Record.Aliases, w.DNS.Here, w.Record.Accepted.DNS = nil, nil, nil
		}, "point checkout.acme.com at the load balancer", rollout.PlanUpdate, "point checkout.acme.com at the load balancer"},
		"it points here, set by others": {func(w *rollout.World) { w.Record.Aliases = nil },
			"point checkout.acme.com at the load balancer", rollout.PlanUpdate, "it points there already"},
		"somebody else's is there": {func(w *rollout.World) {
			w.Record.Aliases, w.DNS.Here, w.DNS.Elsewhere = nil, nil, []endpoint.Alias{ipv4}
		}, "hosted zone Z1 has a record for checkout.acme.com (A) that is not ionroller's", rollout.PlanNothing, "stop: hosted zone Z1"},
		"ours was changed": {func(w *rollout.World) { w.DNS.Here, w.DNS.Elsewhere = nil, []endpoint.Alias{ipv4} },
			"point checkout.acme.com at the load balancer", rollout.PlanRepair, "changed outside ionroller"},
		"ours was removed": {func(w *rollout.World) { w.DNS.Here = nil },
			"point checkout.acme.com at the load balancer", rollout.PlanRepair, "changed outside ionroller"},
		"the load balancer got IPv6": {func(w *rollout.World) { w.DNS.DualStack = true },
			"point checkout.acme.com at the load balancer for IPv6", rollout.PlanUpdate, "for IPv6"},
		"the load balancer lost IPv6": {func(w *rollout.World) {
			w.Record.Aliases, w.DNS.Here = []endpoint.Alias{ipv4, ipv6}, []endpoint.Alias{ipv4, ipv6}
		}, "remove the DNS record of checkout.acme.com (AAAA)", rollout.PlanUpdate, "remove the DNS record"},
		"another host": {func(w *rollout.World) { w.Record.Desired.Routing.Hosts = []string{"pay.acme.com"} },
			"point pay.acme.com at the load balancer", rollout.PlanUpdate, "remove the DNS record of checkout.acme.com (A)"},
		"dns is left out": {func(w *rollout.World) { w.Record.Desired.DNS = nil },
			"remove the DNS record of checkout.acme.com (A)", rollout.PlanUpdate, "remove the DNS record of checkout.acme.com (A)"},
		"nobody could look": {func(w *rollout.World) { w.DNS = rollout.AssumedDNS(&w.Record) }, "rest", rollout.PlanNothing, ""},
		"traffic is not as it should be": {func(w *rollout.World) { w.DNS.Here, w.Traffic.Routed = nil, false },
			"set traffic to env-1.0.0 100 %", rollout.PlanRepair, "at the load balancer"},
		"being removed": {func(w *rollout.World) { w.Record.Phase, w.DNS = endpoint.Deleting, nil },
			"remove the DNS record of checkout.acme.com (A)", rollout.PlanUpdate, "remove the DNS record"},
	} {
		t.Run(name, func(t *testing.T) {
			w := pointed()
			c.change(&w)
			if got := rollout.Decide(w).Action; got == nil || !strings.HasPrefix(got.String(), c.want) {
				t.Errorf("decided %v, want %s", got, c.want)
			}
			plan := rollout.Preview(w)
			if text := strings.Join(plan.Steps, "\n"); w.Record.Phase == endpoint.Live && plan.Kind != c.plan || !strings.Contains(text, c.says) {
				t.Errorf("plan %+v, want %s that says %q", plan, c.plan, c.says)
			}
		})
	}
}

// The first release serves before its host is pointed there.
func TestFirstReleaseIsPointedAtLast(t *testing.T) {
	spec := desired("1.0.0")
	withDNS(&spec)
	plan := rollout.Preview(rollout.World{Now: noon, Record: endpoint.Record{Endpoint: "checkout", Phase: endpoint.Creating, Desired: spec}})
	at := slices.Index(plan.Steps, "point checkout.acme.com at the load balancer")
	if at != len(plan.Steps)-1 || at < 1 {
		t.Errorf("steps %q", plan.Steps)
	}
}

// Route 53 takes no part in moving traffic.
func TestPointing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *rollout.World)
		want   bool
	}{
		"at rest":               {func(*rollout.World) {}, true},
		"dns is left out":       {func(w *rollout.World) { w.Record.Desired.DNS = nil }, true},
		"no dns":                {func(w *rollout.World) { w.Record.Desired.DNS, w.Record.Aliases = nil, nil }, false},
		"nothing serves":        {func(w *rollout.World) { w.Record.Active = "" }, false},
		"a rollout is underway": {func(w *rollout.World) { w.Record.Rollout = rolling(0).Record.Rollout }, false},
		"it is frozen": {func(w *rollout.World) {
			w.Record.Rollout = rolling(0).Record.Rollout
			w.Record.Rollout.Frozen = &endpoint.Stall{}
		}, true},
	} {
		w := pointed()
		c.change(&w)
		if got := rollout.Pointing(w); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
