// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"slices"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// DNS is what was seen of the endpoint's hosts in Route 53.
type DNS struct {
	// Target is the load balancer's own name, and DualStack says that it has IPv6
	// addresses too.
	Target    string `json:"target,omitempty"`
	DualStack bool   `json:"dual_stack,omitempty"`
	// Here are the aliases that are as they should be, and Elsewhere those in whose
	// place there is another record. The others do not exist.
	Here      []endpoint.Alias `json:"here,omitempty"`
	Elsewhere []endpoint.Alias `json:"elsewhere,omitempty"`
}

// AssumedDNS is what holds while nobody can look: that all aliases are as they were
// set. Route 53 out of reach so keeps nobody from going back to an old release.
func AssumedDNS(r *endpoint.Record) *DNS {
	return &DNS{
		Target: r.AliasTarget, Here: slices.Clone(r.Aliases),
		DualStack: slices.ContainsFunc(r.Aliases, func(a endpoint.Alias) bool { return a.Type == endpoint.TypeAAAA }),
	}
}

// Pointing says that a decision may rest on what Route 53 has. While traffic moves
// none does, so that moving it needs nothing of Route 53.
func Pointing(w World) bool {
	d := &decider{World: w, r: &w.Record}
	return (d.r.Desired.DNS != nil || len(d.r.Pointed()) > 0) && d.r.Phase != endpoint.Deleting &&
		d.r.Environment(d.r.Active) != nil && (d.r.Rollout == nil || d.parked())
}

// point sends the hosts to the load balancer, once a release serves there, and lets
// go of hosts that are not the endpoint's any more.
func (d *decider) point() (Decision, bool) {
	// While a rule is taken over, the hosts' records are its maker's.
	if d.r.Environment(d.r.Active) == nil || d.DNS == nil {
		return pass()
	}
	wanted := d.r.Desired.Aliases(d.DNS.DualStack)
	for _, a := range wanted {
		here, elsewhere, ours := slices.Contains(d.DNS.Here, a), slices.Contains(d.DNS.Elsewhere, a), d.r.Keeps(a)
		switch {
		case here && ours:
		case here:
			return do(Point{a, "it points there already"})
		case ours:
			return do(Point{a, "its record was changed outside ionroller"})
		case elsewhere:
			return do(Stop{fmt.Sprintf("hosted zone %s has a record for %s that is not ionroller's and does not point at the endpoint's load balancer: remove it, or leave dns out", a.ZoneID, a)})
		default:
			return do(Point{a, ""})
		}
	}
	for _, a := range d.r.Pointed() {
		if !slices.Contains(wanted, a) {
			return do(Unpoint{a})
		}
	}
	return pass()
}

func (e *effect) point(a endpoint.Alias) {
	e.r.AliasTarget = either(e.DNS.Target, e.r.AliasTarget)
	e.r.Pointing = without(e.r.Pointing, a)
	if !e.r.Keeps(a) {
		e.r.Aliases = append(e.r.Aliases, a)
	}
	e.tell(endpoint.HostPointed, nil, "%s points at the load balancer, %s", a, e.r.AliasTarget)
}

func (e *effect) unpoint(a endpoint.Alias) {
	e.r.Aliases, e.r.Pointing = without(e.r.Aliases, a), without(e.r.Pointing, a)
	e.tell(endpoint.HostReleased, nil, "%s is not pointed at the load balancer any more", a)
}

// point does in a model what Route 53 does.
func (d *DNS) point(a endpoint.Alias) {
	d.unpoint(a)
	d.Here = append(d.Here, a)
}

func (d *DNS) unpoint(a endpoint.Alias) {
	d.Here, d.Elsewhere = without(d.Here, a), without(d.Elsewhere, a)
}

func without(all []endpoint.Alias, a endpoint.Alias) []endpoint.Alias {
	return slices.DeleteFunc(all, func(o endpoint.Alias) bool { return o == a })
}

func (d *DNS) clone() *DNS {
	if d == nil {
		return nil
	}
	c := *d
	c.Here, c.Elsewhere = slices.Clone(d.Here), slices.Clone(d.Elsewhere)
	return &c
}

// notePoint says what becomes of a host's record.
func (p *previewer) notePoint(a Point) {
	p.raise(PlanUpdate)
	text := a.String()
	if a.Why != "" {
		text += ": " + a.Why
	}
	if p.Record.Keeps(a.Alias) {
		p.raise(PlanRepair)
	}
	p.say("%s", text)
}
