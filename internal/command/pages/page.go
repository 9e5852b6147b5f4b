// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// pages are the pages of a command and of those below it, by the names of their files.
func pages(root *cobra.Command) map[string]string {
	all := map[string]string{"command.md": overview(root)}
	for _, c := range listed(root) {
		all[file(c)] = page(c)
	}
	return all
}

// listed are the commands below one that people call.
func listed(c *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			all = append(all, below)
		}
	}
	return all
}

func file(c *cobra.Command) string { return "command-" + c.Name() + ".md" }

// front is what the registry wants at the beginning of a page.
func front(title, description string) string {
	return fmt.Sprintf("---\npage_title: %q\nsubcategory: \"The ionroller command\"\ndescription: |-\n  %s.\n---\n\n# %s\n\n", title, description, title)
}

// overview is the page of the program itself.
func overview(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(front("The ionroller command", root.Short))
	b.WriteString(prose(root.Long))
	b.WriteString("## Commands\n\n| command | what it does |\n|---|---|\n")
	for _, c := range listed(root) {
		fmt.Fprintf(&b, "| [`%s`](%s) | %s |\n", c.Name(), file(c), cell(c.Short))
	}
	return b.String()
}

func page(c *cobra.Command) string {
	var b strings.Builder
	b.WriteString(front(c.CommandPath(), c.Short))
	b.WriteString(body(c))
	for _, below := range listed(c) {
		fmt.Fprintf(&b, "\n## %s\n\n%s", below.CommandPath(), body(below))
	}
	if c.Flags().Lookup("output") != nil {
		b.WriteString("\nWhat it prints for programs is described in [What commands print](command-output.md).\n")
	}
	return b.String()
}

// body is what there is to say of a command below its title.
func body(c *cobra.Command) string {
	var b strings.Builder
	if c.Runnable() && !c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "```shell\n%s\n```\n\n", c.UseLine())
	}
	b.WriteString(prose(c.Long))
	if c.Example != "" {
		fmt.Fprintf(&b, "Examples:\n\n```shell\n%s\n```\n\n", outdent(c.Example))
	}
	b.WriteString(options(c.NonInheritedFlags()))
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// options is a table of flags.
func options(flags *pflag.FlagSet) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if b.Len() == 0 {
			b.WriteString("| option | what it does |\n|---|---|\n")
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		kind, says := pflag.UnquoteUsage(f)
		if kind != "" {
			name += " " + cmp.Or(kinds[kind], kind)
		}
		if d := f.DefValue; d != "" && d != "false" && d != "[]" && d != "0" && d != "0s" && !strings.Contains(says, "(default") {
			says += " (default: " + d + ")"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(name, "|", `\|`), cell(says))
	})
	return b.String()
}

// kinds are what people call the types of values.
var kinds = map[string]string{"string": "TEXT", "strings": "TEXT,...", "stringArray": "TEXT", "duration": "TIME", "float": "NUMBER", "uint": "NUMBER"}

// prose makes Markdown of a help text: what is indented there is shown as it is.
func prose(text string) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		if strings.HasPrefix(paragraph, " ") || strings.HasPrefix(paragraph, "\t") {
			fmt.Fprintf(&b, "```\n%s\n```\n\n", outdent(paragraph))
			continue
		}
		fmt.Fprintf(&b, "%s\n\n", words(paragraph))
	}
	return b.String()
}

// outdent takes away the indentation that all lines have.
func outdent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	least := len(text)
	for _, l := range lines {
		if rest := strings.TrimLeft(l, " \t"); rest != "" {
			least = min(least, len(l)-len(rest))
		}
	}
	for i, l := range lines {
		lines[i] = l[min(least, len(l)):]
	}
	return strings.Join(lines, "\n")
}

func cell(text string) string { return strings.ReplaceAll(words(text), "|", `\|`) }

var (
	// code are words that are typed or set.
	code = regexp.MustCompile(`--[a-z][a-z-]*|-[a-z] [a-z]+\b|\b[A-Z]+_[A-Z_]+\b|\b[a-z]+_[a-z_]+\b|\$[A-Z_]+[A-Za-z_/]*|"[a-z_]+"(: "[a-z_]+")?`)
	mark = regexp.MustCompile("[*_<]")
)

// words makes Markdown of words, so that none of them means anything there by accident.
func words(text string) string {
	var b strings.Builder
	last := 0
	for _, at := range code.FindAllStringIndex(text, -1) {
		b.WriteString(mark.ReplaceAllString(text[last:at[0]], `\$0`))
		fmt.Fprintf(&b, "`%s`", text[at[0]:at[1]])
		last = at[1]
	}
	return b.String() + mark.ReplaceAllString(text[last:], `\$0`)
}
