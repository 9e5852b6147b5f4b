// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

// An event is a line in an environment's history.
type event struct {
	types.EventDescription
	environmentID string
}

// report adds an event of an environment.
func (c *Cloud) report(e *environment, severity types.EventSeverity, message string) {
	c.events = append(c.events, event{types.EventDescription{
		ApplicationName: e.ApplicationName, EnvironmentName: e.EnvironmentName, PlatformArn: e.PlatformArn, VersionLabel: e.VersionLabel,
		EventDate: ptr(c.now()), Message: &message, Severity: severity, RequestId: ptr(e.requestID),
	}, e.id()})
	c.config.Logger.Debug("elastic beanstalk", "environment", e.name(), "severity", severity, "message", message)
}

func (c *Cloud) info(e *environment, message string) { c.report(e, types.EventSeverityInfo, message) }

// DescribeEvents lists events, the newest first. Severity means that and worse.
func (s beanstalk) DescribeEvents(_ context.Context, in *elasticbeanstalk.DescribeEventsInput) (*elasticbeanstalk.DescribeEventsOutput, error) {
	severities := types.EventSeverityTrace.Values()
	least := slices.Index(severities, in.Severity)
	var found []types.EventDescription
	for _, x := range slices.Backward(s.events) {
		if is(in.ApplicationName, x.ApplicationName) && is(in.EnvironmentName, x.EnvironmentName) && is(in.EnvironmentId, &x.environmentID) &&
			is(in.VersionLabel, x.VersionLabel) && is(in.PlatformArn, x.PlatformArn) && is(in.RequestId, x.RequestId) &&
			slices.Index(severities, x.Severity) >= least && within(*x.EventDate, in.StartTime, in.EndTime) {
			found = append(found, x.EventDescription)
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 1000)
	return &elasticbeanstalk.DescribeEventsOutput{Events: list, NextToken: next}, err
}

// is compares with a filter, which holds for everything when it is nil.
func is(filter, have *string) bool { return filter == nil || value(have) == *filter }

// within tells whether t lies in [start, end).
func within(t time.Time, start, end *time.Time) bool {
	return (start == nil || !t.Before(*start)) && (end == nil || t.Before(*end))
}
