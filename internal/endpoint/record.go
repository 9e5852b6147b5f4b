// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"reflect"
	"slices"
	"time"
)

// Phase is where an endpoint is in its life.
type Phase string

const (
	Creating Phase = "creating" // no release has been live yet
	Live     Phase = "live"
	Deleting Phase = "deleting" // everything is being taken away
	Deleted  Phase = "deleted"  // a tombstone: only the trail is left
)

// Record is what is intended for an endpoint and how far it got. Whoever holds
// its lease continues from it alone.
type Record struct {
	Schema   int    `json:"schema"`
	Endpoint string `json:"endpoint"`
	Account  string `json:"account"`
	Region   string `json:"region"`
	Owner    string `json:"owner"`
	Platform string `json:"platform"` // the kind that runs the environments: "elasticbeanstalk"

	Epoch int64  `json:"epoch"` // raised whenever the lease changes hands
	Nonce string `json:"nonce"` // of the last write, so that a writer knows its own
	Lease *Lease `json:"lease,omitempty"`

	Phase    Phase     `json:"phase"`
	Created  time.Time `json:"created"`
	Desired  Spec      `json:"desired"`            // what the run in charge works towards
	Accepted *Spec     `json:"accepted,omitempty"` // the last that was reached
	Intent   *Intent   `json:"intent,omitempty"`   // the change to AWS under way

	RuleARN string `json:"rule_arn,omitempty"`
	// Takeover is the rule that is being taken over; nil once the rule is the
	// endpoint's own.
	Takeover    *Takeover `json:"takeover,omitempty"`
	TestRuleARN string    `json:"test_rule_arn,omitempty"`
	// Aliases are the DNS records that ionroller set, and AliasTarget the load
	// balancer's name to which they point.
	Aliases []Alias `json:"aliases,omitempty"`
	// Pointing are those that were asked for and are not known to be set.
	Pointing     []Alias       `json:"pointing,omitempty"`
	AliasTarget  string        `json:"alias_target,omitempty"`
	Serial       int           `json:"serial"` // environments ever named
	Environments []Environment `json:"environments"`
	Active       string        `json:"active,omitempty"`  // name of the active environment, or OldGroups
	Rollout      *Rollout      `json:"rollout,omitempty"` // in flight
	Move         *Move         `json:"move,omitempty"`    // weights that were sent and not yet read back
	LastRollout  *Outcome      `json:"last_rollout,omitempty"`
	// GivenUp is the fingerprint of a release that failed: it is not tried again
	// before somebody asks for it anew.
	GivenUp string `json:"given_up,omitempty"`
	// Rejections are the releases that a guard or an operator took out.
	Rejections []Rejection `json:"rejections,omitempty"`
	// Pin says that an operator went back by hand; nil when nobody did.
	Pin *Pin `json:"pin,omitempty"`
	// Obeyed are the ids of the newest orders that were carried out.
	Obeyed []string `json:"obeyed,omitempty"`

	Trail  TrailHead `json:"trail"`
	Outbox []Event   `json:"outbox,omitempty"` // committed events, perhaps not yet in the trail
}

// Lease says who may change the endpoint.
type Lease struct {
	Holder string    `json:"holder"` // unique to one run
	Who    Who       `json:"who"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"` // by the holder's clock, for people to read
	// Brief says that the holder gives it back as soon as it would have to wait: who
	// comes next waits for that.
	Brief bool `json:"brief,omitempty"`
	// Rollback says that it was taken for an operator's rollback, from whoever had it.
	Rollback bool `json:"rollback,omitempty"`
}

// Intent is a change to AWS that was about to be made.
type Intent struct {
	Action string    `json:"action"`
	Since  time.Time `json:"since"`
}

// Move is a change of weights under way.
type Move struct {
	Weights map[string]int `json:"weights"` // percent by environment
	Why     string         `json:"why"`
	Since   time.Time      `json:"since"`
	// Answered says that AWS took them, and Fresh that the rule never had them
	// before, so that no read of the past can show them.
	Answered bool `json:"answered,omitempty"`
	Fresh    bool `json:"fresh,omitempty"`
}

// Kind says how a rollout reaches its environment.
type Kind string

const (
	New  Kind = "new"  // the environment is made for it
	Hot  Kind = "hot"  // proven, retained and healthy: one change of weight
	Warm Kind = "warm" // exists, but goes through steps and gates again
)

