// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build !unix

package process

import "os/exec"

// isolate leaves the command as it is: there are no process groups.
func isolate(*exec.Cmd) {}

// terminate kills: there is no signal to ask with.
func terminate(cmd *exec.Cmd) { kill(cmd) }

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
