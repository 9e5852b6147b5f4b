// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package trail follows what happens to an endpoint and words it in lines, the same
// for whoever shows a rollout. It reads the journal and writes nothing.
package trail

import (
	"context"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Every is how often a follower is asked: what it reads is a few small objects.
const Every = 2 * time.Second

// Follower reads what is new of one endpoint.
type Follower struct {
	Journal  roller.Journal
	Endpoint string

	after int64           // the last event that was told
	ids   map[string]bool // of the environments that were told
}

// recent bounds the events that Start tells.
const recent = 50

// Start begins with what is there, and returns the record, or nil when there is none
// yet. Of a rollout in flight it returns what has happened so far, at most the last
// of it.
func (f *Follower) Start(ctx context.Context) (*endpoint.Record, []endpoint.Event, error) {
	record, err := f.Journal.Read(ctx, f.Endpoint)
	f.ids = map[string]bool{}
	if err != nil || record == nil {
		return nil, nil, err
	}
	for _, e := range record.Environments {
		if e.ID != "" {
			f.ids[e.ID] = true
		}
	}
	f.after = record.Trail.Sequence
	if record.Rollout == nil {
		return record, nil, nil
	}
	f.after = max(0, f.after-recent)
	events, err := f.events(ctx, record)
	var since []endpoint.Event
	for _, e := range events {
		if !e.Time.Before(record.Rollout.Started.Truncate(time.Second)) {
			since = append(since, e)
		}
	}
	return record, since, err
}

// Next returns the record and what was told since the last call, the oldest first.
func (f *Follower) Next(ctx context.Context) (*endpoint.Record, []endpoint.Event, error) {
	record, err := f.Journal.Read(ctx, f.Endpoint)
	if err != nil || record == nil {
		return nil, nil, err
	}
	events, err := f.events(ctx, record)
	return record, events, err
}

// events reads the trail, and what is committed and not there yet.
func (f *Follower) events(ctx context.Context, record *endpoint.Record) ([]endpoint.Event, error) {
	var all []endpoint.Event
	for {
		page, err := f.Journal.Events(ctx, f.Endpoint, f.after)
		if err != nil {
			return all, err
		}
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		f.after = page[len(page)-1].Sequence
	}
	for _, e := range record.Outbox {
		if e.Sequence > f.after {
			all = append(all, e)
			f.after = e.Sequence
		}
	}
	return all, nil
}

// Lines words events. The id of an environment, which AWS gives it after its launch
// was noted, is a line of its own as soon as the record has it.
func (f *Follower) Lines(record *endpoint.Record, events []endpoint.Event) []Line {
	fresh := map[string]Line{} // by the environment's name
	var order []string
	if record != nil {
		for _, e := range record.Environments {
			if e.ID != "" && !f.ids[e.ID] {
				f.ids[e.ID] = true
				fresh[e.Name] = Line{Level: Info, Endpoint: f.Endpoint, Text: "Added environment: " + e.ID}
				order = append(order, e.Name)
			}
		}
	}
	made := map[string]bool{}
	for _, e := range events {
		made[e.Data["environment"]] = made[e.Data["environment"]] || e.Type == endpoint.EnvironmentCreated
	}
	var lines []Line
	for _, name := range order {
		if !made[name] {
			lines = append(lines, fresh[name])
		}
	}
	for _, e := range events {
		lines = append(lines, Of(e))
		if line, ok := fresh[e.Data["environment"]]; ok && e.Type == endpoint.EnvironmentCreated {
			lines = append(lines, line)
		}
	}
	return lines
}
