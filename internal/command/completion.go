// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// completeWithin is how long a shell waits for names. Whatever goes wrong, nothing
// is completed and nothing said.
const completeWithin = 3 * time.Second

// completion adds cobra's own command, which is refused as the others are when it
// is called wrongly.
func completion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args, c.RunE = known, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		c.SuggestionsMinimumDistance = root.SuggestionsMinimumDistance
		for _, shell := range c.Commands() {
			shell.Args = arguments
		}
	}
}

// completer completes one argument.
type completer func(ctx context.Context, loop *roller.Roller, before []string) ([]string, error)

// complete gives a command's arguments their completers, in order. The last one of
// a command that takes any number completes all that follow.
func (a *account) complete(cmd *cobra.Command, any bool, each ...completer) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		const only = cobra.ShellCompDirectiveNoFileComp
		i := len(args)
		if any {
			i = min(i, len(each)-1)
		}
		if i >= len(each) {
			return nil, only
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		config := a.given(cmd)
		config.Log = hclog.NewNullLogger()
		loop, err := onaws.Connect(ctx, config)
		if err != nil {
			return nil, only
		}
		words, err := each[i](ctx, loop, args)
		if err != nil {
			return nil, only
		}
		return slices.DeleteFunc(words, func(w string) bool { return slices.Contains(args, w) }), only
	}
}

// endpointNames completes names of endpoints. Whose they are is not looked at.
func endpointNames(ctx context.Context, loop *roller.Roller, _ []string) ([]string, error) {
	return loop.Journal.List(ctx)
}

// keptVersions completes versions of environments that are kept without traffic.
func keptVersions(ctx context.Context, loop *roller.Roller, before []string) ([]string, error) {
	record, err := loop.Journal.Read(ctx, before[0])
	if err != nil || record == nil {
		return nil, err
	}
	var versions []string
	for i := range record.Environments {
		e := &record.Environments[i]
		if role := record.Role(e); (role == endpoint.Retained || role == endpoint.Failed) && !slices.Contains(versions, e.Release.Version) {
			versions = append(versions, e.Release.Version)
		}
	}
	return versions, nil
}

// rejectedVersions completes versions of releases that were taken out.
func rejectedVersions(ctx context.Context, loop *roller.Roller, before []string) ([]string, error) {
	record, err := loop.Journal.Read(ctx, before[0])
	if err != nil || record == nil {
		return nil, err
	}
	var versions []string
	for _, j := range record.Rejections {
		versions = append(versions, j.Version)
	}
	return versions, nil
}
