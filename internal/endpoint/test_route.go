// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"slices"
	"strings"
)

// TestRoute says which requests reach the newest environment, before and while
// users' requests do: those for hosts of its own, or those of the endpoint's own
// hosts that carry a header.
type TestRoute struct {
	Hosts []string `json:"hosts,omitempty"`
	// Header and Values pick requests by an HTTP header, when there are no Hosts.
	Header string   `json:"header,omitempty"`
	Values []string `json:"values,omitempty"`
}

// Smoke is a check that a new environment passes over the test route before the
// first user's request reaches it.
type Smoke struct {
	Path   string `json:"path"`
	Status int    `json:"status"` // expected HTTP code
	Count  int    `json:"count"`  // consecutive answers wanted
}

// TestHost is the host that a smoke check asks: the first plain name of the test
// route's, or else of the endpoint's own; "" when all are patterns.
func (s Spec) TestHost() string {
	hosts := s.Routing.Hosts
	if s.TestRoute != nil && len(s.TestRoute.Hosts) > 0 {
		hosts = s.TestRoute.Hosts
	}
	if i := slices.IndexFunc(hosts, func(h string) bool { return !strings.ContainsAny(h, "*?") }); i >= 0 {
		return hosts[i]
	}
	return ""
}
