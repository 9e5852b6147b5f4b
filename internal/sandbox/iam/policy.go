// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package iam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A Policy is a policy document.
type Policy struct{ statements []statement }

type statement struct {
	deny        bool
	actions     patterns
	notActions  bool // actions are those that the statement is not about
	resources   patterns
	notResource bool
	conditions  []condition
}

// A condition compares a key of the request with any of some values.
type condition struct {
	like, not, ifExists bool
	key                 string // as the policy spells it
	values              patterns
}

// Parse reads a policy in JSON. An error says what is malformed.
func Parse(document []byte) (*Policy, error) {
	var d struct {
		Version   string
		ID        string `json:"Id"`
		Statement oneOrMore[json.RawMessage]
	}
	if err := decode(document, &d); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if len(d.Statement) == 0 {
		return nil, fmt.Errorf("policy: it has no Statement")
	}
	p := &Policy{}
	for i, raw := range d.Statement {
		s, err := parseStatement(raw)
		if err != nil {
			return nil, fmt.Errorf("policy: statement %d: %w", i+1, err)
		}
		p.statements = append(p.statements, s)
	}
	return p, nil
}

func parseStatement(raw json.RawMessage) (statement, error) {
	var d struct {
		Sid, Effect       string
		Action, NotAction oneOrMore[string]
		Resource          oneOrMore[string]
		NotResource       oneOrMore[string]
		Condition         map[string]map[string]oneOrMore[string]
		Principal         json.RawMessage // belongs into policies on resources
	}
	if err := decode(raw, &d); err != nil {
		return statement{}, err
	}
	switch {
	case d.Effect != "Allow" && d.Effect != "Deny":
		return statement{}, fmt.Errorf("the effect is %q, not Allow or Deny", d.Effect)
	case (len(d.Action) == 0) == (len(d.NotAction) == 0):
		return statement{}, fmt.Errorf("it needs either Action or NotAction")
	case (len(d.Resource) == 0) == (len(d.NotResource) == 0):
		return statement{}, fmt.Errorf("it needs either Resource or NotResource")
	case d.Principal != nil:
		return statement{}, fmt.Errorf("a policy of a principal names no Principal")
	}
	s := statement{
		deny: d.Effect == "Deny", notActions: len(d.NotAction) > 0, notResource: len(d.NotResource) > 0,
		resources: patterns(append(d.Resource, d.NotResource...)),
	}
	for _, a := range append(d.Action, d.NotAction...) {
		service, name, ok := strings.Cut(a, ":")
		if a != "*" && (!ok || service == "" || name == "" || strings.ContainsAny(service, "*?")) {
			return statement{}, fmt.Errorf("action %q: it must be * or name a service, as in s3:Get*", a)
		}
		s.actions = append(s.actions, strings.ToLower(a))
	}
	for operator, keys := range d.Condition {
		operator, ifExists := strings.CutSuffix(operator, "IfExists")
		not := strings.Contains(operator, "Not")
		switch strings.Replace(operator, "Not", "", 1) {
		case "StringEquals", "StringLike", "ArnEquals", "ArnLike":
		default:
			continue
		}
		for key, values := range keys {
			s.conditions = append(s.conditions, condition{
				like: operator != "StringEquals" && operator != "StringNotEquals", not: not, ifExists: ifExists, key: key, values: patterns(values),
			})
		}
	}
	return s, nil
}

// decode is strict about member names: a misspelt one would change the meaning.
func decode(document []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// oneOrMore is a JSON value that may stand for a list of one.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		return json.Unmarshal(b, (*[]T)(l))
	}
	*l = make([]T, 1)
	return json.Unmarshal(b, &(*l)[0])
}
