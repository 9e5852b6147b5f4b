// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package roller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// Problems says what is wrong with a configuration; nothing was changed.
type Problems struct {
	Endpoint string // empty: it is not an endpoint's
	Problems []endpoint.Problem
}

func (p *Problems) Error() string {
	lines := make([]string, len(p.Problems))
	for i, problem := range p.Problems {
		lines[i] = problem.Error()
	}
	text := strings.Join(lines, "; ")
	if p.Endpoint != "" {
		text = fmt.Sprintf("endpoint %s cannot be applied: %s", p.Endpoint, text)
	}
	return text
}

// Exists says that an endpoint to be created is there already.
type Exists struct{ Endpoint string }

func (e *Exists) Error() string {
	return fmt.Sprintf("endpoint %s exists already; import it (terraform import ADDRESS %s), or choose another name; one that is in the state is changed in place and never replaced", e.Endpoint, e.Endpoint)
}

// Protected says that an endpoint must not be removed.
type Protected struct{ Endpoint string }

func (p *Protected) Error() string {
	return fmt.Sprintf("endpoint %s is protected from deletion; set deletion_protection = false, apply, and then destroy", p.Endpoint)
}

// Riskier says that an apply would do more than its plan showed.
type Riskier struct {
	Endpoint string
	Change   string
}

func (r *Riskier) Error() string {
	return fmt.Sprintf("endpoint %s has changed since the plan: %s; nothing was done, plan again", r.Endpoint, r.Change)
}

// Failed says that the desired release did not go live.
type Failed struct {
	Endpoint string
	Live     string // version that is live; empty when none is
	Removed  bool   // it was the first deployment, and nothing of it is left
	Outcome  *endpoint.Outcome
	// Rejection is why it is not tried again; nil when it may be.
	Rejection *endpoint.Rejection
}

func failed(w rollout.World) *Failed {
	f := &Failed{
		Endpoint: w.Record.Endpoint, Live: w.Record.ActiveVersion(),
		Removed: w.Record.Phase == endpoint.Deleted, Outcome: w.Record.LastRollout,
	}
	if f.Outcome != nil && f.Outcome.Rejected {
		i := slices.IndexFunc(w.Record.Rejections, func(j endpoint.Rejection) bool { return j.Fingerprint == f.Outcome.Target })
		if i >= 0 {
			f.Rejection = &w.Record.Rejections[i]
		}
	}
	return f
}

func (f *Failed) Error() string {
	reason := "it did not come to what is desired"
	if f.Outcome != nil && f.Outcome.Reason != "" {
		reason = f.Outcome.Reason
	}
	live := "Nothing is live"
	if f.Live != "" {
		live = "Release " + f.Live + " is live"
	}
	switch {
	case f.Removed:
		return fmt.Sprintf("endpoint %s was not created: %s. What was made for it has been taken away", f.Endpoint, reason)
	case f.Outcome == nil || f.Outcome.Result == endpoint.Succeeded:
		return fmt.Sprintf("endpoint %s: %s. %s", f.Endpoint, reason, live)
	default:
		return fmt.Sprintf("the rollout of %s to %s failed: %s. %s", f.Endpoint, f.Outcome.To, reason, live)
	}
}

// Rejected says that the desired release was taken out before; nothing was changed.
type Rejected struct {
	Endpoint  string
	Live      string
	Rejection endpoint.Rejection
}

func (r *Rejected) Error() string {
	if r.Rejection.Pinned {
		return fmt.Sprintf("endpoint %s is pinned: at %s %s. Nothing was changed, release %s is live; set the version to it or to a new one, or lift the pin with ionroller unpin %s",
			r.Endpoint, r.Rejection.Time.UTC().Format(time.RFC3339), strings.TrimRight(r.Rejection.Reason, "."), r.Live, r.Endpoint)
	}
	return fmt.Sprintf("release %s of endpoint %s was rejected at %s: %s. Nothing was changed, release %s is live; mend it and bump the version, or raise rollout.retry above %d to try it again",
		r.Rejection.Version, r.Endpoint, r.Rejection.Time.UTC().Format(time.RFC3339), strings.TrimRight(r.Rejection.Reason, "."), r.Live, r.Rejection.Retry)
}

// Frozen says that a rollout went wrong and that traffic was left as it is.
type Frozen struct {
	Endpoint string
	Live     string // version that was live before; empty for a first deployment
	Version  string
	Share    int // of traffic that Version has, in percent
	Stall    endpoint.Stall
}

func (f *Frozen) Error() string {
	back := "To go back, set the version to " + f.Live
	if f.Live == "" {
		back = "Mend it and bump the version"
	}
	return fmt.Sprintf("the rollout of %s to %s is frozen since %s, with %d %% of traffic on it: %s. %s; to go on with it, raise rollout.retry above %d",
		f.Endpoint, f.Version, f.Stall.Since.UTC().Format(time.RFC3339), f.Share, strings.TrimRight(f.Stall.Reason, "."), back, f.Stall.Retry)
}

// Interrupted says that a run was ended before it was done. Traffic is as it was
// at that moment.
type Interrupted struct {
	Endpoint string
	Where    string
	Err      error
}

func (i *Interrupted) Error() string {
	return fmt.Sprintf("the run on endpoint %s was %s: %s", i.Endpoint, because(i.Err), i.Where)
}

func (i *Interrupted) Unwrap() error { return i.Err }

func because(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "ended by its timeout"
	}
	return "interrupted"
}

// explain words an error that ended the loop.
func (r *run) explain(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &Interrupted{Endpoint: r.record.Endpoint, Where: r.where(), Err: ctx.Err()}
}

// where words how far the endpoint got.
func (r *run) where() string {
	if r.record.Phase == endpoint.Deleting {
		return "it is being removed, and may not serve any more; destroy again to go on"
	}
	const next = ". Traffic was left as it is; apply again to go on"
	live := "nothing is live yet"
	if v := r.record.ActiveVersion(); v != "" {
		live = "release " + v + " is live"
	}
	f := r.record.Rollout
	if f == nil {
		return live + next
	}
	to := r.record.Environment(f.To).Release.Version
	if f.Step < 0 {
		return fmt.Sprintf("%s, and %s has no traffic yet", live, to) + next
	}
	return fmt.Sprintf("%s, and %s is at step %d of %d, with %d %% of traffic", live, to, f.Step+1, len(f.Steps), f.Share(f.Step)) + next
}
