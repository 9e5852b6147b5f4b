// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// onItsWay says that a version is live, or somebody works towards it.
func onItsWay(r *endpoint.Record, version string) bool {
	if r == nil || r.Phase == endpoint.Deleting || r.Phase == endpoint.Deleted {
		return false
	}
	return r.Desired.Release.Version == version || r.ActiveVersion() == version
}

// verdict says what became of an apply that failed, by what the journal tells since
// before it.
func (r *run) verdict(ctx context.Context, applied error, before, after *endpoint.Record) error {
	if outcome := wentBack(before, after, r.Version); outcome != nil {
		return &roller.Failed{
			Endpoint: r.Endpoint, Live: after.ActiveVersion(), Outcome: outcome,
			Removed: after.Phase == endpoint.Deleted,
		}
	}
	begun := slices.ContainsFunc(r.events, func(e endpoint.Event) bool {
		return e.Type == endpoint.NewDesiredState && e.Version == r.Version
	})
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the release of %s to endpoint %s was interrupted: run this again to go on, or ionroller reconcile --once %s", r.Version, r.Endpoint, r.Endpoint)
	case after == nil || begun || onItsWay(after, r.Version):
		return applied
	}
	if j := rejected(before, after, r.Version); j != nil {
		return &Refused{r.Endpoint, fmt.Sprintf("release %s was taken out since it was planned: %s; release %s is live", j.Version, strings.TrimRight(j.Reason, "."), after.ActiveVersion())}
	}
	if after.Lease != nil {
		return &roller.Held{Endpoint: r.Endpoint, Lease: *after.Lease}
	}
	if r.words.say(heldWords(r.Endpoint)) {
		return &WasHeld{r.Endpoint}
	}
	return applied
}

// wentBack returns the end of a rollout to a version that was given up since before,
// or is about to be; nil when there is none.
func wentBack(before, after *endpoint.Record, version string) *endpoint.Outcome {
	if after == nil {
		return nil
	}
	if last := ended(before, after, version); last != nil && last.Result == endpoint.RolledBack {
		return last
	}
	if f := after.Rollout; f != nil && f.Back != nil && f.Back.Result == endpoint.RolledBack && after.Environment(f.To).Release.Version == version {
		return &endpoint.Outcome{ID: f.ID, Kind: f.Kind, To: version, Started: f.Started, Result: f.Back.Result, Reason: f.Back.Reason}
	}
	return nil
}

// rejected returns the rejection of a version that came since before, or nil.
func rejected(before, after *endpoint.Record, version string) *endpoint.Rejection {
	for i := range after.Rejections {
		j := &after.Rejections[i]
		if j.Version == version && (before == nil || !slices.Contains(before.Rejections, *j)) {
			return j
		}
	}
	return nil
}
