// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package watch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/watch"
)

var start = time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)

// minutes makes datapoints out of a drawing: X breaches, 0 does not, - is missing.
func minutes(drawing string) []watch.Datapoint {
	var points []watch.Datapoint
	for i, mark := range strings.Fields(drawing) {
		p := watch.Datapoint{At: start.Add(time.Duration(i) * time.Minute)}
		if v := map[string]float64{"X": 10, "0": 0}[mark]; mark != "-" {
			p.Value = &v
		}
		points = append(points, p)
	}
	return points
}

// TestMissingData holds the evaluation to the two tables of the CloudWatch User
// Guide's "Configuring how CloudWatch alarms treat missing data", all ten rows,
// and to the section after them, "Avoiding premature transitions to alarm state".
func TestMissingData(t *testing.T) {
	const retained = watch.State("as before")
	for _, c := range []struct {
		need, of                                 int
		points                                   string
		missing, ignore, breaching, notBreaching watch.State
	}{
		{3, 3, "0 - X - X", watch.OK, watch.OK, watch.OK, watch.OK},
		{3, 3, "0 - - - -", watch.OK, watch.OK, watch.OK, watch.OK},
		{3, 3, "- - - - -", watch.InsufficientData, retained, watch.Alarming, watch.OK},
		{3, 3, "0 X X - X", watch.Alarming, watch.Alarming, watch.Alarming, watch.Alarming},
		{3, 3, "- - X - -", watch.Alarming, retained, watch.Alarming, watch.OK},
		{2, 3, "0 - X - X", watch.Alarming, watch.Alarming, watch.Alarming, watch.Alarming},
		{2, 3, "0 0 X 0 X", watch.Alarming, watch.Alarming, watch.Alarming, watch.Alarming},
		{2, 3, "0 - X - -", watch.OK, watch.OK, watch.Alarming, watch.OK},
		{2, 3, "- - - - 0", watch.OK, watch.OK, watch.Alarming, watch.OK},
		{2, 3, "- - - X -", watch.Alarming, retained, watch.Alarming, watch.OK},
		// "The alarm does not go immediately into ALARM state"; the guide does not say
		// what state it has instead.
		{3, 3, "- - - - X", retained, retained, watch.Alarming, watch.OK},
		{3, 3, "- - - X -", retained, retained, watch.Alarming, watch.OK},
		// From there it goes on to "- - X - -" above, or to the first of these two;
		// the second is in an older edition of the table.
		{3, 3, "- - X - 0", watch.OK, watch.OK, watch.OK, watch.OK},
		{3, 3, "X - - - -", watch.Alarming, retained, watch.Alarming, watch.OK},
		// "Extra data points from farther back are not needed and are ignored."
		{3, 3, "X X X X 0", watch.OK, watch.OK, watch.OK, watch.OK},
		{2, 3, "X X 0 0 X", watch.OK, watch.OK, watch.OK, watch.OK},
		{1, 1, "X X 0", watch.OK, watch.OK, watch.OK, watch.OK},
		{1, 1, "0 0 X", watch.Alarming, watch.Alarming, watch.Alarming, watch.Alarming},
	} {
		for treatment, want := range map[string]watch.State{
			"missing": c.missing, "ignore": c.ignore, "breaching": c.breaching, "notBreaching": c.notBreaching,
		} {
			a := watch.Alarm{Comparison: "GreaterThanThreshold", Threshold: 1, EvaluationPeriods: c.of, DatapointsToAlarm: c.need, Missing: treatment}
			got, reason := a.Evaluate(retained, minutes(c.points))
			if got != want {
				t.Errorf("%d of %d, %s treated as %s: %s, want %s", c.need, c.of, c.points, treatment, got, want)
			}
			if got != retained && reason == "" {
				t.Errorf("%s as %s: no reason", c.points, treatment)
			}
		}
	}
}

// TestLowSamples has the numbers of "Percentile-based alarms and low data samples".
func TestLowSamples(t *testing.T) {
	for statistic, least := range map[string]float64{"p99": 1000, "p99.9": 10000, "p50": 20, "p25": 40, "p10": 100} {
		if !watch.Significant(statistic, least) || watch.Significant(statistic, least-1) {
			t.Errorf("%s does not become significant with %v samples", statistic, least)
		}
	}
	for _, statistic := range []string{"Average", "p0", "p100"} {
		if got, want := watch.Significant(statistic, 1), statistic == "Average"; got != want {
			t.Errorf("%s of one sample: %v", statistic, got)
		}
	}
}

