// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Rule is one rule of a listener: conditions, all of which must hold, and one
// action. An empty condition holds for every request; within a condition any
// one value suffices. The action is Fixed or Redirect when set, else Forward.
type Rule struct {
	Priority  int                 // math.MaxInt for the default rule
	Hosts     []string            // host names; * and ? are wildcards; case does not matter
	Paths     []string            // paths; * and ? are wildcards; case matters
	Methods   []string            // exact
	SourceIPs []string            // CIDR blocks
	Headers   map[string][]string // for every name any of its values; * and ? are wildcards; case does not matter
	Query     []QueryPair         // any of these

	Forward   []WeightedGroup
	StickyFor time.Duration // how long a client stays with its group; 0: not at all
	Fixed     *FixedResponse
	Redirect  *Redirect
}

// QueryPair matches one parameter of a query string. An empty Key matches any
// key. In both * and ? are wildcards, and case does not matter.
type QueryPair struct {
	Key, Value string
}

// WeightedGroup is a target group with its share of a rule's requests.
type WeightedGroup struct {
	Group  *Group
	Weight int // 0 to 999; a share of the sum of the weights
}

// compiledRule is a Rule with what matching needs worked out.
type compiledRule struct {
	Rule
	total   int // of the weights
	sources []netip.Prefix
	headers []headerCondition
}

type headerCondition struct {
	name   string // canonical
	values []string
}

func compileRules(rules []Rule) []compiledRule {
	compiled := make([]compiledRule, 0, len(rules))
	for _, r := range rules {
		c := compiledRule{Rule: r}
		c.Hosts = lower(r.Hosts)
		c.Paths = slices.Clone(r.Paths)
		c.Methods = slices.Clone(r.Methods)
		c.Forward = slices.Clone(r.Forward)
		c.Query = slices.Clone(r.Query)
		for i, pair := range c.Query {
			c.Query[i] = QueryPair{Key: strings.ToLower(pair.Key), Value: strings.ToLower(pair.Value)}
		}
		for _, g := range c.Forward {
			c.total += g.Weight
		}
		for _, s := range r.SourceIPs {
			// A block that does not parse matches nobody; the condition stays.
			prefix, _ := netip.ParsePrefix(s)
			c.sources = append(c.sources, prefix)
		}
		for name, values := range r.Headers {
			c.headers = append(c.headers, headerCondition{http.CanonicalHeaderKey(name), lower(values)})
		}
		compiled = append(compiled, c)
	}
	slices.SortStableFunc(compiled, func(a, b compiledRule) int { return cmp.Compare(a.Priority, b.Priority) })
	return compiled
}

func (c *compiledRule) matches(r *http.Request, q []QueryPair) bool {
	return anyMatches(c.Hosts, strings.ToLower(hostname(r.Host))) &&
		anyMatches(c.Paths, r.URL.EscapedPath()) &&
		(len(c.Methods) == 0 || slices.Contains(c.Methods, r.Method)) &&
		c.matchesSource(r.RemoteAddr) &&
		c.matchesHeaders(r.Header) &&
		c.matchesQuery(q)
}

func (c *compiledRule) matchesSource(remote string) bool {
	if len(c.sources) == 0 {
		return true
	}
	from, err := netip.ParseAddrPort(remote)
	return err == nil && slices.ContainsFunc(c.sources, func(p netip.Prefix) bool {
		return p.Contains(from.Addr().Unmap())
	})
}

func (c *compiledRule) matchesHeaders(h http.Header) bool {
	for _, condition := range c.headers {
		ok := slices.ContainsFunc(h[condition.name], func(v string) bool {
			return anyMatches(condition.values, strings.ToLower(v))
		})
		if !ok {
			return false
		}
	}
	return true
}

func (c *compiledRule) matchesQuery(q []QueryPair) bool {
	if len(c.Query) == 0 {
		return true
	}
	return slices.ContainsFunc(c.Query, func(want QueryPair) bool {
		return slices.ContainsFunc(q, func(have QueryPair) bool {
			return (want.Key == "" || Wildcard(want.Key, have.Key)) && Wildcard(want.Value, have.Value)
		})
	})
}

// query is the request's query string as lower-case pairs.
func query(r *http.Request) []QueryPair {
	if r.URL.RawQuery == "" {
		return nil
	}
	var pairs []QueryPair
	for key, values := range r.URL.Query() {
		for _, v := range values {
			pairs = append(pairs, QueryPair{strings.ToLower(key), strings.ToLower(v)})
		}
	}
	return pairs
}

// hostname is a Host header without its port.
func hostname(host string) string {
	u := url.URL{Host: host}
	if name := u.Hostname(); name != "" {
		return name
	}
	return host
}

// anyMatches is true without patterns: such a condition was not set.
func anyMatches(patterns []string, s string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return Wildcard(p, s) })
}

// Wildcard matches s against a pattern in which * stands for any number of
// characters and ? for exactly one. It backs up to the last * only, which is
// enough and keeps hostile patterns from taking exponential time.
func Wildcard(pattern, s string) bool {
	p, i := 0, 0
	star, resume := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func lower(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strings.ToLower(v)
	}
	return out
}
