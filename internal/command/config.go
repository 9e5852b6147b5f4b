// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/configuration"
	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func newConfig() *cobra.Command {
	var (
		a               account
		form            output
		at              string
		history, values bool
	)
	cmd := &cobra.Command{
		Use:   "config [ENDPOINT...]",
		Short: "Show the configuration of what runs, and its history",
		Long: `Shows what endpoints are configured with: as a block that can be pasted into a
Terraform configuration, or as JSON. It is told from the journal, and works without
any file at hand, also for a time that is over (--at) and for all times (--history).
Without names it shows all endpoints of the owner. One that cannot be looked at is told
on standard error, the others are shown, and it ends with 1.

It is the configuration that was reached last: what a rollout in flight works towards
is shown by ionroller diff. Secrets are there by reference. The values of environment
variables are left out, unless --values asks for them.`,
		Example: `  ionroller config checkout
  ionroller config checkout --at 2026-01-31T12:00:00Z -o json
  ionroller config checkout --at 3d
  ionroller config checkout --history`,
		RunE: func(cmd *cobra.Command, names []string) error {
			var when time.Time
			if at != "" {
				var err error
				if when, err = moment("--at", at, time.Now()); err != nil {
					return usage(cmd, err)
				}
			}
			loop, err := a.connect(cmd)
			if err != nil {
				return err
			}
			if history {
				return showHistory(cmd, &a, loop, names, form.json())
			}
			return showConfig(cmd, &a, loop, names, when, values, form.json())
		},
	}
	a.flags(cmd)
	form.flags(cmd, formHCL, formJSON)
	a.complete(cmd, true, endpointNames)
	f := cmd.Flags()
	f.StringVar(&at, "at", "", "as it was at this time (RFC 3339), or so long ago (as 2h or 3d4h)")
	f.BoolVar(&history, "history", false, "every configuration there was, and what it changed")
	f.BoolVar(&values, "values", false, "with the values of environment variables")
	cmd.MarkFlagsMutuallyExclusive("at", "history")
	cmd.MarkFlagsMutuallyExclusive("values", "history")
	return cmd
}

// configShown is a configuration, as --output json prints it.
type configShown struct {
	Endpoint string          `json:"endpoint"`
	Version  string          `json:"version"`
	Time     *time.Time      `json:"time"` // since when it holds; null where the trail does not tell
	Digest   string          `json:"digest"`
	Config   json.RawMessage `json:"config"`
}

func showConfig(cmd *cobra.Command, a *account, loop *roller.Roller, names []string, at time.Time, values, asJSON bool) error {
	ctx := cmd.Context()
	shown := []configShown{}
	blocks := [][]byte{}
	err := a.eachRecord(cmd, loop, names, func(r *endpoint.Record, all bool) error {
		spec, since, err := configured(ctx, loop, r, at)
		if err != nil || spec == nil {
			if all && errors.Is(err, errNotThere) {
				return nil
			}
			return err
		}
		config, err := configuration.JSON(*spec, values)
		if err != nil {
			return err
		}
		shown = append(shown, configShown{r.Endpoint, spec.Release.Version, since, spec.Digest(), config})
		blocks = append(blocks, configuration.HCL(*spec, values))
		return nil
	})
	if err != nil && len(shown) == 0 {
		return err
	}
	if asJSON {
		return errors.Join(printJSON(cmd.OutOrStdout(), shown), err)
	}
	for i, block := range blocks {
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		if _, err := cmd.OutOrStdout().Write(block); err != nil {
			return err
		}
	}
	return err
}

// errNotThere says that an endpoint was not there at a time.
var errNotThere = errors.New("it was not there")

