// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"errors"
	"testing"
	"time"
)

// lease is half a minute: who is silent for longer may lose the endpoint.
const lease = 30 * time.Second

// silence measures for how long nothing is written to the record, at most, while calls
// are as they are said to be.
func (s story) silence(call func(string) error) *time.Duration {
	wrote, longest := s.w.Now, new(time.Duration)
	s.w.Fault = func(name string, after bool) error {
		if !after {
			return call(name)
		}
		if name == "Renew" || name == "Commit" {
			*longest = max(*longest, s.w.Now.Sub(wrote))
			wrote = s.w.Now
		}
		return nil
	}
	return longest
}

// Who waits shows at least every half a lease that it lives: a slow call does not cost it
// the endpoint.
func TestWhoWaitsKeepsItsLease(t *testing.T) {
	s := begin(t, "1.0.0")
	silent := s.silence(func(string) error { return nil })
	s.update(spec("1.1.0"))
	if *silent > lease/2 {
		t.Errorf("nothing was heard of it for %s", *silent)
	}
}

// Neither do calls that fail one after the other, each after it was tried for a while.
func TestWhoFailsKeepsItsLease(t *testing.T) {
	s := begin(t, "1.0.0")
	fail := 3
	silent := s.silence(func(call string) error {
		if call != "ObserveTraffic" || s.w.Records["checkout"].Rollout == nil || fail == 0 {
			return nil
		}
		fail--
		s.w.Now = s.w.Now.Add(12 * time.Second)
		return errors.New("service unavailable")
	})
	s.update(spec("1.1.0"))
	if fail > 0 || *silent > lease {
		t.Errorf("nothing was heard of it for %s", *silent)
	}
}
