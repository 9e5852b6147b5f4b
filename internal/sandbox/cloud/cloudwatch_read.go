// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/watch"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// mostDatapoints is how many GetMetricStatistics gives at most.
const mostDatapoints = 1440

func (s monitoring) ListMetrics(_ context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	s.publishMetrics(s.now())
	all := map[string]types.Metric{}
	for _, x := range s.watching.series {
		all[metricKey(&x.metric)] = x.metric
		if whole := x.wholeBalancer(); whole != nil {
			all[metricKey(whole)] = *whole
		}
	}
	var found []types.Metric
	for _, m := range all {
		if is(in.Namespace, m.Namespace) && is(in.MetricName, m.MetricName) && hasDimensions(m, in.Dimensions) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b types.Metric) int { return strings.Compare(metricKey(&a), metricKey(&b)) })
	list, next, err := page(found, in.NextToken, nil, 500)
	return &cloudwatch.ListMetricsOutput{Metrics: list, NextToken: next}, err
}

func hasDimensions(m types.Metric, filters []types.DimensionFilter) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(m.Dimensions, func(d types.Dimension) bool { return *d.Name == value(f.Name) && is(f.Value, d.Value) }) {
			return false
		}
	}
	return true
}

func (s monitoring) GetMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	s.publishMetrics(s.now())
	if err := cmp.Or(checkPeriod(*in.Period), checkWindow(*in.StartTime, *in.EndTime)); err != nil {
		return nil, err
	}
	period := time.Duration(*in.Period) * time.Second
	if n := int64(in.EndTime.Sub(*in.StartTime) / period); n > mostDatapoints {
		return nil, wire.Errorf("InvalidParameterCombination",
			"You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, mostDatapoints)
	}
	if len(in.Statistics)+len(in.ExtendedStatistics) == 0 {
		return nil, wire.Errorf("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
	}
	for _, name := range in.Statistics {
		if err := checkStatistic(string(name)); err != nil {
			return nil, err
		}
	}
	for _, name := range in.ExtendedStatistics {
		if err := checkStatistic(name); err != nil {
			return nil, err
		}
	}
	m := &types.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions}
	byUnit := map[types.StandardUnit][]watch.Point{}
	for _, x := range s.seriesOf(m, in.Unit) {
		byUnit[x.unit] = append(byUnit[x.unit], x.points...)
	}
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	for unit, points := range byUnit {
		for _, p := range watch.Periods(points, in.StartTime.Truncate(period), *in.EndTime, period) {
			out.Datapoints = append(out.Datapoints, describePoint(p, unit, in.Statistics, in.ExtendedStatistics))
		}
	}
	return out, nil
}

func describePoint(p watch.Point, unit types.StandardUnit, statistics []types.Statistic, extended []string) types.Datapoint {
	d := types.Datapoint{Timestamp: ptr(p.At), Unit: unit}
	member := map[types.Statistic]**float64{
		types.StatisticSum: &d.Sum, types.StatisticAverage: &d.Average, types.StatisticMinimum: &d.Minimum,
		types.StatisticMaximum: &d.Maximum, types.StatisticSampleCount: &d.SampleCount,
	}
	for _, name := range statistics {
		if v, ok := p.Statistic(string(name)); ok {
			*member[name] = &v
		}
	}
	for _, name := range extended {
		if v, ok := p.Statistic(name); ok {
			if d.ExtendedStatistics == nil {
				d.ExtendedStatistics = map[string]float64{}
			}
			d.ExtendedStatistics[name] = v
		}
	}
	return d
}

// GetMetricData serves queries for metrics and metric math; see package watch
// for what of it there is.
func (s monitoring) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	s.publishMetrics(s.now())
	if len(in.MetricDataQueries) > 500 {
		return nil, wire.Errorf("ValidationError", "The collection MetricDataQueries must not have a size greater than 500.")
	}
	if err := checkWindow(*in.StartTime, *in.EndTime); err != nil {
		return nil, err
	}
	queries, err := parseQueries(in.MetricDataQueries)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}}
	for _, q := range in.MetricDataQueries {
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		label := q.Id
		if q.MetricStat != nil {
			label = q.MetricStat.Metric.MetricName
		}
		r := types.MetricDataResult{
			Id: q.Id, Label: cmp.Or(q.Label, label), StatusCode: types.StatusCodeComplete, Timestamps: []time.Time{}, Values: []float64{},
		}
		period := queries[*q.Id].period
		periods := periodsOf(in.StartTime.Truncate(period), *in.EndTime, period)
		values := s.compute(queries, *q.Id, periods)
		for _, at := range periods {
			if v, ok := values[at.Unix()]; ok {
				r.Timestamps, r.Values = append(r.Timestamps, at), append(r.Values, v)
			}
		}
		if in.ScanBy != types.ScanByTimestampAscending {
			slices.Reverse(r.Timestamps)
			slices.Reverse(r.Values)
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, nil
}

func checkStatistic(name string) error {
	if !watch.IsStatistic(name) {
		return wire.Errorf("InvalidParameterValue", "The value %s for parameter Stat is not supported.", name)
	}
	return nil
}

// checkPeriod refuses high-resolution periods, which the sandbox has no data for.
func checkPeriod(period int32) error {
	if period < 60 || period%60 != 0 {
		return wire.Errorf("InvalidParameterValue", "The parameter Period must be a multiple of 60.")
	}
	return nil
}

func checkWindow(start, end time.Time) error {
	if !start.Before(end) {
		return wire.Errorf("InvalidParameterCombination", "The parameter StartTime must be less than the parameter EndTime.")
	}
	return nil
}
