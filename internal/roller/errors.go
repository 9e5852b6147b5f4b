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
	Back     bool   // a rule was to be taken over, and does what it did before
	Outcome  *endpoint.Outcome
	// Rejection is why it is not tried again; nil when it may be.
	Rejection *endpoint.Rejection
}

func failed(w rollout.World) *Failed {
	f := &Failed{
		Endpoint: w.Record.Endpoint, Live: w.Record.ActiveVersion(),
		Removed: w.Record.Phase == endpoint.Deleted, Outcome: w.Record.LastRollout,
	}
	f.Back = w.Record.GivenBack()
	if f.Outcome != nil && f.Outcome.Rejected {
		i := slices.IndexFunc(w.Record.Rejections, func(j endpoint.Rejection) bool { return j.Fingerprint == f.Outcome.Target })
		if i >= 0 {
			f.Rejection = &w.Record.Rejections[i]
		}
	}
	return f
}

// newlyFailed is a *Failed when a rollout was given up since an outcome.
func (r *run) newlyFailed(before *endpoint.Outcome) error {
	last := r.world.Record.LastRollout
	if last == nil || last.Result != endpoint.RolledBack || before != nil && before.ID == last.ID {
		return nil
	}
	return failed(r.world)
}

func (f *Failed) Error() string {
	reason := "it did not come to what is desired"
	if f.Outcome != nil && f.Outcome.Reason != "" {
		reason = f.Outcome.Reason
	}
	switch {
	case f.Removed:
		return fmt.Sprintf("endpoint %s was not created: %s. %s", f.Endpoint, reason, f.Left())
	case f.Outcome == nil || f.Outcome.Result == endpoint.Succeeded:
		return fmt.Sprintf("endpoint %s: %s. %s", f.Endpoint, reason, f.Left())
	default:
		return fmt.Sprintf("the rollout of %s to %s failed: %s. %s", f.Endpoint, f.Outcome.To, reason, f.Left())
	}
}

// Left says what there is now.
func (f *Failed) Left() string {
	switch {
	case f.Removed && f.Back:
		return "What was made for it has been taken away, and the rule to be taken over does what it did before"
	case f.Removed:
		return "What was made for it has been taken away"
	case f.Back:
		return "The rule to be taken over does what it did before"
	case f.Live != "":
		return "Release " + f.Live + " is live"
	}
	return "Nothing is live"
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
	Share    int  // of traffic that Version has, in percent
	Takes    bool // over a rule, to whose old groups traffic can be given back
	Stall    endpoint.Stall
}

