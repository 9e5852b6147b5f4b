// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/proxy"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// metrics is CloudWatch: the metrics of the load balancers' target groups.
type metrics struct{ *Cloud }

const namespace = "AWS/ApplicationELB"

// A series is one metric of one target group by minute.
type series struct {
	metric     types.Metric
	datapoints []datapoint
}

// A datapoint is what CloudWatch keeps of a minute.
type datapoint struct {
	at                   time.Time
	sum, min, max, count float64
	samples              []float64 // for percentiles; nil where every sample is 1
}

// counters are the metrics that the proxy counts. Those of answers exist only
// for minutes in which they are not zero.
var counters = []struct {
	name string
	of   func(proxy.Minute) int
}{
	{"RequestCount", func(m proxy.Minute) int { return m.RequestCount }},
	{"HTTPCode_Target_2XX_Count", func(m proxy.Minute) int { return m.HTTP2xx }},
	{"HTTPCode_Target_3XX_Count", func(m proxy.Minute) int { return m.HTTP3xx }},
	{"HTTPCode_Target_4XX_Count", func(m proxy.Minute) int { return m.HTTP4xx }},
	{"HTTPCode_Target_5XX_Count", func(m proxy.Minute) int { return m.HTTP5xx }},
	{"TargetConnectionErrorCount", func(m proxy.Minute) int { return m.ConnectionErrors }},
}

// allSeries makes the series of all target groups out of the proxy's counts.
func (c *Cloud) allSeries() []series {
	var all []series
	for _, g := range c.groups {
		minutes := g.proxy.Metrics()
		balancers := c.balancersOf(*g.TargetGroupArn)
		if len(balancers) == 0 {
			continue
		}
		dimensions := []types.Dimension{
			{Name: ptr("TargetGroup"), Value: ptr(resourceName(*g.TargetGroupArn))},
			{Name: ptr("LoadBalancer"), Value: ptr(resourceName(balancers[0]))},
		}
		add := func(name string, points []datapoint) {
			if len(points) > 0 {
				all = append(all, series{types.Metric{Namespace: ptr(namespace), MetricName: ptr(name), Dimensions: dimensions}, points})
			}
		}
		for _, counter := range counters {
			var points []datapoint
			for _, m := range minutes {
				if n := float64(counter.of(m)); n > 0 {
					points = append(points, datapoint{at: m.Start, sum: n, min: 1, max: 1, count: n})
				}
			}
			add(counter.name, points)
		}
		var times []datapoint
		for _, m := range minutes {
			if t := m.ResponseTime; t.Count > 0 {
				times = append(times, datapoint{m.Start, t.Sum, t.Min, t.Max, float64(t.Count), t.Values})
			}
		}
		add("TargetResponseTime", times)
		healthy, unhealthy := 0.0, 0.0
		for _, h := range g.proxy.Health() {
			switch h.State {
			case "healthy":
				healthy++
			case "unhealthy":
				unhealthy++
			}
		}
		minute := c.now().Truncate(time.Minute)
		add("HealthyHostCount", []datapoint{{minute, healthy, healthy, healthy, 1, []float64{healthy}}})
		add("UnHealthyHostCount", []datapoint{{minute, unhealthy, unhealthy, unhealthy, 1, []float64{unhealthy}}})
	}
	return all
}

// matches compares a series with a metric; dimensions may come in any order,
// and the load balancer alone sums up all its target groups.
func (s series) matches(m *types.Metric) bool {
	if value(m.Namespace) != *s.metric.Namespace || value(m.MetricName) != *s.metric.MetricName || len(m.Dimensions) == 0 {
		return false
	}
	for _, d := range m.Dimensions {
		if !slices.ContainsFunc(s.metric.Dimensions, func(have types.Dimension) bool {
			return value(d.Name) == *have.Name && value(d.Value) == *have.Value
		}) {
			return false
		}
	}
	return true
}

// aggregate merges datapoints into periods within [start, end), oldest first.
func (c *Cloud) aggregate(m *types.Metric, start, end time.Time, period time.Duration) []datapoint {
	byTime := map[time.Time]*datapoint{}
	for _, s := range c.allSeries() {
		if !s.matches(m) {
			continue
		}
		for _, p := range s.datapoints {
			if p.at.Before(start.Truncate(period)) || !p.at.Before(end) {
				continue
			}
			at := p.at.Truncate(period)
			if have, ok := byTime[at]; ok {
				have.sum, have.count = have.sum+p.sum, have.count+p.count
				have.min, have.max = min(have.min, p.min), max(have.max, p.max)
				have.samples = append(have.samples, p.samples...)
				continue
			}
			p.at, p.samples = at, slices.Clone(p.samples)
			byTime[at] = &p
		}
	}
	var points []datapoint
	for _, p := range byTime {
		points = append(points, *p)
	}
	slices.SortFunc(points, func(a, b datapoint) int { return a.at.Compare(b.at) })
	return points
}

