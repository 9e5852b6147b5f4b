// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"fmt"
	"slices"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/trail"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// sight is what watch knows of an endpoint at a time: its status, as ionroller
// status prints it, and how its rollout goes on. With -o json it is a line.
type sight struct {
	status
	Steps []sightStep `json:"steps"` // of the rollout in flight
	// WaitsFor is what the rollout waits for, in words, and Until how long at most;
	// null where that is not known.
	WaitsFor string       `json:"waits_for"`
	Until    *time.Time   `json:"until"`
	Alarms   []sightAlarm `json:"alarms"` // that guard the rollout in flight
}

type sightStep struct {
	Weight int    `json:"weight"` // percent
	Bake   string `json:"bake"`
	State  string `json:"state"` // done, now or next
	// BakeEnds is when the bake of the step that is now is over; null before its
	// traffic was read back.
	BakeEnds *time.Time `json:"bake_ends"`
}

type sightAlarm struct {
	Name  string             `json:"name"`
	State rollout.AlarmState `json:"state"` // "" when there is no such alarm
}

// The states of a step.
const (
	stepDone = "done"
	stepNow  = "now"
	stepNext = "next"
)

func newSight(w rollout.World) sight {
	s := sight{status: newStatusOf(w), Steps: []sightStep{}, Alarms: []sightAlarm{}}
	f := w.Record.Rollout
	if f == nil {
		return s
	}
	for i, step := range f.Steps {
		row := sightStep{Weight: f.Share(i), Bake: step.Bake.String(), State: stepNext}
		switch {
		case i < f.Step:
			row.State = stepDone
		case i == f.Step:
			row.State = stepNow
			if !f.Since.IsZero() {
				ends := f.Since.Add(step.Bake.Std())
				row.BakeEnds = &ends
			}
		}
		s.Steps = append(s.Steps, row)
	}
	if w.Guards != nil {
		for _, name := range w.Record.Desired.Rollout.Alarms {
			s.Alarms = append(s.Alarms, sightAlarm{name, w.Guards.Alarms[name].State})
		}
	}
	s.waits(w)
	return s
}

// waits asks what the run at work would do now.
func (s *sight) waits(w rollout.World) {
	d := rollout.Decide(w)
	if lack, noted := d.Action.(rollout.Lack); noted && lack.Of != "" {
		d = rollout.Decision{Wake: rollout.Wake{For: lack.Of}} // it is noted, then waited for
	}
	switch {
	case w.Record.Rollout.Frozen != nil || s.Status == rollout.StatusCapped:
		s.WaitsFor = "somebody to decide"
	case d.Action == nil && d.Wake.For != "":
		s.WaitsFor = string(d.Wake.For)
		switch d.Wake.For {
		case rollout.Bake, rollout.Verdict, rollout.Consent, rollout.Drain: // of others it is when they are looked at next
			if !d.Wake.At.IsZero() {
				s.Until = &d.Wake.At
			}
		}
	}
}

// changes words what a sight shows that the one before did not, and that no event
// tells: health, alarms, and what is waited for.
func changes(before *sight, now sight) []trail.Line {
	var lines []trail.Line
	say := func(level trail.Level, format string, args ...any) {
		lines = append(lines, trail.Line{Level: level, Endpoint: now.Endpoint, Text: fmt.Sprintf(format, args...)})
	}
	if before == nil {
		say(trail.Info, "%s", now.state())
		before = &sight{}
	}
	if now.Takeover != nil && (before.Takeover == nil || before.OldWeight != now.OldWeight) {
		say(trail.Info, "The old groups have %s", now.oldGroups())
	}
	for _, e := range now.Environments {
		i := slices.IndexFunc(before.Environments, func(b environmentStatus) bool { return b.Name == e.Name })
		serves := e.Weight > 0
		switch was := i >= 0 && before.Environments[i].Healthy < before.Environments[i].Desired; {
		case serves && e.Healthy < e.Desired && (i < 0 || before.Environments[i].Healthy != e.Healthy):
			say(trail.Warn, "%s has %d healthy instances of %d", e.Name, e.Healthy, e.Desired)
		case serves && e.Healthy >= e.Desired && was && before.Environments[i].Weight > 0:
			say(trail.Info, "%s has %d healthy instances of %d", e.Name, e.Healthy, e.Desired)
		}
	}
	for _, a := range now.Alarms {
		i := slices.IndexFunc(before.Alarms, func(b sightAlarm) bool { return b.Name == a.Name })
		if i >= 0 && before.Alarms[i].State == a.State || i < 0 && a.State == rollout.AlarmOK {
			continue
		}
		level := trail.Warn
		if a.State == rollout.AlarmOK {
			level = trail.Info
		}
		say(level, "Alarm %s is in state %s", a.Name, orUnknown(a.State))
	}
	if now.WaitsFor != "" && (now.WaitsFor != before.WaitsFor || now.step() != before.step()) {
		text := "Waits for " + now.WaitsFor
		if now.Until != nil {
			text += ", until " + now.Until.UTC().Format(time.RFC3339)
		}
		say(trail.Info, "%s", text)
	}
	return lines
}

// step is the number of the step that is now.
func (s *sight) step() int {
	if s.Rollout == nil {
		return 0
	}
	return s.Rollout.Step
}

func orUnknown(s rollout.AlarmState) string {
	if s == "" {
		return "unknown, for it does not exist"
	}
	return string(s)
}

// state is the headline without the endpoint's name.
func (s status) state() string {
	text := s.headline()
	return text[min(len(s.Endpoint)+len(": "), len(text)):]
}

// moving says that somebody is at work on the endpoint, or was interrupted at it.
func moving(r *endpoint.Record) bool {
	return r.Lease != nil || r.Rollout != nil && r.Rollout.Frozen == nil || r.Phase == endpoint.Deleting || r.Phase == endpoint.Creating
}
