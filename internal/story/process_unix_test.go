// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"os/exec"
	"syscall"
)

// isolate gives a program a process group, so that what it starts gets its
// signals too, as in a terminal.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt is Ctrl-C.
func interrupt(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }

// kill leaves a program and what it started no time for anything.
func kill(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// The signals of the stories.
const (
	terminate = syscall.SIGTERM
	killed    = syscall.SIGKILL
	stopped   = syscall.SIGSTOP
	goOn      = syscall.SIGCONT
)

// signal sends a signal to a process, or to the group of a negative number.
func (w *world) signal(pid int, s syscall.Signal) {
	w.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		w.Fatal(err)
	}
}
