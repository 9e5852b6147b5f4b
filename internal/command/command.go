// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package command is the command-line face of ionroller: it reads flags and the
// environment, lets the loop work, and prints for people and for programs.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitBack    = 3 // the rollout was rolled back
	exitRefused = 4 // the release is rejected, or the endpoint pinned
	exitHeld    = 5 // another run holds the lease
)

// Main runs the command and returns its exit code. The first interrupt ends what
// is under way; the second ends the program.
func Main(version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, version, os.Args[1:], os.Stdout, os.Stderr)
}

func run(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	root := newRoot(version)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "ionroller: %v\n", err)
	var usage *usageError
	var held *roller.Held
	var failed *roller.Failed
	var rejected *roller.Rejected
	switch {
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, usage.hint)
		return exitUsage
	case errors.As(err, &held):
		return exitHeld
	case errors.As(err, &rejected):
		return exitRefused
	case errors.As(err, &failed) && failed.Outcome != nil && failed.Outcome.Result == endpoint.RolledBack:
		return exitBack
	}
	return exitFailed
}

// usageError says that the command was called wrongly.
type usageError struct {
	err  error
	hint string
}

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

// usage makes a usageError that points at the command's help.
func usage(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err, fmt.Sprintf("See '%s --help'.", cmd.CommandPath())}
}

// arguments checks the number of arguments of a command.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return usage(cmd, check(cmd, args)) }
}

func newRoot(version string) *cobra.Command {
	root := &cobra.Command{
		Use:   "ionroller",
		Short: "Routine, safe releases of HTTP services on AWS",
		Long: `ionroller moves releases of HTTP services step by step, keeps the old ones hot,
and goes back in seconds. Releases are declared with its Terraform provider;
this command tries it out, shows what runs, and goes on where a run stopped.`,
		Version:           version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              arguments(cobra.NoArgs),
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(usage)
	root.AddCommand(newSandbox(), newDemo(), newStatus(), newEvents(), newRollback(), newReconcile(), newPolicy(), newVersion(version))
	root.AddCommand(orders()...)
	return root
}

func newVersion(version string) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "ionroller %s\n", version)
			return err
		},
	}
}

// account are the flags that say which endpoints are meant.
type account struct {
	region, profile, bucket, owner string
	verbose                        bool
}

func (a *account) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.region, "region", "", "AWS Region (default: AWS_REGION or the profile's)")
	f.StringVar(&a.profile, "profile", "", "profile of the shared AWS configuration (default: AWS_PROFILE)")
	f.StringVar(&a.bucket, "bucket", os.Getenv("IONROLLER_BUCKET"), "bucket of the journal (IONROLLER_BUCKET)")
	f.StringVar(&a.owner, "owner", os.Getenv("IONROLLER_OWNER"), "whose endpoints (IONROLLER_OWNER)")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log what is done to standard error")
}

// owned connects for a command that changes something.
func (a *account) owned(cmd *cobra.Command) (*roller.Roller, error) {
	if a.owner == "" {
		return nil, usage(cmd, errors.New("no owner: set --owner or IONROLLER_OWNER to the owner of the provider's configuration"))
	}
	return a.connect(cmd)
}

// chosen returns the endpoints that were named, or all there are; of these, others
// may belong to somebody else.
func chosen(ctx context.Context, loop *roller.Roller, named []string) (names []string, all bool, err error) {
	if len(named) > 0 {
		return named, false, nil
	}
	names, err = loop.Journal.List(ctx)
	return names, true, err
}

// connect makes the loop for a command.
func (a *account) connect(cmd *cobra.Command) (*roller.Roller, error) {
	if a.bucket == "" {
		return nil, usage(cmd, errors.New("no bucket: set --bucket or IONROLLER_BUCKET to the bucket of the provider's configuration"))
	}
	level := hclog.Warn
	if a.verbose {
		level = hclog.Info
	}
	return onaws.Connect(cmd.Context(), onaws.Config{
		AWS:    awsclient.Config{Region: a.region, Profile: a.profile, Product: "ionroller", Version: cmd.Root().Version},
		Bucket: a.bucket, Owner: a.owner, Run: cmd.CommandPath(),
		Log: hclog.New(&hclog.LoggerOptions{Name: "ionroller", Level: level, Output: cmd.ErrOrStderr()}),
	})
}
