// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// arguments checks what a command was given against the words of its usage, as
// "rollback ENDPOINT [VERSION]": what is in brackets may be left out, and what ends
// with dots may be said again and again. An empty one, as of a script's variable that is
// not set, is none: taken for one that was left out it could mean all endpoints.
func arguments(cmd *cobra.Command, args []string) error {
	words := strings.Fields(cmd.Use)[1:]
	line := cmd.Parent().CommandPath() + " " + cmd.Use
	var missing []string
	find := "ionroller status"
	for i, word := range words {
		if strings.HasPrefix(word, "[") || i < len(args) && args[i] != "" {
			continue
		}
		if missing = append(missing, article(word)+" "+word); len(missing) == 1 && i > 0 {
			find += " " + args[0]
		}
	}
	switch repeated := strings.HasSuffix(cmd.Use, "...]"); {
	case len(missing) > 0:
		err := fmt.Errorf("%s needs %s: %s", cmd.Name(), strings.Join(missing, " and "), line)
		return &usageError{err, find + " tells what there is. " + help(cmd)}
	case len(args) > len(words) && !repeated:
		return usage(cmd, fmt.Errorf("%s does not take %q: %s", cmd.Name(), args[len(words)], line))
	case slices.Contains(args, ""):
		word := strings.Trim(words[min(slices.Index(args, ""), len(words)-1)], "[].")
		return usage(cmd, fmt.Errorf("%s has an empty %s: %s", cmd.Name(), word, line))
	}
	return nil
}

func article(word string) string {
	if strings.ContainsAny(word[:1], "AEIOU") {
		return "an"
	}
	return "a"
}
