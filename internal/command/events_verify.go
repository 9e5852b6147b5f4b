// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// verdict is what the check of a trail came to, as --output json prints it.
type verdict struct {
	Endpoint string `json:"endpoint"`
	Intact   bool   `json:"intact"`
	Events   int64  `json:"events"` // that are in their place
	Hash     string `json:"hash"`   // of the last of these
	Fault    string `json:"fault"`  // "" when it is intact
}

func verifyTrails(cmd *cobra.Command, a *account, loop *roller.Roller, names []string, asJSON bool) error {
	ctx := cmd.Context()
	verdicts := []verdict{}
	var broken error
	err := a.eachRecord(cmd, loop, names, func(r *endpoint.Record, _ bool) error {
		v, err := verifyTrail(ctx, loop, r)
		if err != nil {
			return err
		}
		if !v.Intact {
			broken = errors.Join(broken, errors.New(v.Fault))
		}
		verdicts = append(verdicts, v)
		return nil
	})
	if err != nil && len(verdicts) == 0 {
		return err
	}
	broken = errors.Join(broken, err)
	if asJSON {
		return errors.Join(printJSON(cmd.OutOrStdout(), verdicts), broken)
	}
	for _, v := range verdicts {
		if v.Intact {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events, each with the hash of the one before\n", v.Endpoint, v.Events)
		}
	}
	return broken
}

// verifyTrail checks that each event has the hash of the one before, from the first
// to the one that the record names as the last.
func verifyTrail(ctx context.Context, loop *roller.Roller, record *endpoint.Record) (verdict, error) {
	name := record.Endpoint
	var head endpoint.TrailHead
	told := func(fault string, args ...any) (verdict, error) {
		v := verdict{Endpoint: name, Intact: fault == "", Events: head.Sequence, Hash: head.Hash}
		if fault != "" {
			v.Fault = fmt.Sprintf("the trail of endpoint %s "+fault, append([]any{name}, args...)...)
		}
		return v, nil
	}
	for {
		events, err := loop.Journal.Events(ctx, name, head.Sequence)
		if err != nil {
			return verdict{}, err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if e.Sequence != head.Sequence+1 || e.Previous != head.Hash {
				return told("is broken: event %d does not follow event %d", e.Sequence, head.Sequence)
			}
			head = endpoint.TrailHead{Sequence: e.Sequence, Hash: e.Hash()}
		}
	}
	missing := int64(len(record.Outbox)) // committed, and perhaps still on their way
	if head.Sequence+missing < record.Trail.Sequence || missing == 0 && head != record.Trail {
		return told("ends at event %d, and its record says %d", head.Sequence, record.Trail.Sequence)
	}
	return told("")
}
