// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
)

func newPolicy() *cobra.Command {
	var (
		scope permission.Scope
		task  string
		form  output
	)
	tasks := taskNames()
	cmd := &cobra.Command{
		Use:   "iam-policy",
		Short: "Print the least IAM policy for a task",
		Long: `Prints the least IAM policy for a task: plan (read only), command (steer rollouts and
go back), provider (terraform apply) or daemon (ionroller reconcile).

Making, resizing and terminating environments also takes what Elastic Beanstalk does in
the caller's name: for command, provider and daemon attach AWS's managed policy
AdministratorAccess-AWSElasticBeanstalk too.

Whoever has one of these policies, but that for plan, can add to the trail and the orders of the endpoints,
and change or remove nothing there that was written before, but orders.

-o hcl prints a data source of the AWS provider.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			scope.Bucket = cmp.Or(scope.Bucket, os.Getenv("IONROLLER_BUCKET"))
			switch {
			case !slices.Contains(tasks, task):
				return usage(cmd, fmt.Errorf("--for %s: it is one of %s", task, strings.Join(tasks, ", ")))
			case scope.Bucket == "":
				return usage(cmd, errNoBucket)
			}
			scope.Journal = cmp.Or(scope.Journal, os.Getenv("IONROLLER_JOURNAL_BUCKET"))
			scope.Prefix = cmp.Or(scope.Prefix, os.Getenv("IONROLLER_JOURNAL_PREFIX"))
			policy := permission.For(permission.Task(task), scope)
			if form.json() {
				return printJSON(cmd.OutOrStdout(), policy)
			}
			return printPolicyHCL(cmd.OutOrStdout(), policy)
		},
	}
	f := cmd.Flags()
	f.StringVar(&task, "for", string(permission.Provider), strings.Join(tasks, ", "))
	f.StringVar(&scope.Bucket, "bucket", "", "bucket of bundles and, unless it is elsewhere, the journal (default: IONROLLER_BUCKET)")
	f.StringVar(&scope.Journal, "journal-bucket", "", "bucket of the journal (default: IONROLLER_JOURNAL_BUCKET, or that of the bundles)")
	f.StringVar(&scope.Prefix, "journal-prefix", "", "beginning of all keys of the journal (default: IONROLLER_JOURNAL_PREFIX)")
	f.StringVar(&scope.Account, "account", "", "account number (default: any)")
	f.StringVar(&scope.Region, "region", "", "AWS Region (default: any)")
	f.StringSliceVar(&scope.Endpoints, "endpoint", nil, "names of the endpoints, or patterns as 'checkout-*' (default: any)")
	f.StringSliceVar(&scope.Roles, "role", nil, "ARNs of the instances' role and the service role (default: those with AWS's usual names)")
	form.flags(cmd, formJSON, formHCL)
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(tasks, cobra.ShellCompDirectiveNoFileComp)) // fails only for flags there are not
	return cmd
}

func taskNames() []string {
	var names []string
	for _, t := range permission.Tasks() {
		names = append(names, string(t))
	}
	return names
}

func printPolicyHCL(w io.Writer, p permission.Policy) error {
	var b strings.Builder
	b.WriteString("data \"aws_iam_policy_document\" \"ionroller\" {\n")
	for i, s := range p.Statement {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "  statement {\n    sid       = %q\n    actions   = [\n%s    ]\n    resources = [\n%s    ]\n", s.Sid, lines(s.Action), lines(s.Resource))
		for test, values := range s.Condition {
			for variable, value := range values {
				fmt.Fprintf(&b, "\n    condition {\n      test     = %q\n      variable = %q\n      values   = [%q]\n    }\n", test, variable, value)
			}
		}
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
	_, err := w.Write(hclwrite.Format([]byte(b.String())))
	return err
}

func lines(words []string) string {
	var b strings.Builder
	for _, word := range words {
		fmt.Fprintf(&b, "      %q,\n", word)
	}
	return b.String()
}
