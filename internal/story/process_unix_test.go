// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// isolate gives a program a process group, so that what it starts gets its
// signals too, as in a terminal.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interrupt is Ctrl-C.
func interrupt(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }

// signal is one sent to everything that a program started, too.
func signal(cmd *exec.Cmd, s syscall.Signal) error { return syscall.Kill(-cmd.Process.Pid, s) }

// providerOf finds the process in which a terraform runs the provider.
func providerOf(terraform *exec.Cmd) (int, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,pgid=,args=").Output()
	if err != nil {
		return 0, fmt.Errorf("ps: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		var pid, group int
		if _, err := fmt.Sscan(line, &pid, &group); err == nil && group == terraform.Process.Pid && strings.Contains(line, program.ionroller) {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("no provider runs in process group %d", terraform.Process.Pid)
}

// kill leaves a program and what it started no time for anything.
func kill(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
