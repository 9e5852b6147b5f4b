// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import "time"

// OnFailure says what happens when a guard speaks against a release.
type OnFailure string

const (
	Rollback OnFailure = "rollback" // traffic goes back to the live release
	Freeze   OnFailure = "freeze"   // traffic is left as it is
)

// Pause holds a rollout after a step's bake until somebody promotes it.
type Pause struct {
	Deadline Duration     `json:"deadline"` // counted from the end of the bake
	Then     AfterTheWait `json:"then"`     // when nobody promoted it by then
}

// AfterTheWait is what becomes of a rollout that nobody promoted in time.
type AfterTheWait string

const (
	ThenPromote  AfterTheWait = "promote"
	ThenRollback AfterTheWait = "rollback"
	ThenFreeze   AfterTheWait = "freeze"
)

// Analysis judges a candidate by what the load balancer measured of it since the
// step began, alone and beside the active environment over the same time.
type Analysis struct {
	ErrorRate *ErrorRate `json:"error_rate,omitempty"`
	Latency   *Latency   `json:"latency,omitempty"`
	// UnhealthyHosts is the largest number of unhealthy targets that is borne; nil
	// for any.
	UnhealthyHosts *int `json:"unhealthy_hosts,omitempty"`
	// MinimumRequests is the number of requests below which nothing is concluded.
	MinimumRequests int `json:"minimum_requests"`
}

// ErrorRate bounds the share of requests that the targets answered with a 5xx
// code, in percent. A bound of 0 for MaxRatio is none.
type ErrorRate struct {
	Max      *float64 `json:"max,omitempty"`       // percent
	MaxRatio float64  `json:"max_ratio,omitempty"` // to the active environment's rate
}

// Latency bounds a percentile of the time that targets take to answer.
type Latency struct {
	Percentile float64  `json:"percentile"`          // 0 to 100, as 99 or 99.9
	Max        Duration `json:"max,omitempty"`       // 0 for none
	MaxRatio   float64  `json:"max_ratio,omitempty"` // to the active environment's; 0 for none
}

// Evidence is what a guard saw when it spoke against a release.
type Evidence struct {
	Guard     string  `json:"guard"` // "alarm", "error rate", "latency", "unhealthy hosts", ...
	Subject   string  `json:"subject,omitempty"`
	Value     string  `json:"value"`
	Threshold string  `json:"threshold"`
	Window    string  `json:"window,omitempty"`
	Share     int     `json:"share"`   // of traffic at that moment, in percent
	Exposed   float64 `json:"exposed"` // requests the release had answered, as far as CloudWatch knew
	// Together says that Exposed counts the live release's answers too: by instance both
	// releases answer from one target group.
	Together bool `json:"together,omitempty"`
}

// Rejection takes a release out: it gets no traffic before somebody asks for it
// on purpose.
type Rejection struct {
	Fingerprint string    `json:"fingerprint"`
	Version     string    `json:"version"`
	Reason      string    `json:"reason"`
	Time        time.Time `json:"time"`
	// Retry is rollout.retry at that time: raised above it, the release is tried again.
	Retry int `json:"retry"`
	// Pinned says that an operator went back from it by hand.
	Pinned bool `json:"pinned,omitempty"`
}

// Pin holds an endpoint at the release that an operator went back to, until it is
// lifted or another release than the one left is asked for.
type Pin struct {
	Fingerprint string    `json:"fingerprint"` // of the release that is to stay
	Version     string    `json:"version"`
	Left        string    `json:"left"` // version that was left
	Reason      string    `json:"reason,omitempty"`
	Time        time.Time `json:"time"`
	Who         Who       `json:"who"`
}

// Stall says why a rollout does not go on by itself.
type Stall struct {
	Reason   string    `json:"reason"`
	Since    time.Time `json:"since"`
	Retry    int       `json:"retry"` // rollout.retry at that time: raised above it, the rollout goes on
	Evidence *Evidence `json:"evidence,omitempty"`
}
