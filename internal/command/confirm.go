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

// possible returns an error when somebody has to agree and nobody can be asked.
func (c *consent) possible(cmd *cobra.Command) error {
	if c.yes || isTerminal(cmd.InOrStdin()) {
		return nil
	}
	return usage(cmd, errors.New("nobody can be asked without a terminal: say --yes"))
}

// ask prints what will be done, and returns an error unless somebody agrees.
func (c *consent) ask(cmd *cobra.Command, format string, args ...any) error {
	fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
	if c.yes {
		return nil
	}
	if err := c.possible(cmd); err != nil {
		return err
	}
	fmt.Fprint(cmd.ErrOrStderr(), "Go on? Only 'yes' is taken for yes: ")
	answers := make(chan string, 1)
	go func() {
		// No answer is no consent.
		answer, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		answers <- strings.TrimSpace(answer)
	}()
	select {
	case answer := <-answers:
		if answer == "yes" {
			return nil
		}
	case <-cmd.Context().Done():
		fmt.Fprintln(cmd.ErrOrStderr())
	}
	return errors.New("nothing was done")
}

// isTerminal says that a stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
