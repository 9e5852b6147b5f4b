// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

// TestRoute says which requests reach the newest environment, before and while
// users' requests do: those for hosts of its own, or those of the endpoint's own
// hosts that carry a header.
type TestRoute struct {
	Hosts []string `json:"hosts,omitempty"`
	// Header and Values pick requests by an HTTP header, when there are no Hosts.
	Header string   `json:"header,omitempty"`
	Values []string `json:"values,omitempty"`
}

// Smoke is a check that a new environment passes over the test route before the
// first user's request reaches it.
type Smoke struct {
	Path   string `json:"path"`
	Status int    `json:"status"` // expected HTTP code
	Count  int    `json:"count"`  // consecutive answers wanted
}
