// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sabotage

// accounts guard against calling as the wrong one, not being allowed to, and
// calling too often.
var accounts = []Guard{
	{
		Name:    "roles-of-other-accounts",
		Against: "endpoints are in other accounts than the caller",
		File:    "internal/awsclient/config.go",
		Old:     `		base.AssumeRole = append(base.AssumeRole, awsbase.AssumeRole{`,
		New:     `		base.AssumeRole = append(base.AssumeRole[:0], awsbase.AssumeRole{`,
		Package: "internal/awsclient", Test: "TestRolesOfOtherAccounts",
	},
	{
		Name:    "external-id",
		Against: "roles ask for an external ID",
		File:    "internal/awsclient/config.go",
		Old:     `ExternalID: r.ExternalID, `,
		New:     ``,
		Package: "internal/awsclient", Test: "TestRolesOfOtherAccounts",
	},
	{
		Name:    "allowed-accounts",
		Against: "credentials are of another account than was meant",
		File:    "internal/awsclient/awsclient.go",
		Old:     `len(ids) > 0 && !slices.Contains(ids, clients.Account)`,
		New:     `len(ids) > 0 && clients.Account == ""`,
		Package: "internal/awsclient", Test: "TestNew/other account",
	},
	{
		Name:    "throttled-calls-are-tried-again",
		Against: "AWS throttles, and the SDK alone gives up after three tries",
		File:    "internal/awsclient/awsclient.go",
		Old:     `retryer(), maxAttempts)`,
		New:     `retryer(), 3)`,
		Package: "internal/awsclient", Test: "TestThrottlingIsBorne",
	},
	{
		Name:    "few-calls",
		Against: "Elastic Beanstalk throttles who asks often",
		File:    "internal/beanstalk/observe.go",
		Old:     `if s.TargetGroup != "" && s.ScalingGroup != "" {`,
		New:     `if false {`,
		Package: "internal/beanstalk", Test: "TestObserveIsSparing",
	},
	{
		Name:    "throttling-is-no-refusal",
		Against: "throttling passes: a rollout is not given up for it",
		File:    "internal/beanstalk/errors.go",
		Old:     `case throttled, strings`,
		New:     `case throttled && c == "", strings`,
		Package: "internal/beanstalk", Test: "TestRefusal",
	},
	{
		Name:    "denied-is-refused",
		Against: "a permission that is missing stays missing: to try again is in vain",
		File:    "internal/beanstalk/errors.go",
		Old:     `	return &roller.Refusal{Err: err}`,
		New:     `	_ = roller.Refusal{}; return err`,
		Package: "internal/beanstalk", Test: "TestRefusal",
	},
	{
		Name:    "role-that-spreads",
		Against: "a role that was made a moment ago is not known everywhere",
		File:    "internal/beanstalk/errors.go",
		Old:     `spreading.MatchString(err.ErrorMessage()) || `,
		New:     ``,
		Package: "internal/beanstalk", Test: "TestRefusal",
	},
	{
		Name:    "denials-are-found",
		Against: "a permission is missing, and nobody knows which",
		File:    "internal/doctor/permissions.go",
		Old:     "		case denied(err):\n			untried++",
		New:     "		case false:\n			untried++",
		Package: "internal/command", Test: "TestScripts/doctor",
	},
	{
		Name:    "refused-changes-are-found",
		Against: "what changes AWS cannot be tried: a permission for it is missed in the middle of a rollout",
		File:    "internal/doctor/changes.go",
		Old:     `slices.DeleteFunc(slices.Clone(verdicts), verdict.allowed)`,
		New:     `verdicts[:0]`,
		Package: "internal/command", Test: "TestScripts/doctor",
	},
	{
		Name:    "conditions-are-simulated",
		Against: "a policy allows writing only what is not there yet, of which a simulation knows what it is told",
		File:    "internal/doctor/questions.go",
		Old:     `		maps.Copy(told, values)`,
		New:     `		_ = values`,
		Package: "internal/command", Test: "TestScripts/doctor",
	},
	{
		Name:    "session-is-not-its-role",
		Against: "the ARN of a session does not tell the path of its role",
		File:    "internal/doctor/subject.go",
		Old:     `	return aws.ToString(out.Role.Arn), true, nil`,
		New:     `	_ = aws.ToString(out.Role.Arn); return arn, true, nil`,
		Package: "internal/doctor", Test: "TestRoleWithAPath/found by IAM",
	},
	{
		Name:    "unchecked-is-not-denied",
		Against: "a bucket's own policy lets somebody in, and IAM does not simulate it",
		File:    "internal/doctor/changes.go",
		Old:     `v.decision == bucket.decision && (v.resource`,
		New:     `false && (v.resource`,
		Package: "internal/doctor", Test: "TestBucketThatLetsIn",
	},
}
