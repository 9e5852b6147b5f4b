// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// The forms in which commands print.
const (
	formText     = "text"
	formJSON     = "json"
	formHCL      = "hcl"
	formMarkdown = "markdown"
)

// output is the flag that says in which form a command prints. The forms' shapes
// are those of docs/guides/command-output.md.
type output struct {
	form  string
	forms []string
}

func (o *output) flags(cmd *cobra.Command, forms ...string) {
	o.form, o.forms = forms[0], forms
	cmd.Flags().VarP(o, "output", "o", "how to print")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp)) // fails only for flags there are not
}

// String returns the form.
func (o *output) String() string { return o.form }

// Set chooses the form.
func (o *output) Set(form string) error {
	if !slices.Contains(o.forms, form) {
		return fmt.Errorf("it is %s", strings.Join(o.forms, " or "))
	}
	o.form = form
	return nil
}

// Type names the forms in the help.
func (o *output) Type() string { return strings.Join(o.forms, "|") }

func (o *output) json() bool { return o.form == formJSON }

// printJSON prints one value for programs, in lines that people can read too.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// printLine prints one value of several that come one after the other, in a line.
func printLine(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// ago words the time from one moment to a later one by its two largest units, as
// "3d4h" or "12m".
func ago(d time.Duration) string {
	d = max(d, 0)
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%dd%dh", days, hours)
	case days > 0:
		return fmt.Sprintf("%dd", days)
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%dh%dm", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%dh", hours)
	case minutes > 0:
		return fmt.Sprintf("%dm", minutes)
	default:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	}
}
