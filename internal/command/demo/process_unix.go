// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package demo

import (
	"os"
	"os/exec"
	"syscall"
)

// isolate gives the command a process group of its own. Ctrl-C at the terminal
// would reach it a second time otherwise, and terraform takes two for an order to
// drop everything.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
}

// endGroup kills what a command that is over has left behind.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
