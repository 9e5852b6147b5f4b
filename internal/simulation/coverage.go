// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation

import (
	"fmt"
	"strings"
)

// Pair is an action and a fault that met: the fault befell one of the action's
// calls, or came since the action before, or was in force when it was decided on.
type Pair struct {
	Action string
	Fault  Fault
}

// Coverage counts the pairs that were met.
type Coverage map[Pair]int

// Add adds what another life met.
func (c Coverage) Add(o Coverage) {
	for pair, n := range o {
		c[pair] += n
	}
}

// Impossible says why a pair cannot be met, or "" when it can.
func (p Pair) Impossible() string {
	switch {
	case p.Fault == Late && records[p.Action]:
		return "the journal refuses a late write, because it rests on a version that is not the last: it is a lost answer or none"
	case p.Fault == Late && (p.Action == "Point" || p.Action == "Unpoint"):
		return "a stated limit: nothing tells a host's record that was set by a call which came after its host was let go of"
	case p.Action == "Dissolve" && (p.Fault == Refused || p.Fault == Broken || p.Fault == Sick):
		return "the application goes last, when no environment is left"
	}
	return ""
}

// Rare are the pairs that were met less often than wanted, although they can be.
func (c Coverage) Rare(wanted int) []Pair {
	var rare []Pair
	for _, a := range Actions {
		for _, f := range Faults {
			if p := (Pair{a.Kind, f}); c[p] < wanted && p.Impossible() == "" {
				rare = append(rare, p)
			}
		}
	}
	return rare
}

// Unexpected are the pairs that were met and are held to be impossible.
func (c Coverage) Unexpected() []Pair {
	var met []Pair
	for p := range c {
		if p.Impossible() != "" {
			met = append(met, p)
		}
	}
	return met
}

// String is the table: a line for each action, a column for each fault.
func (c Coverage) String() string {
	var b strings.Builder
	for i, f := range Faults {
		fmt.Fprintf(&b, "%*s%s\n", 10+i*7+6-len(f), "", f)
	}
	for _, a := range Actions {
		fmt.Fprintf(&b, "%-9s", a.Kind)
		for _, f := range Faults {
			p := Pair{a.Kind, f}
			if n := c[p]; n == 0 && p.Impossible() != "" {
				fmt.Fprintf(&b, "%7s", "-")
			} else {
				fmt.Fprintf(&b, "%7d", n)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
