// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package faults decides what goes wrong in the sandbox. A fault is a matcher
// (which calls, how often) and its effects (an error, a delay, a connection that
// breaks ...). Faults can be changed while the sandbox runs.
//
// It only decides: waiting, answering with the error or breaking the connection
// is up to whoever asks. The same settings with the same seed decide the same for
// the n-th call that a fault matches, whatever other calls do in between.
package faults
