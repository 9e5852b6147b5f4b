// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// verdict is what IAM says of an action on a resource.
type verdict struct {
	asked            *question
	action, resource string
	decision         types.PolicyEvaluationDecisionType
	missing          []string // condition keys whose values it would have to know
	bounded          bool     // the permissions boundary does not allow it
	governed         bool     // the organization does not allow it, by what IAM knows of the request
}

// verdictsOf takes a result apart: there is one an action, and within it one a resource.
//
// Source: EvaluationResult in the IAM API Reference.
func verdictsOf(r types.EvaluationResult, q *question) []verdict {
	v := verdict{
		asked: q, action: aws.ToString(r.EvalActionName), resource: aws.ToString(r.EvalResourceName), decision: r.EvalDecision, missing: r.MissingContextValues,
		bounded:  outOfBounds(r.PermissionsBoundaryDecisionDetail),
		governed: r.OrganizationsDecisionDetail != nil && !r.OrganizationsDecisionDetail.AllowedByOrganizations,
	}
	if len(r.ResourceSpecificResults) == 0 {
		return []verdict{v}
	}
	var all []verdict
	for _, on := range r.ResourceSpecificResults {
		one := v
		one.resource, one.decision, one.missing = aws.ToString(on.EvalResourceName), on.EvalResourceDecision, on.MissingContextValues
		if d := on.PermissionsBoundaryDecisionDetail; d != nil {
			one.bounded = outOfBounds(d)
		}
		all = append(all, one)
	}
	return all
}

func outOfBounds(d *types.PermissionsBoundaryDecisionDetail) bool {
	return d != nil && !d.AllowedByPermissionsBoundary
}

func (v verdict) allowed() bool { return v.decision == types.PolicyEvaluationDecisionTypeAllowed }

// level is that of a refusal: a warning where it may be none.
func (v verdict) level() Level {
	if v.asked.guess || v.governed || len(v.missing) > 0 {
		return Warning
	}
	return Problem
}

// cause says who does not allow it. Of the condition keys that it lacks for service control
// policies IAM tells nothing: that a key's value is missing looks like a denial.
//
// Source: issues 102 of aws/aws-sdk, 5861 and 10525 of aws/aws-cli.
func (v verdict) cause() string {
	switch {
	case v.governed:
		return "IAM's simulation says that the caller's organization does not allow it, and may err where service control policies have conditions"
	case v.decision == types.PolicyEvaluationDecisionTypeExplicitDeny:
		return "a policy denies it"
	case v.bounded:
		return "the caller's permissions boundary does not allow it"
	case len(v.missing) > 0:
		return "no policy of the caller allows it, unless by a condition on " + strings.Join(v.missing, ", ") + ", which could not be judged"
	}
	return "no policy of the caller allows it"
}

// mend says how to have it allowed; by the task's policy where nothing stands against it.
func (v verdict) mend(allow, subject string) string {
	how := allow
	switch {
	case v.governed:
		how = "see whether the organization's service control policies allow it where ionroller runs, and " + allow
	case v.decision == types.PolicyEvaluationDecisionTypeExplicitDeny:
		how = fmt.Sprintf("find the statement that denies it: aws iam simulate-principal-policy --policy-source-arn %s --action-names %s --resource-arns %s", subject, v.action, v.resource)
	case v.bounded:
		how = "have the permissions boundary of " + subject + " allow it"
	case len(v.missing) > 0:
		how = "see that the condition holds where ionroller runs, or " + allow
	}
	if v.asked.guess {
		return v.asked.unless + ", or " + how
	}
	return how
}

// refusal is what is denied for one cause: each of some actions on each of some
// resources.
type refusal struct {
	verdict   // the first
	actions   []string
	resources []string
}

// gather puts together the refusals to one question, first the actions on a resource, then
// the resources of which the same is refused.
func gather(refused []verdict) []refusal {
	var one, all []refusal
	for _, v := range refused {
		i := slices.IndexFunc(one, func(r refusal) bool { return r.like(v) && r.resource == v.resource })
		if i < 0 {
			i, one = len(one), append(one, refusal{verdict: v, resources: []string{v.resource}})
		}
		one[i].actions = append(one[i].actions, v.action)
	}
	for _, o := range one {
		i := slices.IndexFunc(all, func(r refusal) bool { return r.like(o.verdict) && slices.Equal(r.actions, o.actions) })
		if i < 0 {
			all = append(all, o)
		} else {
			all[i].resources = append(all[i].resources, o.resources...)
		}
	}
	return all
}

func (r refusal) like(v verdict) bool { return r.asked == v.asked && r.cause() == v.cause() }

// on names the resources: by the policy's own pattern where one stands in for many.
func (r refusal) on() string {
	first := cmp.Or(r.asked.patterns[r.resource], r.resource)
	if n := len(r.resources) - 1; n > 0 {
		return fmt.Sprintf("%s and %d more", first, n)
	}
	return first
}

// unjudged are the condition keys that what is allowed would have to know.
func unjudged(verdicts []verdict) []string {
	var keys []string
	for _, v := range verdicts {
		if v.allowed() {
			keys = append(keys, v.missing...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// counts counts the actions that IAM was asked for, and of them those that are allowed
// wherever they were asked for.
func counts(verdicts []verdict, untold []string) (all, allowed int) {
	asked, open := map[string]bool{}, map[string]bool{}
	for _, v := range verdicts {
		asked[v.action] = true
		if !v.allowed() {
			open[v.action] = true
		}
	}
	for _, action := range untold {
		asked[action], open[action] = true, true
	}
	return len(asked), len(asked) - len(open)
}
