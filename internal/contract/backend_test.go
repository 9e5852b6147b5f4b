// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"net/http"
)

// backend is an AWS to hold to the contracts.
type backend struct {
	name   string
	url    string
	region string
	key    string // access key
	secret string

	account string
	vpc     string
	subnets []string
	// partial says that it serves only a part of AWS, and answers with status 500
	// to the rest.
	partial bool
	// unrecorded says, of another version than the one of which differences are
	// recorded, which it is.
	unrecorded string
	transport  http.RoundTripper
	// scalingGroup makes an Auto Scaling group of one to four instances with the
	// tag "contract", and returns its name and the target group it has.
	scalingGroup func(w *world) (name, targetGroup string)
}

const region = "us-east-1"
