// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package configuration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// given is a file that gives variables their values.
type given struct {
	*source
	attributes hcl.Attributes
}

// valueFiles reads the files that give variables their values, in the order in
// which Terraform does: of two that give the same, the later counts.
//
// Source: "Variable Definition Precedence" of Terraform's documentation.
func valueFiles(q Query) ([]given, error) {
	entries, err := os.ReadDir(q.Dir)
	if err != nil {
		return nil, err
	}
	var paths, automatic []string
	for _, name := range []string{"terraform.tfvars", "terraform.tfvars.json"} {
		if _, err := os.Stat(filepath.Join(q.Dir, name)); err == nil {
			paths = append(paths, filepath.Join(q.Dir, name))
		}
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".auto.tfvars") || strings.HasSuffix(e.Name(), ".auto.tfvars.json") {
			automatic = append(automatic, filepath.Join(q.Dir, e.Name()))
		}
	}
	paths = append(paths, automatic...)
	for _, name := range q.VarFiles {
		if !filepath.IsAbs(name) {
			name = filepath.Join(q.Dir, name) // as with -chdir
		}
		paths = append(paths, name)
	}
	var files []given
	for _, path := range paths {
		s, err := read(path, true)
		if err != nil {
			return nil, err
		}
		attributes, diags := s.body.JustAttributes()
		if diags.HasErrors() {
			return nil, diags
		}
		files = append(files, given{s, attributes})
	}
	return files, nil
}

// givenIn returns what the files say of a variable, what counts last.
func (f *finder) givenIn(name string) []located {
	var all []located
	for _, file := range f.files {
		if a := file.attributes[name]; a != nil {
			all = append(all, located{a.Expr, file.source})
		}
	}
	return all
}

// valueOf evaluates a variable, as far as that can be done without Terraform.
func (f *finder) valueOf(name string) cty.Value {
	if all := f.givenIn(name); len(all) > 0 {
		return known(all[len(all)-1].Value(nil))
	}
	if text, ok := f.environment("TF_VAR_" + name); ok {
		if expr, diags := hclsyntax.ParseExpression([]byte(text), "TF_VAR_"+name, hcl.InitialPos); !diags.HasErrors() && strings.ContainsAny(text[:1], "{[") {
			return known(expr.Value(nil))
		}
		return cty.StringVal(text)
	}
	if fallback := f.variables[name].fallback; fallback != nil {
		return known(fallback.Value(nil))
	}
	return cty.DynamicVal
}

// known makes what could not be evaluated unknown.
func known(v cty.Value, diags hcl.Diagnostics) cty.Value {
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	return v
}

// evaluate is the value of an expression, unknown where only Terraform can tell. An
// object has all its keys also when some of its entries are unknown.
func evaluate(e hcl.Expression, ctx *hcl.EvalContext) cty.Value {
	pairs, diags := hcl.ExprMap(e)
	if diags.HasErrors() {
		return known(e.Value(ctx))
	}
	entries := map[string]cty.Value{}
	for _, pair := range pairs {
		key := known(pair.Key.Value(ctx))
		if key.IsNull() || !key.IsKnown() || key.Type() != cty.String {
			return cty.DynamicVal
		}
		entries[key.AsString()] = evaluate(pair.Value, ctx)
	}
	return cty.ObjectVal(entries)
}

// scope is what expressions of the root module can refer to: its variables and
// local values. Everything else is Terraform's to know.
func (f *finder) scope() *hcl.EvalContext {
	variables, locals := map[string]cty.Value{}, map[string]cty.Value{}
	for name := range f.variables {
		variables[name] = f.valueOf(name)
	}
	for name := range f.locals {
		locals[name] = cty.DynamicVal
	}
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": cty.ObjectVal(variables)},
		Functions: map[string]function.Function{ // without which for_each takes no list
			"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		},
	}
	// They may refer to one another: each is evaluated again with what is known by
	// then, as long as that tells more.
	for range len(f.locals) + 1 {
		before := cty.ObjectVal(locals)
		ctx.Variables["local"] = before
		for name, l := range f.locals {
			locals[name] = evaluate(l.Expression, ctx)
		}
		if before.RawEquals(cty.ObjectVal(locals)) {
			break
		}
	}
	return ctx
}

// instance is one endpoint of a block: its only one, or one of for_each.
type instance struct {
	block *block
	key   string // of for_each; meaningless where the block has none
	name  string // of the endpoint; "" when only Terraform can tell
	each  *hcl.EvalContext
}

// instances are the endpoints of a block. One with a for_each that only Terraform can
// evaluate has a single one without a name.
func (f *finder) instances(b *block) []instance {
	forEach, repeated := b.arguments["for_each"]
	if !repeated {
		return []instance{{block: b, name: f.text(b.arguments["name"], f.root), each: f.root}}
	}
	value := evaluate(forEach.Expression, f.root)
	if !value.IsKnown() || value.IsNull() || !value.CanIterateElements() {
		return []instance{{block: b, each: f.root}}
	}
	var all []instance
	for it := value.ElementIterator(); it.Next(); {
		k, v := it.Element()
		if value.Type().IsSetType() {
			k = v
		}
		if !k.IsKnown() || k.Type() != cty.String {
			return []instance{{block: b, each: f.root}}
		}
		ctx := f.root.NewChild()
		ctx.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": k, "value": v})}
		all = append(all, instance{block: b, key: k.AsString(), name: f.text(b.arguments["name"], ctx), each: ctx})
	}
	return all
}

// text evaluates an expression to a text, or to "".
func (f *finder) text(l located, ctx *hcl.EvalContext) string {
	if l.Expression == nil {
		return ""
	}
	v := known(l.Value(ctx))
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// environment looks a variable of the process up.
func (f *finder) environment(name string) (string, bool) {
	for _, setting := range f.Environ {
		if n, value, _ := strings.Cut(setting, "="); n == name && value != "" {
			return value, true
		}
	}
	return "", false
}

// commandLine names the variable of the process by which Terraform's command line
// gives a variable a value, or files of values; "" for none.
func (f *finder) commandLine(variable string) string {
	for _, name := range []string{"TF_CLI_ARGS", "TF_CLI_ARGS_plan"} {
		text, _ := f.environment(name)
		text = strings.NewReplacer("'", "", `"`, "", "--var", "-var").Replace(text)
		for _, form := range []string{"-var-file", "-var " + variable + "=", fmt.Sprintf("-var=%s=", variable)} {
			if strings.Contains(text, form) {
				return name
			}
		}
	}
	return ""
}
