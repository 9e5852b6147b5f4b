// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/command/trail"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// baking is an endpoint in the bake of the second of three steps, two minutes of
// five before noon.
func baking(change ...func(*rollout.World)) rollout.World {
	environment := func(name, id, version string) endpoint.Environment {
		return endpoint.Environment{
			Name: name, ID: id, Release: endpoint.Release{Version: version}, Fingerprint: version, Launched: true, Carried: true,
			HealthyReads: 3, TargetGroup: name, ScalingGroup: name, Capacity: endpoint.Capacity{Min: 2, Max: 4},
		}
	}
	minute := endpoint.Duration(time.Minute)
	w := rollout.World{
		Now: noon,
		Record: endpoint.Record{
			Endpoint: "checkout", Owner: "acme", Phase: endpoint.Live, Active: "one",
			Environments: []endpoint.Environment{environment("zero", "e-0", "0.9.0"), environment("one", "e-1", "1.0.0"), environment("two", "e-2", "1.1.0")},
			Rollout: &endpoint.Rollout{
				ID: "r2", Kind: endpoint.New, From: "one", To: "two", Step: 1, Started: noon.Add(-20 * time.Minute),
				Sent: noon.Add(-2 * time.Minute), Since: noon.Add(-2 * time.Minute),
				Steps: []endpoint.Step{{Weight: 5, Bake: 10 * minute}, {Weight: 50, Bake: 5 * minute}, {Weight: 100}},
			},
			Lease:       &endpoint.Lease{Who: endpoint.Who{Run: "terraform", Host: "ci-7"}, Since: noon.Add(-20 * time.Minute), Until: noon.Add(20 * time.Second)},
			LastRollout: &endpoint.Outcome{ID: "r1", To: "1.0.0", Result: endpoint.Succeeded},
		},
		Sights: map[string]rollout.Sight{},
		Traffic: rollout.Traffic{
			RuleARN: "rule", Routed: true, Weights: map[string]int{"one": 50, "two": 50},
		},
		Guards: &rollout.Guards{Alarms: map[string]rollout.Alarm{"checkout-5xx": {State: rollout.AlarmOK}}},
	}
	r := &w.Record
	r.RuleARN = "rule"
	r.Environments[0].Proven, r.Environments[0].OutSince, r.Environments[0].Full = true, noon.Add(-30*time.Minute), 2
	r.Environments[1].Proven = true
	r.Desired.Name, r.Desired.Release.Version, r.Desired.Capacity = "checkout", "1.1.0", endpoint.Capacity{Min: 2, Max: 4}
	r.Desired.Rollout = endpoint.RolloutPolicy{Steps: r.Rollout.Steps, Alarms: []string{"checkout-5xx", "orders"}, ExtendBake: minute, HealthyWithin: 15 * minute}
	r.Desired.Retention = endpoint.Retention{KeepFor: 60 * minute, Max: 2}
	r.Environments[2].Fingerprint = r.Desired.Release.Fingerprint()
	for _, e := range r.Environments {
		w.Sights[e.Name] = rollout.Sight{Found: true, Ready: true, Healthy: 2, Desired: 2, Scaling: rollout.Scaling{Min: 2, Max: 4}}
	}
	w.Sights["zero"] = rollout.Sight{Found: true, Ready: true, Healthy: 2, Desired: 2, Scaling: rollout.Scaling{Min: 2, Max: 4, Suspended: true}}
	for _, c := range change {
		c(&w)
	}
	return w
}

func resting(w *rollout.World) {
	w.Record.Rollout, w.Record.Lease, w.Guards = nil, nil, nil
	w.Traffic.Weights = map[string]int{"one": 100}
}

// takingOver is a first rollout that takes over a rule with two old groups.
func takingOver(w *rollout.World) {
	r := &w.Record
	r.Active, r.RuleARN, r.LastRollout, r.Environments, r.Rollout.From = endpoint.OldGroups, "", nil, r.Environments[2:], endpoint.OldGroups
	r.Takeover = &endpoint.Takeover{RuleARN: "rule", Begun: true, Groups: []endpoint.OldGroup{
		{ARN: "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/legacy-a/1", Weight: 30}, {ARN: "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/legacy-b/2", Weight: 10},
	}}
	w.Traffic.Weights = map[string]int{endpoint.OldGroups: 50, "two": 50}
	w.Sights[endpoint.OldGroups] = rollout.Sight{Found: true, Ready: true, Healthy: 4}
}