func (f *Frozen) Error() string {
	back := "To go back, set the version to " + f.Live
	switch {
	case f.Takes:
		back = "To give all traffic back to the old groups, run ionroller abort " + f.Endpoint
	case f.Live == "":
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

// Broken says that a run was ended by an error, after calls had been tried again.
// Traffic is as it was at that moment.
type Broken struct {
	Endpoint string
	Where    string
	Err      error
}

func (b *Broken) Error() string {
	return fmt.Sprintf("the run on endpoint %s was ended by an error: %s. Where it stands: %s", b.Endpoint, strings.TrimRight(b.Err.Error(), "."), b.Where)
}

func (b *Broken) Unwrap() error { return b.Err }

// Overtaken says that another run has taken a run's place: because it was silent for
// longer than its lease, or because an operator took all traffic back.
type Overtaken struct {
	Endpoint string
	Err      error
}

func (o *Overtaken) Error() string {
	if by := wentBack(o.Err); by != nil {
		return fmt.Sprintf("the run on endpoint %s was ended by %s, by %s on %s: all traffic goes back to an earlier release, and the endpoint is pinned there. This run changes nothing any more; ionroller status %s shows where the endpoint stands, and ionroller events %s why",
			o.Endpoint, by.Run, by.Caller, by.Host, o.Endpoint, o.Endpoint)
	}
	return fmt.Sprintf("the run on endpoint %s was not heard of for longer than its lease, and another run has taken its place; this one has stopped and changes nothing any more; plan again to see where it stands: %s", o.Endpoint, o.Err)
}

func (o *Overtaken) Unwrap() error { return o.Err }

// wentBack is who took a lease for an operator's rollback; nil when that was not why.
func wentBack(err error) *endpoint.Who {
	var held *Held
	var taken *TakenOver
	switch {
	case errors.As(err, &held) && held.Lease.Rollback:
		return &held.Lease.Who
	case errors.As(err, &taken) && taken.Rollback != nil:
		return &taken.Rollback.Who
	}
	return nil
}

// overtaken says that the lease is another run's, or was.
func overtaken(err error) bool {
	var held *Held
	var taken *TakenOver
	return errors.As(err, &held) || errors.As(err, &taken)
}

// Blocked says that somebody has to do something first.
type Blocked struct{ Reason string }

func (b *Blocked) Error() string { return b.Reason }

func because(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "ended by its timeout"
	}
	return "interrupted"
}

// explain words an error that ended a run before it was done.
func (r *run) explain(ctx context.Context, err error) error {
	var blocked *Blocked
	switch {
	case errors.As(err, &blocked):
		return err
	case overtaken(err):
		return &Overtaken{Endpoint: r.record.Endpoint, Err: err}
	case ctx.Err() != nil:
		stopped := &Interrupted{Endpoint: r.record.Endpoint, Where: r.where(r.again()), Err: ctx.Err()}
		if !r.passes {
			r.tell(stopped)
		}
		return stopped
	case expired(err):
		return &Broken{Endpoint: r.record.Endpoint, Where: r.where("renew the credentials, and " + applyAgain), Err: err}
	}
	return &Broken{Endpoint: r.record.Endpoint, Where: r.where(r.again()), Err: err}
}

// applyAgain is how a run that ended early is gone on with.
const applyAgain = "apply again to go on"

// again is how it is gone on with where a daemon may do that by itself.
func (r *run) again() string {
	if r.passes {
		return "who comes next goes on"
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	d, err := r.Watcher(ctx, r.record.Endpoint)
	if err != nil || d == nil || !d.AtWork() {
		return applyAgain
	}
	return fmt.Sprintf("the daemon on %s goes on with it, unless ionroller pause %s holds it", d.Who.Host, r.record.Endpoint)
}

// askTimeout bounds the look for a daemon after a run ended early.
const askTimeout = 2 * time.Second

// tell notes in the trail that the run ended early. Nothing depends on it.
func (r *run) tell(i *Interrupted) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	err := r.commit(ctx, r.record.Clone(), endpoint.Event{
		Type: endpoint.RunInterrupted, Time: r.Clock.Now(), Version: r.record.ActiveVersion(),
		Message: "the run was " + because(i.Err) + ": " + stands(&r.record),
	})
	if err != nil {
		r.Log.Warn("unable to note the interruption in the trail", "endpoint", r.record.Endpoint, "error", err)
	}
}

// expired says that the caller's credentials are not good any more.
func expired(err error) bool {
	var api interface{ ErrorCode() string }
	if !errors.As(err, &api) {
		return false
	}
	c := api.ErrorCode()
	return strings.HasPrefix(c, "ExpiredToken") || c == "RequestExpired" || c == "InvalidClientTokenId"
}

// where words how far the endpoint got, and what to do.
func (r *run) where(next string) string {
	if r.record.Phase == endpoint.Deleting {
		return stands(&r.record) + "; destroy again to go on"
	}
	return stands(&r.record) + ". Traffic was left as it is; " + next
}

// stands words how far an endpoint got.
func stands(r *endpoint.Record) string {
	if r.Phase == endpoint.Deleting {
		return "it is being removed, and may not serve any more"
	}
	live := "nothing is live yet"
	if v := r.ActiveVersion(); v != "" {
		live = "release " + v + " is live"
	}
	if r.TakingOver() {
		live = "the old groups of listener rule " + r.Takeover.RuleARN + " are live"
	}
	f := r.Rollout
	if f == nil {
		return live
	}
	to := r.Environment(f.To).Release.Version
	if f.Step < 0 {
		return fmt.Sprintf("%s, and %s has no traffic yet", live, to)
	}
	return fmt.Sprintf("%s, and %s is at step %d of %d, with %d %% of traffic", live, to, f.Step+1, len(f.Steps), f.Share(f.Step))
}
