// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package command is the command-line face of ionroller: it reads flags and the
// environment, lets the loop work, and prints for people and for programs.
package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Main runs the command and returns its exit code. The first interrupt ends what
// is under way; the second ends the program.
func Main(version string) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM)
	// Shells let what a script runs in the background ignore interrupts.
	if !signal.Ignored(os.Interrupt) {
		signal.Notify(signals, os.Interrupt)
	}
	ctx := interruptible(context.Background(), signals, os.Stderr, os.Exit)
	code := run(ctx, version, os.Args[1:], os.Stdout, os.Stderr)
	leaveToInterrupt(ctx)
	return code
}

func run(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	root := New(version)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "ionroller: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(stderr, usage.hint)
	}
	return exitCode(err)
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
	return &usageError{err, help(cmd)}
}

func help(cmd *cobra.Command) string { return fmt.Sprintf("See '%s --help'.", cmd.CommandPath()) }

// New makes the command of a version of this program.
func New(version string) *cobra.Command {
	root := &cobra.Command{
		Use:   "ionroller",
		Short: "Routine, safe releases of HTTP services on AWS",
		Long: `ionroller moves releases of HTTP services step by step, keeps the old ones hot,
and goes back in seconds. Releases are declared with its Terraform provider;
this command tries it out, shows what runs, steers rollouts and goes back.

It needs no Terraform and no file: what it knows comes from the journal in the
bucket of the provider's configuration, and from AWS. AWS is reached as by every
AWS tool: by AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID and their like.

What is asked for goes to standard output, everything else to standard error.
-o json prints for programs. Colours are left out where NO_COLOR is set, on a
dumb terminal, and in a pipe.

` + exitCodesText(),
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          known,

		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(usage)
	// Cobra checks these by itself later, and its error does not say where help is.
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmd.ValidateRequiredFlags(); err != nil {
			return usage(cmd, err)
		}
		return usage(cmd, cmd.ValidateFlagGroups())
	}
	root.AddCommand(newStatus(), newEvents(), newConfig(), newDiff(), newWatch(), newPreview(), newPolicy(), newDoctor(), newVersion(version))
	for _, c := range append(orders(), newSandbox(), newDemo(), newRollback(), newReconcile(), newRelease()) {
		root.AddCommand(lasting(c))
	}
	for _, c := range root.Commands() {
		c.Args = arguments
	}
	completion(root)
	helpOn(root)
	return root
}

// helpOn adds cobra's own help command, which otherwise has no word for one that there
// is not.
func helpOn(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() != "help" {
			continue
		}
		c.Args = func(_ *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || !found.HasSubCommands() {
				return err
			}
			return known(found, rest)
		}
	}
}

// known refuses a command that there is not, and names those that may be meant.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("there is no command %q", args[0])
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		err = fmt.Errorf("there is no command %q: is %s meant?", args[0], strings.Join(like, " or "))
	}
	return usage(cmd, err)
}

// account are the flags that say which endpoints are meant.
type account struct {
	region, profile, bucket, owner string
	journal                        onaws.Journal
	verbose                        bool
}

func (a *account) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.region, "region", "", "AWS Region (default: AWS_REGION or the profile's)")
	f.StringVar(&a.profile, "profile", "", "profile of the shared AWS configuration (default: AWS_PROFILE)")
	f.StringVar(&a.bucket, "bucket", "", "bucket of bundles and, unless it is elsewhere, the journal (default: IONROLLER_BUCKET)")
	f.StringVar(&a.journal.Bucket, "journal-bucket", "", "bucket of the journal, as in journal of the provider's configuration (default: IONROLLER_JOURNAL_BUCKET)")
	f.StringVar(&a.journal.Region, "journal-region", "", "Region of that bucket (default: IONROLLER_JOURNAL_REGION)")
	f.StringVar(&a.journal.Prefix, "journal-prefix", "", "beginning of all keys of the journal (default: IONROLLER_JOURNAL_PREFIX)")
	f.StringVar(&a.owner, "owner", "", "whose endpoints (default: IONROLLER_OWNER)")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log what is done to standard error")
}

// given takes what was not said from the environment.
func (a *account) given(cmd *cobra.Command) onaws.Config {
	a.bucket = cmp.Or(a.bucket, os.Getenv("IONROLLER_BUCKET"))
	a.owner = cmp.Or(a.owner, os.Getenv("IONROLLER_OWNER"))
	a.journal.Bucket = cmp.Or(a.journal.Bucket, os.Getenv("IONROLLER_JOURNAL_BUCKET"))
	a.journal.Region = cmp.Or(a.journal.Region, os.Getenv("IONROLLER_JOURNAL_REGION"))
	a.journal.Prefix = cmp.Or(a.journal.Prefix, os.Getenv("IONROLLER_JOURNAL_PREFIX"))
	level := hclog.Warn
	if a.verbose {
		level = hclog.Info
	}
	return onaws.Config{
		AWS:    awsclient.Config{Region: a.region, Profile: a.profile, Product: "ionroller", Version: cmd.Root().Version},
		Bucket: a.bucket, Journal: a.journal, Owner: a.owner, Run: cmd.CommandPath(),
		Log: hclog.New(&hclog.LoggerOptions{Name: "ionroller", Level: level, Output: cmd.ErrOrStderr()}),
	}
}

var errNoBucket = errors.New("no bucket: set --bucket or IONROLLER_BUCKET to the bucket of the provider's configuration")

// connect makes the loop for a command.
func (a *account) connect(cmd *cobra.Command) (*roller.Roller, error) {
	config := a.given(cmd)
	if a.bucket == "" {
		return nil, usage(cmd, errNoBucket)
	}
	return onaws.Connect(cmd.Context(), config)
}

// owned connects for a command that changes something.
func (a *account) owned(cmd *cobra.Command) (*roller.Roller, error) {
	if a.given(cmd); a.owner == "" {
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
