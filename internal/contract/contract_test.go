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
	scalingContracts, alarmContracts, meterContracts, metricContracts, identityContracts,
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
			reason := differences[difference{b.name, c.name}]
			switch {
			case w.unserved != "" && b.partial:
				t.Skipf("%s does not serve this: %s", b.name, w.unserved)
			case w.unserved != "":
				t.Errorf("%s does not serve this: %s", b.name, w.unserved)
			case reason != "" && len(w.failures) == 0:
				t.Errorf("holds, although it is recorded as a difference of %s: %s", b.name, reason)
			case reason != "":
				t.Skipf("%s is known to differ: %s\n%s", b.name, reason, strings.Join(w.failures, "\n"))
			}
			for _, failure := range w.failures {
				t.Error(failure)
			}
		})
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
