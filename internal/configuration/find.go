// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Query says where to look.
type Query struct {
	Dir      string   // the root module
	VarFiles []string // those of -var-file, in the order given; relative ones are in Dir
	Environ  []string // of the process that runs Terraform
	Tofu     bool     // it is OpenTofu, which reads .tofu files too
}

// finder looks for one endpoint's version.
type finder struct {
	Query
	*module
	files    []given
	root     *hcl.EvalContext
	endpoint string
}

// Find returns where the version of an endpoint is written.
func Find(q Query, endpoint string) (*Place, error) {
	m, err := load(q.Dir, q.Tofu)
	if err != nil {
		return nil, err
	}
	files, err := valueFiles(q)
	if err != nil {
		return nil, err
	}
	f := &finder{Query: q, module: m, files: files, endpoint: endpoint}
	f.root = f.scope()
	var all []instance
	for _, b := range m.endpoints {
		all = append(all, f.instances(b)...)
	}
	chosen, err := f.choose(all)
	if err != nil {
		return nil, err
	}
	place, err := f.placeOf(chosen)
	if err != nil {
		return nil, err
	}
	return place, f.alone(place, chosen, all)
}

// choose returns the instance that is the endpoint.
func (f *finder) choose(all []instance) (instance, error) {
	var found, unsure []instance
	names := []string{}
	for _, i := range all {
		switch i.name {
		case f.endpoint:
			found = append(found, i)
		case "":
			unsure = append(unsure, i)
		default:
			names = append(names, i.name)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		first := found[0].block
		return instance{}, f.notPlain(first.in, first.line, fmt.Sprintf("%s has the same name", where(found[1].block)), "give each endpoint a name of its own")
	case len(unsure) > 0:
		b := unsure[0].block
		argument, ok := b.arguments["name"]
		if forEach, repeated := b.arguments["for_each"]; repeated {
			argument, ok = forEach, true
		}
		if !ok {
			return instance{}, f.notPlain(b.in, b.line, "the endpoint of this block has no name", "give it one")
		}
		return instance{}, f.notPlain(argument.in, argument.line(), "only Terraform can tell the names of this block's endpoints", "if it is one of them, change its version there")
	}
	if err := f.inModules(); err != nil {
		return instance{}, err
	}
	slices.Sort(names)
	there := "it has none at all"
	if len(names) > 0 {
		there = "it has " + strings.Join(names, ", ")
	}
	return instance{}, fmt.Errorf("the configuration in %s has no endpoint %s: %s; --chdir says where it is", f.Dir, f.endpoint, there)
}

func where(b *block) string { return fmt.Sprintf("%s:%d", b.in.path, b.line) }

// placeOf returns where the version of an instance is written.
func (f *finder) placeOf(i instance) (*Place, error) {
	version, ok := i.block.arguments["version"]
	if !ok {
		return nil, f.notPlain(i.block.in, i.block.line, "the block has no version", "give it one")
	}
	t := tracer{finder: f, of: i}
	return t.follow(version, nil)
}

// alone refuses a place that is the version of other endpoints too.
func (f *finder) alone(place *Place, chosen instance, all []instance) error {
	for _, other := range all {
		if other.block == chosen.block && other.key == chosen.key {
			continue
		}
		same, err := f.placeOf(other)
		if err != nil || same.File != place.File || same.quote.Start.Byte != place.quote.Start.Byte {
			continue
		}
		name := other.name
		if name == "" {
			name = where(other.block)
		}
		return &NotPlain{
			Endpoint: f.endpoint, File: place.File, Line: place.Line,
			Why:  "it is the version of endpoint " + name + " too",
			Next: "give each its own, or change it there to release all of them with Terraform",
		}
	}
	return nil
}

func (f *finder) notPlain(in *source, line int, why, next string) error {
	return &NotPlain{Endpoint: f.endpoint, File: in.path, Line: line, Why: why, Next: next}
}
