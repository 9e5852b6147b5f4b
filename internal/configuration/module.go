// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
)

// source is a file of the configuration.
type source struct {
	path   string
	text   []byte
	body   hcl.Body
	json   bool
	values bool // it gives variables their values: its texts are no templates
}

// located is an expression and the file it is in.
type located struct {
	hcl.Expression
	in *source
}

func (l located) line() int { return l.Range().Start.Line }

// block is an ionroller_endpoint, or a module call.
type block struct {
	label     string
	arguments map[string]located
	in        *source
	line      int
}

// module is what one folder declares, as far as it matters here.
type module struct {
	folder    string
	endpoints []*block
	calls     []*block
	variables map[string]*variable
	locals    map[string]located
}

type variable struct {
	fallback *located // its default
	in       *source
	line     int
}

var (
	moduleSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "resource", LabelNames: []string{"type", "name"}}, {Type: "variable", LabelNames: []string{"name"}},
		{Type: "module", LabelNames: []string{"name"}}, {Type: "locals"},
	}}
	endpointSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "name"}, {Name: "version"}, {Name: "for_each"}}}
	variableSchema = &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "default"}}}
)

// read parses a file. A file of values is one of -var-file or what Terraform reads
// like it.
func read(path string, values bool) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, text: text, json: strings.HasSuffix(path, ".json"), values: values}
	var file *hcl.File
	var diags hcl.Diagnostics
	if s.json {
		file, diags = json.Parse(text, path)
	} else {
		file, diags = hclsyntax.ParseConfig(text, path, hcl.InitialPos)
	}
	if diags.HasErrors() {
		return nil, fmt.Errorf("unable to read the configuration: %w", diags)
	}
	s.body = file.Body
	return s, nil
}

// load reads the files of a folder as Terraform does, or as OpenTofu does: those
// that override others last.
func load(folder string, tofu bool) (*module, error) {
	names, err := filesOf(folder, tofu)
	if err != nil {
		return nil, err
	}
	m := &module{folder: folder, variables: map[string]*variable{}, locals: map[string]located{}}
	for _, name := range names {
		s, err := read(filepath.Join(folder, name), false)
		if err != nil {
			return nil, err
		}
		if err := m.take(s); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// filesOf lists the configuration files of a folder.
func filesOf(folder string, tofu bool) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("unable to read the configuration: %w", err)
	}
	var names []string
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name()] = true
		if stem, _ := stemOf(e.Name(), tofu); stem != "" && !e.IsDir() && !ignored(e.Name()) {
			names = append(names, e.Name())
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { // OpenTofu's own files stand in for Terraform's
		stem, kind := stemOf(name, tofu)
		return tofu && strings.HasPrefix(kind, ".tf") && there[stem+strings.Replace(kind, ".tf", ".tofu", 1)]
	})
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(overrides(a, tofu), overrides(b, tofu)) })
	return names, nil
}

// ignored says that Terraform takes a file for an editor's.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#")
}

// stemOf divides the name of a configuration file; the stem of another is "".
func stemOf(name string, tofu bool) (stem, kind string) {
	kinds := []string{".tf", ".tf.json"}
	if tofu {
		kinds = append(kinds, ".tofu", ".tofu.json")
	}
	for _, kind := range kinds {
		if stem, ok := strings.CutSuffix(name, kind); ok {
			return stem, kind
		}
	}
	return "", ""
}

// overrides is 1 for a file whose arguments take the place of others'.
func overrides(name string, tofu bool) int {
	if stem, _ := stemOf(name, tofu); stem == "override" || strings.HasSuffix(stem, "_override") {
		return 1
	}
	return 0
}

// take adds what a file declares, or lets it override what is there.
func (m *module) take(s *source) error {
	content, _, diags := s.body.PartialContent(moduleSchema)
	if diags.HasErrors() {
		return diags
	}
	for _, b := range content.Blocks {
		var err error
		switch {
		case b.Type == "resource" && b.Labels[0] == "ionroller_endpoint":
			err = m.takeEndpoint(s, b)
		case b.Type == "variable":
			err = m.takeVariable(s, b)
		case b.Type == "locals":
			err = m.takeLocals(s, b)
		case b.Type == "module":
			// What its other arguments are is no matter of ours.
			attributes, _ := b.Body.JustAttributes()
			m.calls = append(m.calls, newBlock(s, b, b.Labels[0], attributes))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func newBlock(s *source, b *hcl.Block, label string, attributes hcl.Attributes) *block {
	made := &block{label: label, arguments: map[string]located{}, in: s, line: b.DefRange.Start.Line}
	for name, a := range attributes {
		made.arguments[name] = located{a.Expr, s}
	}
	return made
}

func (m *module) takeEndpoint(s *source, b *hcl.Block) error {
	content, _, diags := b.Body.PartialContent(endpointSchema)
	if diags.HasErrors() {
		return diags
	}
	made := newBlock(s, b, b.Labels[1], content.Attributes)
	for _, there := range m.endpoints {
		if there.label == made.label {
			for name, argument := range made.arguments {
				there.arguments[name] = argument
			}
			return nil
		}
	}
	m.endpoints = append(m.endpoints, made)
	return nil
}

func (m *module) takeVariable(s *source, b *hcl.Block) error {
	content, _, diags := b.Body.PartialContent(variableSchema)
	if diags.HasErrors() {
		return diags
	}
	v := m.variables[b.Labels[0]]
	if v == nil {
		v = &variable{in: s, line: b.DefRange.Start.Line}
		m.variables[b.Labels[0]] = v
	}
	if a := content.Attributes["default"]; a != nil {
		v.fallback = &located{a.Expr, s}
	}
	return nil
}

func (m *module) takeLocals(s *source, b *hcl.Block) error {
	attributes, diags := b.Body.JustAttributes()
	if diags.HasErrors() {
		return diags
	}
	for name, a := range attributes {
		m.locals[name] = located{a.Expr, s}
	}
	return nil
}
