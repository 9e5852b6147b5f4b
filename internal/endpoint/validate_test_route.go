// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"fmt"
	"slices"
	"strings"
)

// reservedHeaders cannot be matched by a rule's header condition, as the ELBv2 API
// reference says of HttpHeaderConditionConfig.
var reservedHeaders = []string{"host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"}

func (v *validator) testRoute(s Spec) {
	t := s.TestRoute
	if t == nil {
		if s.Rollout.Smoke != nil {
			v.add("rollout.smoke", "needs a test_route to be made over: users' requests must not reach the new environment before it passed")
		}
		return
	}
	switch {
	case len(t.Hosts) > 0 && t.Header != "":
		v.add("test_route.header", "a test route has hosts of its own or a header, not both")
	case len(t.Hosts) == 0 && t.Header == "":
		v.add("test_route.hosts", "is empty: name a host for tests, or a header")
	case len(t.Hosts) > MaxConditions:
		v.add("test_route.hosts", "%d hosts: a listener rule has at most %d conditions", len(t.Hosts), MaxConditions)
	case t.Header != "":
		v.testHeader(s)
	}
	for i, h := range t.Hosts {
		attribute := fmt.Sprintf("test_route.hosts[%d]", i)
		switch {
		case h == "" || len(h) > 128:
			v.add(attribute, "%q has %d characters: 1 to 128 are allowed", h, len(h))
		case slices.ContainsFunc(s.Routing.Hosts, func(own string) bool { return strings.EqualFold(own, h) }):
			v.add(attribute, "%q is among routing.hosts: those are its users'", h)
		}
	}
	v.smoke(s)
}

func (v *validator) testHeader(s Spec) {
	t := s.TestRoute
	if len(t.Header) > 40 || slices.Contains(reservedHeaders, strings.ToLower(t.Header)) {
		v.add("test_route.header", "%q: a rule takes header names of at most 40 characters, but not %s", t.Header, strings.Join(reservedHeaders, ", "))
	}
	if len(t.Values) == 0 {
		v.add("test_route.values", "is empty: name at least one value of header %s", t.Header)
	}
	if n := len(s.Routing.Hosts) + len(s.Routing.Paths) + len(t.Values); n > MaxConditions {
		v.add("test_route.values", "with the hosts and paths of routing they make %d conditions: a listener rule has at most %d", n, MaxConditions)
	}
}

func (v *validator) smoke(s Spec) {
	c := s.Rollout.Smoke
	if c == nil {
		return
	}
	if !pathForm.MatchString(c.Path) {
		v.add("rollout.smoke.path", "%q does not begin with /", c.Path)
	}
	if c.Status < 100 || c.Status > 599 {
		v.add("rollout.smoke.status", "%d is not an HTTP code", c.Status)
	}
	if c.Count < 1 || c.Count > 1000 {
		v.add("rollout.smoke.count", "%d is outside 1 to 1000", c.Count)
	}
	if s.TestHost() == "" {
		v.add("rollout.smoke", "has no host to ask: all that reach the test route are patterns; add a plain name")
	}
}
