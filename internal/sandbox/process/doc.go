// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package process runs a user's own command as the service of one instance: it
// gives it a port, variables and placeholders, passes its output on line by line,
// and ends it with everything that it has started.
//
// It does not know whether the service is healthy, and starts nothing again:
// whoever runs the instance sees to both.
package process
