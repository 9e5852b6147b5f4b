// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/demo"
)

func newDemo() *cobra.Command {
	var svg string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch a rollout, a failed one and a rollback, under traffic",
		Long: `Starts a sandbox and tells a story with real runs of terraform: release 1.0.0, a
gradual rollout to 1.1.0, a bad 1.2.0 that never gets traffic, and a hot rollback;
all under a steady stream of requests, none of which may fail. It takes about a
minute, needs terraform on PATH and no AWS account, and leaves nothing behind.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config := demo.Config{Out: cmd.OutOrStdout(), SVG: svg}
			if out, ok := cmd.OutOrStdout().(*os.File); ok && term.IsTerminal(int(out.Fd())) {
				config.Terminal = true
				config.Width, _, _ = term.GetSize(int(out.Fd()))
			}
			return demo.Run(cmd.Context(), config)
		},
	}
	cmd.Flags().StringVar(&svg, "svg", "", "draw the shares of traffic over time into this file")
	return cmd
}
