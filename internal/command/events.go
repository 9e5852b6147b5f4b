// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
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
		Use:   "events ENDPOINT",
		Short: "Show what happened, when, and who did it",
		Long: `Shows the trail of an endpoint: every rollout, every change of traffic and capacity,
every order, with who did it. It changes nothing, and works for endpoints that
were removed too.

--verify reads the whole trail and checks its chain of hashes: an event that was
changed, removed or put in shows.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := filter.parse(time.Now()); err != nil {
				return usage(cmd, err)
			}
			loop, err := a.connect(cmd)
			if err != nil {
				return err
			}
			if verify {
				return verifyTrail(cmd, loop, args[0])
			}
			return showEvents(cmd, loop, args[0], filter, form.json(), follow)
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
	a.complete(cmd, false, endpointNames)
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

func showEvents(cmd *cobra.Command, loop *roller.Roller, name string, filter eventFilter, asJSON, follow bool) error {
	ctx := cmd.Context()
	var last int64
	for {
		events, err := loop.Journal.Events(ctx, name, last)
		if err != nil {
			return err
		}
		switch {
		case len(events) == 0 && last == 0 && !follow:
			return fmt.Errorf("endpoint %s has no trail", name)
		case len(events) == 0 && !follow:
			return nil
		case len(events) == 0:
			if err := loop.Clock.Sleep(ctx, followEvery); err != nil {
				return nil //nolint:nilerr // an interrupt is how following ends
			}
			continue
		}
		last = events[len(events)-1].Sequence
		events = slices.DeleteFunc(events, func(e endpoint.Event) bool { return !filter.takes(e) })
		if err := printEvents(cmd.OutOrStdout(), events, asJSON); err != nil {
			return err
		}
	}
}

func printEvents(w io.Writer, events []endpoint.Event, asJSON bool) error {
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
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", e.Time.UTC().Format(time.RFC3339), e.Type, orDash(e.Version), e.Message)
	}
	return table.Flush()
}

// verifyTrail checks that each event has the hash of the one before, from the first
// to the one that the record names as the last.
func verifyTrail(cmd *cobra.Command, loop *roller.Roller, name string) error {
	ctx := cmd.Context()
	record, err := loop.Journal.Read(ctx, name)
	if err != nil {
		return err
	}
	if record == nil {
		return fmt.Errorf("endpoint %s has no record to compare its trail with", name)
	}
	var head endpoint.TrailHead
	for {
		events, err := loop.Journal.Events(ctx, name, head.Sequence)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if e.Sequence != head.Sequence+1 || e.Previous != head.Hash {
				return fmt.Errorf("the trail of endpoint %s is broken: event %d does not follow event %d", name, e.Sequence, head.Sequence)
			}
			head = endpoint.TrailHead{Sequence: e.Sequence, Hash: e.Hash()}
		}
	}
	missing := int64(len(record.Outbox)) // committed, and perhaps still on their way
	if head.Sequence+missing < record.Trail.Sequence || missing == 0 && head != record.Trail {
		return fmt.Errorf("the trail of endpoint %s ends at event %d, and its record says %d", name, head.Sequence, record.Trail.Sequence)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events, each with the hash of the one before\n", name, head.Sequence)
	return err
}
