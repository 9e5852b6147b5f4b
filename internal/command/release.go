// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/release"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func newRelease() *cobra.Command {
	var (
		a                account
		form             output
		agree            consent
		config           release.Config
		dryRun, editOnly bool
	)
	cmd := &cobra.Command{
		Use:   "release ENDPOINT VERSION",
		Short: "Change a version in the Terraform configuration, and apply it",
		Long: `Changes the version of an endpoint in the Terraform configuration, shows Terraform's
plan, asks, lets Terraform (or OpenTofu) apply it, and tells what happens meanwhile.

The version is found in the ionroller_endpoint block whose name is ENDPOINT, or
behind a reference in it: a variable, whose value is in terraform.tfvars, a file
*.auto.tfvars, one of these with .json, a --var-file, or its default; a local value;
an entry of a map of them, as with for_each. It has to be a text in quotes, and the
version of no other endpoint. Nothing but that text is changed in the file.
Of anything else the error says which file and line to change, and why: a version
that is computed or comes from a module, a variable that is given twice, or by the
environment.

The file keeps the new version where that is live or on its way. It is set back
where it is not: when you say no, when the plan fails, when the apply is refused or
rolled back. With --dry-run a version behind a variable is planned without touching
a file; one that is written in the configuration itself is there while Terraform
plans, and is set back.

The first interrupt stops the apply: traffic stays as it is, and the same command
goes on with it. The second one ends Terraform too, before it has saved its state,
which may stay locked then: terraform force-unlock takes the lock away, with the ID
that Terraform's next error names, once no other run has it.

What is begun goes on when nobody reads its output any more. It is stopped when its
terminal closes, unless it is run by nohup.

Where a rollout to the version is in flight already that the plan leaves to others (a
daemon, a cap, a pause), it says where that is and how it goes on, changes nothing and
ends with 0.

-o json prints an object when it ends: where the version was written, what the plan
showed and what became of it. All else goes to standard error then.`,
		Example: `  ionroller release checkout 1.1.0
  ionroller release checkout 1.1.0 --dry-run --chdir infra/prod
  ionroller release checkout 1.1.0 --edit-only --var-file prod.tfvars > preview.md`,
		RunE: func(cmd *cobra.Command, args []string) error {
			config.Endpoint, config.Version = args[0], args[1]
			if err := validVersion(config.Version); err != nil {
				return usage(cmd, err)
			}
			config.Out, config.Err = cmd.OutOrStdout(), cmd.ErrOrStderr()
			if editOnly || form.json() {
				config.Out = config.Err
			}
			switch {
			case dryRun && editOnly:
				return usage(cmd, errors.New("--dry-run and --edit-only: it is one of them"))
			case dryRun:
				config.Mode = release.DryRun
			case editOnly:
				config.Mode = release.EditOnly
			default:
				if err := agree.possible(cmd); err != nil {
					return err
				}
				loop, err := a.connect(cmd)
				if err != nil {
					return err
				}
				config.Loop = loop
				config.Standing = func(ctx context.Context) ([]string, error) { return standing(ctx, loop, config.Endpoint) }
			}
			config.Ask = func(question string) error {
				if err := agree.ask(cmd, "%s", question); err != nil {
					return err
				}
				onInterrupt(cmd.Context(), "the same command goes on, and so does ionroller reconcile --once %s", config.Endpoint)
				alsoOnInterrupt(cmd.Context(), ", and Terraform with it, whose state may stay locked then: terraform force-unlock")
				return nil
			}
			// A terminal that closes must not leave the file changed.
			ctx, stop := untilHangUp(cmd.Context())
			defer stop()
			report, err := release.Run(ctx, config)
			switch {
			case report == nil:
				return err
			case form.json():
				if err != nil {
					report.Result = resultOf(err)
				}
				return errors.Join(err, printJSON(cmd.OutOrStdout(), report))
			case editOnly && err == nil:
				_, err = io.WriteString(cmd.OutOrStdout(), report.Preview.Markdown())
			}
			return err
		},
	}
	a.flags(cmd)
	form.flags(cmd, formText, formJSON)
	agree.flags(cmd)
	a.complete(cmd, false, endpointNames)
	f := cmd.Flags()
	f.StringVar(&config.Dir, "chdir", ".", "folder of the Terraform configuration")
	f.StringArrayVar(&config.VarFiles, "var-file", nil, "file of variable values for Terraform, relative to the configuration (repeatable)")
	f.StringVar(&config.Terraform, "terraform", "", "program to run (default: terraform, or else tofu, on PATH)")
	f.BoolVar(&dryRun, "dry-run", false, "show the plan and change nothing")
	f.BoolVar(&editOnly, "edit-only", false, "change the version and print the rollout as Markdown, for a pull request")
	return cmd
}

// resultOf says in a word what the exit code says of a release that was not brought about.
func resultOf(err error) release.Result {
	switch exitCode(err) {
	case exitBack:
		return release.RolledBack
	case exitRefused:
		return release.Rejected
	case exitHeld:
		return release.Held
	}
	return release.Failed
}

// standing says where an endpoint's rollout is, and how it goes on; nothing where none is
// in flight.
func standing(ctx context.Context, loop *roller.Roller, name string) ([]string, error) {
	world, err := loop.Observe(ctx, name)
	if err != nil || world == nil || world.Record.Rollout == nil {
		return nil, err
	}
	daemons, err := loop.Journal.Daemons(ctx)
	if err != nil {
		return nil, err
	}
	glimpses, err := loop.Journal.Glance(ctx)
	if err != nil {
		return nil, err
	}
	r := newReport(*world, glimpses, daemons)
	return []string{r.state(), "Rollout: " + r.rolloutWords(), r.goesOn()}, nil
}

// validVersion refuses what no release can be called.
func validVersion(version string) error {
	for _, p := range (endpoint.Spec{Release: endpoint.Release{Version: version}}).Validate() {
		if p.Attribute == "version" {
			return errors.New(p.Message)
		}
	}
	return nil
}