func TestSight(t *testing.T) {
	s := newSight(baking())
	ends := noon.Add(3 * time.Minute)
	if diff := cmp.Diff([]sightStep{{5, "10m", stepDone, nil}, {50, "5m", stepNow, &ends}, {100, "0s", stepNext, nil}}, s.Steps); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]sightAlarm{{"checkout-5xx", rollout.AlarmOK}, {"orders", ""}}, s.Alarms); diff != "" {
		t.Error(diff)
	}
	if s.WaitsFor != "the step's bake" || s.Until == nil || !s.Until.Equal(ends) {
		t.Errorf("it waits for %q until %v", s.WaitsFor, s.Until)
	}
	if s := newSight(baking(resting)); len(s.Steps) > 0 || s.WaitsFor != "" || s.state() != "1.0.0 is live" {
		t.Errorf("at rest it is %+v", s)
	}
	frozen := newSight(baking(func(w *rollout.World) { w.Record.Rollout.Frozen = &endpoint.Stall{Reason: "alarm"} }))
	if frozen.WaitsFor != "somebody to decide" {
		t.Errorf("frozen it waits for %q", frozen.WaitsFor)
	}
	starting := newSight(baking(func(w *rollout.World) {
		f := w.Record.Rollout
		f.Step, f.Since = -1, time.Time{}
		w.Traffic.Weights = map[string]int{f.From: 100}
		w.Sights[f.To] = rollout.Sight{Found: true, Desired: 2}
	}))
	if starting.WaitsFor != "the environment to become healthy" {
		t.Errorf("before anybody noted that its environment is not healthy, it waits for %q", starting.WaitsFor)
	}
}

