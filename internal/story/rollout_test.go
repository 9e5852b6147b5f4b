// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// A plan shows the rollout, apply does exactly that, users notice nothing, and
// the old environment stays as large as it was.
func TestRollout(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("rollout.steps", []any{step(10, "1s"), step(50, "2s"), step(100, "1s")})
	ws.set("retention.keep_for", "9s")
	// The default trigger, but for a threshold that the traffic here is above.
	ws.set("beanstalk.settings", []any{map[string]any{"namespace": "aws:autoscaling:trigger", "name": "LowerThreshold", "value": "100000"}})
	ws.apply()
	old := ws.show().ActiveEnvironment

	stream, end := w.traffic()
	// The load asks for three instances; without it one is enough.
	must[*autoscaling.SetDesiredCapacityOutput](w)(w.asg.SetDesiredCapacity(t.Context(), &autoscaling.SetDesiredCapacityInput{
		AutoScalingGroupName: aws.String(w.record().Environment(old).ScalingGroup), DesiredCapacity: aws.Int32(3),
	}))
	w.until("three instances serve", func() bool { return w.healthy(old) == 3 })

	ws.set("version", "1.1.0")
	before := len(w.changes())
	plan, file := ws.planned()
	if plan.Kind != "new" || plan.From != "1.0.0" || plan.To != "1.1.0" || plan.MinimumDuration != "4s" {
		t.Errorf("plan %+v", plan)
	}
	if n := len(w.changes()); n != before {
		t.Errorf("the plan changed something: %+v", w.changes()[before:])
	}
	began := time.Now()
	applying := ws.beginTerraform("apply", file)
	peak := 0
	w.until("the new release serves alone", func() bool {
		peak = max(peak, w.instances())
		s := load.Summarize(stream.Since(time.Now().Add(-200 * time.Millisecond)))
		return s.Requests > 0 && s.Share("1.1.0") == 1
	})
	if r := applying.end(); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("apply took %s, less than the minimum duration shown", took)
	}
	if peak != plan.PeakInstances {
		t.Errorf("%d instances ran at a time, the plan shows %d", peak, plan.PeakInstances)
	}
	if done, shown := w.asShown(w.changes()[before:]), withoutTimes(plan.Steps); !slices.Equal(done, shown) {
		t.Errorf("done:\n%s\nshown:\n%s", strings.Join(done, "\n"), strings.Join(shown, "\n"))
	}
	w.wantExplained()

	s := ws.show()
	if s.Version != "1.1.0" || s.Status != "live" || len(s.Environments) != 2 || s.LastRollout.From != "1.0.0" || s.LastRollout.Outcome != "succeeded" {
		t.Errorf("state %+v", s)
	}
	kept := s.Environments[0]
	if kept.Name != old || kept.Role != "retained" || kept.Weight != 0 || kept.Capacity != 3 || !kept.Proven || kept.Expires == nil {
		t.Fatalf("the old environment is %+v", kept)
	}
	ws.wantEmptyPlan()
	for time.Until(*kept.Expires) > 500*time.Millisecond {
		if n := w.healthy(old); n != 3 {
			t.Fatalf("the retained environment has %d healthy targets", n)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if sum := end(); sum.Versions["1.0.0"] == 0 || sum.Versions["1.1.0"] == 0 {
		t.Errorf("answers by version: %v", sum.Versions)
	}
	w.wantSteps(stream, before)
}

// wantSteps compares the shares that users got after each change of weights with
// the weights.
func (w *world) wantSteps(stream *load.Stream, before int) {
	w.Helper()
	moves := w.changes()[before:]
	moves = slices.DeleteFunc(moves, func(c change) bool { return c.weights == nil })
	for i, move := range moves {
		until := time.Now()
		if i+1 < len(moves) {
			until = moves[i+1].Time
		}
		results := slices.DeleteFunc(stream.Results(), func(r load.Result) bool {
			return r.Sent.Before(move.Time.Add(50*time.Millisecond)) || r.Sent.After(until.Add(-50*time.Millisecond))
		})
		want := 0
		for name, weight := range move.weights {
			if strings.Contains(name, "1-1-0") {
				want = weight
			}
		}
		got := load.Summarize(results).Share("1.1.0") * 100
		if len(results) < 20 || got < float64(want)-25 || got > float64(want)+25 {
			w.Errorf("at %d %% the new release answered %.0f %% of %d requests", want, got, len(results))
		}
	}
}

// healthy counts the healthy targets of an environment.
func (w *world) healthy(name string) int {
	w.Helper()
	group := ""
	for arn, of := range w.groups() {
		if of == name {
			group = arn
		}
	}
	n := 0
	for _, d := range must[*elb.DescribeTargetHealthOutput](w)(w.elb.DescribeTargetHealth(w.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: &group})).TargetHealthDescriptions {
		if d.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
			n++
		}
	}
	return n
}

