// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// consent asks before a command does what it says it will do.
type consent struct{ yes bool }

func (c *consent) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask")
}

// ask prints what will be done, and returns an error unless somebody agrees.
func (c *consent) ask(cmd *cobra.Command, format string, args ...any) error {
	fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
	if c.yes {
		return nil
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return usage(cmd, errors.New("nobody can be asked without a terminal: say --yes"))
	}
	fmt.Fprint(cmd.ErrOrStderr(), "Go on? Only 'yes' is taken for yes: ")
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}
