// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// interval is how often an endpoint at rest is looked at unless somebody says otherwise.
const interval = 2 * time.Minute

func newReconcile() *cobra.Command {
	var (
		a     account
		form  output
		once  bool
		every = interval
	)
	cmd := &cobra.Command{
		Use:   "reconcile [ENDPOINT...]",
		Short: "Look after endpoints: go on with rollouts, repair drift, remove what expired",
		Long: `Looks after endpoints until it is told to stop: goes on with rollouts that nobody
drives, takes traffic back when an alarm or analysis speaks against a release, puts
right what others changed, and removes environments whose retention is over. Without
names it takes all endpoints of the owner, also those that are made later.

It holds the lease of an endpoint only while it changes something, so that terraform
apply and the other commands find the endpoint free, also during a bake. Several copies
may run: of two that find something to do, one does it. A heartbeat in the journal says
that it is at work, and terraform plan looks for it.

It logs what happens to standard error, a line each. On SIGINT or SIGTERM it ends what
it is about to do, gives leases back and exits with code 0; on a second one at once.

With --once it works until nothing is left to do, also through bakes and pauses, one
endpoint after the other, prints how they stand,
and ends.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			switch {
			case once && cmd.Flags().Changed("interval"):
				return usage(cmd, errors.New("--once and --interval: with --once it does not stay"))
			case once:
				return reconcileOnce(cmd, &a, names, form.json())
			case form.json():
				return usage(cmd, errors.New("-o json: only with --once; a daemon logs, and ionroller watch -o json tells of what it does"))
			case every < time.Second:
				return usage(cmd, fmt.Errorf("--interval %s: it is at least 1s", every))
			}
			return keepReconciling(cmd, &a, names, every)
		},
	}
	a.flags(cmd)
	form.flags(cmd, formText, formJSON)
	a.complete(cmd, true, endpointNames)
	cmd.Flags().BoolVar(&once, "once", false, "work until nothing is left to do, then end")
	cmd.Flags().DurationVar(&every, "interval", interval, "time between two looks at an endpoint at rest, at most")
	return cmd
}

// reconcileOnce takes the endpoints one after the other; trouble with one does not
// keep it from the next.
func reconcileOnce(cmd *cobra.Command, a *account, names []string, asJSON bool) error {
	ctx := cmd.Context()
	onInterrupt(ctx, "%s goes on", strings.Join(append([]string{"ionroller reconcile --once"}, names...), " "))
	loop, err := a.owned(cmd)
	if err != nil {
		return err
	}
	names, all, err := chosen(ctx, loop, names)
	if err != nil {
		return err
	}
	var failed error
	statuses := []status{}
	for _, name := range names {
		world, err := loop.Reconcile(ctx, name)
		var other *roller.OtherOwner
		if all && (errors.As(err, &other) || world.Record.Phase == endpoint.Deleted) {
			continue
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("unable to reconcile endpoint %s: %w", name, err))
			continue
		}
		if asJSON {
			statuses = append(statuses, newStatusOf(world))
		} else if _, err := fmt.Fprintln(cmd.OutOrStdout(), summary(world)); err != nil {
			return err
		}
	}
	if asJSON {
		failed = errors.Join(printJSON(cmd.OutOrStdout(), statuses), failed)
	}
	return failed
}
