// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a fault as people write it on a command line:
//
//	elasticloadbalancing:ModifyRule error=InternalFailure status=500 nth=2
//	* throttle
//
// that is a service, or service:Operation, and words as the JSON's members.
func Parse(text string) (Fault, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Fault{}, errors.New("a fault begins with a service, or service:Operation")
	}
	var f Fault
	f.Service, f.Operation, _ = strings.Cut(words[0], ":")
	status := 0
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		var err error
		switch name {
		case "nth":
			f.Nth, err = strconv.Atoi(value)
		case "times":
			f.Times, err = strconv.Atoi(value)
		case "rate":
			f.Rate, err = strconv.ParseFloat(value, 64)
		case "delay":
			err = f.Delay.UnmarshalText([]byte(value))
		case "latency":
			err = f.Latency.UnmarshalText([]byte(value))
		case "stale":
			err = f.Stale.UnmarshalText([]byte(value))
		case "propagation":
			err = f.Propagation.UnmarshalText([]byte(value))
		case "error":
			f.Error = &Error{Code: value}
		case "status":
			status, err = strconv.Atoi(value)
		case "throttle":
			f.Throttle, err = parseBucket(value)
		case "drop":
			f.Drop, err = true, noValue(value)
		case "race":
			f.Race, err = true, noValue(value)
		default:
			err = errors.New("no such setting")
		}
		if err != nil {
			return Fault{}, fmt.Errorf("fault %q: %s: %w", text, word, err)
		}
	}
	if status != 0 {
		if f.Error == nil {
			return Fault{}, fmt.Errorf("fault %q: a status without an error", text)
		}
		f.Error.Status = status
	}
	if err := f.check(); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return f, nil
}

func noValue(value string) error {
	if value != "" {
		return errors.New("it takes no value")
	}
	return nil
}

// parseBucket reads BURST/REFILL; nothing stands for AWS's own buckets.
func parseBucket(text string) (*Bucket, error) {
	if text == "" {
		return &Bucket{}, nil
	}
	burst, refill, _ := strings.Cut(text, "/")
	b := &Bucket{}
	var errs [2]error
	b.Burst, errs[0] = strconv.ParseFloat(burst, 64)
	b.Refill, errs[1] = strconv.ParseFloat(refill, 64)
	if errors.Join(errs[:]...) != nil {
		return nil, errors.New("a bucket is written BURST/REFILL, in calls and calls a second")
	}
	return b, nil
}