// Rollout is traffic moving from one environment to another.
type Rollout struct {
	ID    string `json:"id"`
	Kind  Kind   `json:"kind"`
	From  string `json:"from,omitempty"` // environment, or OldGroups; empty when nothing serves
	To    string `json:"to"`             // environment
	Steps []Step `json:"steps"`
	// By instance each step is one instance. Joined is when those of From began to
	// join To's target group, in which they make room one by one; zero before.
	By     By        `json:"by,omitempty"`
	Joined time.Time `json:"joined,omitzero"`
	// Step is the index of the step that is, or is being, set; -1 before any.
	Step int `json:"step"`
	// Given is the share that was sent to To last, in percent, and Sent when it rose to
	// that, from which guards look: also while the next step is not sent yet.
	Given int       `json:"given,omitempty"`
	Sent  time.Time `json:"sent,omitzero"`
	// Since is when the step's weight had been read back, from which its bake counts;
	// zero before.
	Since time.Time `json:"since,omitzero"`
	// Lacking is when somebody first noted that the rollout lacks what it waits for,
	// from which rollout.healthy_within counts; zero while it lacks nothing.
	Lacking time.Time `json:"lacking,omitzero"`
	Started time.Time `json:"started"`
	// Most is the largest share that was ever sent to To, in percent.
	Most int `json:"most,omitempty"`
	// Cap is the largest share that To gets, in percent: the policy's when the
	// step was set. 0 is no cap.
	Cap int `json:"cap,omitempty"`
	// Urgent says that an operator left all that serves: whatever healthy capacity
	// there is will do.
	Urgent bool `json:"urgent,omitempty"`
	// Smoked counts consecutive passes of the smoke check, and SmokeFault is what
	// the last one found wrong; Probed is when that was.
	Smoked     int       `json:"smoked,omitempty"`
	SmokeFault string    `json:"smoke_fault,omitempty"`
	Probed     time.Time `json:"probed,omitzero"`
	// Promoted is the number of steps whose pause was lifted.
	Promoted int `json:"promoted,omitempty"`
	// Paused says that an operator holds it, and Frozen that it went wrong and is
	// left as it is.
	Paused *Stall `json:"paused,omitempty"`
	Frozen *Stall `json:"frozen,omitempty"`
	// Back says why traffic goes back to From; empty while it goes forward.
	Back *GoingBack `json:"back,omitempty"`
}

// Share is what step i gives to To, in percent.
func (f *Rollout) Share(i int) int {
	if f.From == "" {
		return 100 // there is nobody to share with
	}
	return min(f.Steps[i].Weight, f.Limit())
}

// Set says that the weight of a step is to be set, or set anew; of step -1 that none is.
func (f *Rollout) Set(step int) {
	f.Step, f.Since = step, time.Time{}
	if step < 0 && f.Given > 0 {
		f.Given, f.Sent, f.Lacking = 0, time.Time{}, time.Time{}
	}
}

// Give notes that a share is being sent to To. From a higher one on guards look anew,
// and the rollout has what it needs for it.
func (f *Rollout) Give(share int, now time.Time) {
	if f.Sent.IsZero() || share > f.Given {
		f.Sent, f.Lacking = now, time.Time{}
	}
	f.Given = share
}

// Limit is the largest share that To gets, in percent.
func (f *Rollout) Limit() int {
	if f.Cap == 0 {
		return 100
	}
	return f.Cap
}

