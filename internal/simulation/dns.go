// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

type dns struct{ h *holder }

func (d dns) Check(ctx context.Context, r *endpoint.Record) ([]endpoint.Problem, error) {
	if r.Desired.DNS == nil {
		return nil, nil
	}
	return nil, d.h.call(ctx, "CheckDNS", func() error { return nil })
}

func (d dns) Observe(ctx context.Context, r *endpoint.Record) (*rollout.DNS, error) {
	var seen *rollout.DNS
	err := d.h.call(ctx, "ObserveDNS", func() error {
		seen = d.h.w.zone(r)
		return nil
	})
	return seen, err
}

// zone is what there is for the hosts of a record.
func (w *World) zone(r *endpoint.Record) *rollout.DNS {
	seen := &rollout.DNS{Target: "model"}
	for _, a := range slices.Concat(r.Desired.Aliases(false), r.Pointed()) {
		switch here, exists := w.Hosts[a]; {
		case here:
			seen.Here = append(seen.Here, a)
		case exists:
			seen.Elsewhere = append(seen.Elsewhere, a)
		}
	}
	return seen
}

func (d dns) Point(ctx context.Context, r *endpoint.Record, a endpoint.Alias) error {
	hosts := d.h.w.Hosts
	return d.h.change(ctx, "Point "+a.Host, func() error {
		if here, exists := hosts[a]; exists && !here && !r.Keeps(a) {
			return fmt.Errorf("%s is somebody else's", a)
		}
		hosts[a] = true
		return nil
	})
}

func (d dns) Unpoint(ctx context.Context, _ *endpoint.Record, a endpoint.Alias) error {
	hosts := d.h.w.Hosts
	return d.h.change(ctx, "Unpoint "+a.Host, func() error {
		if hosts[a] {
			delete(hosts, a)
		}
		return nil
	})
}

// pointed checks that the hosts wanted, and no others, are sent to the load balancer.
func (l *life) pointed() {
	want := map[endpoint.Alias]bool{}
	if !l.record().TakingOver() { // while a rule is taken over, they are its maker's
		for _, a := range l.desired.Aliases(false) {
			want[a] = true
		}
	}
	if !maps.Equal(want, l.w.Hosts) {
		l.fail("hosts follow", "they are %v, and wanted are %v", l.w.Hosts, want)
	}
}
