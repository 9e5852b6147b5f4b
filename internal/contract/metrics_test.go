// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var metricContracts = []contract{
	{"a metric's values are added up by minutes, the newest first", valuesAddedUp},
	{"a metric is another one with other dimensions", metricsByDimensions},
	{"a metric without data has no values, and that is no error", metricWithoutData},
}

// minute is one that was long enough ago to have all its data.
func (w *world) minute() time.Time { return w.clock.Now().Add(-10 * time.Minute).Truncate(time.Minute) }

func (w *world) metric(group string) *types.Metric {
	return &types.Metric{
		Namespace: aws.String("Acme/" + w.name), MetricName: aws.String("Requests"),
		Dimensions: []types.Dimension{{Name: aws.String("TargetGroup"), Value: aws.String(w.name + "/" + group)}},
	}
}

func (w *world) count(group string, at time.Time, n float64) {
	m := w.metric(group)
	_, err := w.cw.PutMetricData(w.ctx, &cloudwatch.PutMetricDataInput{
		Namespace:  m.Namespace,
		MetricData: []types.MetricDatum{{MetricName: m.MetricName, Dimensions: m.Dimensions, Timestamp: &at, Value: &n, Unit: types.StandardUnitCount}},
	})
	w.ok(err)
}

// sums are those of the last half hour, by minutes.
func (w *world) sums(group string) types.MetricDataResult {
	out, err := w.cw.GetMetricData(w.ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(w.minute().Add(-20 * time.Minute)), EndTime: aws.Time(w.minute().Add(10 * time.Minute)),
		MetricDataQueries: []types.MetricDataQuery{{
			Id: aws.String("requests"), MetricStat: &types.MetricStat{Metric: w.metric(group), Period: aws.Int32(60), Stat: aws.String("Sum")},
		}},
	})
	w.ok(err)
	if len(out.MetricDataResults) != 1 {
		w.fatalf("%d results of one query", len(out.MetricDataResults))
	}
	return out.MetricDataResults[0]
}

func valuesAddedUp(w *world) {
	m := w.minute()
	w.count("a", m.Add(5*time.Second), 3)
	w.count("a", m.Add(55*time.Second), 4)
	w.count("a", m.Add(65*time.Second), 5)
	got := w.sums("a")
	w.same("values", []float64{5, 7}, got.Values)
	w.same("times", []time.Time{m.Add(time.Minute), m}, got.Timestamps)
}

func metricsByDimensions(w *world) {
	w.count("a", w.minute(), 3)
	w.count("b", w.minute(), 4)
	w.same("values of a", []float64{3}, w.sums("a").Values)
	w.same("values of b", []float64{4}, w.sums("b").Values)
}

func metricWithoutData(w *world) {
	w.count("a", w.minute(), 3)
	w.same("values of b", 0, len(w.sums("b").Values))
}
