// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// eachRecord reads the records of the endpoints that were named, or of all of the
// owner's; removed ones too. all says that they were not named. Trouble with one does
// not keep it from the others.
func (a *account) eachRecord(cmd *cobra.Command, loop *roller.Roller, named []string, do func(r *endpoint.Record, all bool) error) error {
	ctx := cmd.Context()
	names, all, err := chosen(ctx, loop, named)
	if err != nil {
		return err
	}
	var untold error
	met := false
	for _, name := range names {
		record, err := loop.Journal.Read(ctx, name)
		var other *roller.OtherOwner
		switch {
		case all && errors.As(err, &other):
		case err != nil:
			untold = errors.Join(untold, unseen(name, err))
		case record == nil && !all:
			untold = errors.Join(untold, missing(name))
		case record != nil:
			met = true
			untold = errors.Join(untold, do(record, all))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if all && !met && untold == nil {
		a.none(cmd.ErrOrStderr())
	}
	return untold
}

// unseen says that an endpoint cannot be shown, beside others that can.
func unseen(name string, err error) error {
	var other *roller.OtherOwner
	if errors.As(err, &other) {
		return err
	}
	return fmt.Errorf("unable to look at endpoint %s: %w → ionroller doctor %s says what to do", name, err, name)
}

// none says why nothing is shown where all endpoints were asked for: silence may be a
// mistyped owner too.
func (a *account) none(w io.Writer) {
	where := fmt.Sprintf("in the journal of bucket %s", cmp.Or(a.journal.Bucket, a.bucket))
	if a.owner == "" {
		fmt.Fprintf(w, "ionroller: there are no endpoints %s\n", where)
		return
	}
	fmt.Fprintf(w, "ionroller: owner %s has no endpoints %s\n", a.owner, where)
}

// missing says that there is no endpoint of a name.
func missing(name string) error {
	return fmt.Errorf("there is no endpoint %s in this journal: ionroller status lists those there are", name)
}

// eachEvent reads an endpoint's trail after the event of a number, and what its record
// has that is not there yet.
func eachEvent(ctx context.Context, journal roller.Journal, r *endpoint.Record, after int64, do func(endpoint.Event) error) error {
	for {
		events, err := journal.Events(ctx, r.Endpoint, after)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := do(e); err != nil {
				return err
			}
			after = e.Sequence
		}
		if len(events) == 0 {
			break
		}
	}
	for _, e := range r.Outbox {
		if e.Sequence > after {
			if err := do(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// moment reads a time, or an age.
func moment(flag, text string, now time.Time) (time.Time, error) {
	switch age, err := parseAge(text); {
	case err == nil && age < 0:
		return now, fmt.Errorf("%s %s: an age is not negative, as 2h", flag, text)
	case err == nil:
		return now.Add(-age), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%s %s: it is neither a time as 2026-01-31T12:00:00Z nor an age as 2h or 3d4h", flag, text)
	}
	return at, nil
}

// parseAge reads what ago prints, and all other durations. Days are of 24 hours.
func parseAge(text string) (time.Duration, error) {
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseInt(days, 10, 32)
	if err != nil || strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "+") {
		return 0, fmt.Errorf("%q is no age", text)
	}
	return time.ParseDuration(fmt.Sprintf("%dh%s", n*24, rest))
}

// caller names who did something in few words: the user, or the role's session.
func caller(who endpoint.Who) string {
	arn := who.Caller
	return arn[strings.LastIndexAny(arn, "/:")+1:]
}
