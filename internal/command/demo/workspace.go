// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

//go:embed main.tf
var configuration []byte

// host is the endpoint's host name in main.tf.
const host = "checkout.example.com"

// mirrored is the provider's version in the workspace: a folder's name, no more.
const mirrored = "0.0.1"

// workspace is a temporary folder with a Terraform configuration, and beside it
// the provider where terraform init finds it without a network.
type workspace struct {
	root string
}

func newWorkspace(executable string, info sandbox.Info) (_ *workspace, err error) {
	root, err := os.MkdirTemp("", "ionroller-demo-")
	if err != nil {
		return nil, err
	}
	w := &workspace{root}
	defer func() {
		if err != nil {
			_ = w.remove()
		}
	}()
	if err := w.mirror(executable); err != nil {
		return nil, fmt.Errorf("copying the provider: %w", err)
	}
	variables, err := json.Marshal(map[string]any{"sandbox": map[string]any{
		"region":       info.Region,
		"bucket":       info.Bucket,
		"vpc_id":       info.VPCID,
		"subnets":      info.Subnets,
		"listener_arn": info.ListenerARN,
	}})
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(w.folder(), 0o755); err != nil {
		return nil, err
	}
	for path, content := range map[string][]byte{
		w.cliConfig(): fmt.Appendf(nil, "provider_installation {\n  filesystem_mirror {\n    path = %s\n  }\n}\n",
			strconv.Quote(filepath.ToSlash(filepath.Join(root, "mirror")))),
		filepath.Join(w.folder(), "main.tf"):               configuration,
		filepath.Join(w.folder(), "terraform.tfvars.json"): variables,
	} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// folder is where terraform runs.
func (w *workspace) folder() string { return filepath.Join(w.root, "checkout") }

func (w *workspace) cliConfig() string { return filepath.Join(w.root, "terraform.rc") }

func (w *workspace) remove() error { return os.RemoveAll(w.root) }

// mirror puts the executable where a filesystem mirror has a provider: as a hard
// link where that works, else as a copy.
func (w *workspace) mirror(executable string) error {
	folder := filepath.Join(w.root, "mirror", "registry.terraform.io", "ionroller", "ionroller",
		mirrored, runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	plugin := filepath.Join(folder, "terraform-provider-ionroller_v"+mirrored)
	if runtime.GOOS == "windows" {
		plugin += ".exe"
	}
	if os.Link(executable, plugin) == nil {
		return nil
	}
	from, err := os.Open(executable)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(plugin, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close()
		return err
	}
	return to.Close()
}
