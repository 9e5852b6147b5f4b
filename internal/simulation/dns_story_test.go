// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/simulation"
)

var (
	checkout = endpoint.Alias{ZoneID: "Z1", Host: "checkout.acme.com", Type: endpoint.TypeA}
	pay      = endpoint.Alias{ZoneID: "Z1", Host: "pay.acme.com", Type: endpoint.TypeA}
)

func named(version string, hosts ...string) endpoint.Spec {
	s := spec(version)
	s.Routing.Hosts, s.DNS = hosts, &endpoint.DNS{ZoneID: "Z1"}
	return s
}

func TestHostsFollow(t *testing.T) {
	ctx := context.Background()
	w := simulation.New()
	if _, err := w.Roller("apply").Create(ctx, named("1.0.0", checkout.Host)); err != nil || !w.Hosts[checkout] {
		t.Fatalf("%v, hosts %v", err, w.Hosts)
	}
	if _, err := w.Roller("apply").Update(ctx, named("1.0.0", pay.Host), nil); err != nil || w.Hosts[checkout] || !w.Hosts[pay] {
		t.Fatalf("%v, hosts %v", err, w.Hosts)
	}
	w.Hosts[pay] = false // somebody pointed it elsewhere
	if _, err := w.Roller("reconcile").Reconcile(ctx, "checkout"); err != nil || !w.Hosts[pay] {
		t.Fatalf("%v, hosts %v", err, w.Hosts)
	}
	w.Calls = nil
	if err := w.Roller("destroy").Remove(ctx, "checkout"); err != nil || len(w.Hosts) > 0 {
		t.Fatalf("%v, hosts %v", err, w.Hosts)
	}
	if i := slices.Index(w.Calls, "Unpoint pay.acme.com"); i != 0 || !slices.Contains(w.Calls, "Unroute") {
		t.Errorf("calls %v", w.Calls)
	}
}

// A host that was pointed by a run that died before it could note it is let go of
// like any other: when it is not wanted any more, and with the endpoint.
func TestHostsOfARunThatDied(t *testing.T) {
	ctx := context.Background()
	for name, then := range map[string]func(w *simulation.World) error{
		"dns is left out": func(w *simulation.World) error {
			_, err := w.Roller("apply").Update(ctx, spec("1.0.0"), nil)
			return err
		},
		"another host": func(w *simulation.World) error {
			_, err := w.Roller("apply").Update(ctx, named("1.0.0", pay.Host), nil)
			return err
		},
		"removed": func(w *simulation.World) error { return w.Roller("destroy").Remove(ctx, "checkout") },
	} {
		t.Run(name, func(t *testing.T) {
			w := simulation.New()
			if _, err := w.Roller("apply").Create(ctx, spec("1.0.0")); err != nil {
				t.Fatal(err)
			}
			dead := false
			w.Fault = func(call string, after bool) error {
				if dead = dead || after && strings.HasPrefix(call, "Point"); dead {
					return errors.New("killed")
				}
				return nil
			}
			if _, err := w.Roller("apply").Update(ctx, named("1.0.0", checkout.Host), nil); err == nil || !w.Hosts[checkout] {
				t.Fatalf("it ended with %v, hosts %v", err, w.Hosts)
			}
			w.Fault = nil
			if err := then(w); err != nil {
				t.Fatal(err)
			}
			if _, left := w.Hosts[checkout]; left {
				t.Errorf("hosts %v", w.Hosts)
			}
		})
	}
}

// Route 53 out of reach keeps nobody from going back to the old release.
func TestRollbackWithoutRoute53(t *testing.T) {
	ctx := context.Background()
	w := simulation.New()
	for i, version := range []string{"1.0.0", "1.1.0"} {
		var err error
		if i == 0 {
			_, err = w.Roller("apply").Create(ctx, named(version, checkout.Host))
		} else {
			_, err = w.Roller("apply").Update(ctx, named(version, checkout.Host), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Fault = func(call string, _ bool) error {
		if call == "ObserveDNS" || strings.HasPrefix(call, "Point") {
			return errors.New("Route 53 is out of reach")
		}
		return nil
	}
	world, err := w.Roller("apply").Update(ctx, named("1.0.0", checkout.Host), nil)
	if err != nil || world.Record.ActiveVersion() != "1.0.0" || world.Record.LastRollout.Kind != endpoint.Hot {
		t.Errorf("%v, %s is live", err, world.Record.ActiveVersion())
	}
}
