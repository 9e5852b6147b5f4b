// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

var errApplied = errors.New("terraform apply failed")

// record is an endpoint on which 1.0.0 is live, after a rollout r1.
func record(change ...func(*endpoint.Record)) *endpoint.Record {
	r := &endpoint.Record{
		Endpoint: "checkout", Phase: endpoint.Live, Active: "one", LastRollout: &endpoint.Outcome{ID: "r1", To: "1.0.0", Result: endpoint.Succeeded},
		Environments: []endpoint.Environment{{Name: "one", Release: endpoint.Release{Version: "1.0.0"}}, {Name: "two", Release: endpoint.Release{Version: "1.1.0"}}},
	}
	r.Desired.Release.Version = "1.0.0"
	for _, c := range change {
		c(r)
	}
	return r
}

func desired(r *endpoint.Record) { r.Desired.Release.Version = "1.1.0" }

func failed(r *endpoint.Record) {
	r.LastRollout = &endpoint.Outcome{ID: "r2", To: "1.1.0", Result: endpoint.RolledBack, Reason: "alarm"}
}

func reject(r *endpoint.Record) {
	r.Rejections = append(r.Rejections, endpoint.Rejection{Version: "1.1.0", Reason: "went back by hand.", Pinned: true})
}

func held(r *endpoint.Record) { r.Lease = &endpoint.Lease{Holder: "another"} }

func goingBack(r *endpoint.Record) {
	r.Rollout = &endpoint.Rollout{ID: "r2", From: "one", To: "two", Back: &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: "by hand"}}
}

// What the journal tells says what became of an apply that failed, and whether the
// version stays in the file.
func TestVerdict(t *testing.T) {
	begun := endpoint.Event{Type: endpoint.NewDesiredState, Version: "1.1.0"}
	var (
		back    *roller.Failed
		refused *Refused
		lease   *roller.Held
		had     *WasHeld
	)
	for name, c := range map[string]struct {
		before, after *endpoint.Record
		events        []endpoint.Event
		words         string // of Terraform
		interrupted   bool
		is            any // of these kinds of error; nil for Terraform's own
		says          string
		keep          bool
	}{
		"nothing was begun":           {before: record(), after: record(), says: "terraform apply failed"},
		"no record yet":               {says: "terraform apply failed"},
		"it ended on the way":         {before: record(), after: record(desired), events: []endpoint.Event{begun}, says: "terraform apply failed", keep: true},
		"interrupted on the way":      {before: record(), after: record(desired), events: []endpoint.Event{begun}, interrupted: true, says: "run this again to go on", keep: true},
		"interrupted before it began": {before: record(), after: record(), interrupted: true, says: "run this again to go on"},
		"rolled back":                 {before: record(), after: record(failed, reject), events: []endpoint.Event{begun}, is: &back, says: "the rollout of checkout to 1.1.0 failed: alarm. Release 1.0.0 is live"},
		"rolled back though stopped":  {before: record(), after: record(failed), events: []endpoint.Event{begun}, interrupted: true, is: &back, says: "failed: alarm"},
		"the first one":               {after: record(failed), events: []endpoint.Event{begun}, is: &back, says: "failed: alarm"},
		"going back still":            {before: record(), after: record(goingBack), events: []endpoint.Event{begun}, is: &back, says: "failed: by hand"},
		"it had failed before":        {before: record(failed), after: record(failed), says: "terraform apply failed"},
		"another has the lease":       {before: record(), after: record(held), is: &lease, says: "endpoint checkout is being changed by"},
		"another had the lease": {before: record(), after: record(), words: `╷
│ Error: Unable to update endpoint checkout
│ 
│   with ionroller_endpoint.this,
│ 
│ endpoint checkout is being
│ changed by terraform, by arn:aws:iam::1:user/ci on ci-7, since
│ 2026-01-31T12:00:00Z
╵
`, is: &had, says: "another run, which has ended meanwhile"},
		"another had that of another endpoint": {before: record(), after: record(), words: "│ endpoint basket is being changed by terraform\n", says: "terraform apply failed"},
		"pinned since the plan":                {before: record(), after: record(reject), is: &refused, says: "taken out since it was planned: went back by hand; release 1.0.0 is live"},
		"rejected before the plan too":         {before: record(reject), after: record(reject), says: "terraform apply failed"},
		"live, and something else failed": {before: record(), after: record(desired, func(r *endpoint.Record) { r.Active = "two" }),
			events: []endpoint.Event{begun}, says: "terraform apply failed", keep: true},
		"removed": {before: record(), after: record(desired, func(r *endpoint.Record) { r.Phase = endpoint.Deleted }), events: []endpoint.Event{begun}, says: "terraform apply failed"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.interrupted {
				cancel()
			}
			r := &run{Config: Config{Endpoint: "checkout", Version: "1.1.0"}, events: c.events, words: &words{Writer: io.Discard}}
			fmt.Fprint(r.words, c.words)
			err := r.verdict(ctx, errApplied, c.before, c.after)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			for _, kind := range []any{&back, &refused, &lease, &had} {
				if errors.As(err, kind) != (kind == c.is) {
					t.Errorf("%T is of another kind", err)
				}
			}
			if got := onItsWay(c.after, "1.1.0"); got != c.keep {
				t.Errorf("the version stays: %v", got)
			}
		})
	}
}