// configured returns what an endpoint was configured with at a time, now when it is
// zero, and since when.
func configured(ctx context.Context, loop *roller.Roller, r *endpoint.Record, at time.Time) (*endpoint.Spec, *time.Time, error) {
	if at.IsZero() && r.Phase == endpoint.Deleted {
		return nil, nil, fmt.Errorf("endpoint %s was removed: --at and --history tell of before: %w", r.Endpoint, errNotThere)
	}
	var last *endpoint.Event
	var removed time.Time
	err := eachEvent(ctx, loop.Journal, r, 0, func(e endpoint.Event) error {
		switch {
		case !at.IsZero() && e.Time.After(at):
		case e.Type == endpoint.EndpointRemoved:
			last, removed = nil, e.Time
		case holds(e):
			last, removed = &e, time.Time{}
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, nil, err
	case at.IsZero():
		spec := r.Accepted
		if spec == nil {
			return nil, nil, fmt.Errorf("endpoint %s has not come to any configuration yet: %w", r.Endpoint, errNotThere)
		}
		if last != nil && last.Data[endpoint.ConfigurationKey] == spec.Digest() {
			return spec, &last.Time, nil
		}
		return spec, nil, nil
	case !removed.IsZero():
		return nil, nil, fmt.Errorf("endpoint %s was removed at %s: %w", r.Endpoint, removed.UTC().Format(time.RFC3339), errNotThere)
	case last == nil:
		return nil, nil, fmt.Errorf("the trail of endpoint %s tells of no configuration by %s: %w", r.Endpoint, at.UTC().Format(time.RFC3339), errNotThere)
	}
	spec, err := loop.Journal.Configuration(ctx, r.Endpoint, last.Data[endpoint.ConfigurationKey])
	if err == nil && spec == nil {
		err = fmt.Errorf("what endpoint %s was configured with since %s was removed from the journal", r.Endpoint, last.Time.UTC().Format(time.RFC3339))
	}
	return spec, &last.Time, err
}

// holds says that from an event on its configuration is what runs.
func holds(e endpoint.Event) bool {
	switch e.Type {
	case endpoint.DesiredStateReached, endpoint.DesiredStateRestored, endpoint.EndpointPinned:
		return e.Data[endpoint.ConfigurationKey] != ""
	}
	return false
}

// configEvent is a configuration that there was, as --output json prints it.
type configEvent struct {
	Endpoint string                 `json:"endpoint"`
	Time     time.Time              `json:"time"`
	Event    endpoint.EventType     `json:"event"`
	Sequence int64                  `json:"sequence"`
	Version  string                 `json:"version"`
	Digest   string                 `json:"digest"`
	Kept     bool                   `json:"kept"` // the journal still has it
	Who      endpoint.Who           `json:"who"`
	Changes  []configuration.Change `json:"changes"` // from the one before; null where one of them is not kept
}

func showHistory(cmd *cobra.Command, a *account, loop *roller.Roller, names []string, asJSON bool) error {
	ctx := cmd.Context()
	all := []configEvent{}
	err := a.eachRecord(cmd, loop, names, func(r *endpoint.Record, _ bool) error {
		events, err := configEvents(ctx, loop, r)
		all = append(all, events...)
		return err
	})
	if err != nil && len(all) == 0 {
		return err
	}
	if asJSON {
		return errors.Join(printJSON(cmd.OutOrStdout(), all), err)
	}
	return errors.Join(printHistory(cmd.OutOrStdout(), all), err)
}

func configEvents(ctx context.Context, loop *roller.Roller, r *endpoint.Record) ([]configEvent, error) {
	var all []configEvent
	specs := map[string]*endpoint.Spec{}
	before := &endpoint.Spec{}
	err := eachEvent(ctx, loop.Journal, r, 0, func(e endpoint.Event) error {
		if e.Type == endpoint.EndpointRemoved {
			before = &endpoint.Spec{}
		}
		digest := e.Data[endpoint.ConfigurationKey]
		if digest == "" {
			return nil
		}
		spec, known := specs[digest]
		if !known {
			var err error
			if spec, err = loop.Journal.Configuration(ctx, r.Endpoint, digest); err != nil {
				return err
			}
			specs[digest] = spec
		}
		c := configEvent{Endpoint: r.Endpoint, Time: e.Time, Event: e.Type, Sequence: e.Sequence, Version: e.Version, Digest: digest, Kept: spec != nil, Who: e.Who}
		switch {
		case spec == nil:
		case before != nil && before.Name == "": // the first: all of it is new
			c.Version, c.Changes = spec.Release.Version, []configuration.Change{}
		case before != nil:
			c.Version, c.Changes = spec.Release.Version, configuration.Changes(*before, *spec)
		}
		before = spec
		all = append(all, c)
		return nil
	})
	return all, err
}

func printHistory(w io.Writer, all []configEvent) error {
	out := terminal.New(w)
	var rows [][]terminal.Cell
	for _, c := range all {
		var what []string
		for _, change := range c.Changes {
			what = append(what, worded(change))
		}
		text := strings.Join(what, ", ")
		switch {
		case !c.Kept:
			text = "removed from the journal"
		case c.Changes == nil:
			text = "what it changed is not known"
		}
		rows = append(rows, []terminal.Cell{
			{Words: c.Time.UTC().Format(time.RFC3339)}, {Words: c.Endpoint, Tone: terminal.Strong}, {Words: string(c.Event)}, {Words: c.Version},
			{Words: c.Digest[:12], Tone: terminal.Soft}, {Words: caller(c.Who), Tone: terminal.Soft}, {Words: text},
		})
	}
	return out.Table(0, []terminal.Column{
		{Title: "TIME"}, {Title: "ENDPOINT", Spare: 1}, {Title: "EVENT"}, {Title: "VERSION"}, {Title: "DIGEST", Spare: 3}, {Title: "WHO", Spare: 2}, {Title: "CHANGES"},
	}, rows)
}

func worded(c configuration.Change) string {
	switch {
	case c.From == "":
		return c.Argument + " = " + c.To
	case c.To == "":
		return c.Argument + " left out"
	case c.From == configuration.Hidden:
		return c.Argument + " changed"
	}
	return fmt.Sprintf("%s %s → %s", c.Argument, c.From, c.To)
}
