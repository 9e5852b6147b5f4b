// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package watch

import (
	"fmt"
	"strings"
	"time"
)

// State is an alarm's state, by CloudWatch's names.
type State string

// The states of alarms.
const (
	OK               State = "OK"
	Alarming         State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// An Alarm is what decides a metric alarm's state.
type Alarm struct {
	// Comparison is a ComparisonOperator such as GreaterThanThreshold.
	Comparison string
	Threshold  float64
	// EvaluationPeriods is how many datapoints count, DatapointsToAlarm how many
	// of them must breach.
	EvaluationPeriods, DatapointsToAlarm int
	// Missing says what a missing datapoint counts as: missing, ignore,
	// breaching or notBreaching.
	Missing string
}

// A Datapoint is the value of one period; Value is nil when there is none.
type Datapoint struct {
	At    time.Time
	Value *float64
}

// Range is how many periods an evaluation looks at: some more than
// EvaluationPeriods, so that datapoints which are late or missing can be made
// up for by older ones. CloudWatch does not say how many more; two is what the
// examples in its documentation have, for three periods of five minutes.
func (a Alarm) Range() int { return a.EvaluationPeriods + 2 }

// Breaches tells whether a value is beyond the threshold.
func (a Alarm) Breaches(v float64) bool {
	switch a.Comparison {
	case "GreaterThanThreshold":
		return v > a.Threshold
	case "GreaterThanOrEqualToThreshold":
		return v >= a.Threshold
	case "LessThanThreshold":
		return v < a.Threshold
	}
	return v <= a.Threshold
}

// Certain tells whether a value of a statistic that breaches in the midst of a
// period must breach at its end, whatever comes.
func (a Alarm) Certain(statistic string) bool {
	if strings.HasPrefix(a.Comparison, "Greater") {
		return statistic == "Sum" || statistic == "SampleCount" || statistic == "Maximum"
	}
	return statistic == "Minimum"
}

// Evaluate gives the state that follows from the datapoints of the Range, the
// oldest first, and CloudWatch's reason for it. Real datapoints always come
// before missing ones, which are filled in only as far as there are fewer than
// EvaluationPeriods.
//
// Source: "Configuring how CloudWatch alarms treat missing data" in the Amazon
// CloudWatch User Guide.
func (a Alarm) Evaluate(now State, points []Datapoint) (State, string) {
	var known []Datapoint
	oldestBreach := 0 // how many periods ago, the last one being 1
	for i, p := range points {
		if p.Value == nil {
			continue
		}
		known = append(known, p)
		if a.Breaches(*p.Value) && oldestBreach == 0 {
			oldestBreach = len(points) - i
		}
	}
	if n := len(known); n > a.EvaluationPeriods {
		known = known[n-a.EvaluationPeriods:]
	}
	breaching := 0
	for _, p := range known {
		if a.Breaches(*p.Value) {
			breaching++
		}
	}
	filled := a.EvaluationPeriods - len(known)
	switch {
	case breaching >= a.DatapointsToAlarm:
		return Alarming, a.crossed(known, breaching, "OK -> ALARM", true)
	case filled == 0 || len(known) > breaching && a.Missing != "breaching":
		return OK, a.crossed(known, len(known)-breaching, "ALARM -> OK", false)
	case a.Missing == "breaching" && breaching+filled < a.DatapointsToAlarm:
		return OK, a.crossed(known, len(known)-breaching, "ALARM -> OK", false)
	case a.Missing == "breaching":
		return Alarming, a.treated(filled, "Breaching")
	case a.Missing == "notBreaching":
		return OK, a.treated(filled, "NonBreaching")
	case a.Missing == "ignore":
		return now, ""
	case len(known) == 0:
		return InsufficientData, fmt.Sprintf("Insufficient Data: %s unknown.", were(filled))
	case oldestBreach >= a.DatapointsToAlarm:
		// Nothing but breaches since then: the alarm does not wait for more.
		return Alarming, a.crossed(known, breaching, "OK -> ALARM", true)
	}
	return now, ""
}

func (a Alarm) crossed(points []Datapoint, n int, transition string, breach bool) string {
	var values []string
	for i := len(points) - 1; i >= 0; i-- {
		if p := points[i]; a.Breaches(*p.Value) == breach {
			values = append(values, fmt.Sprintf("%v (%s)", *p.Value, p.At.UTC().Format("02/01/06 15:04:05")))
		}
	}
	was, not, needed := "was", "", a.DatapointsToAlarm
	if n != 1 {
		was = "were"
	}
	if !breach {
		not, needed = "not ", a.EvaluationPeriods-a.DatapointsToAlarm+1
	}
	plural := ""
	if needed != 1 {
		plural = "s"
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints [%s] %s %s%s the threshold (%v) (minimum %d datapoint%s for %s transition).",
		n, a.EvaluationPeriods, strings.Join(values, ", "), was, not, comparisons[a.Comparison], a.Threshold, needed, plural, transition)
}

func (a Alarm) treated(n int, as string) string {
	missing := "1 missing datapoint was"
	if n != 1 {
		missing = fmt.Sprintf("%d missing datapoints were", n)
	}
	plural := ""
	if a.EvaluationPeriods != 1 {
		plural = "s"
	}
	return fmt.Sprintf("Threshold Crossed: no datapoints were received for %d period%s and %s treated as [%s].", n, plural, missing, as)
}

func were(n int) string {
	if n == 1 {
		return "1 datapoint was"
	}
	return fmt.Sprintf("%d datapoints were", n)
}

var comparisons = map[string]string{
	"GreaterThanThreshold":          "greater than",
	"GreaterThanOrEqualToThreshold": "greater than or equal to",
	"LessThanThreshold":             "less than",
	"LessThanOrEqualToThreshold":    "less than or equal to",
}
