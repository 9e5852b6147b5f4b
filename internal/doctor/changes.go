// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
)

// patience is how long IAM may take. It has one endpoint for all Regions, which is out of
// reach in a network without a way out, and a call is tried often.
const patience = 30 * time.Second

// changes asks IAM what cannot be tried: whether it would allow the rest of the task's
// policy. IAM simulates the policies of a user or a role, with its permissions boundary
// and its organization's. It does not know the policies of buckets, nor what a session was
// narrowed to. A caller whom it does not tell is no worse for it: that is a note.
func (e *examination) changes(ctx context.Context) {
	const check = "permissions"
	if e.Task == permission.Plan {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	who, err := e.subject(ctx)
	var verdicts []verdict
	var untold []string
	if err == nil {
		verdicts, untold, err = e.simulate(ctx, who.arn)
	}
	refused := e.judged(slices.DeleteFunc(slices.Clone(verdicts), verdict.allowed))
	for _, r := range gather(refused) {
		e.add(r.level(), check, r.mend(e.allow(), who.arn), "%s on %s would be denied: %s", strings.Join(r.actions, ", "), r.on(), r.cause())
	}
	by := "by IAM's simulation of " + who.arn
	if keys := unjudged(verdicts); len(keys) > 0 {
		e.add(Note, check, "see what they ask for where ionroller runs", "what is allowed depends on conditions on %s, which could not be judged", strings.Join(keys, ", "))
		by += ", but for these conditions,"
	}
	if err != nil {
		what := "the caller may change anything"
		if len(verdicts) > 0 {
			what = strings.Join(untold, ", ") + " would be allowed"
		}
		e.unchecked(what, who, err)
	}
	all, allowed := counts(verdicts, untold)
	switch {
	case len(refused) > 0 || allowed == 0:
	case allowed < all:
		e.ok(check, "%s %d of the other %d actions of the policy for %s are allowed", by, allowed, all, e.Task)
	default:
		e.ok(check, "%s the other %d actions of the policy for %s are allowed", by, all, e.Task)
	}
}

// unchecked tells why it is not known whether something is allowed.
func (e *examination) unchecked(what string, who subject, err error) {
	const check = "permissions"
	if renewal(err) != "" {
		e.failed(check, err)
		return
	}
	why, mend := err.Error(), "compare the caller's policies with ionroller iam-policy --for "+string(e.Task)
	switch {
	case denied(err):
		why, mend = "iam:SimulatePrincipalPolicy is denied", "allow the caller iam:SimulatePrincipalPolicy on "+who.whose()+", or "+mend
	case errors.Is(err, errPath):
		mend = "allow the caller iam:GetRole on its own role, or " + mend
	}
	e.add(Note, check, mend, "whether %s was not checked: %s", what, why)
}

// judged are the refusals that count. Who may list a bucket although no policy of theirs
// allows it, not even on a condition, is let in by the bucket's own, of which the
// simulation knows nothing: of that bucket nothing can be said.
func (e *examination) judged(refused []verdict) []verdict {
	for _, bucket := range slices.Clone(refused) {
		if e.loop == nil || bucket.action != "s3:ListBucket" || bucket.decision != types.PolicyEvaluationDecisionTypeImplicitDeny ||
			len(bucket.missing) > 0 || bucket.governed {
			continue
		}
		refused = slices.DeleteFunc(refused, func(v verdict) bool {
			return v.decision == bucket.decision && (v.resource == bucket.resource || strings.HasPrefix(v.resource, bucket.resource+"/"))
		})
		e.add(Note, "permissions", "compare the bucket's policy with ionroller iam-policy --for "+string(e.Task),
			"what the caller may write to %s was not checked: the bucket's own policy lets it in, which IAM does not simulate", bucket.resource)
	}
	return refused
}

// together is how many resources are asked for in a call.
const together = 20

// simulate asks all questions about a user or a role. Where an error keeps IAM from
// telling of some actions, those are the untold, and what it told of others stands.
//
// Source: SimulatePrincipalPolicy in the IAM API Reference.
func (e *examination) simulate(ctx context.Context, subject string) (all []verdict, untold []string, err error) {
	questions := e.questions(ctx)
	for i := range questions {
		q := &questions[i]
		for _, action := range q.actions { // IAM may refuse to simulate together what is authorized by different things
			if err != nil && !odd(err) {
				untold = append(untold, action)
				continue
			}
			told, failed := e.ask(ctx, subject, q, action)
			all = append(all, told...)
			if failed != nil {
				err, untold = failed, append(untold, action)
			}
		}
	}
	slices.Sort(untold)
	return all, slices.Compact(untold), err
}

// odd says that IAM did not take one question, which says nothing of the others.
func odd(err error) bool {
	var invalid *types.InvalidInputException
	var policy *types.PolicyEvaluationException
	return errors.As(err, &invalid) || errors.As(err, &policy)
}

// ask has IAM simulate one action on the resources of a question.
func (e *examination) ask(ctx context.Context, subject string, q *question, action string) ([]verdict, error) {
	var all []verdict
	for resources := range slices.Chunk(q.resources, together) {
		pages := iam.NewSimulatePrincipalPolicyPaginator(e.clients.IAM, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: &subject, ActionNames: []string{action}, ResourceArns: resources, ContextEntries: e.entries(q, subject),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			var none *types.NoSuchEntityException
			if errors.As(err, &none) && strings.Contains(e.clients.CallerARN, ":assumed-role/") {
				return all, errPath
			}
			if err != nil {
				return all, fmt.Errorf("asking IAM to simulate %s by the policies of %s: %w", action, subject, err)
			}
			for _, r := range page.EvaluationResults {
				all = append(all, verdictsOf(r, q)...)
			}
		}
	}
	return all, nil
}

// entries are the values of condition keys that a request would have.
//
// Source: "AWS global condition context keys" in the IAM User Guide.
func (e *examination) entries(q *question, subject string) []types.ContextEntry {
	entry := func(key string, kind types.ContextKeyTypeEnum, value string) types.ContextEntry {
		return types.ContextEntry{ContextKeyName: &key, ContextKeyType: kind, ContextKeyValues: []string{value}}
	}
	entries := []types.ContextEntry{
		entry("aws:RequestedRegion", types.ContextKeyTypeEnumString, q.region),
		entry("aws:SecureTransport", types.ContextKeyTypeEnumBoolean, "true"),
		entry("aws:ViaAWSService", types.ContextKeyTypeEnumBoolean, "false"),
		entry("aws:PrincipalIsAWSService", types.ContextKeyTypeEnumBoolean, "false"),
		entry("aws:PrincipalArn", types.ContextKeyTypeEnumString, subject),
		entry("aws:PrincipalAccount", types.ContextKeyTypeEnumString, e.clients.Account),
	}
	if !strings.HasPrefix(q.actions[0], "s3:") { // whose buckets may be another account's
		entries = append(entries, entry("aws:ResourceAccount", types.ContextKeyTypeEnumString, e.clients.Account))
	}
	for key, value := range q.told {
		entries = append(entries, entry(key, types.ContextKeyTypeEnumString, value))
	}
	return entries
}
