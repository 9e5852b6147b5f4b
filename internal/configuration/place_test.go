// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The value of a variable with another version, and of no other variable.
func TestValueFile(t *testing.T) {
	for name, c := range map[string]struct {
		files        files
		text, ending string
	}{
		"a text": {
			files{"main.tf": byVariable, "terraform.tfvars": "a = 1\nrelease_version = \"1.0.0\" # old\nb = 2\n"},
			"release_version = \"2.0.0\"\n", ".tfvars",
		},
		"a map": {
			files{"main.tf": byMap, "terraform.tfvars": "versions = {\n  basket = \"0.1.0\" # 1\n  checkout = \"1.0.0\"\n}\n"},
			"versions = {\n  basket = \"0.1.0\" # 1\n  checkout = \"2.0.0\"\n}\n", ".tfvars",
		},
		"JSON": {
			files{"main.tf": byMap, "x.auto.tfvars.json": `{"a": 1, "versions": {"checkout": "1.0.0", "basket": "0.1.0"}}`},
			"{\"versions\": {\"checkout\": \"2.0.0\", \"basket\": \"0.1.0\"}}\n", ".tfvars.json",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Find(Query{Dir: c.files.write(t)}, "checkout")
			if err != nil {
				t.Fatal(err)
			}
			if text, ending := p.ValueFile("2.0.0"); string(text) != c.text || ending != c.ending {
				t.Errorf("it is %q, %s", text, ending)
			}
		})
	}
}

// What somebody else did to the file meanwhile stays.
func TestChangedMeanwhile(t *testing.T) {
	folder := files{"main.tf": "resource \"ionroller_endpoint\" \"c\" {\n  name = \"checkout\"\n  version = \"1.0.0\"\n}\n"}.write(t)
	path := filepath.Join(folder, "main.tf")
	p, err := Find(Query{Dir: folder}, "checkout")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("# another\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	for _, exchange := range []func(string) error{p.Write, p.Restore} {
		if err := exchange("2.0.0"); !errors.Is(err, ErrChanged) {
			t.Errorf("it was changed: %v", err)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "# another\n" {
		t.Errorf("the file is %q: %v", text, err)
	}
}

// A file that is a link stays one.
func TestLink(t *testing.T) {
	folder := files{"main.tf": byVariable, "shared/prod.tfvars": "release_version = \"1.0.0\"\n"}.write(t)
	link := filepath.Join(folder, "terraform.tfvars")
	if err := os.Symlink(filepath.Join("shared", "prod.tfvars"), link); err != nil {
		t.Fatal(err)
	}
	p, err := Find(Query{Dir: folder}, "checkout")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write("2.0.0"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v: %v", info, err)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "shared", "prod.tfvars")); err != nil || string(text) != "release_version = \"2.0.0\"\n" {
		t.Errorf("the file is %q: %v", text, err)
	}
}
