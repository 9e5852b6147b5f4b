// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demoservice

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// behaviour is what the DEMO_ environment variables ask for.
type behaviour struct {
	startDelay time.Duration
	latency    time.Duration
	crashAfter time.Duration // 0: never
	unhealthy  bool
	failRate   float64 // 0 to 1
}

func parseBehaviour(env map[string]string) (behaviour, error) {
	var b behaviour
	for name, into := range map[string]*time.Duration{
		"DEMO_START_DELAY": &b.startDelay,
		"DEMO_LATENCY":     &b.latency,
		"DEMO_CRASH_AFTER": &b.crashAfter,
	} {
		value := env[name]
		if value == "" {
			continue
		}
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return b, fmt.Errorf("environment variable %s: %q is not a duration such as 5s or 200ms", name, value)
		}
		*into = d
	}
	if value := env["DEMO_UNHEALTHY"]; value != "" {
		unhealthy, err := strconv.ParseBool(value)
		if err != nil {
			return b, fmt.Errorf("environment variable DEMO_UNHEALTHY: %q is neither true nor false", value)
		}
		b.unhealthy = unhealthy
	}
	if value := env["DEMO_FAIL_RATE"]; value != "" {
		rate, err := strconv.ParseFloat(value, 64)
		if err != nil || !(rate >= 0 && rate <= 1) {
			return b, fmt.Errorf("environment variable DEMO_FAIL_RATE: %q is not a number from 0 to 1", value)
		}
		b.failRate = rate
	}
	return b, nil
}

// fails tells whether request n, counted from 1, is one of the failing ones.
// Each time the running total of the rate passes a whole number, one fails.
func (b behaviour) fails(n uint64) bool {
	// The small addend keeps sums such as 10 x 0.1 from falling just short.
	due := func(n uint64) float64 { return math.Floor(float64(n)*b.failRate + 1e-9) }
	return due(n) > due(n-1)
}
