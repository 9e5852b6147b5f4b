// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/muesli/termenv"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// told is a story that went well: 1.0.0, 1.1.0 from 10 s on, back at 31.5 s by a
// run that began at 30 s.
func told() outcome {
	rule := func(at float64, operation, group string) cloud.Call {
		return cloud.Call{Time: after(at), Operation: operation, Outcome: "OK",
			Parameters: json.RawMessage(fmt.Sprintf(`{"Actions":[{"TargetGroupArn":%q}]}`, group))}
	}
	results := append(answers(first, 0, 10), answers(next, 10, 31.6)...)
	return outcome{
		results: append(results, answers(first, 31.6, 40)...),
		calls: []cloud.Call{
			rule(-5, "CreateRule", "old"),
			{Time: after(5), Operation: "CreateEnvironment", Outcome: "OK"},
			rule(10, "ModifyRule", "new"),
			rule(31.5, "ModifyRule", "old"),
		},
		marks: []mark{{after(5), command, "apply 1.1.0"}, {after(30), command, "apply 1.0.0"}},
		back:  span{after(30), after(33)},
	}
}

func TestOutcome(t *testing.T) {
	o := told()
	if err := o.check(); err != nil {
		t.Errorf("check: %v", err)
	}
	back := o.rollback()
	if back == nil || back.sinceApply != 1501*time.Millisecond || back.sinceWeights != time.Millisecond {
		t.Errorf("rollback %+v, want 1.501s in all and 1ms after the weights", back)
	}
	want := "400 requests through the load balancer, 0 failed; the hot rollback took 1.5 s from the start of terraform apply"
	if diff := cmp.Diff(want, o.headline()); diff != "" {
		t.Errorf("headline (-want +got):\n%s", diff)
	}
	wantMarks := []mark{
		{after(5), command, "apply 1.1.0"},
		{after(10), shift, "100%"},
		{after(30), command, "apply 1.0.0"},
		{after(31.5), recovery, "hot rollback"},
	}
	if diff := cmp.Diff(wantMarks, o.allMarks(), cmp.AllowUnexported(mark{})); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
	summary := o.summary(colours(termenv.Ascii))
	for _, want := range []string{"400 in 39.9 s", "1.0.0: 184   1.1.0: 216   1.2.0: 0", "1.5 s from", "1 ms of that"} {
		if !strings.Contains(summary, want) {
			t.Errorf("no %q in\n%s", want, summary)
		}
	}
	file := filepath.Join(t.TempDir(), "shares.svg")
	if err := o.draw(file); err != nil {
		t.Fatal(err)
	}
	if picture, err := os.ReadFile(file); err != nil || len(texts(t, string(picture))) == 0 {
		t.Errorf("no picture: %v", err)
	}
}

func TestOutcomeOfABrokenPromise(t *testing.T) {
	tests := map[string]struct {
		breakIt func(*outcome)
		want    string
	}{
		"failed request":   {func(o *outcome) { o.results[7].Status = 502 }, "1 of 400 requests failed"},
		"bad got traffic":  {func(o *outcome) { o.results[7].Version = bad }, "1.2.0 answered 1 requests"},
		"new environment":  {func(o *outcome) { o.calls[1].Time = after(31) }, "it made an environment"},
		"several steps":    {func(o *outcome) { o.back.from = after(9) }, "moved traffic 2 times"},
		"nothing was done": {func(o *outcome) { o.calls = o.calls[:3] }, "moved traffic 0 times"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := told()
			test.breakIt(&o)
			if err := o.check(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("check says %v, want %q", err, test.want)
			}
		})
	}
}

// A story that broke off before the rollback is judged by its requests alone.
func TestOutcomeOfAnUnfinishedStory(t *testing.T) {
	o := told()
	o.back = span{}
	if err := o.check(); err != nil {
		t.Errorf("check: %v", err)
	}
	if o.rollback() != nil || strings.Contains(o.headline(), "rollback") {
		t.Error("it tells of a rollback that was not")
	}
}
