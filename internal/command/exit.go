// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/release"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitBack        = 3
	exitRefused     = 4
	exitHeld        = 5
	exitDiffers     = 6
	exitInterrupted = 130
)

// exitCodes says what each of them means.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitDone, "done"},
	{exitFailed, "failed, or ended by the first interrupt"},
	{exitUsage, "called wrongly: nothing was done"},
	{exitBack, "the rollout was rolled back"},
	{exitRefused, "refused, because the release is rejected or the endpoint pinned"},
	{exitHeld, "another run holds the endpoint's lease"},
	{exitDiffers, "ionroller diff: what there is differs from what is desired"},
	{exitInterrupted, "ended by the second interrupt (143 when that is SIGTERM)"},
}

func exitCodesText() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "\n  %3d  %s", e.code, e.meaning)
	}
	return b.String()
}

// exitCode is what an error ends the program with.
func exitCode(err error) int {
	var usage *usageError
	var held *roller.Held
	var failed *roller.Failed
	var rejected *roller.Rejected
	var refused *release.Refused
	var holder *release.WasHeld
	var different *differs
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &held), errors.As(err, &holder):
		return exitHeld
	case errors.As(err, &rejected), errors.As(err, &refused):
		return exitRefused
	case errors.As(err, &different):
		return exitDiffers
	case errors.As(err, &failed) && failed.Outcome != nil && failed.Outcome.Result == endpoint.RolledBack:
		return exitBack
	}
	return exitFailed
}
