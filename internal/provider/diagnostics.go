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
		frozen      *roller.Frozen
		rejected    *roller.Rejected
		interrupted *roller.Interrupted
	)
	switch {
	case errors.As(err, &problems):
		addProblems(diags, problems.Problems)
	case errors.As(err, &rejected):
		diags.AddAttributeError(path.Root("version"), summary, sentence(err))
	case errors.As(err, &frozen) && frozen.Stall.Evidence != nil:
		diags.AddError(summary, frozenDetail(frozen))
	case errors.As(err, &failed):
		diags.AddError(summary, failedDetail(failed))
	case errors.As(err, &interrupted) && errors.Is(err, context.DeadlineExceeded):
		diags.AddError(summary, sentence(err)+" If its rollouts take this long, raise the timeout in timeouts.")
	default:
		diags.AddError(summary, sentence(err))
	}
}

// failedDetail says what spoke against a release, what is live, and what to do.
func failedDetail(f *roller.Failed) string {
	text, next := sentence(f), " "
	if o := f.Outcome; o != nil {
		if o.Evidence != nil {
			text, next = fmt.Sprintf("The rollout of %s to %s failed. %s.", f.Endpoint, o.To, f.Left()), "\n\n"
		}
		if !o.Carried && f.Live != "" {
			text += " No request reached the new environment."
		}
		if o.Evidence != nil {
			text += "\n\n" + seen(*o.Evidence)
		}
	}
	switch {
	case f.Removed:
		return text + next + "Mend the cause and apply again."
	case f.Rejection != nil:
		return text + next + fmt.Sprintf("Release %s is rejected, and the next apply of it is refused: mend it and bump the version, or raise rollout.retry above %d to try it again.", f.Rejection.Version, f.Rejection.Retry)
	default:
		return text + next + "The next plan shows the difference again: mend the release and bump the version, or go back to the one that is live."
	}
}

func frozenDetail(f *roller.Frozen) string {
	back := "to go back, set the version to " + f.Live
	if f.Takes {
		back = "to give all traffic back to the old groups, run ionroller abort " + f.Endpoint
	} else if f.Live == "" {
		back = "there is no release to go back to: mend it and bump the version"
		if f.Stall.Evidence.Guard == "alarm" {
			back += ", and take the alarm out of rollout.alarms for that apply while it fires"
		}
	}
	return fmt.Sprintf("The rollout of %s to %s is frozen since %s: traffic stays as it is, with %d %% of it on %s.\n\n%s\n\nTo go on with it, raise rollout.retry above %d; %s.",
		f.Endpoint, f.Version, clock(f.Stall.Since), f.Share, f.Version, seen(*f.Stall.Evidence), f.Stall.Retry, back)
}

// seen lists what a guard saw. Terraform leaves indented lines as they are.
func seen(e endpoint.Evidence) string {
	lines := []string{
		strings.TrimSpace("guard    " + e.Guard + " " + e.Subject),
		"seen     " + e.Value,
		"allowed  " + e.Threshold,
	}
	if e.Window != "" {
		lines = append(lines, "window   "+e.Window)
	}
	if e.Share > 0 {
		by := "it"
		if e.Together {
			by = "both releases in one target group"
		}
		lines = append(lines, fmt.Sprintf("share    %d %% of traffic at that moment", e.Share),
			fmt.Sprintf("exposed  %.0f requests answered by %s, as far as CloudWatch knew", e.Exposed, by))
	}
	return "  " + strings.Join(lines, "\n  ")
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
