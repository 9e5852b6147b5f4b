// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// after is so many seconds after noon.
func after(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// answers are ten requests a second over a time, all by one version.
func answers(version string, from, to float64) []load.Result {
	var results []load.Result
	for i := from * 10; i < to*10; i++ {
		results = append(results, load.Result{Sent: after(i / 10), Took: time.Millisecond, Status: 200, Version: version})
	}
	return results
}

func TestTimeline(t *testing.T) {
	results := append(answers(first, 0, 2.5), answers(next, 2.5, 4.2)...)
	results[12].Status = 503
	line := newTimeline(results, versions, time.Second)
	if !line.start.Equal(noon) || line.length() != 4*time.Second {
		t.Errorf("covers %s from %s, want 4s from %s", line.length(), line.start, noon)
	}
	var shares []float64
	for _, slot := range line.slots {
		shares = append(shares, slot.Share(first))
	}
	if diff := cmp.Diff([]float64{1, 1, 0.5, 0}, shares); diff != "" {
		t.Errorf("shares of %s (-want +got):\n%s", first, diff)
	}
	if line.slots[1].Failed != 1 || line.total.Failed != 1 || line.total.Requests != 42 {
		t.Errorf("counts %+v", line.total)
	}
	if empty := newTimeline(nil, versions, time.Second); empty.length() != 0 {
		t.Errorf("nothing covers %s", empty.length())
	}
}

func TestShifts(t *testing.T) {
	call := func(at float64, operation, outcome, parameters string) cloud.Call {
		return cloud.Call{Time: after(at), Operation: operation, Outcome: outcome, Parameters: json.RawMessage(parameters)}
	}
	weights := func(groups string) string {
		return `{"Actions":[{"Type":"forward","ForwardConfig":{"TargetGroups":[` + groups + `]}}]}`
	}
	got := shifts([]cloud.Call{
		call(0, "CreateRule", "OK", weights(`{"TargetGroupArn":"a","Weight":100}`)),
		call(1, "ModifyRule", "OK", weights(`{"TargetGroupArn":"a","Weight":100},{"TargetGroupArn":"b","Weight":0}`)),
		call(2, "ModifyRule", "OK", weights(`{"TargetGroupArn":"a","Weight":95},{"TargetGroupArn":"b","Weight":5}`)),
		call(3, "ModifyRule", "ThrottlingException", weights(`{"TargetGroupArn":"b","Weight":1}`)),
		call(3.5, "DescribeRules", "OK", `{}`),
		call(4, "ModifyRule", "OK", `{"Actions":[{"Type":"forward","TargetGroupArn":"b"}]}`),
		call(5, "CreateRule", "OK", `{"Actions":[{"Type":"fixed-response"}]}`),
		call(6, "ModifyRule", "OK", weights(`{"TargetGroupArn":"a"}`)),
	})
	want := []mark{{after(2), shift, "5%"}, {after(4), shift, "100%"}, {after(6), shift, "100%"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mark{})); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}
