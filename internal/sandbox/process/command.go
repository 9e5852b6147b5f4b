// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package process

import (
	"errors"
	"strings"
)

// Command is a program and its arguments, with placeholders: {port}, {version},
// {environment} and {instance}.
type Command []string

// Parse splits a command line into words as shells do: at blanks, but for those
// in single or double quotes or after a backslash. Nothing else of a shell is
// there; a command that needs one starts it.
func Parse(line string) (Command, error) {
	var command Command
	var word strings.Builder
	inWord, escaped := false, false
	var quote rune
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				command = append(command, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("the command ends within quotes or after a backslash")
	}
	if inWord {
		command = append(command, word.String())
	}
	if len(command) == 0 {
		return nil, errors.New("there is no command")
	}
	return command, nil
}

// fill replaces the placeholders.
func (c Command) fill(port, version, environment, instance string) []string {
	r := strings.NewReplacer("{port}", port, "{version}", version, "{environment}", environment, "{instance}", instance)
	words := make([]string, len(c))
	for i, w := range c {
		words[i] = r.Replace(w)
	}
	return words
}
