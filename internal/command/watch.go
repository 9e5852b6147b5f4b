// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/command/trail"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

func newWatch() *cobra.Command {
	var (
		a    account
		form output
	)
	cmd := &cobra.Command{
		Use:   "watch [ENDPOINT]",
		Short: "Watch a rollout, whoever runs it",
		Long: `Shows a rollout as it goes on: its steps and what is left of the bake, the shares of
traffic, health, alarms, and what happens. On a terminal it is drawn again and again;
in a pipe each thing that happens is a line, [INFO], [WARN] or [ERROR]. It changes
nothing, works with credentials that only read, and may be closed at any time.

With ENDPOINT it ends with the rollout that is in flight, or else the next one: with
0 when the release has all traffic, or as much as it is capped at, with 3 when it was
rolled back, and with 1 when it is frozen or another release was asked for meanwhile.
Without, it shows all endpoints of the owner, until it is closed. What cannot be looked
at is told, and tried again; when nothing can at first, it ends with 1.

-o json prints an object a line, of two kinds: with "kind": "event" an event, as
ionroller events prints it, and its "level"; with "kind": "status" an endpoint, when
anything about it has changed, as ionroller status prints it, and how its rollout
goes on: "time", "steps", "waits_for", "until" and "alarms". What cannot be looked at
is told on standard error.`,
		Example: `  ionroller watch checkout
  ionroller watch checkout -o json | jq -r 'select(.kind == "event").message'`,
		RunE: func(cmd *cobra.Command, names []string) error { return watch(cmd, &a, names, form.json()) },
	}
	a.flags(cmd)
	form.flags(cmd, formText, formJSON)
	a.complete(cmd, false, endpointNames)
	return cmd
}

// viewer shows what a watcher sees.
type viewer interface{ show(news) error }

func watch(cmd *cobra.Command, a *account, names []string, asJSON bool) error {
	loop, err := a.connect(cmd)
	if err != nil {
		return err
	}
	w := &watcher{loop: loop, all: len(names) == 0}
	for _, name := range names {
		record, err := loop.Journal.Read(cmd.Context(), name)
		if err != nil {
			return err
		}
		if record == nil {
			return fmt.Errorf("there is no endpoint %s in the journal of bucket %s", name, a.bucket)
		}
		w.endpoints = append(w.endpoints, w.newWatched(name))
	}
	out := cmd.OutOrStdout()
	if !asJSON && isTerminal(out) && os.Getenv("TERM") != "dumb" {
		return watchOnScreen(cmd, w)
	}
	w.none = func() { a.none(cmd.ErrOrStderr()) }
	if asJSON {
		return w.watch(cmd.Context(), &jsonViewer{out: out, err: cmd.ErrOrStderr(), last: map[string]string{}})
	}
	return w.watch(cmd.Context(), &lineViewer{&trail.Printer{Output: terminal.New(out), Prefixed: w.all}, ""})
}

// watch looks until the rollout has ended, or somebody closes it. That nothing can be
// seen at first is an error; what cannot be read otherwise is tried again.
func (w *watcher) watch(ctx context.Context, v viewer) error {
	for first := true; ; first = false {
		n, ended := w.turn(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case first && n.fault != nil && len(n.sights) == 0:
			return n.fault
		case first && len(w.endpoints) == 0 && w.none != nil:
			w.none()
		}
		if err := v.show(n); err != nil {
			return err
		}
		if errors.Is(ended, errEnded) {
			return nil
		}
		if ended != nil {
			return ended
		}
		if w.loop.Clock.Sleep(ctx, trail.Every) != nil {
			return nil //nolint:nilerr // to be closed is how it ends
		}
	}
}

// trouble words what could not be read; "" when all could.
func (n news) trouble() string {
	if n.fault == nil {
		return ""
	}
	return n.fault.Error()
}

// lineViewer prints a line for each thing that happens.
type lineViewer struct {
	*trail.Printer
	fault string // that was told last
}

func (v *lineViewer) show(n news) error {
	lines := slices.Concat(n.lines, n.more)
	fault := n.trouble()
	if fault != "" && fault != v.fault {
		lines = append(lines, trail.Line{Level: trail.Warn, Text: fault})
	}
	v.fault = fault
	return v.Print(lines...)
}

// jsonViewer prints an object a line.
type jsonViewer struct {
	out, err io.Writer
	last     map[string]string // what was printed of an endpoint, but for its times
	fault    string            // that was told last
}

// watchedEvent and watchedStatus are the kinds of lines.
type watchedEvent struct {
	Kind  string `json:"kind"` // event
	Level string `json:"level"`
	endpoint.Event
}

type watchedStatus struct {
	Kind string `json:"kind"` // status
	sight
}

func (v *jsonViewer) show(n news) error {
	if fault := n.trouble(); fault != v.fault {
		v.fault = fault
		if fault != "" {
			fmt.Fprintf(v.err, "ionroller: %s\n", fault)
		}
	}
	for _, e := range n.events {
		if err := printLine(v.out, watchedEvent{"event", strings.ToLower(string(trail.LevelOf(e.Type))), e}); err != nil {
			return err
		}
	}
	for _, s := range n.fresh {
		still := s
		still.Time = time.Time{}
		if s.Lease != nil {
			lease := *s.Lease
			lease.Until = time.Time{} // it is renewed all the time
			still.Lease = &lease
		}
		text, err := json.Marshal(still)
		if err != nil {
			return err
		}
		if v.last[s.Endpoint] == string(text) {
			continue
		}
		v.last[s.Endpoint] = string(text)
		if err := printLine(v.out, watchedStatus{"status", s}); err != nil {
			return err
		}
	}
	return nil
}
