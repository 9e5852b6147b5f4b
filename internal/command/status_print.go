// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

func printStatus(w io.Writer, reports []report) error {
	out := terminal.New(w)
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := r.print(out); err != nil {
			return err
		}
	}
	return nil
}

func (r report) print(out *terminal.Output) error {
	if err := out.Wrapped(0, r.tone(), r.headline()); err != nil {
		return err
	}
	var rows [][]terminal.Cell
	for _, e := range r.sorted() {
		rows = append(rows, e.row(r.Time))
	}
	err := out.Table(2, []terminal.Column{
		{Title: "ENVIRONMENT"}, {Title: "ID", Spare: 2}, {Title: "VERSION", Spare: 1}, {Title: "ROLE"}, {Title: "TRAFFIC"}, {Title: "HEALTHY"}, {Title: "AGE"}, {Title: "EXPIRES"},
	}, rows)
	if err != nil {
		return err
	}
	return out.Facts(2, r.facts())
}

// tone is how a whole endpoint is.
func (s status) tone() terminal.Tone {
	switch s.Status {
	case rollout.StatusFrozen:
		return terminal.Bad
	case rollout.StatusLive:
		if s.Pin == nil {
			return terminal.Strong
		}
	}
	return terminal.Notable
}

// sorted are the environments in the order of what matters: those with traffic, then
// those that can be gone back to, the newest first.
func (s status) sorted() []environmentStatus {
	order := []endpoint.Role{endpoint.Candidate, endpoint.Active, endpoint.Retained, endpoint.Failed}
	return slices.SortedStableFunc(slices.Values(s.Environments), func(a, b environmentStatus) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Role), slices.Index(order, b.Role)), b.Created.Compare(a.Created))
	})
}

func (e environmentStatus) row(now time.Time) []terminal.Cell {
	health := terminal.Cell{Words: fmt.Sprintf("%d/%d", e.Healthy, e.Desired), Tone: terminal.Good}
	switch e.Health {
	case "gone":
		health = terminal.Cell{Words: "gone", Tone: terminal.Bad}
	case "unhealthy":
		health.Tone = terminal.Bad
	}
	tone := map[endpoint.Role]terminal.Tone{endpoint.Active: terminal.Strong, endpoint.Candidate: terminal.Notable, endpoint.Failed: terminal.Bad}[e.Role]
	age, expires := "-", "-"
	if !e.Created.IsZero() {
		age = ago(now.Sub(e.Created))
	}
	if e.Expires != nil {
		expires = "now"
		if e.Expires.After(now) {
			expires = "in " + ago(e.Expires.Sub(now))
		}
	}
	return []terminal.Cell{
		{Words: e.Name}, {Words: orDash(e.ID), Tone: terminal.Soft}, {Words: e.Version}, {Words: string(e.Role), Tone: tone},
		{Words: fmt.Sprintf("%d %%", e.Weight)}, health, {Words: age}, {Words: expires},
	}
}

// facts are what there is to know beside the environments.
func (s status) facts() []terminal.Fact {
	var all []terminal.Fact
	add := func(title string, tone terminal.Tone, format string, args ...any) {
		all = append(all, terminal.Fact{Title: title, Words: fmt.Sprintf(format, args...), Tone: tone})
	}
	if s.Takeover != nil {
		add("old groups", terminal.Plain, "%s", s.oldGroups())
	}
	if f := s.Rollout; f != nil {
		add("rollout", terminal.Plain, "%s", s.rolloutWords())
		if f.MaxWeight < 100 && f.Back == "" {
			add("capped", terminal.Notable, "at %d %% (rollout.max_weight): raise it, and apply, to go on", f.MaxWeight)
		}
		if p := f.Paused; p != nil {
			add("paused", terminal.Notable, "%s ago: %s; ionroller resume %s goes on", ago(s.Time.Sub(p.Since)), dotless(p.Reason), s.Endpoint)
		}
		if z := f.Frozen; z != nil {
			add("frozen", terminal.Bad, "%s ago: %s; ionroller promote %s goes on, ionroller abort %s takes it back", ago(s.Time.Sub(z.Since)), dotless(z.Reason), s.Endpoint, s.Endpoint)
		}
	}
	if p := s.Pin; p != nil {
		until := "until it is unpinned"
		if p.Left != "" {
			until += ", or another release than " + p.Left + " is asked for"
		}
		add("pinned", terminal.Notable, "at %s, %s ago by %s, %s", p.Version, ago(s.Time.Sub(p.Time)), caller(p.Who), until)
	}
	for _, j := range s.Rejections {
		add("rejected", terminal.Notable, "%s, %s ago: %s; ionroller retry %s %s clears it", j.Version, ago(s.Time.Sub(j.Time)), dotless(j.Reason), s.Endpoint, j.Version)
	}
	return all
}

// facts are also what the journal tells beside the record.
func (r report) facts() []terminal.Fact {
	all := r.status.facts()
	add := func(title string, tone terminal.Tone, format string, args ...any) {
		all = append(all, terminal.Fact{Title: title, Words: fmt.Sprintf(format, args...), Tone: tone})
	}
	if l, h := r.Lease, r.Holder; l != nil && h != nil {
		text, tone := fmt.Sprintf("held by %s, by %s on %s, heard of %s ago", l.Who.Run, caller(l.Who), l.Who.Host, ago(time.Duration(h.Silent)*time.Second)), terminal.Plain
		if h.Dead {
			text, tone = text+": that run is dead, and the next one takes the lease", terminal.Notable
		}
		add("lease", tone, "%s", text)
	}
	if r.OrderWaits {
		add("order", terminal.Notable, "one waits to be carried out: ionroller reconcile --once %s does", r.Endpoint)
	}
	if d := r.Daemon; d != nil {
		words, tone := "looks after it", terminal.Plain
		if !d.Working {
			words, tone = "is silent: nobody goes on with what others left", terminal.Notable
		}
		add("daemon", tone, "on %s, heard of %s ago, %s", d.Who.Host, ago(time.Duration(d.Silent)*time.Second), words)
	}
	return all
}

