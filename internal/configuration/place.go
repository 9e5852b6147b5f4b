// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package configuration finds where a Terraform configuration says which version
// of an endpoint shall run, and changes it there: every other byte stays.
//
// It reads what is plain: the text in the endpoint's block, or the one behind a
// variable, a local value, or an entry of a map of them. It runs no Terraform and
// calls no functions; what only Terraform can evaluate is a *NotPlain, which says
// where to look and why.
package configuration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Place is where the version of an endpoint is written, as a text in quotes.
type Place struct {
	File    string // as the user would call it
	Line    int
	Version string // what is written there now
	// Variable is the root module's variable whose value it belongs to; empty when
	// it is in the configuration itself.
	Variable string

	text  []byte    // of the file, as it was read
	quote hcl.Range // the text with its quotes
	value hcl.Range // the variable's whole value
	json  bool
}

// String names the place as compilers and editors do.
func (p *Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Edited returns the file's text with another version.
func (p *Place) Edited(version string) []byte {
	return replaced(p.text, p.quote, quoted(version))
}

func replaced(text []byte, at hcl.Range, by []byte) []byte {
	return bytes.Join([][]byte{text[:at.Start.Byte], by, text[at.End.Byte:]}, nil)
}

// quoted is a text in quotes. A version has no character that HCL and JSON would
// quote differently: it is the tag of an image.
func quoted(version string) []byte {
	return hclwrite.TokensForValue(cty.StringVal(version)).Bytes()
}

// ValueFile returns a file of variable values, for -var-file, that gives the place's
// variable the value it has with another version, and the ending that Terraform
// knows such files by.
func (p *Place) ValueFile(version string) (text []byte, ending string) {
	value := replaced(p.text[:p.value.End.Byte], p.quote, quoted(version))[p.value.Start.Byte:]
	if p.json {
		return fmt.Appendf(nil, "{%q: %s}\n", p.Variable, value), ".tfvars.json"
	}
	return fmt.Appendf(nil, "%s = %s\n", p.Variable, value), ".tfvars"
}

// ErrChanged says that a file is not any more as it was read.
var ErrChanged = errors.New("it was changed by somebody else meanwhile, and is left as it is")

// Write changes the version in the file.
func (p *Place) Write(version string) error { return p.exchange(p.text, p.Edited(version)) }

// Restore takes back what Write did.
func (p *Place) Restore(version string) error { return p.exchange(p.Edited(version), p.text) }

// exchange puts a file with another text in the place of one, at once: whoever is
// killed meanwhile leaves either of them whole.
func (p *Place) exchange(from, to []byte) error {
	path, err := filepath.EvalSymlinks(p.File)
	if err != nil {
		return err
	}
	there, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	switch {
	case bytes.Equal(there, to):
		return nil
	case !bytes.Equal(there, from):
		return fmt.Errorf("%s: %w", p.File, ErrChanged)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	// Terraform does not read files whose names begin with a period.
	file, err := os.CreateTemp(filepath.Dir(path), ".ionroller-*")
	if err != nil {
		return err
	}
	_, err = file.Write(to)
	err = errors.Join(err, file.Chmod(info.Mode().Perm()), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// NotPlain says why the version of an endpoint cannot be changed, and where people
// have to look.
type NotPlain struct {
	Endpoint string
	File     string
	Line     int
	Why      string
	Next     string // what to do
}

func (n *NotPlain) Error() string {
	return fmt.Sprintf("the version of endpoint %s is not written plainly: %s:%d: %s; %s", n.Endpoint, n.File, n.Line, n.Why, n.Next)
}
