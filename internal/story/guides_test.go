// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// What a guide shows of configurations is as terraform fmt writes it. Whole ones are
// files of examples/, which other tests validate and apply.
func TestGuidesShowGoodConfigurations(t *testing.T) {
	pages, err := filepath.Glob("../../docs/guides/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	block := regexp.MustCompile("(?ms)^```(?:terraform|hcl)\n(.*?)^```$")
	seen := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllSubmatchIndex(text, -1) {
			seen++
			code := text[m[2]:m[3]]
			line := 1 + strings.Count(string(text[:m[2]]), "\n")
			start := hcl.Pos{Line: line, Column: 1}
			if _, diags := hclsyntax.ParseConfig(code, page, start); diags.HasErrors() {
				t.Errorf("%v", diags)
				continue
			}
			if good := hclwrite.Format(code); string(good) != string(code) {
				t.Errorf("%s:%d: terraform fmt would write it so:\n%s", page, line, good)
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d blocks were found in the guides: are they not told from others any more?", seen)
	}
}
