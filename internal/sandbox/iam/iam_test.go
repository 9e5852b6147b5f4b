// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/iam"
)

func TestJudge(t *testing.T) {
	const key = "arn:aws:s3:::bucket/records/a.json"
	for _, c := range []struct {
		statements, action, resource string
		want                         iam.Verdict
	}{
		{`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Allow", "Action": "S3:getobject", "Resource": "*"}`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}`, "s3:GetObjectTagging", key, iam.Silent},
		{`{"Effect": "Allow", "Action": ["s3:Put*", "s3:Get?bject"], "Resource": "*"}`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/records/*"}`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::bucket/trail/*"}`, "s3:GetObject", key, iam.Silent},
		{`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::BUCKET/*"}`, "s3:GetObject", key, iam.Silent},
		{`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::*/records/?.json"}`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket"}`, "s3:GetObject", key, iam.Silent},
		{`{"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"}`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"}`, "s3:GetObject", key, iam.Silent},
		{`{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::bucket/records/*"}`, "s3:GetObject", key, iam.Silent},
		{`[{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, {"Effect": "Allow", "Action": "*", "Resource": "*"}]`, "s3:GetObject", key, iam.Denied},
		{`[{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}]`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Allow", "Action": "elasticloadbalancing:Describe*", "Resource": "*"}`, "elasticloadbalancing:DescribeRules", "*", iam.Allowed},
		{`{"Effect": "Allow", "Action": "elasticloadbalancing:Describe*", "Resource": "arn:aws:x"}`, "elasticloadbalancing:DescribeRules", "*", iam.Silent},
		{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "x"]}}}`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:requestedregion": "us-*"}}}`, "s3:GetObject", key, iam.Silent},
		{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:RequestedRegion": "us-*"}}}`, "s3:GetObject", key, iam.Allowed},
		{`{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}`, "s3:GetObject", key, iam.Silent},
		{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:Unknown": "x"}}}`, "s3:GetObject", key, iam.Allowed},
	} {
		p, err := iam.Parse(fmt.Appendf(nil, `{"Version": "2012-10-17", "Statement": %s}`, c.statements))
		if err != nil {
			t.Errorf("%s: %v", c.statements, err)
			continue
		}
		if got := p.Judge(iam.Request{Action: c.action, Resource: c.resource, Context: map[string]string{"aws:requestedregion": "us-east-1"}}); got != c.want {
			t.Errorf("%s: %s on %s is judged %d, want %d", c.statements, c.action, c.resource, got, c.want)
		}
	}
}

// A simulation lacks what nobody told it, and says so; a real request has it.
func TestSimulate(t *testing.T) {
	const statement = `{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*", "Condition": {%s}}`
	for _, c := range []struct {
		conditions string
		told       map[string]string
		want       iam.Verdict
		missing    string
	}{
		{`"StringEquals": {"s3:if-none-match": "*"}`, map[string]string{"s3:if-none-match": "*"}, iam.Allowed, ""},
		{`"StringEquals": {"s3:if-none-match": "*"}`, map[string]string{"s3:if-none-match": "x"}, iam.Silent, ""},
		{`"StringEquals": {"s3:if-none-match": "*"}`, nil, iam.Silent, "s3:if-none-match"},
		{`"StringEqualsIfExists": {"aws:RequestedRegion": "x"}`, nil, iam.Allowed, "aws:RequestedRegion"},
		{`"StringNotEquals": {"aws:RequestedRegion": "x"}`, nil, iam.Allowed, "aws:RequestedRegion"},
		{`"StringEquals": {"aws:b": "x", "aws:a": "x"}, "StringLike": {"aws:a": "x"}`, nil, iam.Silent, "aws:a aws:b"},
		{`"StringEquals": {"aws:b": "x", "aws:a": "x"}`, map[string]string{"aws:a": "y"}, iam.Silent, "aws:b"},
	} {
		p, err := iam.Parse(fmt.Appendf(nil, `{"Version": "2012-10-17", "Statement": `+statement+`}`, c.conditions))
		if err != nil {
			t.Fatal(err)
		}
		got, missing := p.Simulate(iam.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::b/k", Context: c.told})
		if got != c.want || strings.Join(missing, " ") != c.missing {
			t.Errorf("%s told %v: %d without %q, want %d without %q", c.conditions, c.told, got, missing, c.want, c.missing)
		}
		if got, missing := p.Simulate(iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}); got != iam.Silent || missing != nil {
			t.Errorf("%s: another action is judged %d, without %q", c.conditions, got, missing)
		}
	}
}

func TestMalformed(t *testing.T) {
	for statement, want := range map[string]string{
		`{"Effect": "allow", "Action": "*", "Resource": "*"}`:                   "the effect",
		`{"Effect": "Allow", "Resource": "*"}`:                                  "Action",
		`{"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}`: "Action",
		`{"Effect": "Allow", "Action": "*"}`:                                    "Resource",
		`{"Effect": "Allow", "Action": "GetObject", "Resource": "*"}`:           "GetObject",
		`{"Effect": "Allow", "Action": "*:Get*", "Resource": "*"}`:              "service",
		`{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}`: "Principal",
		`{"Effect": "Allow", "Actions": "*", "Resource": "*"}`:                  "Actions",
		`{"Effect": "Allow", "Action": 1, "Resource": "*"}`:                     "number",
		`[]`: "no Statement",
	} {
		if _, err := iam.Parse([]byte(`{"Statement": ` + statement + `}`)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
