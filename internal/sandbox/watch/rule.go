// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package watch

import (
	"fmt"
	"slices"
	"strings"
)

// A Rule is the expression of a composite alarm over other alarms' states.
type Rule struct {
	holds  func(func(string) State) bool
	alarms []string
}

// Alarms are the names or ARNs of the alarms that the rule refers to, each once.
func (r *Rule) Alarms() []string { return r.alarms }

// Holds tells whether the rule is true of the states that alarms have.
func (r *Rule) Holds(stateOf func(alarm string) State) bool { return r.holds(stateOf) }

// ParseRule reads an AlarmRule: ALARM(x), OK(x) and INSUFFICIENT_DATA(x), where
// x is a name or an ARN, in quotation marks or not; TRUE and FALSE; AND, OR and
// NOT, of which NOT binds most and OR least; parentheses.
func ParseRule(text string) (*Rule, error) {
	p := &ruleParser{rest: text, rule: &Rule{}}
	holds, err := p.or()
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %q", p.peek())
	}
	if err != nil {
		return nil, fmt.Errorf("alarm rule %q: %w", text, err)
	}
	p.rule.holds = holds
	return p.rule, nil
}

type predicate = func(func(string) State) bool

type ruleParser struct {
	rest string
	rule *Rule
}

func (p *ruleParser) or() (predicate, error) {
	left, err := p.and()
	for err == nil && p.take("OR") {
		a := left
		var b predicate
		b, err = p.and()
		left = func(s func(string) State) bool { return a(s) || b(s) }
	}
	return left, err
}

func (p *ruleParser) and() (predicate, error) {
	left, err := p.not()
	for err == nil && p.take("AND") {
		a := left
		var b predicate
		b, err = p.not()
		left = func(s func(string) State) bool { return a(s) && b(s) }
	}
	return left, err
}

func (p *ruleParser) not() (predicate, error) {
	switch {
	case p.take("NOT"):
		a, err := p.not()
		return func(s func(string) State) bool { return !a(s) }, err
	case p.take("("):
		a, err := p.or()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a closing parenthesis is missing")
		}
		return a, err
	case p.take("TRUE"):
		return func(func(string) State) bool { return true }, nil
	case p.take("FALSE"):
		return func(func(string) State) bool { return false }, nil
	}
	for _, state := range []State{Alarming, OK, InsufficientData} {
		if p.take(string(state)) {
			return p.stateOf(state)
		}
	}
	return nil, fmt.Errorf("unexpected %q", p.peek())
}

// stateOf reads the alarm that ALARM, OK or INSUFFICIENT_DATA is about.
func (p *ruleParser) stateOf(wanted State) (predicate, error) {
	if !p.take("(") {
		return nil, fmt.Errorf("%s needs an alarm in parentheses", wanted)
	}
	name, rest, ok := "", strings.TrimLeft(p.rest, " \t\r\n"), false
	if strings.HasPrefix(rest, `"`) {
		name, rest, ok = strings.Cut(rest[1:], `"`)
		p.rest = rest
		ok = ok && p.take(")")
	} else {
		name, p.rest, ok = strings.Cut(rest, ")")
		name = strings.TrimSpace(name)
	}
	if !ok || name == "" {
		return nil, fmt.Errorf("%s needs an alarm in parentheses", wanted)
	}
	if !slices.Contains(p.rule.alarms, name) {
		p.rule.alarms = append(p.rule.alarms, name)
	}
	return func(s func(string) State) bool { return s(name) == wanted }, nil
}

// peek is the next token: a parenthesis or a word; empty at the end.
func (p *ruleParser) peek() string {
	rest := strings.TrimLeft(p.rest, " \t\r\n")
	if rest == "" {
		return ""
	}
	if n := strings.IndexAny(rest, "() \t\r\n"); n > 0 {
		return rest[:n]
	} else if n == 0 {
		return rest[:1]
	}
	return rest
}

// take goes past the next token if it is the one given.
func (p *ruleParser) take(token string) bool {
	if p.peek() != token {
		return false
	}
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")[len(token):]
	return true
}
