// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package contract holds what ionroller relies on in AWS, as tests. Each contract
// is a function over SDK clients and adapters that says how AWS behaves, and runs
// against every AWS that is at hand: the sandbox always, and moto's server, which
// this project did not write, where moto_server is on PATH.
//
// Where one of them is known not to keep a contract, the table of differences says
// why. What moto does not serve is skipped and said, never passed.
//
// Contracts are about the control plane. That traffic flows as rules say is for the
// sandbox's own tests, because moto has none.
package contract