// instances counts what the scaling groups are to have.
func (w *world) instances() int {
	w.Helper()
	n := 0
	for _, g := range must[*autoscaling.DescribeAutoScalingGroupsOutput](w)(w.asg.DescribeAutoScalingGroups(w.Context(), nil)).AutoScalingGroups {
		n += int(*g.DesiredCapacity)
	}
	return n
}

// asShown words calls in the way of a plan's steps.
func (w *world) asShown(calls []change) []string {
	w.Helper()
	version := func(environment string) string {
		for _, v := range []string{"1.0.0", "1.1.0"} {
			if strings.Contains(environment, strings.ReplaceAll(v, ".", "-")) {
				return v
			}
		}
		return environment
	}
	floor := map[string]int32{"1.0.0": 1, "1.1.0": 1} // as the environments are made
	scaling := map[string]string{}
	for _, e := range w.record().Environments {
		scaling[e.ScalingGroup] = e.Name
	}
	var steps []string
	for _, c := range calls {
		if c.Outcome != "OK" {
			w.Errorf("%s was answered with %s", c.Operation, c.Outcome)
		}
		switch {
		case c.Operation == "PutObject", c.Operation == "CreateApplicationVersion":
			// They are part of creating the environment.
		case c.Operation == "CreateEnvironment":
			var in elasticbeanstalk.CreateEnvironmentInput
			w.parse(c, &in)
			least, kind := "", ""
			for _, o := range in.OptionSettings {
				switch *o.OptionName {
				case "MinSize":
					least = *o.Value
				case "InstanceType":
					kind = *o.Value
				}
			}
			steps = append(steps, fmt.Sprintf("create an environment of %s: %s of %s", version(*in.EnvironmentName), counted(least), kind))
		case c.weights != nil:
			var parts []string
			for name, n := range c.weights {
				parts = append(parts, fmt.Sprintf("%s %d %%", version(name), n))
			}
			slices.Sort(parts)
			slices.Reverse(parts)
			steps = append(steps, "traffic: "+strings.Join(parts, ", "))
		case c.Operation == "SuspendProcesses":
			var in autoscaling.SuspendProcessesInput
			w.parse(c, &in)
			steps = append(steps, "keep "+version(scaling[*in.AutoScalingGroupName])+" hot")
		case c.Operation == "UpdateAutoScalingGroup":
			var in autoscaling.UpdateAutoScalingGroupInput
			w.parse(c, &in)
			of := version(scaling[*in.AutoScalingGroupName])
			if *in.MinSize > floor[of] {
				steps = append(steps, fmt.Sprintf("raise %s to at least %d instances", of, *in.MinSize))
			} else {
				steps = append(steps, fmt.Sprintf("let %s scale by itself between %d and %d instances", of, *in.MinSize, *in.MaxSize))
			}
			floor[of] = *in.MinSize
		default:
			steps = append(steps, c.Operation+" "+string(c.Parameters))
		}
	}
	return steps
}

func (w *world) parse(c change, into any) {
	w.Helper()
	if err := json.Unmarshal(c.Parameters, into); err != nil {
		w.Fatal(err)
	}
}

func counted(n string) string {
	if n == "1" {
		return "1 instance"
	}
	return n + " instances"
}

// withoutTimes cuts off what calls do not show of a plan's steps.
func withoutTimes(steps []string) []string {
	var cut []string
	for _, s := range steps {
		s, _, _ = strings.Cut(s, ", watched for ")
		if strings.HasPrefix(s, "keep ") {
			s, _, _ = strings.Cut(s, " with ")
		}
		cut = append(cut, s)
	}
	return cut
}
