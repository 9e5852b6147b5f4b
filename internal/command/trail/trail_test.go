// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package trail

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// journal is what a follower reads, in memory, two events a page.
type journal struct {
	roller.Journal
	record *endpoint.Record
	trail  []endpoint.Event
}

func (j *journal) Read(context.Context, string) (*endpoint.Record, error) { return j.record, nil }

func (j *journal) Events(_ context.Context, _ string, after int64) ([]endpoint.Event, error) {
	rest := j.trail[min(int(after), len(j.trail)):]
	return rest[:min(2, len(rest))], nil
}

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// happens commits events; those that stay in the outbox are not in the trail yet.
func (j *journal) happens(stay int, events ...endpoint.Event) {
	j.record.Outbox = nil
	for _, e := range events {
		j.record.Append(e)
	}
	published := j.record.Outbox[:len(j.record.Outbox)-stay]
	j.trail = append(j.trail, published...)
	j.record.Outbox = slices.Clone(j.record.Outbox[len(published):])
}

func event(t endpoint.EventType, message, environment string, at time.Time) endpoint.Event {
	return endpoint.Event{Type: t, Message: message, Time: at, Data: map[string]string{"environment": environment}}
}

func (f *Follower) words(t *testing.T, next func(context.Context) (*endpoint.Record, []endpoint.Event, error)) []string {
	t.Helper()
	record, events, err := next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	words := []string{}
	for _, l := range f.Lines(record, events) {
		words = append(words, (&Printer{Output: terminal.New(io.Discard)}).Word(l))
	}
	return words
}

// A follower tells each event once, and each environment's id once it is known.
func TestFollower(t *testing.T) {
	j := &journal{}
	f := &Follower{Journal: j, Endpoint: "checkout"}
	want := func(what string, got []string, lines ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, lines...), got); diff != "" {
			t.Errorf("%s:\n%s", what, diff)
		}
	}
	want("before there is a record", f.words(t, f.Start))
	want("still", f.words(t, f.Next))

	j.record = &endpoint.Record{Endpoint: "checkout"}
	j.record.Environments = []endpoint.Environment{{Name: "first", ID: "e-1"}}
	j.happens(0, event(endpoint.RolloutStarted, "new rollout from nothing to 1.0.0", "first", noon),
		event(endpoint.EnvironmentCreated, "environment first is being made", "first", noon),
		event(endpoint.EnvironmentHealthy, "environment first is healthy", "first", noon))
	want("all at once", f.words(t, f.Next), "[INFO] New rollout from nothing to 1.0.0",
		"[INFO] Environment first is being made", "[INFO] Added environment: e-1", "[INFO] Environment first is healthy")
	want("nothing new", f.words(t, f.Next))

	j.record.Environments = append(j.record.Environments, endpoint.Environment{Name: "second"})
	j.happens(1, event(endpoint.EnvironmentCreated, "environment second is being made", "second", noon))
	want("what is not in the trail yet", f.words(t, f.Next), "[INFO] Environment second is being made")
	j.trail = append(j.trail, j.record.Outbox...)
	j.record.Environments[1].ID = "e-2"
	j.happens(0, event(endpoint.RolloutFailed, "the rollout is given up:\nit never became healthy", "second", noon),
		event(endpoint.RunInterrupted, "the run was interrupted", "", noon))
	want("the id comes later", f.words(t, f.Next), "[INFO] Added environment: e-2",
		"[ERROR] The rollout is given up: it never became healthy", "[WARN] The run was interrupted")
}

// Who comes in the middle of a rollout is told what it has done so far, and nothing
// of before.
func TestFollowerComesLater(t *testing.T) {
	j := &journal{record: &endpoint.Record{Endpoint: "checkout", Environments: []endpoint.Environment{{Name: "first", ID: "e-1"}}}}
	j.happens(0, event(endpoint.RolloutFinished, "1.0.0 carries all traffic", "first", noon))
	f := &Follower{Journal: j, Endpoint: "checkout"}
	if got := f.words(t, f.Start); len(got) > 0 {
		t.Errorf("of an endpoint at rest it tells %q", got)
	}
	j.record.Rollout = &endpoint.Rollout{Started: noon.Add(time.Hour)}
	j.happens(1, event(endpoint.RolloutStarted, "new rollout", "second", noon.Add(time.Hour)), event(endpoint.EnvironmentCreated, "environment second is being made", "second", noon.Add(time.Hour)))
	f = &Follower{Journal: j, Endpoint: "checkout"}
	if got := strings.Join(f.words(t, f.Start), "; "); got != "[INFO] New rollout; [INFO] Environment second is being made" {
		t.Errorf("of a rollout in flight it tells %q", got)
	}
	if got := f.words(t, f.Next); len(got) > 0 {
		t.Errorf("it tells twice: %q", got)
	}
}

func TestPrefix(t *testing.T) {
	var out strings.Builder
	p := &Printer{Output: terminal.New(&out), Prefixed: true}
	if err := p.Print(Line{Level: Warn, Endpoint: "checkout", Text: "Mind"}, Line{Level: Info, Endpoint: "basket", Text: "Fine"}); err != nil || out.String() != "[WARN] checkout: Mind\n[INFO] basket: Fine\n" {
		t.Errorf("%q: %v", out.String(), err)
	}
}
