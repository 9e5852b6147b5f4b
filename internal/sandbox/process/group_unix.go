// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// isolate gives the command a process group of its own, by which all that it
// starts can be ended, and which an interrupt at the terminal does not reach.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// terminate asks the group to end. A group that has gone is what is wanted.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// kill ends the group.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
