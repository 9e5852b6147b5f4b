// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/iam"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// identities is IAM, as far as it tells who may do what.
type identities struct{ *Cloud }

// GetRole tells the ARN of a role of the account, with its path.
func (s identities) GetRole(_ context.Context, in *awsiam.GetRoleInput) (*awsiam.GetRoleOutput, error) {
	role, ok := s.partition.role(s.config.Account, *in.RoleName)
	if !ok {
		return nil, noEntity("The role with name %s cannot be found.", *in.RoleName)
	}
	arn := role.arn(s.config.Account)
	return &awsiam.GetRoleOutput{Role: &types.Role{
		Arn: &arn, Path: ptr(role.path()), RoleName: &role.Name, RoleId: ptr(uniqueID("AROA", arn)),
		CreateDate: ptr(time.Unix(0, 0)), MaxSessionDuration: ptr(int32(12 * 60 * 60)),
	}}, nil
}

// SimulatePrincipalPolicy judges actions by the policy of a user or a role, one
// result an action. Conditions are judged by the context that is given, and by
// nothing else.
//
// Source: SimulatePrincipalPolicy and EvaluationResult in the IAM API Reference.
func (s identities) SimulatePrincipalPolicy(_ context.Context, in *awsiam.SimulatePrincipalPolicyInput) (*awsiam.SimulatePrincipalPolicyOutput, error) {
	policies, err := s.policiesOf(*in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	if len(in.PolicyInputList)+len(in.PermissionsBoundaryPolicyInputList) > 0 || in.ResourcePolicy != nil || in.ResourceHandlingOption != nil {
		return nil, invalidInput("The sandbox simulates the policy that an entity has, and no others.")
	}
	told := map[string]string{}
	for _, e := range in.ContextEntries {
		if len(e.ContextKeyValues) > 0 {
			told[strings.ToLower(value(e.ContextKeyName))] = e.ContextKeyValues[0]
		}
	}
	results := []types.EvaluationResult{}
	for _, action := range in.ActionNames {
		if service, name, ok := strings.Cut(action, ":"); !ok || service == "" || name == "" || strings.ContainsAny(action, "*?") {
			return nil, invalidInput("Invalid action name: %s", action)
		}
		results = append(results, evaluate(policies, action, in.ResourceArns, told))
	}
	list, next, err := page(results, in.Marker, cmp.Or(in.MaxItems, ptr(int32(100))), 1000)
	return &awsiam.SimulatePrincipalPolicyOutput{EvaluationResults: list, IsTruncated: next != nil, Marker: next}, err
}

// policiesOf finds the policies of a user or a role of the account. Those of a
// session are not IAM's.
func (s identities) policiesOf(arn string) ([]bound, error) {
	entity, ours := strings.CutPrefix(arn, "arn:aws:iam::"+s.config.Account+":")
	kind, path, ok := strings.Cut(entity, "/")
	switch {
	case !strings.HasPrefix(arn, "arn:aws:iam::"), ours && (!ok || kind != "user" && kind != "role"):
		return nil, invalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	case !ours:
		return nil, noEntity("The entity %s cannot be found.", arn)
	}
	name := path[strings.LastIndex(path, "/")+1:]
	if kind == "role" {
		role, ok := s.partition.role(s.config.Account, name)
		if !ok || !role.is(s.config.Account, arn) {
			return nil, noEntity("The role with name %s cannot be found.", name)
		}
		return bind(identityBased, role.Policy)
	}
	user, ok := s.partition.user(arn)
	if !ok {
		return nil, noEntity("The user with name %s cannot be found.", name)
	}
	return user.policies, nil
}

// evaluate judges an action on each resource; what it comes to on all of them is
// the strictest decision.
func evaluate(policies []bound, action string, resources []string, told map[string]string) types.EvaluationResult {
	result := types.EvaluationResult{
		EvalActionName: &action, EvalDecision: types.PolicyEvaluationDecisionTypeAllowed,
		MatchedStatements: []types.Statement{}, MissingContextValues: []string{},
	}
	if len(resources) == 0 || slices.Equal(resources, []string{"*"}) {
		result.EvalResourceName = ptr("*")
		result.EvalDecision, result.MissingContextValues = decide(policies, iam.Request{Action: action, Resource: "*", Context: told})
		return result
	}
	for _, resource := range resources {
		decision, missing := decide(policies, iam.Request{Action: action, Resource: resource, Context: told})
		if decision == types.PolicyEvaluationDecisionTypeExplicitDeny || result.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed {
			result.EvalDecision = decision
		}
		result.ResourceSpecificResults = append(result.ResourceSpecificResults, types.ResourceSpecificResult{
			EvalResourceName: &resource, EvalResourceDecision: decision, MatchedStatements: []types.Statement{}, MissingContextValues: missing,
		})
	}
	if len(resources) == 1 {
		result.EvalResourceName = &resources[0]
	}
	return result
}

// decide is IAM's decision, and the keys that conditions ask for in vain. Who has no
// policy may do everything here.
func decide(policies []bound, r iam.Request) (types.PolicyEvaluationDecisionType, []string) {
	decision, missing := types.PolicyEvaluationDecisionTypeAllowed, []string{}
	for _, b := range policies {
		verdict, keys := b.policy.Simulate(r)
		missing = append(missing, keys...)
		switch verdict {
		case iam.Denied:
			return types.PolicyEvaluationDecisionTypeExplicitDeny, missing
		case iam.Silent:
			decision = types.PolicyEvaluationDecisionTypeImplicitDeny
		}
	}
	return decision, missing
}

func noEntity(format string, args ...any) error { return wire.Errorf("NoSuchEntity", format, args...) }

func invalidInput(format string, args ...any) error {
	return wire.Errorf("InvalidInput", format, args...)
}
