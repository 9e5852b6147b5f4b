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
	subject, err := e.subject(ctx)
	var verdicts []verdict
	if err == nil {
		verdicts, err = e.simulate(ctx, subject)
	}
	if err != nil {
		why, mend := err.Error(), "compare the caller's policies with ionroller iam-policy --for "+string(e.Task)
		switch {
		case denied(err):
			why, mend = "iam:SimulatePrincipalPolicy is denied", "allow the caller iam:SimulatePrincipalPolicy on "+subject+", or "+mend
		case errors.Is(err, errPath):
			mend = "allow the caller iam:GetRole on its own role, or " + mend
		}
		e.add(Note, check, mend, "whether the caller may change anything was not checked: %s", why)
		return
	}
	refused := e.judged(slices.DeleteFunc(slices.Clone(verdicts), verdict.allowed))
	for _, r := range gather(refused) {
		level := Problem
		if r.asked.guess || len(r.missing) > 0 {
			level = Warning
		}
		e.add(level, check, r.mend(e.allow(), subject), "%s on %s would be denied: %s", strings.Join(r.actions, ", "), r.on(), r.cause())
	}
	if keys := unjudged(verdicts); len(keys) > 0 {
		e.add(Note, check, "see what they ask for where ionroller runs", "what is allowed depends on conditions on %s, which could not be judged", strings.Join(keys, ", "))
	}
	if len(refused) == 0 {
		e.ok(check, "by IAM's simulation of %s the other %d actions of the policy for %s are allowed", subject, distinct(verdicts), e.Task)
	}
}

// judged are the refusals that count. Who may list a bucket although no policy of theirs
// allows it is let in by the bucket's own, of which the simulation knows nothing: of that
// bucket nothing can be said.
func (e *examination) judged(refused []verdict) []verdict {
	for _, bucket := range slices.Clone(refused) {
		if e.loop == nil || bucket.action != "s3:ListBucket" || bucket.decision != types.PolicyEvaluationDecisionTypeImplicitDeny {
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

// simulate asks all questions about a user or a role.
//
// Source: SimulatePrincipalPolicy in the IAM API Reference.
func (e *examination) simulate(ctx context.Context, subject string) ([]verdict, error) {
	questions := e.questions(ctx)
	var all []verdict
	for i := range questions {
		q := &questions[i]
		for _, action := range q.actions { // IAM may refuse to simulate together what is authorized by different things
			for resources := range slices.Chunk(q.resources, together) {
				told, err := e.ask(ctx, subject, q, action, resources)
				if err != nil {
					return nil, err
				}
				all = append(all, told...)
			}
		}
	}
	return all, nil
}

// ask has IAM simulate one action on some resources.
func (e *examination) ask(ctx context.Context, subject string, q *question, action string, resources []string) ([]verdict, error) {
	var all []verdict
	pages := iam.NewSimulatePrincipalPolicyPaginator(e.clients.IAM, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &subject, ActionNames: []string{action}, ResourceArns: resources, ContextEntries: e.entries(q),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var none *types.NoSuchEntityException
		if errors.As(err, &none) && strings.Contains(e.clients.CallerARN, ":assumed-role/") {
			return nil, errPath
		}
		if err != nil {
			return nil, fmt.Errorf("asking IAM to simulate %s by the policies of %s: %w", action, subject, err)
		}
		for _, r := range page.EvaluationResults {
			all = append(all, verdictsOf(r, q)...)
		}
	}
	return all, nil
}

// entries are the values of condition keys that a request would have.
//
// Source: "AWS global condition context keys" in the IAM User Guide.
func (e *examination) entries(q *question) []types.ContextEntry {
	entry := func(key string, kind types.ContextKeyTypeEnum, value string) types.ContextEntry {
		return types.ContextEntry{ContextKeyName: &key, ContextKeyType: kind, ContextKeyValues: []string{value}}
	}
	entries := []types.ContextEntry{
		entry("aws:RequestedRegion", types.ContextKeyTypeEnumString, q.region),
		entry("aws:SecureTransport", types.ContextKeyTypeEnumBoolean, "true"),
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
