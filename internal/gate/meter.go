// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package gate reads what CloudWatch measured of an endpoint's environments. It
// judges nothing.
package gate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// period is that of the metrics of Application Load Balancers.
const period = time.Minute

// Meter counts requests by the load balancer's own metrics.
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
	n, err := m.requests(ctx, targetGroup, since)
	if err != nil {
		return 0, fmt.Errorf("counting the requests of target group %s: %w", targetGroup, err)
	}
	return n, nil
}

func (m *Meter) requests(ctx context.Context, targetGroup string, since time.Time) (float64, error) {
	// The minute that the time is in has requests of before.
	start := since.UTC().Truncate(period)
	if start.Before(since) {
		start = start.Add(period)
	}
	end := m.clock.Now().UTC()
	if !start.Before(end) {
		return 0, nil
	}
	loadBalancer, err := m.loadBalancer(ctx, targetGroup)
	if err != nil || loadBalancer == "" {
		return 0, err
	}
	pages := cloudwatch.NewGetMetricDataPaginator(m.metrics, &cloudwatch.GetMetricDataInput{
		StartTime: &start, EndTime: &end,
		MetricDataQueries: []types.MetricDataQuery{{
			Id: aws.String("requests"),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{
					Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("RequestCount"),
					Dimensions: []types.Dimension{
						{Name: aws.String("TargetGroup"), Value: aws.String(dimension(targetGroup, "targetgroup/"))},
						{Name: aws.String("LoadBalancer"), Value: aws.String(dimension(loadBalancer, "app/"))},
					},
				},
				Period: aws.Int32(int32(period.Seconds())), Stat: aws.String("Sum"),
			},
		}},
	})
	sum := 0.0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, result := range page.MetricDataResults {
			for _, v := range result.Values {
				sum += v
			}
		}
	}
	return sum, nil
}

// loadBalancer is the ARN of the load balancer that forwards to a group, or ""
// when no rule does: then no request can reach it.
func (m *Meter) loadBalancer(ctx context.Context, targetGroup string) (string, error) {
	out, err := m.elb.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{targetGroup}})
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
