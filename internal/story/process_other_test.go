// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build !unix

package story

import (
	"errors"
	"os/exec"
)

func isolate(*exec.Cmd) {}

func interrupt(*exec.Cmd) error { return errors.ErrUnsupported }

func kill(cmd *exec.Cmd) error { return cmd.Process.Kill() }
