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
made later. A trail that cannot be read is told on standard error, the others are
shown, and it ends with 1.

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
				return verifyTrails(cmd, &a, loop, names, form.json())
			}
			return showEvents(cmd, &a, &trails{loop: loop, named: names, since: filter.from, follow: follow}, filter, form.json())
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&filter.since, "since", "", "only from this time on (RFC 3339), or from so long ago (as 2h or 3d4h)")
	f.StringVar(&filter.until, "until", "", "only up to this time, or so long ago")
	f.StringSliceVar(&filter.types, "type", nil, "only of these types, as TrafficMoved")
	f.StringVar(&filter.release, "release", "", "only about this version")
	f.BoolVarP(&follow, "follow", "f", false, "wait for more")
	f.BoolVar(&verify, "verify", false, "check the chain of hashes instead")
	form.flags(cmd, formText, formJSON)
	a.complete(cmd, true, endpointNames)
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(eventTypeNames(), cobra.ShellCompDirectiveNoFileComp)) // fails only for flags there are not
	for _, narrower := range []string{"follow", "since", "until", "type", "release"} {
		cmd.MarkFlagsMutuallyExclusive("verify", narrower) // whole trails have a chain
	}
	cmd.MarkFlagsMutuallyExclusive("follow", "until") // it would never end
	return cmd
}

func eventTypeNames() []string {
	var names []string
	for _, t := range endpoint.EventTypes {
		names = append(names, string(t))
	}
	return names
}

// parse checks the types, and reads the times, which may be ages.
func (f *eventFilter) parse(now time.Time) (err error) {
	for _, name := range f.types {
		if !slices.ContainsFunc(endpoint.EventTypes, func(t endpoint.EventType) bool { return strings.EqualFold(name, string(t)) }) {
			return fmt.Errorf("--type %s: it is one of %s", name, strings.Join(eventTypeNames(), ", "))
		}
	}
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

func showEvents(cmd *cobra.Command, a *account, t *trails, filter eventFilter, asJSON bool) error {
	ctx := cmd.Context()
	for first := true; ; first = false {
		if err := t.find(ctx); err != nil {
			return err
		}
		if first && len(t.each) == 0 && t.untold == nil {
			a.none(cmd.ErrOrStderr())
		}
		for more := true; more; {
			events, err := t.read(ctx)
			if err != nil {
				return err
			}
			more = len(events) > 0
			events = slices.DeleteFunc(events, func(e endpoint.Event) bool { return !filter.takes(e) })
			if err := printEvents(cmd.OutOrStdout(), events, asJSON, len(t.named) != 1); err != nil {
				return err
			}
		}
		if !t.follow {
			return t.untold
		}
		if t.untold != nil { // it is tried again
			fmt.Fprintf(cmd.ErrOrStderr(), "ionroller: %v\n", t.untold)
			t.untold = nil
		}
		if t.loop.Clock.Sleep(ctx, followEvery) != nil {
			return nil //nolint:nilerr // an interrupt is how following ends
		}
	}
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
