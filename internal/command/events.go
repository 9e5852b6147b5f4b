// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// followEvery is how often the trail is read again.
const followEvery = 2 * time.Second

type eventFilter struct {
	since, until string
	types        []string
	release      string
	from, to     time.Time
}

func newEvents() *cobra.Command {
	var (
		a              account
		filter         eventFilter
		form           output
		follow, verify bool
	)
	cmd := &cobra.Command{
		Use:   "events [ENDPOINT...]",
		Short: "Show what happened, when, and who did it",
		Long: `Shows the trail of endpoints: every rollout, every change of traffic and capacity,
every order, with who did it. It changes nothing, and works for endpoints that
were removed too. Those of several endpoints are shown as one, in the order of time.
Without names it shows all endpoints of the owner; with --follow also those that are
made later.

--verify reads whole trails and checks their chains of hashes: an event that was
changed, removed or put in shows.`,
		Example: `  ionroller events checkout --since 24h
  ionroller events --type RolloutFailed,EndpointPinned --follow
  ionroller events checkout --verify`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := filter.parse(time.Now()); err != nil {
				return usage(cmd, err)
			}
			loop, err := a.connect(cmd)
			if err != nil {
				return err
			}
			if verify {
				return verifyTrails(cmd, loop, names, form.json())
			}
			t := trails{loop: loop, named: names, last: map[string]int64{}}
			return showEvents(cmd, &t, filter, form.json(), follow)
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&filter.since, "since", "", "only from this time on (RFC 3339), or from so long ago (as 2h)")
	f.StringVar(&filter.until, "until", "", "only up to this time, or so long ago")
	f.StringSliceVar(&filter.types, "type", nil, "only of these types, as TrafficMoved")
	f.StringVar(&filter.release, "release", "", "only about this version")
	f.BoolVarP(&follow, "follow", "f", false, "wait for more")
	f.BoolVar(&verify, "verify", false, "check the chain of hashes instead")
	form.flags(cmd, formText, formJSON)
	a.complete(cmd, true, endpointNames)
	cmd.MarkFlagsMutuallyExclusive("verify", "follow")
	return cmd
}

// parse reads the times, which may be ages.
func (f *eventFilter) parse(now time.Time) (err error) {
	if f.since != "" {
		if f.from, err = moment("--since", f.since, now); err != nil {
			return err
		}
	}
	if f.until != "" {
		f.to, err = moment("--until", f.until, now)
	}
	return err
}

func (f *eventFilter) takes(e endpoint.Event) bool {
	return (f.from.IsZero() || !e.Time.Before(f.from)) && (f.to.IsZero() || !e.Time.After(f.to)) &&
		(len(f.types) == 0 || slices.ContainsFunc(f.types, func(t string) bool { return strings.EqualFold(t, string(e.Type)) })) &&
		(f.release == "" || f.release == e.Version)
}

func showEvents(cmd *cobra.Command, t *trails, filter eventFilter, asJSON, follow bool) error {
	ctx := cmd.Context()
	for {
		events, more, err := t.read(ctx, follow)
		if err != nil {
			return err
		}
		events = slices.DeleteFunc(events, func(e endpoint.Event) bool { return !filter.takes(e) })
		if err := printEvents(cmd.OutOrStdout(), events, asJSON, len(t.named) != 1); err != nil {
			return err
		}
		switch {
		case more:
		case !follow:
			return nil
		case t.loop.Clock.Sleep(ctx, followEvery) != nil:
			return nil //nolint:nilerr // an interrupt is how following ends
		}
	}
}

// trails are read one after the other, each from where it was read to before.
type trails struct {
	loop  *roller.Roller
	named []string // none: all of the owner
	last  map[string]int64
}

// read returns what the trails tell that was not read yet, in the order of time; of a
// single one a part, and whether there may be more.
func (t *trails) read(ctx context.Context, follow bool) (events []endpoint.Event, more bool, err error) {
	names, all, err := chosen(ctx, t.loop, t.named)
	if err != nil {
		return nil, false, err
	}
	for _, name := range names {
		if _, known := t.last[name]; all && !known {
			var other *roller.OtherOwner
			if _, err := t.loop.Journal.Read(ctx, name); errors.As(err, &other) {
				continue
			} else if err != nil {
				return nil, false, err
			}
		}
		for {
			page, err := t.loop.Journal.Events(ctx, name, t.last[name])
			switch {
			case err != nil:
				return nil, false, err
			case len(page) == 0 && t.last[name] == 0 && !all && !follow:
				return nil, false, fmt.Errorf("endpoint %s has no trail", name)
			case len(page) > 0:
				t.last[name] = page[len(page)-1].Sequence
			}
			if len(t.named) == 1 {
				return page, len(page) > 0, nil
			}
			if events = append(events, page...); len(page) == 0 {
				break
			}
		}
	}
	slices.SortStableFunc(events, func(a, b endpoint.Event) int { return a.Time.Compare(b.Time) })
	return events, false, nil
}

// printEvents prints events; of several endpoints with their names.
func printEvents(w io.Writer, events []endpoint.Event, asJSON, several bool) error {
	if asJSON {
		for _, e := range events {
			if err := printLine(w, e); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, e := range events {
		name := ""
		if several {
			name = e.Endpoint + "\t"
		}
		fmt.Fprintf(table, "%s\t%s%s\t%s\t%s\n", e.Time.UTC().Format(time.RFC3339), name, e.Type, orDash(e.Version), e.Message)
	}
	return table.Flush()
}
