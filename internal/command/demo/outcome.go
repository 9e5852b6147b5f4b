// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// outcome is all that is known when the story is over.
type outcome struct {
	results []load.Result
	calls   []cloud.Call // made to the sandbox's AWS
	marks   []mark       // the story's own
	back    span         // the run of terraform that rolled back
}

// span is a stretch of time; zero when it did not come to that.
type span struct{ from, to time.Time }

func (s span) covers(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

// rollback is what going back took.
type rollback struct {
	moved        time.Time     // when the weights were changed
	sinceApply   time.Duration // from the start of terraform apply to the last answer of the version left
	sinceWeights time.Duration // the part of it after the weights were changed
}

// rollback is nil when no traffic was moved back.
func (o outcome) rollback() *rollback {
	i := slices.IndexFunc(shifts(o.calls), func(m mark) bool { return o.back.covers(m.at) })
	if i < 0 {
		return nil
	}
	moved, last := shifts(o.calls)[i].at, o.back.from
	for _, r := range o.results {
		if r.Version == next && r.Ended().After(last) {
			last = r.Ended()
		}
	}
	return &rollback{moved, last.Sub(o.back.from), max(last.Sub(moved), 0)}
}

// allMarks are the story's own and those that the calls tell of, in order.
func (o outcome) allMarks() []mark {
	marks, back := slices.Clone(o.marks), o.rollback()
	for _, m := range shifts(o.calls) {
		if back != nil && m.at.Equal(back.moved) {
			m.kind, m.text = recovery, "hot rollback"
		}
		marks = append(marks, m)
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return a.at.Compare(b.at) })
	return marks
}

// headline is the outcome in one sentence.
func (o outcome) headline() string {
	total := load.Summarize(o.results)
	text := fmt.Sprintf("%s requests through the load balancer, %s failed", thousands(total.Requests), thousands(total.Failed))
	if back := o.rollback(); back != nil {
		text += fmt.Sprintf("; the hot rollback took %s from the start of terraform apply", seconds(back.sinceApply))
	}
	return text
}

// summary is the outcome in some lines.
func (o outcome) summary(p palette) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-13s %s\n", name, fmt.Sprintf(format, args...))
	}
	total := load.Summarize(o.results)
	line("requests", "%s in %s", thousands(total.Requests), seconds(o.results[len(o.results)-1].Ended().Sub(o.results[0].Sent)))
	line("failed", "%s", thousands(total.Failed))
	for _, why := range slices.Sorted(maps.Keys(total.Failures)) {
		line("", "%s × %s", thousands(total.Failures[why]), why)
	}
	var answers []string
	for i, version := range versions {
		answers = append(answers, p.styles[i].Render(fmt.Sprintf("%s: %s", version, thousands(total.Versions[version]))))
	}
	line("answered by", "%s", strings.Join(answers, "   "))
	if back := o.rollback(); back != nil {
		line("hot rollback", "%s from the start of terraform apply to the last answer of %s,", seconds(back.sinceApply), next)
		line("", "%d ms of that after the weights were changed", back.sinceWeights.Milliseconds())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// check says what went otherwise than the story promises.
func (o outcome) check() error {
	var wrong []error
	total := load.Summarize(o.results)
	if total.Failed > 0 {
		wrong = append(wrong, fmt.Errorf("%d of %d requests failed", total.Failed, total.Requests))
	}
	if n := total.Versions[bad]; n > 0 {
		wrong = append(wrong, fmt.Errorf("%s answered %d requests, although it was never healthy", bad, n))
	}
	if o.back.to.IsZero() {
		return errors.Join(wrong...) // the story broke off before
	}
	moves := 0
	for _, m := range shifts(o.calls) {
		if o.back.covers(m.at) {
			moves++
		}
	}
	if moves != 1 {
		wrong = append(wrong, fmt.Errorf("the rollback was not hot: it moved traffic %d times, not once", moves))
	}
	for _, call := range o.calls {
		if o.back.covers(call.Time) && call.Operation == "CreateEnvironment" {
			wrong = append(wrong, errors.New("the rollback was not hot: it made an environment"))
		}
	}
	return errors.Join(wrong...)
}