func TestReasons(t *testing.T) {
	a := watch.Alarm{Comparison: "GreaterThanThreshold", Threshold: 1, EvaluationPeriods: 3, DatapointsToAlarm: 2, Missing: "missing"}
	for points, want := range map[string]string{
		"0 0 X 0 X": "Threshold Crossed: 2 out of the last 3 datapoints [10 (01/01/26 10:04:00), 10 (01/01/26 10:02:00)] were greater than the threshold (1) (minimum 2 datapoints for OK -> ALARM transition).",
		"X X 0 0 X": "Threshold Crossed: 2 out of the last 3 datapoints [0 (01/01/26 10:03:00), 0 (01/01/26 10:02:00)] were not greater than the threshold (1) (minimum 2 datapoints for ALARM -> OK transition).",
		"- - - - -": "Insufficient Data: 3 datapoints were unknown.",
	} {
		if _, reason := a.Evaluate(watch.OK, minutes(points)); reason != want {
			t.Errorf("%s:\n got %s\nwant %s", points, reason, want)
		}
	}
	a.EvaluationPeriods, a.DatapointsToAlarm, a.Missing = 1, 1, "notBreaching"
	if _, reason := a.Evaluate(watch.OK, minutes("- - -")); reason != "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]." {
		t.Error(reason)
	}
}

func TestComparisons(t *testing.T) {
	for comparison, want := range map[string]string{
		"GreaterThanThreshold": "3", "GreaterThanOrEqualToThreshold": "23", "LessThanThreshold": "1", "LessThanOrEqualToThreshold": "12",
	} {
		got := ""
		for v := 1.0; v <= 3; v++ {
			if (watch.Alarm{Comparison: comparison, Threshold: 2}).Breaches(v) {
				got += fmt.Sprint(v)
			}
		}
		if got != want {
			t.Errorf("%s 2: %s, want %s", comparison, got, want)
		}
	}
	more, less := watch.Alarm{Comparison: "GreaterThanThreshold"}, watch.Alarm{Comparison: "LessThanThreshold"}
	if !more.Certain("Sum") || more.Certain("Average") || more.Certain("p99") || less.Certain("Sum") || !less.Certain("Minimum") {
		t.Error("what is certain in the midst of a period is wrong")
	}
}

