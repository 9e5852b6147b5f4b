// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"errors"
	"fmt"
	"path"
	"time"
)

// Settings are all faults of a sandbox. The zero value has none.
type Settings struct {
	// Seed makes the faults with a rate befall other calls.
	Seed   uint64  `json:"seed"`
	Faults []Fault `json:"faults"`
}

// Fault is something that goes wrong with the calls it matches.
type Fault struct {
	// Service and Operation are patterns such as "elasticbeanstalk" and
	// "Describe*"; empty ones match all calls. A service goes by the name under
	// which clients sign; see Launch for what is no call.
	Service   string `json:"service,omitempty"`
	Operation string `json:"operation,omitempty"`
	// Nth lets only the n-th matching call be befallen, counted from 1.
	Nth int `json:"nth,omitempty"`
	// Times is how many calls are befallen at most; 0 for any number.
	Times int `json:"times,omitempty"`
	// Rate is the share of matching calls that are befallen, by chance; 0 for all.
	Rate float64 `json:"rate,omitempty"`

	// Delay passes between a call's arrival and its effect, which comes even when
	// the client has gone meanwhile.
	Delay Duration `json:"delay,omitzero"`
	// Latency passes between a call's effect and its answer.
	Latency Duration `json:"latency,omitzero"`
	// Error is answered, and the call has no effect.
	Error *Error `json:"error,omitempty"`
	// Throttle answers with the service's throttling error when its bucket is empty.
	Throttle *Bucket `json:"throttle,omitempty"`
	// Drop breaks the connection in place of an answer, after the call's effect.
	Drop bool `json:"drop,omitempty"`
	// Stale has reads answer as if what has changed in the last Stale had not
	// been made yet.
	Stale Duration `json:"stale,omitzero"`
	// Propagation passes from a change of a listener's rules to the traffic's
	// following it.
	Propagation Duration `json:"propagation,omitzero"`
	// Race has a created environment choose its rule's priority early and use it
	// late, so that it may be taken by then.
	Race bool `json:"race,omitempty"`
}

// Launch is the operation of Auto Scaling that nobody calls: launching an
// instance. A fault must name it to befall it.
const Launch = "Launch"

// Duration is in real time, and text such as "200ms" in JSON.
type Duration time.Duration

// MarshalText writes a duration as text.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration that is not negative.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration such as 200ms or 5s", text)
	}
	*d = Duration(v)
	return nil
}

// matches compares a call with the patterns.
func (f *Fault) matches(service, operation string) bool {
	if operation == Launch && f.Operation != Launch {
		return false
	}
	return fits(f.Service, service) && fits(f.Operation, operation)
}

func fits(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// check refuses what can never happen.
func (f *Fault) check() error {
	for _, p := range []string{f.Service, f.Operation} {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("%q is not a pattern", p)
		}
	}
	if f.Rate < 0 || f.Rate > 1 {
		return fmt.Errorf("rate %v is not between 0 and 1", f.Rate)
	}
	if f.Nth < 0 || f.Times < 0 {
		return errors.New("nth and times cannot be negative")
	}
	if f.Error != nil && f.Error.Code == "" {
		return errors.New("an error needs a code")
	}
	if b := f.Throttle; b != nil && (b.Burst < 0 || b.Refill < 0 || (b.Burst == 0) != (b.Refill == 0)) {
		return errors.New("a bucket needs both a burst and a refill, or neither for AWS's own")
	}
	if f.Delay == 0 && f.Latency == 0 && f.Error == nil && f.Throttle == nil && !f.Drop && f.Stale == 0 && f.Propagation == 0 && !f.Race {
		return errors.New("a fault needs an effect: delay, latency, error, throttle, drop, stale, propagation or race")
	}
	return nil
}

func (f *Fault) String() string {
	service, operation := f.Service, f.Operation
	if service == "" {
		service = "*"
	}
	if operation == "" {
		operation = "*"
	}
	return service + ":" + operation
}
