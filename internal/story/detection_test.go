// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// A release that fails a fifth of its requests is taken back by an alarm on its
// own answers. How long users saw it is told with -v, by AWS's clock: nothing in it
// is quicker than on AWS, so the metrics have their lag.
func TestFromTheFirstFailureToTheLast(t *testing.T) {
	w := start(t, sandbox.Config{TimeScale: minutes, Speed: minutes})
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(50, "20m"), step(100, "1m")})
	ws.set("rollout.healthy_within", "4h")
	ws.set("timeouts", map[string]any{"create": "10h", "update": "10h"})
	ws.apply()
	w.alarmOnErrors("errors-5xx")
	ws.set("rollout.alarms", []string{"errors-5xx"})
	ws.set("version", "1.1.0")
	ws.set("container.environment", map[string]string{"DEMO_FAIL_RATE": "0.2"})

	onAWS := w.clock()
	stream, err := load.Start(context.WithoutCancel(t.Context()), load.Config{URL: w.info.LoadBalancerURL, Host: host, Rate: 50})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Stop() })
	ws.refused("guard alarm errors-5xx", "Release 1.1.0 is rejected")
	w.until("requests were answered after the rollback", func() bool { return len(stream.Since(time.Now().Add(-time.Second))) > 25 })

	var first, last time.Time
	answered, failing := 0, 0
	for _, r := range stream.Stop() {
		onPurpose := r.Version == "1.1.0" && r.Status == http.StatusInternalServerError
		if r.Failure() != "" && !onPurpose {
			t.Errorf("the shift lost a request to %q: %s", r.Version, r.Failure())
		}
		if r.Version != "1.1.0" {
			continue
		}
		answered++
		last = latest(last, r.Sent)
		if onPurpose {
			failing++
			if first.IsZero() || r.Sent.Before(first) {
				first = r.Sent
			}
		}
	}
	if failing*20 < answered || failing*5 > answered*2 {
		t.Errorf("%d of the %d requests to 1.1.0 failed, and it fails a fifth of them", failing, answered)
	}
	e := ws.show().LastRollout.Evidence
	if e == nil || e.Subject != "errors-5xx" || e.Share != 50 || e.Exposed < 1 || int(e.Exposed) > answered {
		t.Errorf("evidence %+v, and 1.1.0 answered %d requests", e, answered)
	}

	began, ended := onAWS(first), onAWS(last)
	fired := w.wentOff("errors-5xx")
	decided := w.sentBack()
	period := began.Truncate(time.Minute).Add(time.Minute)
	if period.After(fired) {
		period = fired // the minute could end only in breach
	}
	if fired.Before(began) || decided.Before(fired.Truncate(time.Second)) {
		t.Errorf("it failed first at %s, the alarm went off at %s, and traffic was sent back at %s", began, fired, decided)
	}
	w.wantExplained()
	t.Logf("1.1.0 answered %d requests at 50 %%, %d of them with an error; the evidence tells of %g", answered, failing, e.Exposed)
	t.Logf("%s from the first error to the last request it got: the minute of the metric %s, CloudWatch's lag and evaluation %s, decision %s, change of weights %s",
		ended.Sub(began).Round(time.Second), period.Sub(began).Round(time.Second), fired.Sub(period).Round(time.Second),
		decided.Sub(fired).Round(time.Second), max(ended.Sub(decided), 0).Round(time.Second))
}

// clock returns a function that tells what AWS's clock showed at a time of this
// machine's, to the second.
func (w *world) clock() func(time.Time) time.Time {
	w.Helper()
	answer := must[*elasticbeanstalk.DescribeApplicationsOutput](w)(w.eb.DescribeApplications(w.Context(), &elasticbeanstalk.DescribeApplicationsInput{}))
	here := time.Now()
	there, ok := middleware.GetServerTime(answer.ResultMetadata)
	if !ok {
		w.Fatal("an answer without a date")
	}
	return func(t time.Time) time.Time { return there.Add(t.Sub(here) * minutes) }
}

// wentOff is when an alarm went into the state ALARM last.
func (w *world) wentOff(name string) time.Time {
	w.Helper()
	history := must[*cloudwatch.DescribeAlarmHistoryOutput](w)(w.cloudwatch().DescribeAlarmHistory(w.Context(), &cloudwatch.DescribeAlarmHistoryInput{
		AlarmName: &name, HistoryItemType: cwtypes.HistoryItemTypeStateUpdate, ScanBy: cwtypes.ScanByTimestampDescending,
	}))
	for _, item := range history.AlarmHistoryItems {
		if aws.ToString(item.HistorySummary) == "Alarm updated from OK to ALARM" {
			return aws.ToTime(item.Timestamp)
		}
	}
	w.Fatalf("alarm %s never went off: %+v", name, history.AlarmHistoryItems)
	return time.Time{}
}

// sentBack is when all traffic was last asked back to a release that was live.
func (w *world) sentBack() time.Time {
	w.Helper()
	var at time.Time
	for _, e := range w.trail() {
		if e.Type == endpoint.TrafficRequested {
			at = e.Time
		}
	}
	return at
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
