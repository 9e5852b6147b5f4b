// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"context"
	"fmt"
	"slices"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

type dns struct{ w *World }

func (d dns) Check(context.Context, *endpoint.Record) ([]endpoint.Problem, error) {
	return nil, d.w.fault("CheckDNS", false)
}

func (d dns) Observe(_ context.Context, r *endpoint.Record) (*rollout.DNS, error) {
	seen := &rollout.DNS{Target: "model"}
	for _, a := range slices.Concat(r.Desired.Aliases(false), r.Aliases) {
		switch here, exists := d.w.Hosts[a]; {
		case here:
			seen.Here = append(seen.Here, a)
		case exists:
			seen.Elsewhere = append(seen.Elsewhere, a)
		}
	}
	return seen, d.w.fault("ObserveDNS", false)
}

func (d dns) Point(_ context.Context, r *endpoint.Record, a endpoint.Alias) error {
	return d.w.change("Point "+a.Host, func() error {
		if here, exists := d.w.Hosts[a]; exists && !here && !r.Keeps(a) {
			return fmt.Errorf("%s is somebody else's", a)
		}
		d.w.Hosts[a] = true
		return nil
	})
}

func (d dns) Unpoint(_ context.Context, _ *endpoint.Record, a endpoint.Alias) error {
	return d.w.change("Unpoint "+a.Host, func() error {
		if d.w.Hosts[a] {
			delete(d.w.Hosts, a)
		}
		return nil
	})
}
