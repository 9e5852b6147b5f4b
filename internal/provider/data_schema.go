// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// shown makes of a resource's attributes those of a data source, which says what
// they are and takes none.
func shown(attributes map[string]resourceschema.Attribute) map[string]schema.Attribute {
	out := map[string]schema.Attribute{}
	for name, a := range attributes {
		text, sensitive := a.GetMarkdownDescription(), a.IsSensitive()
		switch a := a.(type) {
		case resourceschema.StringAttribute:
			out[name] = schema.StringAttribute{Computed: true, Sensitive: sensitive, MarkdownDescription: text}
		case resourceschema.BoolAttribute:
			out[name] = schema.BoolAttribute{Computed: true, Sensitive: sensitive, MarkdownDescription: text}
		case resourceschema.Int64Attribute:
			out[name] = schema.Int64Attribute{Computed: true, Sensitive: sensitive, MarkdownDescription: text}
		case resourceschema.Float64Attribute:
			out[name] = schema.Float64Attribute{Computed: true, Sensitive: sensitive, MarkdownDescription: text}
		case resourceschema.ListAttribute:
			out[name] = schema.ListAttribute{Computed: true, Sensitive: sensitive, ElementType: a.ElementType, MarkdownDescription: text}
		case resourceschema.SetAttribute:
			out[name] = schema.SetAttribute{Computed: true, Sensitive: sensitive, ElementType: a.ElementType, MarkdownDescription: text}
		case resourceschema.MapAttribute:
			out[name] = schema.MapAttribute{Computed: true, Sensitive: sensitive, ElementType: a.ElementType, MarkdownDescription: text}
		case resourceschema.SingleNestedAttribute:
			out[name] = schema.SingleNestedAttribute{Computed: true, Sensitive: sensitive, Attributes: shown(a.Attributes), MarkdownDescription: text}
		case resourceschema.ListNestedAttribute:
			out[name] = schema.ListNestedAttribute{Computed: true, Sensitive: sensitive, NestedObject: schema.NestedAttributeObject{Attributes: shown(a.NestedObject.Attributes)}, MarkdownDescription: text}
		case resourceschema.SetNestedAttribute:
			out[name] = schema.SetNestedAttribute{Computed: true, Sensitive: sensitive, NestedObject: schema.NestedAttributeObject{Attributes: shown(a.NestedObject.Attributes)}, MarkdownDescription: text}
		default:
			panic(fmt.Sprintf("provider: no way to show an attribute of type %T", a))
		}
	}
	return out
}

// without leaves attributes out.
func without(attributes map[string]resourceschema.Attribute, names ...string) map[string]resourceschema.Attribute {
	rest := maps.Clone(attributes)
	for _, name := range names {
		delete(rest, name)
	}
	return rest
}

// looker is what every data source has: the loop, which is only asked.
type looker struct{ roller *roller.Roller }

// use takes the loop that the provider made; there is none while the provider's own
// configuration is not known.
func (l *looker) use(data any) { l.roller, _ = data.(*roller.Roller) }

func (l *looker) configured(diags *diag.Diagnostics, name string) bool {
	if l.roller == nil {
		diags.AddError("The provider's configuration is not known yet", strings.Join([]string{
			"An argument of the ionroller provider is not known before the apply, and the data source " + name + " is to be read at plan.",
			"Give it depends_on with the resource that the argument is from: then it is read at apply.",
		}, " "))
	}
	return l.roller != nil
}
