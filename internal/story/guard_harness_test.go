// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// minutes is how quick the clock runs in stories about CloudWatch, whose metrics
// are by the minute: one is over in a second.
const minutes = 60

// startGuarded begins a story in which CloudWatch has a say.
func startGuarded(t *testing.T) *world {
	t.Helper()
	return start(t, sandbox.Config{TimeScale: minutes})
}

// guardedState is the part of the state that tells of guards.
type guardedState struct {
	Version     string `json:"version"`
	Status      string `json:"status"`
	LastRollout *struct {
		To, Outcome, Reason string
		Rejected            bool
		Evidence            *struct {
			Guard, Subject, Value, Threshold, Window string
			Share, Exposed                           int
		}
	} `json:"last_rollout"`
	Rejections []struct{ Version, Reason, Time string }
}

func (ws *workspace) showGuarded() guardedState {
	ws.Helper()
	var s guardedState
	if !ws.showInto(&s) {
		ws.Fatal("the endpoint is not in the state")
	}
	return s
}

func (w *world) cloudwatch() *cloudwatch.Client {
	o := w.elb.Options()
	return cloudwatch.NewFromConfig(aws.Config{Region: o.Region, BaseEndpoint: o.BaseEndpoint, HTTPClient: o.HTTPClient, Credentials: o.Credentials})
}

// alarmOnErrors makes the alarm checkout-5xx, which fires when more than five
// requests within a minute were answered with a 5xx code.
func (w *world) alarmOnErrors() {
	w.Helper()
	_, balancer, _ := strings.Cut(w.info.LoadBalancerARN, ":loadbalancer/")
	w.putAlarm(&cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("checkout-5xx"), Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("HTTPCode_Target_5XX_Count"),
		Dimensions: []types.Dimension{{Name: aws.String("LoadBalancer"), Value: &balancer}},
		Statistic:  types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"),
	})
	w.untilAlarm("checkout-5xx", types.StateValueOk)
}

// alarmByHand makes an alarm on nothing, whose state the story sets.
func (w *world) alarmByHand(name string) {
	w.Helper()
	w.putAlarm(&cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Acme"), MetricName: aws.String("Orders"),
		Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(5), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorLessThanThreshold, TreatMissingData: aws.String("ignore"),
	})
	w.setAlarm(name, types.StateValueOk)
}

func (w *world) putAlarm(in *cloudwatch.PutMetricAlarmInput) {
	w.Helper()
	must[*cloudwatch.PutMetricAlarmOutput](w)(w.cloudwatch().PutMetricAlarm(w.Context(), in))
}

func (w *world) setAlarm(name string, state types.StateValue) {
	w.Helper()
	must[*cloudwatch.SetAlarmStateOutput](w)(w.cloudwatch().SetAlarmState(w.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &name, StateValue: state, StateReason: aws.String("the story says so"),
	}))
}

func (w *world) untilAlarm(name string, state types.StateValue) {
	w.Helper()
	w.until(name+" is "+string(state), func() bool {
		out := must[*cloudwatch.DescribeAlarmsOutput](w)(w.cloudwatch().DescribeAlarms(w.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}}))
		return len(out.MetricAlarms) == 1 && out.MetricAlarms[0].StateValue == state
	})
}

// release asks for a version that answers a share of its requests with 500.
func (ws *workspace) release(version, failRate string) {
	ws.set("version", version)
	ws.set("container.environment", nil)
	if failRate != "" {
		ws.set("container.environment", map[string]string{"DEMO_FAIL_RATE": failRate})
	}
}

// trafficToBad sends requests until the returned function is called, which fails
// the test when one failed in another way than the bad versions do on purpose, or
// when none of them did.
func (w *world) trafficToBad(bad ...string) (*load.Stream, func()) {
	w.Helper()
	return w.trafficWithout(func(load.Result) bool { return false }, bad)
}

func (w *world) trafficWithout(excused func(load.Result) bool, bad []string) (*load.Stream, func()) {
	w.Helper()
	stream, err := load.Start(context.WithoutCancel(w.Context()), load.Config{URL: w.info.LoadBalancerURL, Host: host, Rate: 50})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { stream.Stop() })
	return stream, func() {
		w.Helper()
		meant := 0
		for _, r := range stream.Stop() {
			onPurpose := r.Status == 500 && slices.Contains(bad, r.Version)
			if r.Failure() != "" && !onPurpose && !excused(r) {
				w.Errorf("a request to %s failed: %s", r.Version, r.Failure())
			}
			if onPurpose {
				meant++
			}
		}
		if meant == 0 {
			w.Error("no request reached a bad version: the story tells nothing")
		}
	}
}

// trafficUntilLive is trafficToBad of an endpoint that is not there at first: what
// the load balancer itself answers before then is no failure.
func (w *world) trafficUntilLive(bad ...string) (*load.Stream, func()) {
	w.Helper()
	return w.trafficWithout(func(r load.Result) bool { return r.Version == "" && r.Status == 404 }, bad)
}

// refused applies, expects that it fails with these words, and gives the output.
func (ws *workspace) refused(words ...string) run {
	ws.Helper()
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 1 {
		ws.Fatalf("apply ended with code %d, want 1:\n%s", r.code, r.out)
	}
	ws.wantSays(r, words...)
	return r
}

func (ws *workspace) wantSays(r run, words ...string) {
	ws.Helper()
	for _, w := range words {
		if !r.says(w) {
			ws.Errorf("it does not say %q:\n%s", w, r.out)
		}
	}
}

// count counts the events of a kind about a version in the trail.
func (w *world) count(kind endpoint.EventType, version string) int {
	w.Helper()
	n := 0
	for _, e := range w.trail() {
		if e.Type == kind && e.Version == version {
			n++
		}
	}
	return n
}
