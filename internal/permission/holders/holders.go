// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package holders makes users of a sandbox who have ionroller's policies and nothing
// else, so that tests do as them what people and programs do on AWS.
package holders

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// Key is the access key ID of the holder of the policy for a task.
func Key(t permission.Task) string { return "AKIA" + strings.ToUpper(string(t)) }

// Make makes a holder of each policy, narrowed to the sandbox's first bucket, account
// and Region.
func Make(s *sandbox.Sandbox) error {
	info := s.Info()
	scope := permission.Scope{Bucket: info.Bucket, Account: info.AccountID, Region: info.Region}
	for _, t := range permission.Tasks() {
		policy, err := json.Marshal(permission.For(t, scope))
		if err == nil {
			err = s.SetPrincipal(cloud.Principal{AccessKeyID: Key(t), Name: string(t), Policy: policy})
		}
		if err != nil {
			return fmt.Errorf("making the holder of the policy for %s: %w", t, err)
		}
	}
	return nil
}

// spare is what doctor asks for where it may, and does without where it may not.
var spare = []string{
	"s3:GetBucketVersioning", "s3:GetEncryptionConfiguration", "s3:GetBucketPublicAccessBlock", "iam:GetRole", "iam:SimulatePrincipalPolicy",
}

// Lacks says what the holders were refused because their policies do not allow it.
func Lacks(s *sandbox.Sandbox) []string {
	var messages []string
	for _, c := range s.Calls() {
		lacking := strings.Contains(c.Message, "because no identity-based policy allows")
		forgone := slices.ContainsFunc(spare, func(action string) bool { return strings.Contains(c.Message, action) })
		if slices.Contains(permission.Tasks(), permission.Task(path.Base(c.Principal))) && lacking && !forgone {
			messages = append(messages, c.Message)
		}
	}
	return messages
}

// Task is what somebody does who calls a program.
func Task(program string, arguments ...string) permission.Task {
	first := ""
	if len(arguments) > 0 {
		first = arguments[0]
	}
	switch {
	case strings.Contains(program, "terraform") && !strings.Contains(program, "terraform-provider"):
		if first == "plan" {
			return permission.Plan
		}
		return permission.Provider
	case first == "release":
		return permission.Provider
	case first == "reconcile":
		return permission.Daemon
	case slices.Contains([]string{"status", "events", "watch", "config", "diff", "doctor"}, first):
		return permission.Plan
	}
	return permission.Command
}
