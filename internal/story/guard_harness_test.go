// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

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

// alarmByHand makes an alarm on nothing, whose state the story sets.
func (w *world) alarmByHand(name string) {
	w.Helper()
	must[*cloudwatch.PutMetricAlarmOutput](w)(w.cloudwatch().PutMetricAlarm(w.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Acme"), MetricName: aws.String("Orders"),
		Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(5), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorLessThanThreshold, TreatMissingData: aws.String("ignore"),
	}))
	w.setAlarm(name, types.StateValueOk)
}

func (w *world) setAlarm(name string, state types.StateValue) {
	w.Helper()
	must[*cloudwatch.SetAlarmStateOutput](w)(w.cloudwatch().SetAlarmState(w.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &name, StateValue: state, StateReason: aws.String("the story says so"),
	}))
}

// trafficToBad sends requests until the returned function is called, which fails
// the test when one failed in another way than the bad version does on purpose, or
// when none of them did.
func (w *world) trafficToBad(bad string) (end func()) {
	w.Helper()
	stream, err := load.Start(context.WithoutCancel(w.Context()), load.Config{URL: w.info.LoadBalancerURL, Host: host, Rate: 50})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { stream.Stop() })
	return func() {
		w.Helper()
		meant := 0
		for _, r := range stream.Stop() {
			onPurpose := r.Status == 500 && r.Version == bad
			if r.Failure() != "" && !onPurpose {
				w.Errorf("a request to %s failed: %s", r.Version, r.Failure())
			}
			if onPurpose {
				meant++
			}
		}
		if meant == 0 {
			w.Error("no request reached the bad version: the story tells nothing")
		}
	}
}

// refused applies, and expects that it fails with these words.
func (ws *workspace) refused(words ...string) {
	ws.Helper()
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 1 {
		ws.Fatalf("apply ended with code %d, want 1:\n%s", r.code, r.out)
	}
	ws.wantSays(r, words...)
}

func (ws *workspace) wantSays(r run, words ...string) {
	ws.Helper()
	for _, w := range words {
		if !r.says(w) {
			ws.Errorf("it does not say %q:\n%s", w, r.out)
		}
	}
}
