// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package watch

import (
	"math"
	"time"
)

// A Series is a metric's values by the beginnings of their periods, as Unix
// seconds.
type Series map[int64]float64

// Evaluate computes an expression over the series of its ids. Periods are the
// beginnings of all periods asked for, in order: a number has its value in each
// of them, and FILL fills them. Where an operand is missing, so is the result.
func (e *Expression) Evaluate(series map[string]Series, periods []time.Time) Series {
	m := mathRun{series: series}
	for _, t := range periods {
		m.periods = append(m.periods, t.Unix())
	}
	results := m.eval(e.root)
	if len(results) != 1 {
		return Series{}
	}
	return results[0].in(m.periods)
}

type kind int

const (
	number kind = iota
	variable
	operation
	function
	list
	repeat // the word REPEAT in FILL
)

// A node is a part of an expression.
type node struct {
	kind  kind
	name  string  // of a variable, operator or function
	value float64 // of a number
	args  []node
}

// An operand is a series or, when that is nil, one number.
type operand struct {
	series Series
	number float64
}

func (o operand) at(t int64) (float64, bool) {
	if o.series == nil {
		return o.number, true
	}
	v, ok := o.series[t]
	return v, ok
}

// in makes a series of a number.
func (o operand) in(periods []int64) Series {
	if o.series != nil {
		return o.series
	}
	s := Series{}
	for _, t := range periods {
		s[t] = o.number
	}
	return s
}

type mathRun struct {
	series  map[string]Series
	periods []int64
}

// eval computes a node: one operand or, for a list, several.
func (m mathRun) eval(n node) []operand {
	switch n.kind {
	case number:
		return []operand{{number: n.value}}
	case variable:
		s := m.series[n.name]
		if s == nil {
			s = Series{}
		}
		return []operand{{series: s}}
	case list:
		var all []operand
		for _, a := range n.args {
			all = append(all, m.eval(a)...)
		}
		return all
	case function:
		return m.function(n)
	}
	return m.each(m.eval(n.args[0]), m.eval(n.args[1]), func(a, b float64) (float64, bool) { return apply(n.name, a, b) })
}

// each applies f to two operands, or to each of a list and the other operand.
func (m mathRun) each(left, right []operand, f func(a, b float64) (float64, bool)) []operand {
	var results []operand
	for _, a := range left {
		for _, b := range right {
			if a.series == nil && b.series == nil {
				if v, ok := f(a.number, b.number); ok {
					results = append(results, operand{number: v})
				} else {
					results = append(results, operand{series: Series{}})
				}
				continue
			}
			s := Series{}
			for _, t := range m.periods {
				x, has := a.at(t)
				y, hasToo := b.at(t)
				if v, ok := f(x, y); has && hasToo && ok {
					s[t] = v
				}
			}
			results = append(results, operand{series: s})
		}
	}
	return results
}

func (m mathRun) function(n node) []operand {
	of := m.eval(n.args[0])
	switch n.name {
	case "ABS":
		return m.each(of, []operand{{}}, func(a, _ float64) (float64, bool) { return math.Abs(a), true })
	case "FILL":
		var filled []operand
		for _, o := range of {
			filled = append(filled, m.fill(o, n.args[1]))
		}
		return filled
	case "IF":
		return []operand{m.choose(of[0], n.args[1:])}
	}
	if len(of) == 1 { // over time
		var values []float64
		for _, t := range m.periods {
			if v, ok := of[0].at(t); ok {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			return []operand{{series: Series{}}}
		}
		return []operand{{number: reduce(n.name, values)}}
	}
	s := Series{}
	for _, t := range m.periods { // over the list, at each time
		var values []float64
		for _, o := range of {
			if v, ok := o.at(t); ok {
				values = append(values, v)
			}
		}
		if len(values) > 0 {
			s[t] = reduce(n.name, values)
		}
	}
	return []operand{{series: s}}
}

// fill gives missing values: a number, another series, or the last value there was.
func (m mathRun) fill(o operand, with node) operand {
	s := Series{}
	var other operand
	if with.kind != repeat {
		other = m.eval(with)[0]
	}
	last, known := 0.0, false
	for _, t := range m.periods {
		v, ok := o.at(t)
		switch {
		case ok:
			last, known = v, true
		case with.kind == repeat:
			v, ok = last, known
		default:
			v, ok = other.at(t)
		}
		if ok {
			s[t] = v
		}
	}
	return operand{series: s}
}

// choose is IF; without its third argument a false condition gives nothing.
func (m mathRun) choose(condition operand, args []node) operand {
	s := Series{}
	var branches [2]operand
	branches[1].series = Series{}
	for i, a := range args {
		branches[i] = m.eval(a)[0]
	}
	for _, t := range m.periods {
		c, ok := condition.at(t)
		if !ok {
			continue
		}
		branch := branches[0]
		if c == 0 {
			branch = branches[1]
		}
		if v, ok := branch.at(t); ok {
			s[t] = v
		}
	}
	return operand{series: s}
}

// apply computes an operator; a division by zero gives nothing.
func apply(operator string, a, b float64) (float64, bool) {
	truth := func(holds bool) (float64, bool) {
		if holds {
			return 1, true
		}
		return 0, true
	}
	switch operator {
	case "+":
		return a + b, true
	case "-":
		return a - b, true
	case "*":
		return a * b, true
	case "/":
		return a / b, b != 0
	case "^":
		v := math.Pow(a, b)
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case "<":
		return truth(a < b)
	case "<=":
		return truth(a <= b)
	case ">":
		return truth(a > b)
	case ">=":
		return truth(a >= b)
	case "==":
		return truth(a == b)
	}
	return truth(a != b)
}

func reduce(name string, values []float64) float64 {
	result := values[0]
	for _, v := range values[1:] {
		switch name {
		case "MIN":
			result = min(result, v)
		case "MAX":
			result = max(result, v)
		default:
			result += v
		}
	}
	if name == "AVG" {
		result /= float64(len(values))
	}
	return result
}
