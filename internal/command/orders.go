// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// An order is left in the journal and carried out by the run that holds the
// endpoint's lease; when there is none, by the command itself.

// obeyedWithin is how long a run at work may take to carry an order out: it looks
// for orders at least this often.
const obeyedWithin = time.Minute

type orderCommand struct {
	kind        endpoint.OrderKind
	short       string
	long        string
	about       string // what the second argument names; empty: there is none
	destructive string // what is said before it; empty: nobody is asked
	forced      string // what is said instead with --force; empty: there is no such flag
}

func orders() []*cobra.Command {
	var all []*cobra.Command
	for _, o := range []orderCommand{
		{
			kind: endpoint.OrderPromote, short: "Let a rollout go on that waits to be promoted, or is frozen",
			long: "Lifts the pause of the step that a rollout is at, or goes on with one that is\nfrozen. A cap (rollout.max_weight) is lifted in the configuration.",
		},
		{
			kind: endpoint.OrderPause, short: "Hold a rollout where it is",
			long: "Holds a rollout after the bake of its step. Alarms are watched meanwhile.",
		},
		{kind: endpoint.OrderResume, short: "Go on with a rollout that was paused", long: "Goes on with a rollout that ionroller pause holds."},
		{
			kind: endpoint.OrderAbort, short: "Give a rollout up: all traffic goes back",
			long:        "Takes the traffic of a rollout in flight back to the live release, and rejects the\nnew one: it is not tried again unasked.",
			destructive: "The rollout of endpoint %[1]s is given up, and its release rejected.",
		},
		{
			kind: endpoint.OrderRetry, about: "VERSION", short: "Clear the rejection of a release",
			long: "Lets a rejected release be tried again: the next apply that asks for it rolls it out.",
		},
		{kind: endpoint.OrderUnpin, short: "Lift the pin that ionroller rollback set", long: "Lifts the pin of an endpoint, so that the next apply may undo a rollback."},
		{
			kind: endpoint.OrderDrop, about: "VERSION", short: "Remove the environment of a release that is kept",
			long: `Removes the retained or failed environment of a release, named by its version or by
the environment's name. Going back to it will take a launch.

With --force an environment that carries traffic is removed too, and its traffic
leaves it first: a rollout to it is given up and its release rejected; from the live
one traffic goes back to the release before, where the endpoint is then pinned. What
is all that serves is not dropped.`,
			destructive: "The environments of %[2]s of endpoint %[1]s are removed.",
			forced:      "The environments of %[2]s of endpoint %[1]s are removed. Where they carry traffic, it goes back to the release before, at once.",
		},
	} {
		all = append(all, o.command())
	}
	return all
}

func (o orderCommand) command() *cobra.Command {
	var (
		a      account
		form   output
		agree  consent
		reason string
		force  bool
	)
	use := string(o.kind) + " ENDPOINT"
	if o.about != "" {
		use += " " + o.about
	}
	cmd := &cobra.Command{
		Use: use, Short: o.short, Long: o.long,
		RunE: func(cmd *cobra.Command, args []string) error {
			loop, err := a.owned(cmd)
			if err != nil {
				return err
			}
			name := args[0]
			warning := o.destructive
			if force {
				warning = o.forced
			}
			if warning != "" {
				if err := agree.ask(cmd, warning, name, append(args, "")[1]); err != nil {
					return err
				}
			}
			order := endpoint.NewOrder(o.kind, append(args, "")[1], reason, loop.Who, loop.Clock.Now())
			order.Force = force
			return give(cmd, loop, name, order, form.json())
		},
	}
	a.flags(cmd)
	form.flags(cmd, formText, formJSON)
	switch o.kind {
	case endpoint.OrderRetry:
		a.complete(cmd, false, endpointNames, rejectedVersions)
	case endpoint.OrderDrop:
		a.complete(cmd, false, endpointNames, keptVersions)
	default:
		a.complete(cmd, false, endpointNames)
	}
	if o.destructive != "" {
		agree.flags(cmd)
	}
	if o.forced != "" {
		cmd.Flags().BoolVar(&force, "force", false, "also what carries traffic, which leaves it first")
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the trail")
	return cmd
}

// give leaves an order and sees to it that it is carried out.
func give(cmd *cobra.Command, loop *roller.Roller, name string, order endpoint.Order, asJSON bool) error {
	ctx := cmd.Context()
	record, err := loop.Journal.Read(ctx, name)
	if err != nil {
		return err
	}
	if record == nil || record.Phase == endpoint.Deleted {
		return fmt.Errorf("there is no endpoint %s", name)
	}
	order.Judged = record.Judged()
	onInterrupt(ctx, "the order may be in the journal already: ionroller events %s tells whether it was carried out", name)
	if err := loop.Journal.Order(ctx, name, order); err != nil {
		return err
	}
	if err := obeyed(ctx, loop, name, order.ID); err != nil {
		return err
	}
	return tellOfOrder(cmd, loop, name, order.ID, record.Trail.Sequence, asJSON)
}

// obeyed sees to it that an order is carried out: by the run at work, or, where there
// is none or it ends before, by this one.
func obeyed(ctx context.Context, loop *roller.Roller, name, id string) error {
	for deadline := time.Now().Add(obeyedWithin); time.Now().Before(deadline); {
		_, err := loop.Tend(ctx, name)
		var held *roller.Held
		var failed *roller.Failed
		if err != nil && !errors.As(err, &held) && !errors.As(err, &failed) {
			return err
		}
		// A rollout that failed may be what was asked for, and is no failure of the order.
		record, err := loop.Journal.Read(ctx, name)
		if err != nil {
			return err
		}
		if record != nil && slices.Contains(record.Obeyed, id) {
			return nil
		}
		if err := loop.Clock.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("the run that holds the lease of endpoint %s has not carried the order out within %s; it stays in the journal, for it or for who comes next", name, obeyedWithin)
}

// tellOfOrder prints what the trail says of an order. One that was declined is an
// error.
func tellOfOrder(cmd *cobra.Command, loop *roller.Roller, name, id string, after int64, asJSON bool) error {
	for {
		events, err := loop.Journal.Events(cmd.Context(), name, after)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("the trail of endpoint %s does not tell of the order %s", name, id)
		}
		for _, e := range events {
			after = e.Sequence
			if e.Data["order"] != id {
				continue
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), e)
			} else if e.Type != endpoint.OrderDeclined {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", name, e.Message)
			}
			if err == nil && e.Type == endpoint.OrderDeclined {
				err = fmt.Errorf("endpoint %s: %s", name, e.Message)
			}
			return err
		}
	}
}
