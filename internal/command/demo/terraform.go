// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// patience is the time an interrupted terraform has to stop its provider and save
// its state before it is killed.
const patience = 15 * time.Second

// terraform runs the real thing, shut off from the settings of whoever started
// the demo.
type terraform struct {
	path   string
	folder string
	env    []string
}

// errNoTerraform says where to get it.
var errNoTerraform = errors.New("terraform was not found on PATH: " +
	"install Terraform 1.11 or later from https://developer.hashicorp.com/terraform/install and run the demo again")

func findTerraform() (string, error) {
	path, err := exec.LookPath("terraform")
	if err != nil {
		return "", errNoTerraform
	}
	return filepath.Abs(path)
}

func newTerraform(path string, w *workspace, info sandbox.Info) terraform {
	nowhere := filepath.Join(w.root, "none")
	return terraform{path: path, folder: w.folder(), env: append(inherited(os.Environ()),
		"TF_CLI_CONFIG_FILE="+w.cliConfig(),
		"TF_INPUT=0",
		"TF_IN_AUTOMATION=1",
		"CHECKPOINT_DISABLE=1",
		"AWS_ENDPOINT_URL="+info.EndpointURL,
		"AWS_REGION="+info.Region,
		"AWS_ACCESS_KEY_ID="+info.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+info.SecretAccessKey,
		"AWS_CONFIG_FILE="+nowhere,
		"AWS_SHARED_CREDENTIALS_FILE="+nowhere,
		"AWS_EC2_METADATA_DISABLED=true",
	)}
}

// inherited leaves out everything that would lead terraform or the provider away
// from the sandbox.
func inherited(environ []string) []string {
	var kept []string
	for _, variable := range environ {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "AWS_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// failedRun is a run of terraform that ended with an error of its own.
type failedRun struct {
	command string
	words   string // what terraform said about it
}

func (f *failedRun) Error() string { return fmt.Sprintf("%s failed:\n%s", f.command, f.words) }

// run returns what terraform prints. When ctx ends, terraform is interrupted as by
// Ctrl-C and waited for; nothing it started outlives the run.
func (t terraform) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, t.path, append(args, "-no-color")...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = t.folder, t.env, patience
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	isolate(cmd)
	err := cmd.Run()
	endGroup(cmd)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, &exit):
		return out.String(), &failedRun{commandLine(args), strings.TrimSpace(words.String())}
	case err != nil:
		return "", fmt.Errorf("%s: %w", commandLine(args), err)
	}
	return out.String(), nil
}

// commandLine is how a person would type the run.
func commandLine(args []string) string {
	words := []string{"terraform"}
	for _, arg := range args {
		if strings.ContainsAny(arg, " {}\"'") {
			arg = "'" + arg + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}