// What changes between two sights, and no event tells, is told once.
func TestChanges(t *testing.T) {
	words := func(before *sight, now sight) (all []string) {
		for _, l := range changes(before, now) {
			all = append(all, string(l.Level)+" "+l.Text)
		}
		return all
	}
	calm := newSight(baking())
	ill := newSight(baking(func(w *rollout.World) {
		s := w.Sights["two"]
		s.Healthy = 1
		w.Sights["two"] = s
		w.Guards.Alarms["checkout-5xx"] = rollout.Alarm{State: rollout.AlarmFiring}
		w.Guards.Alarms["orders"] = rollout.Alarm{State: rollout.AlarmOK}
	}))
	taken := newSight(baking(takingOver))
	moved := newSight(baking(takingOver, func(w *rollout.World) { w.Traffic.Weights = map[string]int{"two": 100} }))
	for name, c := range map[string]struct {
		before *sight
		now    sight
		want   []string
	}{
		"the first": {nil, calm, []string{
			"INFO 1.0.0 is live; a rollout to 1.1.0 is at step 2 of 3, at 50 %", "WARN Alarm orders is in state unknown, for it does not exist",
			"INFO Waits for the step's bake, until 2026-01-31T12:03:00Z",
		}},
		"nothing":  {&calm, calm, nil},
		"for ill":  {&calm, ill, []string{"WARN two has 1 healthy instances of 2", "WARN Alarm checkout-5xx is in state ALARM", "INFO Alarm orders is in state OK"}},
		"and well": {&ill, calm, []string{"INFO two has 2 healthy instances of 2", "INFO Alarm checkout-5xx is in state OK", "WARN Alarm orders is in state unknown, for it does not exist", "INFO Waits for the step's bake, until 2026-01-31T12:03:00Z"}},
		"at rest":  {&calm, newSight(baking(resting)), nil},
		"the first of a takeover": {nil, taken, []string{
			"INFO the old groups of listener rule rule are live; a rollout to 1.1.0 is at step 2 of 3, at 50 %", "INFO The old groups have 50 % of traffic: 37.5 % for legacy-a, 12.5 % for legacy-b",
			"WARN Alarm orders is in state unknown, for it does not exist", "INFO Waits for the step's bake, until 2026-01-31T12:03:00Z",
		}},
		"nothing of a takeover": {&taken, taken, nil},
		"its weights are moved": {&taken, moved, []string{"INFO The old groups have 0 % of traffic: 0 % for legacy-a, 0 % for legacy-b"}},
	} {
		if diff := cmp.Diff(c.want, words(c.before, c.now)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// A watch ends when what went on has come to rest, and with what became of it.
func TestWatchEnds(t *testing.T) {
	var (
		failed *roller.Failed
		frozen *roller.Frozen
	)
	settled := func(r *endpoint.Record) { r.Lease = nil }
	over := func(result endpoint.Result, desired string) func(*endpoint.Record) {
		return func(r *endpoint.Record) {
			settled(r)
			r.Rollout, r.LastRollout = nil, &endpoint.Outcome{ID: "r2", To: "1.1.0", Result: result, Reason: "alarm"}
			if desired == "1.0.0" {
				r.Desired.Release = r.Environments[1].Release
				r.Environments[1].Fingerprint = r.Desired.Release.Fingerprint()
			}
		}
	}
	freeze := func(r *endpoint.Record) {
		settled(r)
		r.Rollout.Frozen = &endpoint.Stall{Reason: "alarm"}
	}
	for name, c := range map[string]struct {
		first, now func(*endpoint.Record)
		status     rollout.Status
		capped     bool
		well       bool
		is         any
	}{
		"it goes on":                      {},
		"interrupted, and nobody goes on": {now: settled},
		"done":                            {now: over(endpoint.Succeeded, ""), well: true},
		"done, and the run has not ended": {now: func(r *endpoint.Record) {
			over(endpoint.Succeeded, "")(r)
			r.Lease = &endpoint.Lease{Until: noon.Add(time.Second)}
		}},
		"done, and the run died":           {now: func(r *endpoint.Record) { over(endpoint.Succeeded, "")(r); r.Lease = &endpoint.Lease{Until: noon} }, well: true},
		"done before the watch began":      {first: over(endpoint.Succeeded, ""), now: over(endpoint.Succeeded, "")},
		"rolled back":                      {now: over(endpoint.RolledBack, "1.0.0"), is: &failed},
		"another release was asked for":    {now: over(endpoint.Superseded, "2.0.0")},
		"the one before was asked for":     {now: over(endpoint.Superseded, "1.0.0"), is: &failed},
		"frozen":                           {now: freeze, is: &frozen},
		"frozen before the watch began":    {first: freeze, now: freeze},
		"capped":                           {now: settled, status: rollout.StatusCapped, well: true},
		"capped before the watch began":    {now: settled, status: rollout.StatusCapped, capped: true},
		"removed":                          {now: func(r *endpoint.Record) { settled(r); r.Phase, r.Rollout = endpoint.Deleted, nil }, well: true},
		"the first one failed, and is off": {now: func(r *endpoint.Record) { over(endpoint.RolledBack, "")(r); r.Phase = endpoint.Deleted }, is: &failed},
	} {
		t.Run(name, func(t *testing.T) {
			first, now := baking().Record, baking().Record
			if c.first != nil {
				c.first(&first)
			}
			if c.now != nil {
				c.now(&now)
			}
			e := &watched{name: "checkout", first: &first, record: &now, capped: c.capped, sight: &sight{status: status{Status: c.status}}}
			err := e.ended(noon)
			if c.well != errors.Is(err, errEnded) || (c.is != nil) != (err != nil && !c.well) || c.is != nil && !errors.As(err, c.is) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

func drawn(width, height int, footer string, worlds ...rollout.World) string {
	p := panel{Output: terminal.New(io.Discard), width: width, height: height}
	for _, w := range worlds {
		p.sights = append(p.sights, newSight(w))
	}
	return p.draw(noon, footer)
}

func TestPanel(t *testing.T) {
	basket := baking(resting, func(w *rollout.World) { w.Record.Endpoint = "basket" })
	for name, c := range map[string]struct{ got, want string }{
		"80 columns": {drawn(80, 24, "q closes this", baking()), `
checkout  1.0.0 is live; a rollout to 1.1.0 is at step 2 of 3, at 50 %
  ✓   5 % for 10m
  ▸  50 % for 5m      ████░░░░░░ 3m0s left
    100 %

  1.1.0  candidate  █████░░░░░  50 %  2/2 healthy  e-2
  1.0.0  active     █████░░░░░  50 %  2/2 healthy  e-1
  0.9.0  retained   ░░░░░░░░░░   0 %  2/2 healthy  until 12:30  e-0

  alarms    checkout-5xx OK, orders unknown, for it does not exist
  waits for the step's bake, until 12:03:00 UTC
  run by    terraform on ci-7 since 11:40:00 UTC
q closes this
`},
		"two endpoints, 120 columns": {drawn(120, 24, "", basket, baking()), `basket  1.0.0 is live

checkout  1.0.0 is live; a rollout to 1.1.0 is at step 2 of 3, at 50 %
  ✓   5 % for 10m
  ▸  50 % for 5m      ██████░░░░░░░░░ 3m0s left
    100 %

  1.1.0  candidate  ████████░░░░░░░  50 %  2/2 healthy  e-2
  1.0.0  active     ████████░░░░░░░  50 %  2/2 healthy  e-1
  0.9.0  retained   ░░░░░░░░░░░░░░░   0 %  2/2 healthy  until 12:30  e-0

  alarms    checkout-5xx OK, orders unknown, for it does not exist
  waits for the step's bake, until 12:03:00 UTC
  run by    terraform on ci-7 since 11:40:00 UTC
`},
		"a takeover": {drawn(80, 24, "", baking(takingOver)), `
checkout  the old groups of listener rule rule are live; a rollout to 1.1.0
    is at step 2 of 3, at 50 %
  ✓   5 % for 10m
  ▸  50 % for 5m      ████░░░░░░ 3m0s left
    100 %

  1.1.0  candidate  █████░░░░░  50 %  2/2 healthy  e-2
  old groups        █████░░░░░  50 %  37.5 % for legacy-a
                                      12.5 % for legacy-b

  alarms    checkout-5xx OK, orders unknown, for it does not exist
  waits for the step's bake, until 12:03:00 UTC
  run by    terraform on ci-7 since 11:40:00 UTC
`},
		"a takeover before its first environment": {drawn(80, 24, "", baking(takingOver, func(w *rollout.World) {
			w.Record.Environments, w.Record.Rollout, w.Record.Lease, w.Guards = nil, nil, nil, nil
			w.Traffic.Weights = map[string]int{endpoint.OldGroups: 100}
		})), `
checkout  the old groups of listener rule rule are live

  old groups   ██████████ 100 %  75 % for legacy-a
                                 25 % for legacy-b
`},
		"nothing yet":  {drawn(80, 24, "q closes this"), "looking ...\nq closes this\n"},
		"nothing left": {drawn(80, 24, ""), "\n"},
		"interrupted": {drawn(80, 24, "", baking(func(w *rollout.World) {
			w.Record.Lease, w.Record.Rollout.Since, w.Guards = nil, time.Time{}, nil
			w.Record.Environments, w.Traffic.Weights = w.Record.Environments[1:], map[string]int{"one": 100}
		})), `
checkout  1.0.0 is live; a rollout to 1.1.0 is at step 2 of 3, at 50 %
  ✓   5 % for 10m
  ▸  50 % for 5m      traffic is being moved
    100 %

  1.1.0  candidate  ░░░░░░░░░░   0 %  2/2 healthy  e-2
  1.0.0  active     ██████████ 100 %  2/2 healthy  e-1

  run by    nobody has the lease: apply again, or ionroller reconcile
`},
	} {
		var want []string
		for line := range strings.Lines(c.want) {
			want = append(want, strings.TrimRight(line, " \n"))
		}
		var got []string
		for line := range strings.Lines(c.got) {
			got = append(got, strings.TrimRight(line, " \n"))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// Whatever the terminal's size, nothing is wider or higher.
func TestPanelFits(t *testing.T) {
	failed := baking(resting, func(w *rollout.World) {
		w.Record.LastRollout = &endpoint.Outcome{To: "1.1.0", Result: endpoint.RolledBack, Reason: strings.Repeat("alarm orders is in state ALARM ", 5)}
	})
	for width := 24; width <= 140; width += 7 {
		for _, height := range []int{5, 12, 24} {
			text := drawn(width, height, "q closes this and stops nothing", baking(), failed, baking(takingOver))
			if n := strings.Count(text, "\n"); n >= height {
				t.Errorf("at %dx%d it has %d lines", width, height, n)
			}
			for line := range strings.Lines(text) {
				if n := lipgloss.Width(strings.TrimRight(line, "\n")); n >= width {
					t.Errorf("at %dx%d a line has %d cells: %s", width, height, n, line)
				}
			}
		}
	}
}

// A status is printed when it has changed, and not because time passes.
func TestWatchedJSON(t *testing.T) {
	var out strings.Builder
	v := &jsonViewer{out: &out, last: map[string]string{}}
	later := baking(func(w *rollout.World) { w.Now, w.Record.Lease.Until = noon.Add(time.Second), noon.Add(time.Minute) })
	moved := baking(func(w *rollout.World) { w.Traffic.Weights = map[string]int{"one": 100} })
	for _, w := range []rollout.World{baking(), later, moved} {
		if err := v.show(news{fresh: []sight{newSight(w)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.show(news{events: []endpoint.Event{{Type: endpoint.RolloutFailed, Message: "<b>", Sequence: 7}}}); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for line := range strings.Lines(out.String()) {
		var l struct {
			Kind, Level, Status string
			Sequence            int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, l.Kind+" "+l.Status+l.Level)
	}
	if diff := cmp.Diff([]string{"status rolling_out", "status rolling_out", "event error"}, kinds); diff != "" {
		t.Error(diff)
	}
}

// A fault is told once, for as long as it lasts.
func TestFaultIsToldOnce(t *testing.T) {
	var out strings.Builder
	v := &lineViewer{&trail.Printer{Output: terminal.New(&out)}, ""}
	fault := errors.New("unable to look")
	for _, f := range []error{fault, fault, nil, fault} {
		if err := v.show(news{fault: f}); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != "[WARN] unable to look\n[WARN] unable to look\n" {
		t.Errorf("%q", out.String())
	}
	var told strings.Builder
	j := &jsonViewer{out: io.Discard, err: &told, last: map[string]string{}}
	for _, f := range []error{fault, fault, nil, fault} {
		if err := j.show(news{fault: f}); err != nil {
			t.Fatal(err)
		}
	}
	if told.String() != "ionroller: unable to look\nionroller: unable to look\n" {
		t.Errorf("%q", told.String())
	}
}

// Keys close the screen, and what is left on the terminal is how it stood.
func TestScreen(t *testing.T) {
	s := &screen{panel: panel{Output: terminal.New(io.Discard), width: 80, height: 24}, now: func() time.Time { return noon }}
	s.Update(tea.WindowSizeMsg{Width: 120, Height: 30})
	s.Update(newsMessage{news{sights: []sight{newSight(baking())}}})
	if v := s.View().Content; strings.HasSuffix(v, "\n") || !strings.Contains(v, "3m0s left") || !strings.Contains(v, "q closes this") {
		t.Error(v)
	}
	s.Update(newsMessage{news{sights: []sight{newSight(baking(resting))}, fault: errors.New("no network")}})
	if v := s.View().Content; !strings.Contains(v, "no network; it is tried again") {
		t.Error(v)
	}
	s.Update(newsMessage{news{sights: []sight{newSight(baking(resting))}}})
	if v := s.View().Content; !strings.Contains(v, "waits for the next rollout") {
		t.Error(v)
	}
	for _, key := range []tea.KeyPressMsg{{Code: 'q', Text: "q"}, {Code: 'c', Mod: tea.ModCtrl}, {Code: tea.KeyEscape}} {
		s.closed = false
		if _, cmd := s.Update(key); cmd == nil || !s.closed {
			t.Errorf("%s does not close it", key)
		}
	}
	if v := s.View().Content; strings.Contains(v, "closes") || !strings.HasSuffix(v, "\n") || !strings.Contains(v, "1.0.0 is live") {
		t.Error(v)
	}
}
