// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package watch

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Point is what is known of a metric in one period.
type Point struct {
	At                   time.Time // the period's beginning
	Sum, Min, Max, Count float64
	// Samples are for percentiles. Without them there are none, unless all
	// values are the same.
	Samples []Sample
}

// A Sample is a value that stands for Weight measurements.
type Sample struct{ Value, Weight float64 }

// PointOf is the point of measurements that are all the same.
func PointOf(at time.Time, value, count float64) Point {
	return Point{At: at, Sum: value * count, Min: value, Max: value, Count: count}
}

// Merge adds up the measurements of two points; the time is p's.
func (p Point) Merge(q Point) Point {
	sum := Point{At: p.At, Sum: p.Sum + q.Sum, Count: p.Count + q.Count, Min: min(p.Min, q.Min), Max: max(p.Max, q.Max)}
	if sum.Min != sum.Max {
		sum.Samples = append(p.weighted(), q.weighted()...)
	}
	return sum
}

// weighted gives the samples of a point, which a point of one value has
// without keeping them.
func (p Point) weighted() []Sample {
	if len(p.Samples) == 0 && p.Min == p.Max {
		return []Sample{{p.Min, p.Count}}
	}
	return slices.Clone(p.Samples)
}

// Statistic computes Sum, Average, Minimum, Maximum, SampleCount or a
// percentile such as p99 or p99.9. It is not ok when the point has no samples
// to compute a percentile of, and for names that IsStatistic refuses.
func (p Point) Statistic(name string) (v float64, ok bool) {
	switch name {
	case "Sum":
		return p.Sum, true
	case "Average":
		return p.Sum / p.Count, p.Count > 0
	case "Minimum":
		return p.Min, true
	case "Maximum":
		return p.Max, true
	case "SampleCount":
		return p.Count, true
	}
	rank, ok := percentile(name)
	samples := p.weighted()
	if !ok || len(samples) == 0 {
		return 0, false
	}
	slices.SortFunc(samples, func(a, b Sample) int { return int(math.Copysign(1, a.Value-b.Value)) })
	total := 0.0
	for _, s := range samples {
		total += s.Weight
	}
	below := 0.0
	for _, s := range samples {
		if below += s.Weight; below >= rank/100*total {
			return s.Value, true
		}
	}
	return samples[len(samples)-1].Value, true
}

// IsStatistic tells whether a name is one that Statistic computes. CloudWatch
// also has trimmed means and their like.
func IsStatistic(name string) bool {
	_, ok := percentile(name)
	return ok || slices.Contains([]string{"Sum", "Average", "Minimum", "Maximum", "SampleCount"}, name)
}

// Significant tells whether there are samples enough for a statistic to mean
// something, which is a question of percentiles only: 10/(1-percentile) for those
// from a half on, 10/percentile below.
//
// Source: "Percentile-based alarms and low data samples" in the Amazon CloudWatch
// User Guide.
func Significant(statistic string, samples float64) bool {
	rank, ok := percentile(statistic)
	if !ok {
		return true
	}
	rarer := min(rank, 100-rank) // so many in a hundred are beyond it
	return samples*rarer >= 1000-1e-6
}

// percentile reads "p99" or "p99.9".
func percentile(name string) (float64, bool) {
	digits, ok := strings.CutPrefix(name, "p")
	if !ok || strings.ContainsAny(digits, "eExX+-_") {
		return 0, false
	}
	rank, err := strconv.ParseFloat(digits, 64)
	return rank, err == nil && rank >= 0 && rank <= 100
}

// Periods merges points into periods that begin at start and follow each other
// up to end. Points need no order; the result is the oldest first and has no
// entry for a period without points.
func Periods(points []Point, start, end time.Time, period time.Duration) []Point {
	merged := map[int64]Point{}
	for _, p := range points {
		if p.At.Before(start) || !p.At.Before(end) {
			continue
		}
		n := int64(p.At.Sub(start) / period)
		if have, ok := merged[n]; ok {
			merged[n] = have.Merge(p)
			continue
		}
		p.At = start.Add(time.Duration(n) * period)
		merged[n] = p
	}
	list := make([]Point, 0, len(merged))
	for _, p := range merged {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Point) int { return a.At.Compare(b.At) })
	return list
}
