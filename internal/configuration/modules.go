// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
)

// inModules says which of the modules that the root module calls may have the
// endpoint, or nil when none has any. It is about those that terraform init has put
// in place.
func (f *finder) inModules() error {
	var manifest struct {
		Modules []struct{ Key, Dir string }
	}
	text, err := os.ReadFile(filepath.Join(f.dataFolder(), "modules", "modules.json"))
	if err != nil || json.Unmarshal(text, &manifest) != nil {
		return nil //nolint:nilerr // there are none
	}
	for _, call := range f.calls {
		for _, entry := range manifest.Modules {
			if entry.Key != call.label {
				continue
			}
			m, err := load(filepath.Join(f.Dir, entry.Dir), f.Tofu)
			if err != nil {
				return err
			}
			if err := f.inModule(call, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// inModule says that a module has endpoints, of which one may be meant.
func (f *finder) inModule(call *block, m *module) error {
	for _, b := range m.endpoints {
		name, certain := call.argumentOf(b, "name")
		if v := f.text(name, f.root); certain && v != "" && v != f.endpoint {
			continue
		}
		why := fmt.Sprintf("module %q has endpoints (%s)", call.label, where(b))
		if version, ok := call.argumentOf(b, "version"); ok {
			return f.notPlain(version.in, version.line(), why+", and this is the version of one", "if it is this one, "+byHand)
		}
		return f.notPlain(call.in, call.line, why, "if it is one of them, change its version there, and release it with Terraform")
	}
	return nil
}

// argumentOf returns the module call's argument that is handed on to an argument
// of a block in the module.
func (c *block) argumentOf(b *block, argument string) (located, bool) {
	inner, ok := b.arguments[argument]
	if !ok {
		return located{}, false
	}
	to, diags := hcl.AbsTraversalForExpr(inner.Expression)
	steps, plain := stepsOf(hcl.Traversal(to)[min(1, len(to)):])
	if diags.HasErrors() || !plain || to.RootName() != "var" || len(steps) != 1 {
		return located{}, false
	}
	outer, ok := c.arguments[steps[0]]
	return outer, ok
}

// dataFolder is where terraform init keeps what it has fetched.
func (f *finder) dataFolder() string {
	folder, ok := f.environment("TF_DATA_DIR")
	switch {
	case !ok:
		return filepath.Join(f.Dir, ".terraform")
	case filepath.IsAbs(folder):
		return folder
	default:
		return filepath.Join(f.Dir, folder)
	}
}