// GoingBack is why a rollout was given up.
type GoingBack struct {
	Result Result `json:"result"` // RolledBack or Superseded
	Reason string `json:"reason"`
	// Since is when it was, or when what it goes back to was last given capacity.
	Since time.Time `json:"since,omitzero"`
	// Rejects says that the release is not to be tried again unasked.
	Rejects  bool      `json:"rejects,omitempty"`
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Result is how a rollout ended.
type Result string

const (
	Succeeded  Result = "succeeded"
	RolledBack Result = "failed"     // the new environment was given up
	Superseded Result = "superseded" // another release was asked for meanwhile
)

// Outcome is a rollout that has ended.
type Outcome struct {
	ID       string    `json:"id"`
	Kind     Kind      `json:"kind"`
	From     string    `json:"from,omitempty"` // version
	To       string    `json:"to"`             // version
	Target   string    `json:"target"`         // fingerprint of the release it moved to
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	Result   Result    `json:"result"`
	Reason   string    `json:"reason,omitempty"`
	Carried  bool      `json:"carried"` // requests may have reached the new environment
	Rejected bool      `json:"rejected,omitempty"`
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Ask makes a spec the desired one. What a rollout lacks for something else than before is
// another lack, and a release that was given up is tried again.
func (r *Record) Ask(spec Spec) {
	if r.Rollout != nil && !reflect.DeepEqual(r.Desired, spec) {
		r.Rollout.Lacking = time.Time{}
	}
	r.Desired, r.GivenUp = spec, ""
}

// Environment returns the named environment, or nil.
func (r *Record) Environment(name string) *Environment {
	for i := range r.Environments {
		if r.Environments[i].Name == name {
			return &r.Environments[i]
		}
	}
	return nil
}

// Role returns what e is to the endpoint now.
func (r *Record) Role(e *Environment) Role {
	switch {
	case e.Name == r.Active:
		return Active
	case r.Rollout != nil && r.Rollout.To == e.Name:
		return Candidate
	case e.Failure != "" || e.Dropped != "" || !e.Carried:
		return Failed
	default:
		return Retained
	}
}

// Weights returns the share of traffic each environment shall have, in percent.
// Environments without a share are left out; an endpoint that nothing serves yet
// has none.
func (r *Record) Weights() map[string]int {
	f := r.Rollout
	if f == nil || f.Back != nil || f.Step < 0 {
		if r.Active == "" {
			return nil
		}
		return map[string]int{r.Active: 100}
	}
	w := f.Share(f.Step)
	if w == 100 || f.Shared() {
		return map[string]int{f.To: 100}
	}
	return map[string]int{f.From: 100 - w, f.To: w}
}

// Newest is the environment that the test route reaches: a candidate as soon as it
// is healthy, and otherwise the active one. It is "" when nothing is fit.
func (r *Record) Newest() string {
	if f := r.Rollout; f != nil && f.Back == nil && r.Environment(f.To).HealthyReads >= HealthyReadsWanted {
		return f.To
	}
	if r.TakingOver() {
		return ""
	}
	return r.Active
}

// Expires returns when the time of a retained or failed environment is over, and
// whether it ends at all.
func (r *Record) Expires(e *Environment) (time.Time, bool) {
	switch role := r.Role(e); {
	case role == Retained && !e.OutSince.IsZero():
		return e.OutSince.Add(r.Desired.Retention.KeepFor.Std()), true
	case role == Failed && !e.FailedAt.IsZero():
		return e.FailedAt.Add(r.Desired.Retention.FailedFor.Std()), true
	default:
		return time.Time{}, false
	}
}

// Judged is when the endpoint was last pinned, or a release of it rejected; when it was
// created, if neither. It tells a pin or a rejection of before from one of later, by
// the record's own times, and is never compared with a clock.
func (r *Record) Judged() time.Time {
	at := r.Created
	if r.Pin != nil && r.Pin.Time.After(at) {
		at = r.Pin.Time
	}
	for _, j := range r.Rejections {
		if j.Time.After(at) {
			at = j.Time
		}
	}
	return at
}

// Rejected returns why a release is not to be tried, or nil.
func (r *Record) Rejected(fingerprint string, retry int) *Rejection {
	for i := range r.Rejections {
		if j := &r.Rejections[i]; j.Fingerprint == fingerprint && retry <= j.Retry {
			return j
		}
	}
	return nil
}

// ActiveVersion returns the version that is live, or "".
func (r *Record) ActiveVersion() string {
	if e := r.Environment(r.Active); e != nil {
		return e.Release.Version
	}
	return ""
}

// Revive makes a tombstone the beginning of a new life under the same name. The
// trail goes on, and no environment's name comes twice.
func (r *Record) Revive(now time.Time) {
	*r = Record{
		Schema: SchemaVersion, Endpoint: r.Endpoint, Account: r.Account, Region: r.Region,
		Owner: r.Owner, Platform: r.Platform, Epoch: r.Epoch, Nonce: r.Nonce, Lease: r.Lease,
		Phase: Creating, Created: now, Serial: r.Serial, Trail: r.Trail, Outbox: r.Outbox,
	}
}

// Clone returns a copy that shares nothing which Decide or its effects change.
func (r Record) Clone() Record {
	r.Environments = slices.Clone(r.Environments)
	r.Outbox = slices.Clone(r.Outbox)
	r.Aliases = slices.Clone(r.Aliases)
	r.Pointing = slices.Clone(r.Pointing)
	r.Rejections = slices.Clone(r.Rejections)
	r.Obeyed = slices.Clone(r.Obeyed)
	r.Lease = clonePtr(r.Lease)
	r.Accepted = clonePtr(r.Accepted)
	r.Intent = clonePtr(r.Intent)
	r.LastRollout = clonePtr(r.LastRollout)
	r.Pin = clonePtr(r.Pin)
	r.Move = clonePtr(r.Move)
	r.Takeover = clonePtr(r.Takeover)
	r.Rollout = clonePtr(r.Rollout)
	if r.Rollout != nil {
		r.Rollout.Back = clonePtr(r.Rollout.Back)
		r.Rollout.Paused = clonePtr(r.Rollout.Paused)
		r.Rollout.Frozen = clonePtr(r.Rollout.Frozen)
	}
	return r
}

func clonePtr[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
