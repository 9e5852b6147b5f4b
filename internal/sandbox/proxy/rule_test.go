// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"math"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRuleMatches(t *testing.T) {
	for name, c := range map[string]struct {
		rule    Rule
		method  string // GET
		url     string
		headers [][2]string
		want    bool
	}{
		"no condition":               {Rule{}, "", "http://a.com/x", nil, true},
		"host":                       {Rule{Hosts: []string{"b.com", "a.com"}}, "", "http://a.com/", nil, true},
		"host, port ignored":         {Rule{Hosts: []string{"a.com"}}, "", "http://a.com:8080/", nil, true},
		"host, any case":             {Rule{Hosts: []string{"WWW.a.com"}}, "", "http://www.A.com/", nil, true},
		"host, wildcard":             {Rule{Hosts: []string{"*.a.com"}}, "", "http://x.y.a.com/", nil, true},
		"host, wildcard needs dot":   {Rule{Hosts: []string{"*.a.com"}}, "", "http://a.com/", nil, false},
		"host, question mark":        {Rule{Hosts: []string{"v?.a.com"}}, "", "http://v10.a.com/", nil, false},
		"path":                       {Rule{Paths: []string{"/img/*"}}, "", "http://a/img/", nil, true},
		"path, case matters":         {Rule{Paths: []string{"/img/*"}}, "", "http://a/IMG/x", nil, false},
		"path, query is no part":     {Rule{Paths: []string{"/img"}}, "", "http://a/img?x=1", nil, true},
		"path, escaped":              {Rule{Paths: []string{"/a%20b"}}, "", "http://a/a%20b", nil, true},
		"host and path":              {Rule{Hosts: []string{"a"}, Paths: []string{"/x"}}, "", "http://a/y", nil, false},
		"method":                     {Rule{Methods: []string{"POST", "PUT"}}, "PUT", "http://a/", nil, true},
		"method, other":              {Rule{Methods: []string{"POST"}}, "GET", "http://a/", nil, false},
		"source":                     {Rule{SourceIPs: []string{"10.0.0.0/8", "192.0.2.0/24"}}, "", "http://a/", nil, true},
		"source, other":              {Rule{SourceIPs: []string{"10.0.0.0/8"}}, "", "http://a/", nil, false},
		"header":                     {Rule{Headers: map[string][]string{"x-v": {"1", "Can*"}}}, "", "http://a/", [][2]string{{"X-V", "canary"}}, true},
		"header, second line":        {Rule{Headers: map[string][]string{"x-v": {"2"}}}, "", "http://a/", [][2]string{{"X-V", "1"}, {"X-V", "2"}}, true},
		"header, missing":            {Rule{Headers: map[string][]string{"x-v": {"*"}}}, "", "http://a/", nil, false},
		"headers, all of them":       {Rule{Headers: map[string][]string{"a": {"1"}, "b": {"1"}}}, "", "http://a/", [][2]string{{"a", "1"}}, false},
		"query":                      {Rule{Query: []QueryPair{{"v", "Beta"}}}, "", "http://a/?V=beta", nil, true},
		"query, any pair":            {Rule{Query: []QueryPair{{"v", "1"}, {"v", "2"}}}, "", "http://a/?v=2", nil, true},
		"query, any key":             {Rule{Query: []QueryPair{{"", "be?a"}}}, "", "http://a/?x=beta", nil, true},
		"query, value elsewhere":     {Rule{Query: []QueryPair{{"v", "1"}}}, "", "http://a/?w=1", nil, false},
		"query, missing":             {Rule{Query: []QueryPair{{"v", "*"}}}, "", "http://a/", nil, false},
		"source that does not parse": {Rule{SourceIPs: []string{"nonsense"}}, "", "http://a/", nil, false},
	} {
		r := httptest.NewRequest(c.method, c.url, nil) // comes from 192.0.2.1
		for _, h := range c.headers {
			r.Header.Add(h[0], h[1])
		}
		if got := compileRules([]Rule{c.rule})[0].matches(r, query(r)); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestRulesAreTriedByPriority(t *testing.T) {
	compiled := compileRules([]Rule{{Priority: math.MaxInt}, {Priority: 20}, {Priority: 3}})
	if compiled[0].Priority != 3 || compiled[1].Priority != 20 || compiled[2].Priority != math.MaxInt {
		t.Errorf("got %+v", compiled)
	}
}

// path.Match agrees with wildcard as long as neither slashes nor brackets are in
// play.
func TestWildcardAgreesWithPathMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "string")
		want, err := path.Match(pattern, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := Wildcard(pattern, s); got != want {
			t.Fatalf("Wildcard(%q, %q) is %v", pattern, s, got)
		}
	})
}

func TestWildcardIsNotExponential(t *testing.T) {
	if Wildcard(strings.Repeat("*a", 60)+"b", strings.Repeat("a", 5000)) {
		t.Error("matched")
	}
}
