// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"strings"
	"time"
)

// Bucket limits calls: it holds Burst tokens, gets Refill new ones a second, and
// each call takes one. The zero value stands for AWS's own buckets.
type Bucket struct {
	Burst  float64 `json:"burst,omitempty"`
	Refill float64 `json:"refill,omitempty"`
}

// limits are buckets by service, for reads and for changes. AWS publishes three of
// them: Elastic Load Balancing's for Describe calls ("Request throttling for the
// Elastic Load Balancing API"), Route 53's ("Quotas": five calls a second of all
// kinds), and S3's rates ("Best practices design patterns: optimizing Amazon S3
// performance"), which are for each prefix and are at least that, while here all
// prefixes share one. All others are assumptions, on the cautious side.
var limits = map[string]struct{ read, change Bucket }{
	"autoscaling":          {Bucket{20, 5}, Bucket{10, 2}},
	"cloudformation":       {Bucket{10, 5}, Bucket{10, 1}},
	"ecr":                  {Bucket{100, 20}, Bucket{10, 10}},
	"elasticbeanstalk":     {Bucket{10, 2}, Bucket{5, 1}},
	"elasticloadbalancing": {Bucket{40, 10}, Bucket{20, 3}},
	"iam":                  {Bucket{20, 10}, Bucket{10, 5}},
	"monitoring":           {Bucket{50, 50}, Bucket{10, 3}},
	"route53":              {Bucket{5, 5}, Bucket{5, 5}},
	"s3":                   {Bucket{5500, 5500}, Bucket{3500, 3500}},
	"sts":                  {Bucket{100, 50}, Bucket{100, 50}},
}

// alone are the buckets of operations that have one of their own, as AWS publishes
// them: "Request throttling for the Amazon EC2 API" and "CloudWatch service quotas".
// EC2's smaller ones are for calls without a filter or a page size, which are not
// told apart here. CloudWatch publishes rates; that a second's calls may come at
// once is an assumption.
var alone = map[string]Bucket{
	"ec2:DescribeAvailabilityZones": {100, 20},
	"ec2:DescribeInstances":         {50, 10},
	"ec2:DescribeSecurityGroups":    {50, 10},
	"ec2:DescribeSubnets":           {100, 20},
	"ec2:DescribeVpcs":              {100, 20},

	"monitoring:DeleteAlarms":            {3, 3},
	"monitoring:DescribeAlarmHistory":    {3, 3},
	"monitoring:DescribeAlarms":          {9, 9},
	"monitoring:DescribeAlarmsForMetric": {3, 3},
	"monitoring:DisableAlarmActions":     {3, 3},
	"monitoring:EnableAlarmActions":      {3, 3},
	"monitoring:GetMetricData":           {50, 50},
	"monitoring:PutMetricAlarm":          {3, 3},
	"monitoring:PutMetricData":           {500, 500},
	"monitoring:SetAlarmState":           {3, 3},
}

// bucketOf is the bucket that a call takes its token from, by name.
func bucketOf(service, operation string) (name string, b Bucket, known bool) {
	if b, ok := alone[service+":"+operation]; ok {
		return service + ":" + operation, b, true
	}
	limit, known := limits[service]
	if isRead(operation) {
		return service + " reads", limit.read, known
	}
	return service + " changes", limit.change, known
}

// throttled is the error by which a service tells that calls come too often.
func throttled(service string) *Error {
	switch service {
	case "s3":
		return &Error{Code: "SlowDown", Message: "Please reduce your request rate."}
	case "ec2":
		return &Error{Code: "RequestLimitExceeded", Message: "Request limit exceeded."}
	case "elasticloadbalancing":
		return &Error{Code: "ThrottlingException", Message: "Rate exceeded"}
	}
	return &Error{Code: "Throttling", Message: "Rate exceeded"}
}

// isRead tells reads from changes by their names.
func isRead(operation string) bool {
	for _, prefix := range []string{"Describe", "List", "Get", "Head", "Check"} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return false
}

// buckets are the fill levels under one throttling fault.
type buckets map[string]*level

type level struct {
	Bucket
	tokens float64
	filled time.Time
}

// take takes a token for a call and reports whether there was one. A bucket that
// the fault itself gives is shared by all it matches.
func (b buckets) take(own Bucket, service, operation string, now time.Time) bool {
	name := ""
	if own == (Bucket{}) {
		var known bool
		if name, own, known = bucketOf(service, operation); !known {
			return true
		}
	}
	l := b[name]
	if l == nil {
		l = &level{own, own.Burst, now}
		b[name] = l
	}
	if passed := now.Sub(l.filled); passed > 0 {
		l.tokens = min(l.Burst, l.tokens+l.Refill*passed.Seconds())
		l.filled = now
	}
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}
