// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Role is what an environment is to its endpoint at the moment.
type Role string

const (
	Candidate Role = "candidate" // a rollout is moving traffic to it
	Active    Role = "active"    // it is the live release's
	Retained  Role = "retained"  // it has no traffic and is kept for going back
	Failed    Role = "failed"    // it was given up and will be removed
)

// Environment is one immutable copy of a release, with what was resolved when it
// was made.
type Environment struct {
	Name        string  `json:"name"` // unique in the account and Region; chosen before it is made
	Release     Release `json:"release"`
	Fingerprint string  `json:"fingerprint"`
	// Capacity is what the platform was last told. While the environment serves
	// it follows the Spec.
	Capacity Capacity `json:"capacity"`

	ID           string `json:"id,omitempty"`            // the platform's, once it is known
	TargetGroup  string `json:"target_group,omitempty"`  // ARN
	ScalingGroup string `json:"scaling_group,omitempty"` // name
	PlatformARN  string `json:"platform_arn,omitempty"`
	// ImageDigest is what the image's tag pointed to; empty where that is not known.
	ImageDigest string `json:"image_digest,omitempty"`

	Created  time.Time `json:"created,omitzero"`   // its launch was asked for
	Launched bool      `json:"launched"`           // the platform accepted the launch
	Refused  bool      `json:"refused,omitempty"`  // the platform refused it for good
	OutSince time.Time `json:"out_since,omitzero"` // it left traffic; zero while it has some or never had any
	// HealthyReads counts consecutive reads with all its capacity healthy.
	HealthyReads int       `json:"healthy_reads"`
	LastRead     time.Time `json:"last_read,omitzero"` // of those reads
	// Carried says that it has had users' requests.
	Carried bool `json:"carried"`
	// Proven says that it carried all traffic through its last bake.
	Proven bool `json:"proven"`
	// Full is the number of instances it had when it last carried all traffic;
	// a retained environment keeps them.
	Full int `json:"full,omitempty"`
	// Failure says why the environment was given up; empty for a good one.
	Failure  string    `json:"failure,omitempty"`
	FailedAt time.Time `json:"failed_at,omitzero"` // zero when it was lost, not given up
	// Dropped says why an operator wants it gone, as soon as it has no traffic.
	Dropped string `json:"dropped,omitempty"`
	// Retired is when its termination was asked for; zero before.
	Retired time.Time `json:"retired,omitzero"`
}

// An environment is fit for its first request after this many consecutive reads
// that found all its capacity healthy, each at least the interval after the one
// before.
const (
	HealthyReadsWanted   = 3
	HealthyReadsInterval = time.Second
)

var notInNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

// EnvironmentName makes the name of an endpoint's n-th environment. It is a
// function of its arguments, so a creation that is repeated after a lost answer
// asks for the same name. At most 40 characters, as Elastic Beanstalk allows.
func EnvironmentName(endpoint string, r Release, serial int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", endpoint, r.Fingerprint(), serial))
	suffix := hex.EncodeToString(sum[:3])
	return cut(endpoint, 18) + "-" + cut(r.Version, 14) + "-" + suffix
}

func cut(s string, n int) string {
	s = strings.Trim(notInNames.ReplaceAllString(s, "-"), "-")
	return strings.Trim(s[:min(n, len(s))], "-")
}
