// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/watch"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// PutMetricData takes in metrics of the user's own. They can be read at once.
func (s monitoring) PutMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	switch {
	case strings.HasPrefix(*in.Namespace, "AWS/"):
		return nil, wire.Errorf("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
	case len(in.EntityMetricData) > 0:
		return nil, wire.Errorf("ValidationError", "The sandbox does not serve EntityMetricData.")
	case len(in.MetricData) == 0:
		return nil, wire.Errorf("MissingParameter", "The parameter MetricData is required.")
	case len(in.MetricData) > 1000:
		return nil, wire.Errorf("ValidationError", "The collection MetricData must not have a size greater than 1000.")
	}
	now := s.now()
	points := make([]watch.Point, len(in.MetricData))
	for i, d := range in.MetricData {
		p, err := datumPoint(d, now)
		if err != nil {
			return nil, err
		}
		points[i] = p
	}
	for i, d := range in.MetricData {
		unit := d.Unit
		if unit == "" {
			unit = types.StandardUnitNone
		}
		x := s.watching.find(types.Metric{Namespace: in.Namespace, MetricName: d.MetricName, Dimensions: d.Dimensions}, unit)
		x.put(points[i], true)
		x.forget(now.Add(-customMinutes))
	}
	return &cloudwatch.PutMetricDataOutput{}, nil
}

// datumPoint makes a point out of a datum.
func datumPoint(d types.MetricDatum, now time.Time) (watch.Point, error) {
	at := now
	if d.Timestamp != nil {
		at = d.Timestamp.UTC()
	}
	name := value(d.MetricName)
	forms := 0
	for _, given := range []bool{d.Value != nil, d.StatisticValues != nil, len(d.Values) > 0} {
		if given {
			forms++
		}
	}
	switch {
	case name == "":
		return watch.Point{}, wire.Errorf("MissingParameter", "The parameter MetricData.member.MetricName is required.")
	case len(d.Dimensions) > 30:
		return watch.Point{}, wire.Errorf("InvalidParameterValue", "The metric %s must not have more than 30 dimensions.", name)
	case forms == 0:
		return watch.Point{}, wire.Errorf("MissingParameter", "At least one of the parameters Value, Values or StatisticValues must be specified for the metric %s.", name)
	case forms > 1:
		return watch.Point{}, wire.Errorf("InvalidParameterCombination", "Only one of the parameters Value, Values and StatisticValues can be specified for the metric %s.", name)
	case at.Before(now.Add(-14*24*time.Hour)) || at.After(now.Add(2*time.Hour)):
		return watch.Point{}, wire.Errorf("InvalidParameterValue", "The timestamp of the metric %s must be within the past two weeks and the next two hours.", name)
	}
	at = at.Truncate(time.Minute)
	switch {
	case d.Value != nil:
		return watch.PointOf(at, *d.Value, 1), checkValues(name, *d.Value)
	case d.StatisticValues != nil:
		s := d.StatisticValues
		if s.Sum == nil || s.Minimum == nil || s.Maximum == nil || s.SampleCount == nil || *s.SampleCount <= 0 || *s.Minimum > *s.Maximum {
			return watch.Point{}, wire.Errorf("InvalidParameterValue", "The StatisticValues of the metric %s are not complete or contradict each other.", name)
		}
		return watch.Point{At: at, Sum: *s.Sum, Min: *s.Minimum, Max: *s.Maximum, Count: *s.SampleCount}, checkValues(name, *s.Sum, *s.Minimum, *s.Maximum)
	}
	if len(d.Values) > 150 || len(d.Counts) > 0 && len(d.Counts) != len(d.Values) {
		return watch.Point{}, wire.Errorf("InvalidParameterValue", "The parameters Values and Counts of the metric %s must have the same size, of at most 150.", name)
	}
	var p watch.Point
	for i, v := range d.Values {
		count := 1.0
		if len(d.Counts) > 0 {
			count = d.Counts[i]
		}
		if one := watch.PointOf(at, v, count); i == 0 {
			p = one
		} else {
			p = p.Merge(one)
		}
	}
	return p, checkValues(name, d.Values...)
}

func checkValues(name string, values ...float64) error {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return wire.Errorf("InvalidParameterValue", "The value %v of the metric %s is not supported.", v, name)
		}
	}
	return nil
}
