// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"maps"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Change is an argument that one configuration has otherwise than another.
type Change struct {
	Argument string `json:"argument"` // its path, as "rollout.steps[1].weight"
	From     string `json:"from"`     // "" where there is none
	To       string `json:"to"`
}

// Changes compares two configurations. Values of environment variables are compared
// and not told.
func Changes(from, to endpoint.Spec) []Change {
	before, after := leaves(from), leaves(to)
	paths := map[string]bool{}
	for path := range before {
		paths[path] = true
	}
	for path := range after {
		paths[path] = true
	}
	all := []Change{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		was, is := before[path], after[path]
		if was == is {
			continue
		}
		all = append(all, Change{path, was.shown(), is.shown()})
	}
	return all
}

// leaf is one value of a configuration.
type leaf struct {
	text   string
	there  bool
	hidden bool
}

func (l leaf) shown() string {
	if l.there && l.hidden {
		return Hidden
	}
	return l.text
}

// leaves are the single values of a configuration by their paths.
func leaves(s endpoint.Spec) map[string]leaf {
	all := map[string]leaf{}
	var walk func(path string, v cty.Value)
	walk = func(path string, v cty.Value) {
		switch t := v.Type(); {
		case t.IsObjectType() || t.IsMapType():
			for name, member := range v.AsValueMap() {
				at := name
				if path != "" {
					at = path + "." + name
				}
				if path == "container.environment" {
					all[at] = leaf{text: member.AsString(), there: true, hidden: true}
					continue
				}
				walk(at, member)
			}
		case t.IsTupleType():
			for i, member := range v.AsValueSlice() {
				walk(path+"["+strconv.Itoa(i)+"]", member)
			}
		case t == cty.String:
			all[path] = leaf{text: v.AsString(), there: true}
		case t == cty.Bool:
			all[path] = leaf{text: strconv.FormatBool(v.True()), there: true}
		case t == cty.Number:
			all[path] = leaf{text: v.AsBigFloat().Text('g', -1), there: true}
		}
	}
	for _, a := range arguments(s, true) {
		walk(a.name, a.value)
	}
	return all
}