func TestRules(t *testing.T) {
	states := func(name string) watch.State {
		return map[string]watch.State{"a": watch.Alarming, "b": watch.OK, "with ) and space": watch.Alarming, "arn:aws:x:alarm:a": watch.Alarming}[name]
	}
	for text, want := range map[string]bool{
		"ALARM(a)": true, "ALARM(b)": false, "OK( b )": true, "INSUFFICIENT_DATA(a)": false, "TRUE": true, "FALSE": false,
		`ALARM("with ) and space")`:                 true,
		"ALARM(arn:aws:x:alarm:a)":                  true,
		"NOT ALARM(a)":                              false,
		"NOT NOT ALARM(a)":                          true,
		"ALARM(b) AND FALSE OR ALARM(a)":            true,
		"ALARM(a) OR ALARM(b) AND FALSE":            true,
		"(ALARM(a) OR ALARM(b)) AND FALSE":          false,
		"NOT (ALARM(b) OR FALSE)\n\tAND(OK(\"b\"))": true,
		"NOT FALSE AND FALSE":                       false,
	} {
		r, err := watch.ParseRule(text)
		if err != nil {
			t.Error(err)
		} else if got := r.Holds(states); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
	r, err := watch.ParseRule(`ALARM(a) AND (OK("b") OR ALARM(a))`)
	if err != nil || !slices.Equal(r.Alarms(), []string{"a", "b"}) {
		t.Errorf("%v, %v", r.Alarms(), err)
	}
	for _, text := range []string{"", "ALARM", "ALARM(", "ALARM()", "ALARM(a", `ALARM("a`, "ALARM(a) ALARM(b)", "ALARM(a) AND", "(TRUE", "TRUE)", "alarm(a)", "NOT", "XOR(a)"} {
		if _, err := watch.ParseRule(text); err == nil {
			t.Errorf("%q is taken for a rule", text)
		}
	}
}

func TestMath(t *testing.T) {
	at := func(n int) int64 { return start.Add(time.Duration(n) * time.Minute).Unix() }
	series := map[string]watch.Series{
		"errors":   {at(1): 2, at(2): 5},
		"requests": {at(0): 10, at(1): 10, at(2): 0},
	}
	var periods []time.Time
	for i := range 4 {
		periods = append(periods, start.Add(time.Duration(i)*time.Minute))
	}
	for text, want := range map[string]watch.Series{
		"errors/requests":                                {at(1): 0.2},
		"100 * FILL(errors, 0) / requests":               {at(0): 0, at(1): 20},
		"FILL(errors, REPEAT)":                           {at(1): 2, at(2): 5, at(3): 5},
		"FILL(nothing,0)":                                {at(0): 0, at(1): 0, at(2): 0, at(3): 0},
		"IF(requests >= 10, FILL(errors,0)/requests, 0)": {at(0): 0, at(1): 0.2, at(2): 0},
		"IF(errors > 3, errors)":                         {at(2): 5},
		"SUM([errors, requests])":                        {at(0): 10, at(1): 12, at(2): 5},
		"AVG([errors, requests])":                        {at(0): 10, at(1): 6, at(2): 2.5},
		"MAX(errors) + 0 * requests":                     {at(0): 5, at(1): 5, at(2): 5},
		"MIN([errors,requests]) ":                        {at(0): 10, at(1): 2, at(2): 0},
		"-errors - -1":                                   {at(1): -1, at(2): -4},
		"ABS(2 - errors)":                                {at(1): 0, at(2): 3},
		"2 + 3 * 2 ^ 2 - (1 + 1)":                        {at(0): 12, at(1): 12, at(2): 12, at(3): 12},
		"errors == 2":                                    {at(1): 1, at(2): 0},
		"1 / 0":                                          {},
		"nothing + errors":                               {},
	} {
		e, err := watch.Parse(text)
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(want, e.Evaluate(series, periods)); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	e, err := watch.Parse("a/(a+b)")
	if err != nil || !slices.Equal(e.IDs(), []string{"a", "b"}) {
		t.Errorf("%v, %v", e.IDs(), err)
	}
	for _, text := range []string{"", "1 +", "(a", "a b", "FILL(a)", "RATE(a)", "SEARCH('x')", "A + 1", "1.2.3", "[a", "SELECT AVG(x) FROM y"} {
		if _, err := watch.Parse(text); err == nil {
			t.Errorf("%q is taken for an expression", text)
		}
	}
}

func TestStatistics(t *testing.T) {
	var points []watch.Point
	for i := range 100 {
		p := watch.PointOf(start.Add(time.Duration(i)*time.Second), float64(i+1), 1)
		points = append(points, p)
	}
	all := watch.Periods(points, start, start.Add(time.Hour), 5*time.Minute)
	if len(all) != 1 || !all[0].At.Equal(start) {
		t.Fatalf("%+v", all)
	}
	for name, want := range map[string]float64{
		"Sum": 5050, "Average": 50.5, "Minimum": 1, "Maximum": 100, "SampleCount": 100, "p50": 50, "p99": 99, "p99.9": 100, "p0": 1, "p100": 100,
	} {
		if got, ok := all[0].Statistic(name); !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := watch.Periods(points, start, start.Add(90*time.Second), time.Minute); len(got) != 2 || got[0].Count != 60 || got[1].Count != 30 {
		t.Errorf("by the minute: %+v", got)
	}
	weighted := watch.Point{Sum: 101, Min: 1, Max: 2, Count: 100, Samples: []watch.Sample{{1, 99}, {2, 1}}}
	if got, _ := weighted.Statistic("p99"); got != 1 {
		t.Errorf("the weights of samples do not count: p99 is %v", got)
	}
	if _, ok := (watch.Point{Sum: 3, Min: 1, Max: 2, Count: 2}).Statistic("p50"); ok {
		t.Error("a percentile without samples")
	}
	for _, name := range []string{"", "p", "p101", "p-1", "p1e1", "tm90", "sum"} {
		if watch.IsStatistic(name) {
			t.Errorf("%q is taken for a statistic", name)
		}
	}
}
