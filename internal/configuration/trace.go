// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// tracer follows the expression of a version to the text behind it.
type tracer struct {
	*finder
	of       instance
	variable string    // through which it went last
	value    hcl.Range // of that variable
	turns    int
}

// maxTurns ends what goes in a circle.
const maxTurns = 100

const byHand = "change it there, and release it with Terraform"

// follow returns the place behind an expression; path leads on into its value.
func (t *tracer) follow(at located, path []string) (*Place, error) {
	if t.turns++; t.turns > maxTurns {
		return nil, t.stop(at, "it refers to itself", byHand)
	}
	if native, ok := at.Expression.(hclsyntax.Expression); ok {
		return t.native(at, native, path)
	}
	if pairs, diags := hcl.ExprMap(at.Expression); !diags.HasErrors() {
		return t.entry(at, pairs, path)
	}
	v, diags := at.Value(nil) // JSON without a scope: texts as they are
	if diags.HasErrors() || v.Type() != cty.String || v.IsNull() {
		return nil, t.stop(at, "it is no text in quotes", byHand)
	}
	if at.in.values {
		return t.found(at, v.AsString(), path)
	}
	template, diags := hclsyntax.ParseTemplate([]byte(v.AsString()), at.in.path, at.Range().Start)
	if diags.HasErrors() {
		return nil, diags
	}
	if whole, ok := template.(*hclsyntax.TemplateWrapExpr); ok {
		if _, literal := whole.Wrapped.(*hclsyntax.TemplateExpr); !literal {
			return t.native(at, whole.Wrapped, path)
		}
	}
	if text, ok := template.(*hclsyntax.TemplateExpr); ok && text.IsStringLiteral() {
		return t.found(at, v.AsString(), path)
	}
	return nil, t.stop(at, "it is put together of parts", byHand)
}

// native follows an expression of HCL's native syntax.
func (t *tracer) native(at located, e hclsyntax.Expression, path []string) (*Place, error) {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return t.follow(located{e.Expression, at.in}, path)
	case *hclsyntax.ObjectConsExpr:
		pairs, _ := hcl.ExprMap(e)
		return t.entry(at, pairs, path)
	case *hclsyntax.TemplateExpr:
		v, diags := e.Value(nil)
		start := e.Range().Start.Byte
		if e.IsStringLiteral() && !diags.HasErrors() && !at.in.json && at.in.text[start] == '"' {
			return t.found(at, v.AsString(), path)
		}
		return nil, t.stop(at, "it is put together of parts, or a heredoc", byHand)
	case *hclsyntax.ScopeTraversalExpr:
		return t.traversal(at, e.Traversal, path)
	case *hclsyntax.RelativeTraversalExpr:
		steps, ok := stepsOf(e.Traversal)
		if !ok {
			break
		}
		return t.follow(located{e.Source, at.in}, append(steps, path...))
	case *hclsyntax.IndexExpr:
		key := t.text(located{e.Key, at.in}, t.of.each)
		if key == "" {
			return nil, t.stop(at, "only Terraform can tell which entry it is", byHand)
		}
		return t.follow(located{e.Collection, at.in}, append([]string{key}, path...))
	case *hclsyntax.FunctionCallExpr:
		return nil, t.stop(at, fmt.Sprintf("it is computed by %s()", e.Name), byHand)
	case *hclsyntax.ConditionalExpr:
		return nil, t.stop(at, "it depends on a condition", byHand)
	case *hclsyntax.LiteralValueExpr:
		return nil, t.stop(at, "it is no text in quotes", byHand)
	}
	return nil, t.stop(at, "it is an expression", byHand)
}

// entry follows one entry of an object.
func (t *tracer) entry(at located, pairs []hcl.KeyValuePair, path []string) (*Place, error) {
	if len(path) == 0 {
		return nil, t.stop(at, "it is an object, and no text in quotes", byHand)
	}
	for _, pair := range slices.Backward(pairs) {
		key, diags := pair.Key.Value(nil)
		if diags.HasErrors() || key.Type() != cty.String {
			return nil, t.stop(located{pair.Key, at.in}, "only Terraform can tell the key of this entry", byHand)
		}
		if key.AsString() == path[0] {
			return t.follow(located{pair.Value, at.in}, path[1:])
		}
	}
	return nil, t.stop(at, fmt.Sprintf("it has no entry %q", path[0]), "add it there")
}

