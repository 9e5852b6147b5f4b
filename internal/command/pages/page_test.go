// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/command"
)

func TestPage(t *testing.T) {
	root := &cobra.Command{Use: "tool"}
	c := &cobra.Command{
		Use: "do THING", Short: "Do it", Run: func(*cobra.Command, []string) {},
		Long:    "Does it to a some_thing, or to * with --all.\n\n    tool do 'a*'\n      --all",
		Example: "  tool do x\n  tool do y",
	}
	root.AddCommand(c)
	c.Flags().StringP("name", "n", "x", "a name or | none")
	c.Flags().Bool("all", false, "with all")
	want := `---
page_title: "tool do"
subcategory: "The ionroller command"
description: |-
  Do it.
---

# tool do

!!!shell
tool do THING [flags]
!!!

Does it to a !some_thing!, or to \* with !--all!.

!!!
tool do 'a*'
  --all
!!!

Examples:

!!!shell
tool do x
tool do y
!!!

| option | what it does |
|---|---|
| !--all! | with all |
| !-n, --name TEXT! | a name or \| none (default: x) |
`
	if got := strings.ReplaceAll(page(c), "`", "!"); got != want {
		t.Errorf("got\n%s", got)
	}
}

// Every command has a page, to which the overview leads.
func TestEveryCommandHasAPage(t *testing.T) {
	root := command.New("")
	all := pages(root)
	for _, c := range root.Commands() {
		name := file(c)
		switch hidden := c.Hidden || c.Name() == "help"; {
		case hidden != (all[name] == ""):
			t.Errorf("%s: it is hidden: %v, and its page is %q", c.Name(), hidden, all[name])
		case !hidden && !strings.Contains(all["command.md"], "("+name+")"):
			t.Errorf("the overview does not lead to %s", name)
		}
	}
	if again := pages(command.New("")); !slices.Equal(slices.Sorted(maps.Values(all)), slices.Sorted(maps.Values(again))) {
		t.Error("made twice, the pages differ")
	}
}
