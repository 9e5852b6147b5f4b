// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
	"github.com/ionroller/terraform-provider-ionroller/internal/doctor"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
)

func newDoctor() *cobra.Command {
	var (
		a         account
		form      output
		task      string
		listeners []string
	)
	cmd := &cobra.Command{
		Use:   "doctor [ENDPOINT...]",
		Short: "Look for what is wrong, and say how to mend it",
		Long: `Looks at all that ionroller needs of AWS: credentials, permissions, the bucket, the
journal, endpoints, listeners, the platform, quotas, daemons and the clock; and says of
each whether it is as it should be, and how to mend it when not. Without names it looks
at all endpoints of the owner.

It changes nothing, and needs no more permissions than the policy that ionroller
iam-policy prints for the same --for. By that policy it tries each action that reads
AWS. What changes something cannot be tried without changing it: of that it asks IAM, on
the endpoints that are named or found, and says what would be denied, where and by whom.
With plan and provider it also makes the checks of terraform plan: do the listeners fit,
and is there a platform and room for another environment?

Before the first rollout name the endpoints that are to be there, and their listeners by
--listener. What it has no name of it asks for by one that stands in: that a policy does
not allow that is a warning.

IAM simulates the policies of the caller's user or role, with its permissions boundary
and its organization's policies. It knows neither a bucket's own policy nor what a
session was narrowed to, and is not asked for what Elastic Beanstalk does in the caller's
name. It may err about service control policies that have conditions: what it says of
them is a warning.

What the caller may not look at is a note, and nothing else is the worse for it. To look
at everything it needs iam:SimulatePrincipalPolicy on itself and, as a role with a path,
iam:GetRole; and on the bucket s3:GetBucketVersioning, s3:GetEncryptionConfiguration and
s3:GetBucketPublicAccessBlock. They are in none of the policies that iam-policy prints,
because all but doctor do without.

It ends with 1 when there is a problem, and with 0 when there are none but notes and
warnings.`,
		Example: `  ionroller doctor
  ionroller doctor checkout --for provider
  ionroller doctor --listener "$LISTENER_ARN"`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if !slices.Contains(permission.Tasks(), permission.Task(task)) {
				return usage(cmd, fmt.Errorf("--for %s: it is one of %s", task, strings.Join(taskNames(), ", ")))
			}
			if len(listeners) > 0 && !permission.Task(task).Checks() {
				return usage(cmd, fmt.Errorf("--listener and --for %s: only plan and provider look at listeners", task))
			}
			config := a.given(cmd)
			if a.bucket == "" {
				return usage(cmd, errNoBucket)
			}
			if !a.verbose {
				config.Log = hclog.NewNullLogger() // what it would warn of is a finding
			}
			findings := doctor.Examine(cmd.Context(), doctor.Config{Config: config, Task: permission.Task(task), Endpoints: names, Listeners: listeners})
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			var err error
			if form.json() {
				err = printJSON(cmd.OutOrStdout(), findings)
			} else {
				err = printFindings(cmd.OutOrStdout(), findings)
			}
			if n := count(findings, doctor.Problem); err == nil && n > 0 {
				err = fmt.Errorf("%d of %d findings are problems", n, len(findings))
			}
			return err
		},
	}
	a.flags(cmd)
	form.flags(cmd, formText, formJSON)
	a.complete(cmd, true, endpointNames)
	f := cmd.Flags()
	f.StringVar(&task, "for", string(permission.Plan), "what you want to do: "+strings.Join(taskNames(), ", "))
	f.StringSliceVar(&listeners, "listener", nil, "ARNs of listeners, beside those of the endpoints")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(taskNames(), cobra.ShellCompDirectiveNoFileComp)) // fails only for flags there are not
	return cmd
}

func count(findings []doctor.Finding, level doctor.Level) (n int) {
	for _, f := range findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

func printFindings(w io.Writer, findings []doctor.Finding) error {
	out := terminal.New(w)
	tones := map[doctor.Level]terminal.Tone{doctor.OK: terminal.Good, doctor.Note: terminal.Soft, doctor.Warning: terminal.Notable, doctor.Problem: terminal.Bad}
	var rows [][]terminal.Cell
	for _, f := range findings {
		rows = append(rows, []terminal.Cell{{Words: string(f.Level), Tone: tones[f.Level]}, {Words: f.Check}, {Words: f.Message}})
		if f.Mend != "" {
			rows = append(rows, []terminal.Cell{{}, {}, {Words: "→ " + f.Mend, Tone: terminal.Strong}})
		}
	}
	return out.Table(0, []terminal.Column{{Title: ""}, {Title: "CHECK"}, {Title: "FINDING"}}, rows)
}