// traversal follows a reference.
func (t *tracer) traversal(at located, to hcl.Traversal, path []string) (*Place, error) {
	steps, ok := stepsOf(to[1:])
	if !ok || len(steps) == 0 {
		return nil, t.stop(at, "it is an expression", byHand)
	}
	path = append(steps[1:], path...)
	switch root := to.RootName(); root {
	case "var":
		return t.throughVariable(at, steps[0], path)
	case "local":
		if l, ok := t.locals[steps[0]]; ok {
			return t.follow(l, path)
		}
		return nil, t.stop(at, fmt.Sprintf("there is no local.%s", steps[0]), byHand)
	case "each":
		forEach, ok := t.of.block.arguments["for_each"]
		if !ok || t.of.key == "" || steps[0] != "value" {
			return nil, t.stop(at, "only Terraform can tell which entry of for_each it is", byHand)
		}
		return t.follow(forEach, append([]string{t.of.key}, path...))
	default:
		return nil, t.stop(at, fmt.Sprintf("it comes from %s.%s", root, strings.Join(steps, ".")), "change it where that comes from")
	}
}

// stepsOf are the names and keys of a reference.
func stepsOf(t hcl.Traversal) (steps []string, ok bool) {
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			steps = append(steps, step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() != cty.String {
				return nil, false
			}
			steps = append(steps, step.Key.AsString())
		default:
			return nil, false
		}
	}
	return steps, true
}

// throughVariable follows a variable to what gives it its value.
func (t *tracer) throughVariable(at located, name string, path []string) (*Place, error) {
	v := t.variables[name]
	if v == nil {
		return nil, t.stop(at, fmt.Sprintf("there is no variable %q", name), byHand)
	}
	if by := t.commandLine(name); by != "" {
		return nil, t.notPlain(v.in, v.line, fmt.Sprintf("%s gives variable %q its value, or may do so", by, name), "change it there, or give files of values by --var-file")
	}
	all := t.givenIn(name)
	_, inEnvironment := t.environment("TF_VAR_" + name)
	switch {
	case len(all) > 1:
		last := all[len(all)-1]
		var others []string
		for _, other := range all[:len(all)-1] {
			others = append(others, fmt.Sprintf("%s:%d", other.in.path, other.line()))
		}
		return nil, t.stop(last, fmt.Sprintf("variable %q is given here, which counts, and in %s", name, strings.Join(others, ", ")), "leave one of them, or change it there and release it with Terraform")
	case len(all) == 1:
		t.variable, t.value = name, all[0].Range()
		return t.follow(all[0], path)
	case inEnvironment:
		return nil, t.notPlain(v.in, v.line, fmt.Sprintf("the environment gives variable %q its value (TF_VAR_%s)", name, name), "change it there, or put it into terraform.tfvars, which counts more")
	case v.fallback != nil:
		t.variable, t.value = name, v.fallback.Range()
		return t.follow(*v.fallback, path)
	default:
		return nil, t.notPlain(v.in, v.line, fmt.Sprintf("nothing gives variable %q a value", name), "put it into terraform.tfvars, or name its file with --var-file")
	}
}

// found is the end: a text in quotes.
func (t *tracer) found(at located, version string, path []string) (*Place, error) {
	if len(path) > 0 {
		return nil, t.stop(at, fmt.Sprintf("it is a text, and has no entry %q", path[0]), byHand)
	}
	return &Place{
		File: at.in.path, Line: at.line(), Version: version, Variable: t.variable,
		text: at.in.text, quote: at.Range(), value: t.value, json: at.in.json,
	}, nil
}

func (t *tracer) stop(at located, why, next string) error {
	return t.notPlain(at.in, at.line(), why, next)
}
