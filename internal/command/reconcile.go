// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func newReconcile() *cobra.Command {
	var (
		a    account
		once bool
	)
	cmd := &cobra.Command{
		Use:   "reconcile --once [ENDPOINT...]",
		Short: "Go on with rollouts that stopped, repair drift, remove what expired",
		Long: `Brings endpoints to what their records ask for: goes on with a rollout that
stopped, puts right what others changed, and removes retained environments whose
time is over. Without names it takes all endpoints of the owner.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if !once {
				return usage(cmd, errors.New("say --once: this version does not stay running"))
			}
			return reconcile(cmd, &a, names)
		},
	}
	a.flags(cmd)
	a.complete(cmd, true, endpointNames)
	cmd.Flags().BoolVar(&once, "once", false, "work until nothing is left to do now, then end")
	return cmd
}

// reconcile takes the endpoints one after the other; trouble with one does not
// keep it from the next.
func reconcile(cmd *cobra.Command, a *account, names []string) error {
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
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), summary(world)); err != nil {
			return err
		}
	}
	return failed
}
