// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package demo

import "strings"

// attribute cuts the change of one attribute out of what terraform plan prints,
// without the indentation it has there. Empty: the plan does not change it.
func attribute(plan, name string) string {
	var cut []string
	indent := 0
	for line := range strings.Lines(plan) {
		line = strings.TrimRight(line, "\r\n")
		text := strings.TrimLeft(line, " +-~")
		column := len(line) - len(text)
		switch {
		case cut == nil:
			key, _, assigned := strings.Cut(text, " ")
			if key != name || !assigned {
				continue
			}
			indent = column
			cut = append(cut, text)
			if !opens(text) {
				return text
			}
		case column > indent:
			cut = append(cut, dedent(line, indent))
		default: // the closing bracket
			return strings.Join(append(cut, text), "\n")
		}
	}
	return strings.Join(cut, "\n")
}

// opens says whether the line begins a list, a map or a text of several lines.
func opens(line string) bool {
	return strings.HasSuffix(line, "[") || strings.HasSuffix(line, "{") || strings.HasSuffix(line, "EOT")
}

func dedent(line string, by int) string {
	if len(line) < by {
		return ""
	}
	return line[by:]
}
