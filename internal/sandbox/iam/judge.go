// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package iam

import (
	"slices"
	"strings"
)

// A Request is one action on one resource.
type Request struct {
	Action   string // for example "s3:GetObject"
	Resource string // an ARN, or * for actions that have no resource
	// Context gives values of condition keys, with keys in lower case.
	Context map[string]string
}

// A Verdict is what a policy says of a request.
type Verdict int

// The verdicts. Silent is a denial by default, which another policy may lift.
const (
	Silent Verdict = iota
	Allowed
	Denied
)

// Judge tells whether the policy allows or denies a request; a statement that
// denies wins over all that allow.
func (p *Policy) Judge(r Request) Verdict {
	return p.judge(r, func(c condition) bool { return c.holds(r.Context) })
}

// Simulate judges a request as IAM's policy simulator does, which knows nothing of
// it but what it is told: without a key's value only negations hold, and what ends
// in IfExists. Missing are the keys that the policy asks for and the request lacks.
//
// Source: "IAM JSON policy elements: Condition operators" in the IAM User Guide.
func (p *Policy) Simulate(r Request) (v Verdict, missing []string) {
	v = p.judge(r, func(c condition) bool {
		if _, known := r.Context[strings.ToLower(c.key)]; known {
			return c.holds(r.Context)
		}
		missing = append(missing, c.key)
		return c.not || c.ifExists
	})
	slices.Sort(missing)
	return v, slices.Compact(missing)
}

func (p *Policy) judge(r Request, met func(condition) bool) Verdict {
	verdict := Silent
	for _, s := range p.statements {
		if !s.isAbout(r) || !s.allMet(met) {
			continue
		}
		if s.deny {
			return Denied
		}
		verdict = Allowed
	}
	return verdict
}

func (s statement) isAbout(r Request) bool {
	return s.actions.match(strings.ToLower(r.Action)) != s.notActions &&
		s.resources.match(r.Resource) != s.notResource
}

// allMet tries every condition, also after one that is not met.
func (s statement) allMet(met func(condition) bool) bool {
	all := true
	for _, c := range s.conditions {
		all = met(c) && all
	}
	return all
}

func (c condition) holds(context map[string]string) bool {
	v, known := context[strings.ToLower(c.key)]
	if !known {
		return true
	}
	if c.like {
		return c.values.match(v) != c.not
	}
	return slices.Contains(c.values, v) != c.not
}

// patterns are texts in which * stands for any characters and ? for one.
type patterns []string

func (p patterns) match(s string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool { return match(pattern, s) })
}

// match tries a pattern; after a mismatch the last * takes one character more.
func match(pattern, s string) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
