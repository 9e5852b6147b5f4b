// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package watch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Expression is metric math: numbers, ids of other queries, + - * / ^,
// comparisons, FILL, IF, ABS, SUM, AVG, MIN and MAX. CloudWatch's other
// functions, searches and SQL are refused by Parse.
type Expression struct {
	root node
	ids  []string
}

// IDs are the ids of the queries that the expression uses, each once.
func (e *Expression) IDs() []string { return e.ids }

// Parse reads an expression.
func Parse(text string) (*Expression, error) {
	p := &mathParser{rest: text, e: &Expression{}}
	root, err := p.binary(0)
	if p.space(); err == nil && p.rest != "" {
		err = fmt.Errorf("unexpected %q", p.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	p.e.root = root
	return p.e, nil
}

type mathParser struct {
	rest string
	e    *Expression
}

// operators by how strongly they bind, the weakest first.
var operators = [][]string{
	{"<=", ">=", "==", "!=", "<", ">"},
	{"+", "-"},
	{"*", "/"},
	{"^"},
}

func (p *mathParser) binary(level int) (node, error) {
	if level == len(operators) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil {
		operator := p.takeAny(operators[level])
		if operator == "" {
			break
		}
		var right node
		right, err = p.binary(level + 1)
		left = node{kind: operation, name: operator, args: []node{left, right}}
	}
	return left, err
}

func (p *mathParser) unary() (node, error) {
	if p.takeAny([]string{"-"}) != "" {
		of, err := p.unary()
		return node{kind: operation, name: "-", args: []node{{kind: number}, of}}, err
	}
	if p.takeAny([]string{"("}) != "" {
		inner, err := p.binary(0)
		if err == nil && p.takeAny([]string{")"}) == "" {
			err = fmt.Errorf("a closing parenthesis is missing")
		}
		return inner, err
	}
	if p.takeAny([]string{"["}) != "" {
		args, err := p.arguments("]")
		return node{kind: list, args: args}, err
	}
	word := p.word()
	switch {
	case word == "":
		return node{}, fmt.Errorf("a number, an id or a function is wanted at %q", p.rest)
	case strings.ContainsAny(word[:1], "0123456789."):
		v, err := strconv.ParseFloat(word, 64)
		return node{kind: number, value: v}, err
	case p.takeAny([]string{"("}) != "":
		args, err := p.arguments(")")
		if err == nil {
			err = checkFunction(word, args)
		}
		return node{kind: function, name: word, args: args}, err
	case word == "REPEAT":
		return node{kind: repeat}, nil
	case strings.ToLower(word[:1]) != word[:1]:
		return node{}, fmt.Errorf("%s is not an id: ids begin with a lower case letter", word)
	}
	if !slices.Contains(p.e.ids, word) {
		p.e.ids = append(p.e.ids, word)
	}
	return node{kind: variable, name: word}, nil
}

func (p *mathParser) arguments(end string) ([]node, error) {
	var args []node
	for {
		arg, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		switch p.takeAny([]string{",", end}) {
		case end:
			return args, nil
		case "":
			return nil, fmt.Errorf("a %q is missing", end)
		}
	}
}

func (p *mathParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *mathParser) takeAny(tokens []string) string {
	p.space()
	for _, t := range tokens {
		if rest, ok := strings.CutPrefix(p.rest, t); ok {
			p.rest = rest
			return t
		}
	}
	return ""
}

func (p *mathParser) word() string {
	p.space()
	n := 0
	for n < len(p.rest) && strings.IndexByte(wordLetters, p.rest[n]) >= 0 {
		n++
	}
	word := p.rest[:n]
	p.rest = p.rest[n:]
	return word
}

const wordLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

// checkFunction refuses functions that are not served and wrong arguments.
func checkFunction(name string, args []node) error {
	wanted, ok := map[string]int{"FILL": 2, "IF": 3, "ABS": 1, "SUM": 1, "AVG": 1, "MIN": 1, "MAX": 1}[name]
	if !ok {
		return fmt.Errorf("the function %s is not served", name)
	}
	if len(args) != wanted && (name != "IF" || len(args) != 2) {
		return fmt.Errorf("%s takes %d arguments, not %d", name, wanted, len(args))
	}
	return nil
}
