// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// addError words an error of the loop: what could not be done to which endpoint,
// the cause, and what to do next.
func addError(diags *diag.Diagnostics, action, name string, err error) {
	summary := fmt.Sprintf("Unable to %s endpoint %s", action, name)
	var (
		problems    *roller.Problems
		failed      *roller.Failed
		interrupted *roller.Interrupted
	)
	switch {
	case errors.As(err, &problems):
		addProblems(diags, problems.Problems)
	case errors.As(err, &failed) && failed.Outcome != nil && failed.Outcome.Rejected:
		diags.AddError(summary, sentence(err)+fmt.Sprintf(" Release %s is rejected: applying it again is refused. Mend it and bump the version; to try the same release again, raise rollout.retry.", failed.Outcome.To))
	case errors.As(err, &failed) && !failed.Removed:
		users := " No request reached the new environment."
		if failed.Outcome == nil || failed.Outcome.Carried || failed.Live == "" {
			users = ""
		}
		diags.AddError(summary, sentence(err)+users+" The next plan shows the difference again: mend the release and bump the version, or go back to the one that is live.")
	case errors.As(err, &failed):
		diags.AddError(summary, sentence(err)+" Mend the cause and apply again.")
	case errors.As(err, &interrupted) && errors.Is(err, context.DeadlineExceeded):
		diags.AddError(summary, sentence(err)+" If its rollouts take this long, raise the timeout in timeouts.")
	default:
		diags.AddError(summary, sentence(err))
	}
}

func addProblems(diags *diag.Diagnostics, problems []endpoint.Problem) {
	for _, p := range problems {
		if p.Warning {
			diags.AddAttributeWarning(attributePath(p.Attribute), "Doubtful "+p.Attribute, p.Error())
			continue
		}
		diags.AddAttributeError(attributePath(p.Attribute), "Invalid "+p.Attribute, p.Error())
	}
}

func sentence(err error) string {
	s := err.Error()
	if s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// attributePath makes Terraform's path of one written as in a configuration:
// "rollout.steps[1].weight". An index into a set points at the set.
func attributePath(attribute string) path.Path {
	p := path.Empty()
	for i, part := range strings.Split(attribute, ".") {
		name, index, indexed := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		if i == 0 {
			p = path.Root(name)
		} else {
			p = p.AtName(name)
		}
		if n, err := strconv.Atoi(index); indexed && err == nil && name == "steps" {
			p = p.AtListIndex(n)
		}
	}
	return p
}

func stepAttribute(i int, name string) string { return fmt.Sprintf("rollout.steps[%d].%s", i, name) }
