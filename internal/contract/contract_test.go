// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"slices"
	"strings"
	"testing"
)

// contract is one thing that ionroller relies on.
type contract struct {
	name  string // a sentence about AWS
	holds func(w *world)
}

var contracts = slices.Concat(
	s3Contracts, journalContracts, ruleContracts, balancerContracts,
	scalingContracts, alarmContracts, meterContracts, metricContracts, identityContracts, imageContracts, dnsContracts,
)

func TestSandbox(t *testing.T) {
	t.Parallel()
	check(t, startSandbox(t))
}

func TestMoto(t *testing.T) {
	t.Parallel()
	check(t, startMoto(t))
}

// check holds a backend to all contracts.
func check(t *testing.T, b *backend) {
	for i, c := range contracts {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, b, i)
			w.run(c.holds)
			switch v := b.judge(differences[difference{b.name, c.name}], w.unserved, w.failures); {
			case v.failed:
				t.Error(v.why)
			case v.why != "":
				t.Skip(v.why)
			}
		})
	}
}

// A verdict is what came of a contract: it holds when there is nothing to say.
type verdict struct {
	failed bool
	why    string
}

// judge says what it means that a contract failed, or that it did not although a
// difference is recorded. Of a version for which nothing is recorded nobody knows
// what is to be expected, so there it is told and fails nothing.
func (b *backend) judge(recorded, unserved string, failures []string) verdict {
	failed := strings.Join(failures, "\n")
	var v verdict
	switch {
	case unserved != "":
		return verdict{!b.partial, b.name + " does not serve this: " + unserved}
	case recorded != "" && failed != "":
		return verdict{false, b.name + " is known to differ: " + recorded + "\n" + failed}
	case recorded != "":
		v = verdict{true, "holds, although it is recorded as a difference of " + b.name + ": " + recorded}
	case failed != "":
		v = verdict{true, failed}
	default:
		return v
	}
	if b.unrecorded != "" {
		return verdict{false, "NOT AS RECORDED, and not judged: " + b.unrecorded + "\n" + v.why}
	}
	return v
}

func TestJudge(t *testing.T) {
	recorded, other := &backend{name: "b"}, &backend{name: "b", unrecorded: "another version", partial: true}
	for _, c := range []struct {
		b                  *backend
		recorded, unserved string
		failures           []string
		failed             bool
		says               string // empty: it holds
	}{
		{b: recorded},
		{b: other},
		{recorded, "", "", []string{"x is 1", "y is 2"}, true, "x is 1\ny is 2"},
		{recorded, "why", "", []string{"x is 1"}, false, "b is known to differ: why\nx is 1"},
		{recorded, "why", "", nil, true, "holds, although"},
		{recorded, "", "Do", nil, true, "b does not serve this: Do"},
		{other, "", "Do", nil, false, "b does not serve this: Do"},
		{other, "why", "", []string{"x is 1"}, false, "b is known to differ"},
		{other, "", "", []string{"x is 1"}, false, "NOT AS RECORDED, and not judged: another version\nx is 1"},
		{other, "why", "", nil, false, "another version\nholds, although"},
	} {
		v := c.b.judge(c.recorded, c.unserved, c.failures)
		if v.failed != c.failed || (v.why == "") != (c.says == "") || !strings.Contains(v.why, c.says) {
			t.Errorf("%+v: %+v", c, v)
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range contracts {
		if seen[c.name] {
			t.Errorf("two contracts are called %q", c.name)
		}
		seen[c.name] = true
	}
	for d := range differences {
		if !seen[d.contract] {
			t.Errorf("a difference of %s is about %q, which is no contract", d.backend, d.contract)
		}
	}
}
