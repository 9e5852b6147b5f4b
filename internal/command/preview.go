// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/release"
)

func newPreview() *cobra.Command {
	var form output
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Print the rollouts of a Terraform plan as Markdown",
		Long: `Reads a plan as terraform show -json prints it from standard input, and prints the
rollouts that it shows as Markdown, for a comment on a pull request; with -o json for
programs. It needs no credentials.`,
		Example: `  terraform plan -out=plan
  terraform show -json plan | ionroller preview`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			preview, err := release.ReadPreview(cmd.InOrStdin())
			if err != nil {
				return err
			}
			if form.json() {
				return printJSON(cmd.OutOrStdout(), preview)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), preview.Markdown())
			return err
		},
	}
	form.flags(cmd, formMarkdown, formJSON)
	return cmd
}
