// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"io"
	"strings"
	"testing"
)

// What is missing or too much is told in a command's own words, with where to find it.
func TestArguments(t *testing.T) {
	for line, want := range map[string]string{
		"rollback":            "rollback needs an ENDPOINT: ionroller rollback ENDPOINT [VERSION]\nionroller status tells what there is. See 'ionroller rollback --help'.",
		"rollback ''":         "rollback needs an ENDPOINT: ionroller rollback ENDPOINT [VERSION]\nionroller status tells what there is. See 'ionroller rollback --help'.",
		"rollback a 1.0 2.0":  `rollback does not take "2.0": ionroller rollback ENDPOINT [VERSION]` + "\nSee 'ionroller rollback --help'.",
		"release --yes":       "release needs an ENDPOINT and a VERSION: ionroller release ENDPOINT VERSION\nionroller status tells what there is. See 'ionroller release --help'.",
		"release a":           "release needs a VERSION: ionroller release ENDPOINT VERSION\nionroller status a tells what there is. See 'ionroller release --help'.",
		"retry '' 1.0":        "retry needs an ENDPOINT: ionroller retry ENDPOINT VERSION\nionroller status tells what there is. See 'ionroller retry --help'.",
		"drop a":              "drop needs a VERSION: ionroller drop ENDPOINT VERSION\nionroller status a tells what there is. See 'ionroller drop --help'.",
		"pause a 1.0":         `pause does not take "1.0": ionroller pause ENDPOINT` + "\nSee 'ionroller pause --help'.",
		"rollback a ''":       "rollback has an empty VERSION: ionroller rollback ENDPOINT [VERSION]\nSee 'ionroller rollback --help'.",
		"reconcile ''":        "reconcile has an empty ENDPOINT: ionroller reconcile [ENDPOINT...]\nSee 'ionroller reconcile --help'.",
		"events a ''":         "events has an empty ENDPOINT: ionroller events [ENDPOINT...]\nSee 'ionroller events --help'.",
		"diff":                "diff needs an ENDPOINT: ionroller diff ENDPOINT\nionroller status tells what there is. See 'ionroller diff --help'.",
		"watch a b":           `watch does not take "b": ionroller watch [ENDPOINT]` + "\nSee 'ionroller watch --help'.",
		"version now":         `version does not take "now": ionroller version` + "\nSee 'ionroller version --help'.",
		"completion bash now": `bash does not take "now": ionroller completion bash` + "\nSee 'ionroller completion bash --help'.",
		// As many as one likes are not too many: what is missing then is the bucket.
		"status a b": errNoBucket.Error() + "\nSee 'ionroller status --help'.",
		"status":     errNoBucket.Error() + "\nSee 'ionroller status --help'.",
	} {
		t.Run(line, func(t *testing.T) {
			t.Setenv("IONROLLER_BUCKET", "")
			var told strings.Builder
			args := strings.Fields(line)
			for i := range args {
				args[i] = strings.Trim(args[i], "'")
			}
			if code := run(context.Background(), "", args, io.Discard, &told); code != exitUsage {
				t.Errorf("it ends with %d", code)
			}
			if got := told.String(); got != "ionroller: "+want+"\n" {
				t.Errorf("it says\n%s", got)
			}
		})
	}
}
