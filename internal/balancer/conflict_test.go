// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		theirs, ours string
		want         bool
	}{
		{"*", "checkout.acme.com", true},
		{"*.acme.com", "checkout.acme.com", true},
		{"*.acme.com", "acme.com", false},
		{"*.acme.com", "*.acme.com", true},
		{"*.acme.com", "*.eu.acme.com", true},
		{"*.eu.acme.com", "*.acme.com", false},
		{"checkout.acme.com", "checkout.acme.com", true},
		{"checkout.acme.com", "*.acme.com", false},
		{"checkout?.acme.com", "checkout1.acme.com", true},
		{"checkout?.acme.com", "checkout.acme.com", false},
		{"checkout?.acme.com", "checkout*.acme.com", false},
		{"c*t.*.com", "checkout.acme.com", true},
		{"/api/*", "/api/v1/*", true},
		{"/api/*", "/*", false},
		{"/api/*", "/api", false},
		{"*", "*", true},
		{"**", "x", true},
		{"", "", true},
		{"*a*b", "aabab", true},
		{"*a*b", "aaba", false},
	} {
		if got := covers(c.theirs, c.ours); got != c.want {
			t.Errorf("covers(%q, %q) = %v", c.theirs, c.ours, got)
		}
	}
}

func TestConflicts(t *testing.T) {
	checkout := endpoint.Routing{Hosts: []string{"Checkout.acme.com"}}
	api := endpoint.Routing{Hosts: []string{"acme.com"}, Paths: []string{"/api/*", "/v2/*"}}
	with := func(s endpoint.Routing, priority int) endpoint.Routing { s.Priority = priority; return s }
	for _, c := range []struct {
		name    string
		routing endpoint.Routing
		current int // priority of a rule of ours, for these hosts too; 0: there is none
		other   rule
		want    []string // attributes
	}{
		{"nothing in common", checkout, 0, rule{priority: 1, hosts: []string{"search.acme.com"}}, nil},
		{"the same host", checkout, 0, rule{priority: 1, hosts: []string{"checkout.acme.com"}}, []string{"routing.hosts"}},
		{"the same host in other letters", checkout, 0, rule{priority: 1, hosts: []string{"a.com", "CHECKOUT.ACME.COM"}}, []string{"routing.hosts"}},
		{"the same host, behind us", with(checkout, 5), 0, rule{priority: 9, hosts: []string{"checkout.acme.com"}}, []string{"routing.hosts"}},
		{"the same host, behind the rule we have", checkout, 5, rule{priority: 9, hosts: []string{"checkout.acme.com"}}, nil},
		{"the same host, before the rule we have", checkout, 5, rule{priority: 4, hosts: []string{"checkout.acme.com"}}, []string{"routing.hosts"}},
		{"the same host, behind the rule we have, and we go behind it", with(checkout, 10), 5, rule{priority: 9, hosts: []string{"checkout.acme.com"}}, []string{"routing.hosts"}},
		{"the same host with every path", checkout, 0, rule{priority: 1, hosts: []string{"checkout.acme.com"}, paths: []string{"/*"}}, []string{"routing.hosts"}},
		{"the same host with some paths", checkout, 0, rule{priority: 1, hosts: []string{"checkout.acme.com"}, paths: []string{"/admin/*"}}, nil},
		{"the same host for some clients", checkout, 0, rule{priority: 1, hosts: []string{"checkout.acme.com"}, narrowed: true}, nil},
		{"a wildcard before us", with(checkout, 50), 0, rule{priority: 1, hosts: []string{"*.acme.com"}}, []string{"routing.hosts"}},
		{"a wildcard before us, by the priority we have", checkout, 50, rule{priority: 1, hosts: []string{"*.acme.com"}}, []string{"routing.hosts"}},
		{"a wildcard, and we go last", checkout, 0, rule{priority: 40000, hosts: []string{"*.acme.com"}}, []string{"routing.hosts"}},
		{"a wildcard behind us", with(checkout, 50), 0, rule{priority: 51, hosts: []string{"*.acme.com"}}, nil},
		{"a path of all hosts before us", checkout, 0, rule{priority: 1, paths: []string{"/healthz"}}, nil},
		{"every path of all hosts before us", checkout, 0, rule{priority: 1, paths: []string{"*"}}, []string{"routing.hosts"}},
		{"one of our paths", api, 0, rule{priority: 1, hosts: []string{"acme.com"}, paths: []string{"/v2/*"}}, []string{"routing.hosts"}},
		{"around our paths, before us", api, 7, rule{priority: 1, hosts: []string{"acme.com"}}, []string{"routing.hosts"}},
		{"around our paths, behind us", api, 7, rule{priority: 8, hosts: []string{"acme.com"}}, nil},
		{"within our paths", api, 7, rule{priority: 1, hosts: []string{"acme.com"}, paths: []string{"/api/v1/*"}}, nil},
		{"our priority", with(checkout, 5), 0, rule{priority: 5, hosts: []string{"search.acme.com"}}, []string{"routing.priority"}},
		{"our priority and host", with(checkout, 5), 0, rule{priority: 5, hosts: []string{"checkout.acme.com"}}, []string{"routing.priority", "routing.hosts"}},
		{"the default rule", checkout, 0, rule{fallback: true, priority: lastPriority}, nil},
		{"Elastic Beanstalk's rule", checkout, 0, rule{priority: 1, hosts: []string{"x.us-east-1.elasticbeanstalk.com"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.other.arn = "arn:other"
			var ours *rule
			if c.current > 0 {
				ours = &rule{priority: c.current, hosts: c.routing.Hosts, paths: c.routing.Paths}
			}
			problems := conflicts(c.routing, ours, []rule{c.other})
			if len(problems) != len(c.want) {
				t.Fatalf("%v, wanted %v", problems, c.want)
			}
			for i, p := range problems {
				if p.Attribute != c.want[i] || !strings.Contains(p.Message, "arn:other") {
					t.Errorf("%v, wanted %s about arn:other", p, c.want[i])
				}
			}
		})
	}
}

func TestFreePriority(t *testing.T) {
	rules := func(priorities ...int) []rule {
		all := []rule{{fallback: true, priority: lastPriority}}
		for _, p := range priorities {
			all = append(all, rule{priority: p})
		}
		return all
	}
	for _, c := range []struct {
		configured int
		rules      []rule
		want       int
	}{
		{0, rules(), 1},
		{0, rules(1, 2, 10), 11},
		{7, rules(1, 2, 10), 7},
		{0, rules(endpoint.MaxPriority), 1},
		{0, rules(1, 2, 4, endpoint.MaxPriority), 3},
	} {
		if got := freePriority(c.configured, c.rules); got != c.want {
			t.Errorf("freePriority(%d, %v) = %d, wanted %d", c.configured, c.rules, got, c.want)
		}
	}
}
