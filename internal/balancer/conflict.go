// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer

import (
	"fmt"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// conflicts finds, among the other rules of a listener, those that stand in the
// way of a rule with this routing. ours is the rule that there is already, or nil: a
// rule behind it gets nothing of what it takes.
func conflicts(s endpoint.Routing, ours *rule, others []rule) []endpoint.Problem {
	var all []endpoint.Problem
	priority := s.Priority
	if priority == 0 && ours != nil {
		priority = ours.priority
	}
	if priority == 0 {
		priority = lastPriority // a new rule of ours goes behind all others
	}
	for _, r := range others {
		if r.fallback {
			continue
		}
		if r.priority == s.Priority && !r.platforms() {
			all = append(all, endpoint.Problem{Attribute: "routing.priority", Message: fmt.Sprintf(
				"%d is taken by listener rule %s%s: choose another, or leave it out", s.Priority, r.arn, r.describe())})
		}
		if ours != nil && r.priority > ours.priority && r.priority > priority && ours.takes(s) {
			continue
		}
		if served := r.serves(s, r.priority < priority); served != "" {
			all = append(all, endpoint.Problem{Attribute: "routing.hosts", Message: fmt.Sprintf(
				"%s is served already, by listener rule %s of priority %d%s", served, r.arn, r.priority, r.describe())})
		}
	}
	return all
}

// serves returns the first of a routing's hosts and paths that the rule takes,
// or "". A rule that comes first takes what its patterns cover; one that comes
// later only conflicts when it is meant for the very same. Rules with further
// conditions are somebody's exceptions and leave the rest alone.
func (r *rule) serves(s endpoint.Routing, first bool) string {
	if r.narrowed || r.header != "" || len(r.hosts)+len(r.paths) == 0 {
		return ""
	}
	for _, host := range anyIfNone(lower(s.Hosts)) {
		for _, path := range anyIfNone(s.Paths) {
			for _, theirHost := range anyIfNone(lower(r.hosts)) {
				for _, theirPath := range anyIfNone(r.paths) {
					same := theirHost == host && everyPath(theirPath) == everyPath(path)
					if same || first && covers(theirHost, host) && covers(everyPath(theirPath), path) {
						return named(host, path)
					}
				}
			}
		}
	}
	return ""
}

func anyIfNone(patterns []string) []string {
	if len(patterns) == 0 {
		return []string{"*"}
	}
	return patterns
}

// everyPath writes the two patterns that take every path alike.
func everyPath(pattern string) string {
	if pattern == "/*" {
		return "*"
	}
	return pattern
}

func named(host, path string) string {
	if path == "*" {
		return fmt.Sprintf("host %q", host)
	}
	return fmt.Sprintf("host %q with path %q", host, path)
}

func (r *rule) describe() string {
	if len(r.hosts) == 0 {
		return ""
	}
	return " for " + strings.Join(r.hosts, ", ")
}

// covers says that whatever the pattern ours matches, theirs matches too. In both,
// * stands for any characters and ? for one. Patterns with equal meaning that are
// written differently, such as "?*" and "*?", may count as not covered.
func covers(theirs, ours string) bool {
	// at and back are where to go on after the last * of theirs.
	t, o, at, back := 0, 0, -1, 0
	for o < len(ours) {
		switch {
		case t < len(theirs) && theirs[t] == '*':
			at, back = t, o
			t++
		case t < len(theirs) && ours[o] != '*' && (theirs[t] == ours[o] || theirs[t] == '?'):
			t, o = t+1, o+1
		case at >= 0:
			back++
			t, o = at+1, back
		default:
			return false
		}
	}
	for t < len(theirs) && theirs[t] == '*' {
		t++
	}
	return t == len(theirs)
}
