// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
)

// lasting lets a command that changes something go on when nobody reads any more what
// it prints, as in a pipe to head: ended by SIGPIPE it would leave its lease, a changed
// file or Terraform behind. Commands that only read are ended by it.
func lasting(cmd *cobra.Command) *cobra.Command {
	work := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		// Who is notified gets an error of the write instead.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
		cmd.SetOut(outlasting(cmd.OutOrStdout()))
		cmd.SetErr(outlasting(cmd.ErrOrStderr()))
		return work(cmd, args)
	}
	return cmd
}

// outlasting leaves a terminal as it is, which others have to recognize: it goes with a
// signal of its own.
func outlasting(w io.Writer) io.Writer {
	if isTerminal(w) {
		return w
	}
	return terminal.Lasting(w)
}
