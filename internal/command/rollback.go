// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

func newRollback() *cobra.Command {
	var (
		a      account
		form   output
		agree  consent
		reason string
	)
	cmd := &cobra.Command{
		Use:   "rollback ENDPOINT [VERSION]",
		Short: "Take all traffic back to a release that is kept, now",
		Long: `Takes all traffic back to a release whose environment is kept hot: without VERSION
to the one that a rollout in flight comes from, or else to the one that was live
last. It needs no Terraform, and takes the lease from a run that is under way.

The endpoint is pinned there: the next apply does not undo it. It is lifted by
ionroller unpin, or by asking for another release than the one that was left.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return rollback(cmd, &a, &agree, append(args, "")[0], append(args, "")[1], reason, form.json())
		},
	}
	a.flags(cmd)
	form.flags(cmd, formText, formJSON)
	a.complete(cmd, false, endpointNames, keptVersions)
	agree.flags(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the trail and for whoever applies next")
	return cmd
}

func rollback(cmd *cobra.Command, a *account, agree *consent, name, version, reason string, asJSON bool) error {
	loop, err := a.owned(cmd)
	if err != nil {
		return err
	}
	to := version
	if to == "" {
		to = "the release before"
	}
	if err := agree.ask(cmd, "All traffic of endpoint %s goes back to %s, at once.", name, to); err != nil {
		return err
	}
	begun := time.Now()
	onInterrupt(cmd.Context(), "ionroller status %s says where it is, and the same command again goes on", name)
	var failed error // to tell of it
	err = loop.Rollback(cmd.Context(), name, version, reason, func(w rollout.World) {
		out, live := cmd.OutOrStdout(), w.Record.ActiveVersion()
		if asJSON {
			failed = printJSON(out, newStatusOf(w))
			return
		}
		fmt.Fprintf(out, "%s: %s has all traffic, after %s\n", name, live, time.Since(begun).Round(100*time.Millisecond))
		_, failed = fmt.Fprintf(out, "%s: pinned there; set the version to %s in its configuration, or lift the pin with ionroller unpin %s\n", name, live, name)
	})
	return errors.Join(err, failed)
}
