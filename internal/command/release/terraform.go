// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/ionroller/terraform-provider-ionroller/internal/command/terminal"
)

// patience is how long Terraform, once it is told to stop, has for the change that is
// under way and for saving its state. A second interrupt does not wait for it.
const patience = 5 * time.Minute

// terraform is Terraform or OpenTofu in the folder of a configuration.
type terraform struct {
	*tfexec.Terraform
	tofu bool
}

// findTerraform returns the program: the one named, or what is on PATH.
func findTerraform(named string) (string, error) {
	if named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("unable to run %s: %w", named, err)
		}
		return filepath.Abs(path)
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", errors.New("neither terraform nor tofu was found on PATH: install one of them, or say with --terraform where it is")
}

func newTerraform(path, folder string, out, words io.Writer) (*terraform, error) {
	tf, err := tfexec.NewTerraform(folder, path)
	if err != nil {
		return nil, err
	}
	// Who closes the terminal must not end Terraform, which could not save its state.
	tf.SetStdout(terminal.Lasting(out))
	tf.SetStderr(terminal.Lasting(words))
	if err := tf.SetWaitDelay(patience); err != nil {
		return nil, err
	}
	return &terraform{tf, strings.HasPrefix(filepath.Base(path), "tofu")}, nil
}

// quiet runs something without printing what it prints on standard output.
func (t *terraform) quiet(out io.Writer, run func() error) error {
	t.SetStdout(io.Discard)
	defer t.SetStdout(terminal.Lasting(out))
	return run()
}

// sameWorkspace refuses a TF_WORKSPACE, which does not reach Terraform from here, that
// is another than the one selected.
func (t *terraform) sameWorkspace(ctx context.Context, out io.Writer) error {
	wanted := os.Getenv("TF_WORKSPACE")
	if wanted == "" {
		return nil
	}
	var selected string
	err := t.quiet(out, func() (err error) {
		selected, err = t.WorkspaceShow(ctx)
		return err
	})
	if err != nil {
		return failure("workspace show", err)
	}
	if selected != wanted {
		return fmt.Errorf("TF_WORKSPACE is %s, and the workspace that is selected is %s: select the one that is meant with terraform workspace select", wanted, selected)
	}
	return nil
}

// plan plans into a file. Without a lock it works with credentials that only read.
func (t *terraform) plan(ctx context.Context, file string, lock bool, valueFiles []string) (changes bool, err error) {
	options := []tfexec.PlanOption{tfexec.Out(file), tfexec.Lock(lock)}
	for _, values := range valueFiles {
		options = append(options, tfexec.VarFile(values))
	}
	changes, err = t.Plan(ctx, options...)
	return changes, failure("plan", err)
}

// show reads a plan.
func (t *terraform) show(ctx context.Context, out io.Writer, file string) (plan *tfjson.Plan, err error) {
	err = t.quiet(out, func() error {
		plan, err = t.ShowPlanFile(ctx, file)
		return err
	})
	return plan, failure("show", err)
}

// apply does what a plan shows.
func (t *terraform) apply(ctx context.Context, file string) error {
	return failure("apply", t.Apply(ctx, tfexec.DirOrPlan(file)))
}

// failure leaves out of an error what Terraform has said of it itself.
func failure(command string, err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("terraform %s was interrupted: %w", command, context.Canceled)
	case errors.As(err, &exit):
		return fmt.Errorf("terraform %s failed", command)
	default:
		return fmt.Errorf("terraform %s: %w", command, err)
	}
}
