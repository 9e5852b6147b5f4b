// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// eachRecord reads the records of the endpoints that were named, or of all of the
// owner's; removed ones too. all says that they were not named.
func eachRecord(ctx context.Context, loop *roller.Roller, named []string, do func(r *endpoint.Record, all bool) error) error {
	names, all, err := chosen(ctx, loop, named)
	if err != nil {
		return err
	}
	for _, name := range names {
		record, err := loop.Journal.Read(ctx, name)
		var other *roller.OtherOwner
		switch {
		case all && errors.As(err, &other):
			continue
		case err != nil:
			return err
		case record == nil && !all:
			return missing(name)
		case record == nil:
			continue
		}
		if err := do(record, all); err != nil {
			return err
		}
	}
	return nil
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
