// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Everything that users can write or read is described. What is a duration says so,
// or has a default that shows it.
func TestDescriptions(t *testing.T) {
	server := providerserver.NewProtocol6(New("test")())()
	got, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(got.Diagnostics) > 0 {
		t.Fatal(err, got.Diagnostics)
	}
	schemas := map[string]*tfprotov6.Schema{"provider": got.Provider}
	for name, s := range got.ResourceSchemas {
		schemas["resource "+name] = s
	}
	for name, s := range got.DataSourceSchemas {
		schemas["data source "+name] = s
	}
	if len(schemas) < 5 {
		t.Fatalf("only %d schemas", len(schemas))
	}
	for name, s := range schemas {
		described(t, name, s.Block.Description)
		attributes(t, name, s.Block.Attributes)
		if len(s.Block.BlockTypes) > 0 {
			t.Errorf("%s has blocks, which are not looked at", name)
		}
	}
	if len(got.Functions) == 0 {
		t.Fatal("no functions")
	}
	for name, f := range got.Functions {
		described(t, "function "+name, f.Description)
		described(t, "summary of function "+name, f.Summary)
		for _, p := range f.Parameters {
			described(t, "function "+name+", "+p.Name, p.Description)
			unit(t, "function "+name+", "+p.Name, p.Name, p.Description)
		}
	}
}

func attributes(t *testing.T, of string, all []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, a := range all {
		at := of + "." + a.Name
		described(t, at, a.Description)
		if a.NestedType != nil {
			attributes(t, at, a.NestedType.Attributes)
			continue
		}
		unit(t, at, a.Name, a.Description)
	}
}

func described(t *testing.T, what, text string) {
	t.Helper()
	if len(text) < 8 && text != "" || strings.TrimSpace(text) == "" {
		t.Errorf("%s has no description", what)
	}
}

var (
	times    = regexp.MustCompile(`^(bake|last_bake|keep_for|failed_for|interval|timeout|duration|deadline|healthy_within|extend_bake|deregistration_delay|create|update|delete|minimum_duration)$`)
	timeUnit = regexp.MustCompile("(?i)duration|second|`[0-9]+[smh]|bakes and drains together")
)

func unit(t *testing.T, what, name, text string) {
	t.Helper()
	if times.MatchString(name) && !timeUnit.MatchString(text) {
		t.Errorf("%s does not say its unit: %q", what, text)
	}
}
