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

// limits are AWS's buckets by service, for reads and for changes. Documented are
// those of Elastic Load Balancing's Describe calls ("Request throttling for the
// Elastic Load Balancing API"), of EC2's Describe calls, of Route 53 (five
// calls a second of all kinds) and of S3, per prefix; the others are not published and are guesses on the cautious side.
var limits = map[string]struct{ read, change Bucket }{
	"autoscaling":          {Bucket{20, 5}, Bucket{10, 2}},
	"cloudformation":       {Bucket{10, 5}, Bucket{10, 1}},
	"ec2":                  {Bucket{100, 20}, Bucket{50, 5}},
	"elasticbeanstalk":     {Bucket{10, 2}, Bucket{5, 1}},
	"elasticloadbalancing": {Bucket{40, 10}, Bucket{20, 3}},
	"monitoring":           {Bucket{50, 50}, Bucket{10, 3}},
	"route53":              {Bucket{5, 5}, Bucket{5, 5}},
	"s3":                   {Bucket{5500, 5500}, Bucket{3500, 3500}},
	"sts":                  {Bucket{100, 50}, Bucket{100, 50}},
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
// the fault itself gives is shared by all it matches; AWS has two a service.
func (b buckets) take(own Bucket, service, operation string, now time.Time) bool {
	name := ""
	if own == (Bucket{}) {
		limit, known := limits[service]
		if !known {
			return true
		}
		name, own = service+" changes", limit.change
		if isRead(operation) {
			name, own = service+" reads", limit.read
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
