// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"regexp"
	"slices"
	"strings"
)

// DNS says where the records of the endpoint's hosts are kept.
type DNS struct {
	ZoneID string `json:"zone_id"` // of the Route 53 hosted zone in which all hosts lie
}

// Alias is a Route 53 record that sends a host to the endpoint's load balancer.
type Alias struct {
	ZoneID string `json:"zone_id"`
	Host   string `json:"host"` // in lower case
	Type   string `json:"type"` // TypeA or TypeAAAA
}

// The types that an alias can have.
const (
	TypeA    = "A"
	TypeAAAA = "AAAA" // IPv6
)

func (a Alias) String() string { return a.Host + " (" + a.Type + ")" }

// Aliases are those that the endpoint is to have. A load balancer of the dual stack
// has IPv6 addresses too.
func (s Spec) Aliases(dualStack bool) []Alias {
	if s.DNS == nil {
		return nil
	}
	var all []Alias
	for _, host := range s.Routing.Hosts {
		host = strings.ToLower(host)
		all = append(all, Alias{s.DNS.ZoneID, host, TypeA})
		if dualStack {
			all = append(all, Alias{s.DNS.ZoneID, host, TypeAAAA})
		}
	}
	return all
}

// Keeps says that an alias is the endpoint's: ionroller set it, or took it over.
func (r *Record) Keeps(a Alias) bool { return slices.Contains(r.Aliases, a) }

// Pointed are the aliases that are the endpoint's, or may be: those whose setting
// was asked for by a run that died too.
func (r *Record) Pointed() []Alias { return slices.Concat(r.Aliases, r.Pointing) }

var (
	zoneForm = regexp.MustCompile(`^[A-Z0-9]{1,32}$`)
	// hostForm are the names that a record can have: an asterisk only stands for a
	// whole label, the first one.
	hostForm = regexp.MustCompile(`(?i)^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+$`)
)

func (v *validator) dns(d *DNS, hosts []string) {
	if d == nil {
		return
	}
	if !zoneForm.MatchString(d.ZoneID) {
		v.add("dns.zone_id", "%q is not the id of a hosted zone, as in \"Z0123456789ABCDEFGHIJ\"", d.ZoneID)
	}
	for _, host := range hosts {
		if !hostForm.MatchString(host) {
			v.add("dns", "host %q cannot have a DNS record: a record's name has no ?, and * only as its first label, as in \"*.acme.com\"; change the host, or leave dns out", host)
		}
	}
}
