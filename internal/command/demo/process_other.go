// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build !unix

package demo

import "os/exec"

// isolate leaves the command as it is: without process groups and signals it can
// only be killed, which is what exec does when the context ends.
func isolate(*exec.Cmd) {}

// endGroup has no group to end.
func endGroup(*exec.Cmd) {}