// statistic computes one statistic: a plain one or a percentile such as p99.
func (p datapoint) statistic(name string) (float64, error) {
	switch name {
	case "Sum":
		return p.sum, nil
	case "Average":
		return p.sum / p.count, nil
	case "Minimum":
		return p.min, nil
	case "Maximum":
		return p.max, nil
	case "SampleCount":
		return p.count, nil
	}
	rank, ok := percentile(name)
	if !ok {
		return 0, wire.Errorf("InvalidParameterValue", "The value %s for parameter Stat is not supported.", name)
	}
	if len(p.samples) == 0 {
		return p.max, nil
	}
	slices.Sort(p.samples)
	i := int(math.Ceil(rank/100*float64(len(p.samples)))) - 1
	return p.samples[max(i, 0)], nil
}

func (s metrics) ListMetrics(_ context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	var found []types.Metric
	for _, x := range s.allSeries() {
		if is(in.Namespace, x.metric.Namespace) && is(in.MetricName, x.metric.MetricName) && hasDimensions(x.metric, in.Dimensions) {
			found = append(found, x.metric)
		}
	}
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

func (s metrics) GetMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	if err := checkPeriod(*in.Period, *in.StartTime, *in.EndTime); err != nil {
		return nil, err
	}
	if len(in.Statistics)+len(in.ExtendedStatistics) == 0 {
		return nil, wire.Errorf("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
	}
	m := &types.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions}
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName}
	for _, p := range s.aggregate(m, *in.StartTime, *in.EndTime, time.Duration(*in.Period)*time.Second) {
		d := types.Datapoint{Timestamp: ptr(p.at), Unit: unitOf(*in.MetricName)}
		for _, name := range in.Statistics {
			v, err := p.statistic(string(name))
			if err != nil {
				return nil, err
			}
			*map[types.Statistic]**float64{
				types.StatisticSum: &d.Sum, types.StatisticAverage: &d.Average, types.StatisticMinimum: &d.Minimum,
				types.StatisticMaximum: &d.Maximum, types.StatisticSampleCount: &d.SampleCount,
			}[name] = &v
		}
		for _, name := range in.ExtendedStatistics {
			v, err := p.statistic(name)
			if err != nil {
				return nil, err
			}
			if d.ExtendedStatistics == nil {
				d.ExtendedStatistics = map[string]float64{}
			}
			d.ExtendedStatistics[name] = v
		}
		out.Datapoints = append(out.Datapoints, d)
	}
	return out, nil
}

func unitOf(metric string) types.StandardUnit {
	if metric == "TargetResponseTime" {
		return types.StandardUnitSeconds
	}
	return types.StandardUnitCount
}

func checkPeriod(period int32, start, end time.Time) error {
	if period < 60 || period%60 != 0 {
		return wire.Errorf("InvalidParameterValue", "The parameter Period must be a multiple of 60.")
	}
	if !start.Before(end) {
		return wire.Errorf("InvalidParameterCombination", "The parameter StartTime must be less than the parameter EndTime.")
	}
	return nil
}

// GetMetricData serves queries for metrics. Expressions, also those in SQL,
// are refused.
func (s metrics) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	if len(in.MetricDataQueries) > 500 {
		return nil, wire.Errorf("ValidationError", "The collection MetricDataQueries must not have a size greater than 500.")
	}
	out := &cloudwatch.GetMetricDataOutput{}
	seen := map[string]bool{}
	for _, q := range in.MetricDataQueries {
		id := value(q.Id)
		if id == "" || !strings.Contains(lowerLetters, id[:1]) || seen[id] {
			return nil, wire.Errorf("ValidationError", "The value '%s' for parameter MetricDataQueries.Id is invalid: it must begin with a lower case letter and be unique.", id)
		}
		seen[id] = true
		if q.MetricStat == nil || q.MetricStat.Metric == nil {
			return nil, wire.Errorf("ValidationError", "The sandbox does not serve metric math: query %s needs a MetricStat.", id)
		}
		period := value(q.MetricStat.Period)
		if err := checkPeriod(period, *in.StartTime, *in.EndTime); err != nil {
			return nil, err
		}
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		r := types.MetricDataResult{
			Id: q.Id, Label: cmp.Or(q.Label, q.MetricStat.Metric.MetricName), StatusCode: types.StatusCodeComplete,
			Timestamps: []time.Time{}, Values: []float64{},
		}
		points := s.aggregate(q.MetricStat.Metric, *in.StartTime, *in.EndTime, time.Duration(period)*time.Second)
		if in.ScanBy != types.ScanByTimestampAscending {
			slices.Reverse(points)
		}
		for _, p := range points {
			v, err := p.statistic(value(q.MetricStat.Stat))
			if err != nil {
				return nil, err
			}
			r.Timestamps, r.Values = append(r.Timestamps, p.at), append(r.Values, v)
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, nil
}

// percentile reads "p99" or "p99.9".
func percentile(name string) (float64, bool) {
	digits, ok := strings.CutPrefix(name, "p")
	if !ok {
		return 0, false
	}
	rank, err := strconv.ParseFloat(digits, 64)
	return rank, err == nil && rank >= 0 && rank <= 100
}
