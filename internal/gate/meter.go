// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package gate reads what CloudWatch says of an endpoint: alarms, and what the
// load balancer measured of its environments. It judges nothing.
package gate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// period is that of the metrics of Application Load Balancers.
const period = time.Minute

// Meter reads CloudWatch.
type Meter struct {
	metrics *cloudwatch.Client
	elb     *elasticloadbalancingv2.Client
	clock   roller.Clock
}

var _ roller.Meter = (*Meter)(nil)

// New returns the meter of the clients' account and Region.
func New(c *awsclient.Clients, clock roller.Clock) *Meter {
	return &Meter{metrics: c.CloudWatch, elb: c.LoadBalancing, clock: clock}
}

// Requests returns how many requests a target group answered in the whole minutes
// after a time. CloudWatch knows of a minute one to three minutes later, so a 0
// soon after that time says little.
func (m *Meter) Requests(ctx context.Context, targetGroup string, since time.Time) (float64, error) {
	_, _, series, err := m.read(ctx, targetGroup, since, stat{"requests", "RequestCount", "Sum"})
	if err != nil {
		return 0, fmt.Errorf("counting the requests of target group %s: %w", targetGroup, err)
	}
	return sum(series["requests"]), nil
}

// Measure returns what was measured of a target group in the whole minutes after a
// time. Errors are answers of the targets with a 5xx code and connections to them
// that failed, which the load balancer answers with 502. The latency is the mean
// of the minutes' percentiles, each weighted by its requests: percentiles of
// minutes cannot be put together exactly.
//
// Source of the metrics: "CloudWatch metrics for your Application Load Balancer"
// in the Elastic Load Balancing user guide.
func (m *Meter) Measure(ctx context.Context, targetGroup string, since time.Time, percentile float64) (rollout.Measure, error) {
	stats := []stat{
		{"requests", "RequestCount", "Sum"},
		{"errors", "HTTPCode_Target_5XX_Count", "Sum"},
		{"refused", "TargetConnectionErrorCount", "Sum"},
		{"unhealthy", "UnHealthyHostCount", "Maximum"},
	}
	if percentile > 0 {
		stats = append(stats, stat{"latency", "TargetResponseTime", "p" + strconv.FormatFloat(percentile, 'f', -1, 64)})
	}
	from, to, series, err := m.read(ctx, targetGroup, since, stats...)
	if err != nil {
		return rollout.Measure{}, fmt.Errorf("reading the metrics of target group %s: %w", targetGroup, err)
	}
	measure := rollout.Measure{
		From: from, To: to, Requests: sum(series["requests"]),
		Errors:  sum(series["errors"]) + sum(series["refused"]),
		Latency: time.Duration(weighted(series["latency"], series["requests"]) * float64(time.Second)),
	}
	for _, v := range series["unhealthy"] {
		measure.Unhealthy = max(measure.Unhealthy, v)
	}
	return measure, nil
}

// stat is one metric of a target group, by minute.
type stat struct{ id, metric, statistic string }

// points are a metric's values by minute.
type points map[time.Time]float64

// read returns metrics of a target group by minute, over the whole minutes after a
// time.
func (m *Meter) read(ctx context.Context, targetGroup string, since time.Time, stats ...stat) (from, to time.Time, series map[string]points, err error) {
	// The minute that the time is in has requests of before.
	from = since.UTC().Truncate(period)
	if from.Before(since) {
		from = from.Add(period)
	}
	to = m.clock.Now().UTC()
	if !from.Before(to) {
		return from, from, nil, nil
	}
	loadBalancer, err := m.loadBalancer(ctx, targetGroup)
	if err != nil || loadBalancer == "" {
		return from, to, nil, err
	}
	dimensions := []types.Dimension{
		{Name: aws.String("TargetGroup"), Value: aws.String(dimension(targetGroup, "targetgroup/"))},
		{Name: aws.String("LoadBalancer"), Value: aws.String(dimension(loadBalancer, "app/"))},
	}
	var queries []types.MetricDataQuery
	for _, s := range stats {
		queries = append(queries, types.MetricDataQuery{
			Id: aws.String(s.id),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String(s.metric), Dimensions: dimensions},
				Period: aws.Int32(int32(period.Seconds())), Stat: aws.String(s.statistic),
			},
		})
	}
	series = map[string]points{}
	pages := cloudwatch.NewGetMetricDataPaginator(m.metrics, &cloudwatch.GetMetricDataInput{StartTime: &from, EndTime: &to, MetricDataQueries: queries})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return from, to, nil, err
		}
		for _, result := range page.MetricDataResults {
			id := aws.ToString(result.Id)
			if series[id] == nil {
				series[id] = points{}
			}
			for i := range min(len(result.Timestamps), len(result.Values)) {
				series[id][result.Timestamps[i].UTC()] = result.Values[i]
			}
		}
	}
	return from, to, series, nil
}

func sum(p points) float64 {
	total := 0.0
	for _, v := range p {
		total += v
	}
	return total
}

// weighted is the mean of p, each value weighted by another metric's of the same
// minute.
func weighted(p, by points) float64 {
	total, weight := 0.0, 0.0
	for at, v := range p {
		total += v * by[at]
		weight += by[at]
	}
	if weight == 0 {
		return 0
	}
	return total / weight
}

// loadBalancer is the ARN of the load balancer that forwards to a group, or "" when no
// rule does, or the group is gone with its environment: then no request can reach it.
func (m *Meter) loadBalancer(ctx context.Context, targetGroup string) (string, error) {
	out, err := m.elb.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{targetGroup}})
	var gone *elbtypes.TargetGroupNotFoundException
	if errors.As(err, &gone) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, g := range out.TargetGroups {
		for _, arn := range g.LoadBalancerArns {
			return arn, nil
		}
	}
	return "", nil
}

// dimension is the part of an ARN by which metrics name a resource.
func dimension(arn, kind string) string {
	if i := strings.Index(arn, kind); i >= 0 {
		return arn[i:]
	}
	return arn
}