// oldGroups words what the target groups have of a rule that is being taken over.
func (s status) oldGroups() string {
	return fmt.Sprintf("%d %% of traffic: %s", s.OldWeight, strings.Join(s.Takeover.Shares(s.OldWeight), ", "))
}

// rolloutWords tell of a rollout in flight.
func (s status) rolloutWords() string {
	f, now, from := s.Rollout, s.Time, cmp.Or(s.Rollout.From, "nothing")
	if s.Takeover != nil {
		from = "the old groups"
	}
	text := fmt.Sprintf("%s, %s → %s, since %s", f.Kind, from, f.To, ago(now.Sub(f.Started)))
	switch {
	case f.Back != "":
		return text + "; traffic goes back: " + dotless(f.Back)
	case f.Step == 0:
		return text + "; it has no traffic yet"
	}
	text += fmt.Sprintf("; step %d of %d at %d %%", f.Step, f.Steps, f.Weight)
	switch {
	case f.Baked == nil:
		return text + ", being set"
	case f.Baked.After(now):
		return text + ", its bake ends in " + ago(f.Baked.Sub(now))
	}
	return text + ", its bake is over"
}

// goesOn says who goes on with the rollout in flight, or what has to be done for that.
func (r report) goesOn() string {
	f, l := r.Rollout, r.Lease
	switch {
	case f.Frozen != nil:
		return fmt.Sprintf("Frozen: %s; ionroller promote %s goes on, ionroller abort %s takes it back", dotless(f.Frozen.Reason), r.Endpoint, r.Endpoint)
	case r.Status == rollout.StatusCapped:
		return fmt.Sprintf("Capped at %d %% (rollout.max_weight): raise it, and apply, to go on", f.MaxWeight)
	case f.Paused != nil:
		return fmt.Sprintf("Paused: %s; ionroller resume %s goes on", dotless(f.Paused.Reason), r.Endpoint)
	case r.Status == rollout.StatusPaused:
		return fmt.Sprintf("Waits to be promoted: ionroller promote %s goes on", r.Endpoint)
	case l != nil && r.Holder != nil && !r.Holder.Dead:
		return fmt.Sprintf("%s, by %s on %s, goes on with it: ionroller watch %s shows how", l.Who.Run, caller(l.Who), l.Who.Host, r.Endpoint)
	case r.Daemon != nil && r.Daemon.Working:
		return fmt.Sprintf("The daemon on %s goes on with it: ionroller watch %s shows how", r.Daemon.Who.Host, r.Endpoint)
	}
	return fmt.Sprintf("Nobody is at work on it: ionroller reconcile --once %s goes on with it", r.Endpoint)
}

func dotless(s string) string { return strings.TrimRight(s, ".") }

// headline says in a line how an endpoint stands.
func (s status) headline() string {
	live := "nothing is live"
	switch {
	case s.Version != "":
		live = s.Version + " is live"
	case s.Takeover != nil:
		live = "the old groups of listener rule " + s.Takeover.RuleARN + " are live"
	}
	if s.Pin != nil {
		live += ", pinned"
		if s.Pin.Reason != "" {
			live += " (" + s.Pin.Reason + ")"
		}
	}
	switch {
	case s.Phase == endpoint.Deleting:
		return fmt.Sprintf("%s: is being removed", s.Endpoint)
	case s.Rollout != nil && s.Rollout.Step == 0:
		return fmt.Sprintf("%s: %s; a rollout to %s has no traffic yet", s.Endpoint, live, s.Rollout.To)
	case s.Rollout != nil && s.Rollout.Frozen != nil:
		return fmt.Sprintf("%s: %s; the rollout to %s is frozen at %d %%: %s", s.Endpoint, live, s.Rollout.To, s.Rollout.Weight, s.Rollout.Frozen.Reason)
	case s.Status == rollout.StatusCapped || s.Status == rollout.StatusPaused:
		return fmt.Sprintf("%s: %s; the rollout to %s is %s at %d %%", s.Endpoint, live, s.Rollout.To, s.Status, s.Rollout.Weight)
	case s.Rollout != nil:
		return fmt.Sprintf("%s: %s; a rollout to %s is at step %d of %d, at %d %%", s.Endpoint, live, s.Rollout.To, s.Rollout.Step, s.Rollout.Steps, s.Rollout.Weight)
	case s.LastRollout != nil && s.LastRollout.Result == endpoint.RolledBack:
		return fmt.Sprintf("%s: %s; the last rollout, to %s, failed: %s", s.Endpoint, live, s.LastRollout.To, s.LastRollout.Reason)
	default:
		return fmt.Sprintf("%s: %s", s.Endpoint, live)
	}
}

// summary is the headline of a world.
func summary(w rollout.World) string {
	if w.Record.Phase == endpoint.Deleted {
		return w.Record.Endpoint + ": removed"
	}
	return newStatusOf(w).headline()
}
