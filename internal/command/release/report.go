// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import "github.com/ionroller/terraform-provider-ionroller/internal/endpoint"

// Report is what became of a release, for programs.
type Report struct {
	Endpoint string            `json:"endpoint"`
	Version  string            `json:"version"` // that was asked for
	File     string            `json:"file"`    // that has the version, as the user would call it
	Line     int               `json:"line"`
	From     string            `json:"from"`    // version that it said before
	Edited   bool              `json:"edited"`  // it said another before, and says Version now
	Preview  *Preview          `json:"preview"` // null when there is no plan
	Result   Result            `json:"result"`
	Outcome  *endpoint.Outcome `json:"outcome"` // of the rollout; null when none has ended meanwhile
}

// Result says in a word what became of a release.
type Result string

// The results. Those of a release that was not brought about are told by its error, and
// are for who prints the report to set.
const (
	Planned    Result = "planned"   // and nothing was changed
	Edited     Result = "edited"    // the file, and nothing else
	Unchanged  Result = "unchanged" // it was live already
	InFlight   Result = "in_flight" // a rollout to it was, and nothing was changed
	Applied    Result = "applied"
	RolledBack Result = "rolled_back"
	Rejected   Result = "refused" // it is rejected, or the endpoint pinned
	Held       Result = "held"    // another run has the lease
	Failed     Result = "failed"
)

func (r *run) report() *Report {
	return &Report{
		Endpoint: r.Endpoint, Version: r.Version, File: r.place.File, Line: r.place.Line, From: r.place.Version, Edited: r.written,
		Preview: r.preview, Result: r.result, Outcome: ended(r.before, r.after, r.Version),
	}
}

// ended returns the end of a rollout to a version that came since before; nil when
// there is none.
func ended(before, after *endpoint.Record, version string) *endpoint.Outcome {
	if after == nil || after.LastRollout == nil || after.LastRollout.To != version {
		return nil
	}
	if before != nil && before.LastRollout != nil && before.LastRollout.ID == after.LastRollout.ID {
		return nil
	}
	return after.LastRollout
}
