// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// examining is an examination that calls nobody.
func examining(partition, region string, records ...endpoint.Record) *examination {
	return &examination{
		Config:  Config{Config: onaws.Config{Bucket: "bundles"}, Task: permission.Provider},
		clients: &awsclient.Clients{Account: "123456789012", Region: region, Partition: partition}, records: records,
	}
}

// askedOn are the resources that an action is asked for on, of endpoint checkout.
func askedOn(t *testing.T, e *examination, action string) (resources []string) {
	t.Helper()
	scope := permission.Scope{Bucket: e.Bucket, Account: e.clients.Account, Region: e.clients.Region, Endpoints: []string{"checkout"}}
	for _, s := range permission.For(e.Task, scope).Statement {
		for _, q := range e.asked(s) {
			if slices.Contains(q.actions, action) {
				resources = append(resources, q.resources...)
			}
		}
	}
	return resources
}

// Policies tell things apart by AWS's names of them, as those that AWS itself keeps: what
// is not there yet is asked for by a name that it could have.
func TestStandInsHaveNamesOfAWS(t *testing.T) {
	for action, want := range map[string]string{
		"autoscaling:SuspendProcesses":              `:autoScalingGroupName/awseb-e-[a-z0-9]{10}-stack-AWSEBAutoScalingGroup-[A-Z0-9]{12}$`,
		"elasticloadbalancing:RegisterTargets":      `:targetgroup/awseb-AWSEB-[A-Z0-9]{13}/[a-f0-9]{16}$`,
		"elasticbeanstalk:CreateApplication":        `:application/checkout$`,
		"elasticbeanstalk:CreateApplicationVersion": `:applicationversion/checkout/1\.0\.0-[a-f0-9]+$`,
		"elasticbeanstalk:CreateEnvironment":        `:environment/checkout/checkout-1-0-0-[a-f0-9]{6}$`,
		"elasticloadbalancing:CreateRule":           `:listener/app/ionroller-doctor/[a-f0-9]{16}/[a-f0-9]{16}$`,
		"elasticloadbalancing:SetRulePriorities":    `:listener-rule/app/ionroller-doctor/[a-f0-9]{16}/[a-f0-9]{16}/[a-f0-9]{16}$`,
	} {
		if got := askedOn(t, examining("aws", "eu-west-1"), action); len(got) != 1 || !regexp.MustCompile(want).MatchString(got[0]) {
			t.Errorf("%s is asked for on %q, not %s", action, got, want)
		}
	}
}

// What there is of an endpoint is asked for by its name.
func TestWhatThereIsIsAsked(t *testing.T) {
	const group, zone = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/awseb-AWSEB-1/2", "arn:aws:route53:::hostedzone/Z1"
	release := endpoint.Release{Version: "1.4.0"}
	r := endpoint.Record{Endpoint: "checkout", Environments: []endpoint.Environment{
		{Name: "checkout-1-4-0-abcdef", Release: release, TargetGroup: group, ScalingGroup: "awseb-e-1-stack-AWSEBAutoScalingGroup-2"},
		{Name: "checkout-1-5-0-abcdef", Release: release}, // which is on its way
	}}
	r.Desired.DNS = &endpoint.DNS{ZoneID: "Z1"}
	other := endpoint.Record{Endpoint: "basket", Environments: []endpoint.Environment{{Name: "basket-1-0-0-abcdef"}}}
	for action, want := range map[string][]string{
		"autoscaling:SuspendProcesses":              {"arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:01234567-89ab-cdef-0123-456789abcdef:autoScalingGroupName/awseb-e-1-stack-AWSEBAutoScalingGroup-2"},
		"elasticloadbalancing:RegisterTargets":      {group},
		"route53:ChangeResourceRecordSets":          {zone},
		"elasticbeanstalk:DeleteApplicationVersion": {"arn:aws:elasticbeanstalk:eu-west-1:123456789012:applicationversion/checkout/" + release.Label()},
		"elasticbeanstalk:TerminateEnvironment": {
			"arn:aws:elasticbeanstalk:eu-west-1:123456789012:environment/checkout/checkout-1-4-0-abcdef",
			"arn:aws:elasticbeanstalk:eu-west-1:123456789012:environment/checkout/checkout-1-5-0-abcdef",
		},
	} {
		if got := askedOn(t, examining("aws", "eu-west-1", r, other), action); !slices.Equal(got, want) {
			t.Errorf("%s is asked for on %q, not %q", action, got, want)
		}
	}
}

// A role may be an instance profile's as well as Elastic Beanstalk's: it is asked for as
// both. The role of a profile may have another name than the profile.
func TestPassing(t *testing.T) {
	const account = "arn:aws:iam::123456789012:"
	r := endpoint.Record{Endpoint: "checkout"}
	r.Desired.Release.Beanstalk.InstanceProfile = account + "instance-profile/shop/one"
	r.Desired.Release.Beanstalk.ServiceRole = account + "role/shop/one"
	both := endpoint.Record{Endpoint: "basket"}
	both.Desired.Release.Beanstalk.InstanceProfile = account + "role/one"
	both.Desired.Release.Beanstalk.ServiceRole = account + "role/one"
	for name, c := range map[string]struct {
		partition string
		record    endpoint.Record
		want      []string
	}{
		"a profile": {"aws", r, []string{"shop/one to ec2.amazonaws.com, perhaps", "shop/one to elasticbeanstalk.amazonaws.com"}},
		"both":      {"aws", both, []string{"one to ec2.amazonaws.com", "one to elasticbeanstalk.amazonaws.com"}},
		"in China":  {"aws-cn", both, []string{"one to ec2.amazonaws.com.cn", "one to elasticbeanstalk.amazonaws.com"}},
	} {
		var got []string
		for _, q := range examining(c.partition, "", c.record, c.record).passing(t.Context(), []string{"iam:PassRole"}) {
			what := strings.TrimPrefix(q.resources[0], account+"role/") + " to " + q.told["iam:PassedToService"]
			if q.guess {
				what += ", perhaps"
			}
			got = append(got, what)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Before there is an endpoint nobody knows which roles it is to have: those with AWS's
// usual names are a guess, also where they are there.
func TestPassingBeforeThereIsAnEndpoint(t *testing.T) {
	s := start(t, sandbox.Config{})
	e := examining("aws", s.Info().Region)
	var err error
	if e.clients, err = awsclient.New(t.Context(), awsclient.Config{Region: s.Info().Region}); err != nil {
		t.Fatal(err)
	}
	asked := e.passing(t.Context(), []string{"iam:PassRole"})
	for _, q := range asked {
		if _, there, _ := e.role(t.Context(), path.Base(q.resources[0])); !there || !q.guess || !strings.Contains(q.unless, "that the endpoints are to have") {
			t.Errorf("%+v, there %v", q, there)
		}
	}
	if len(asked) != 2 {
		t.Errorf("%d roles are asked for", len(asked))
	}
}

// A condition on the Region is judged by where the request goes: the journal's bucket may
// be elsewhere, and Route 53 is in one place. Whose a bucket is nobody knows.
func TestEntries(t *testing.T) {
	for name, c := range map[string]struct {
		partition, region, action, want string
	}{
		"the journal":          {"aws", "eu-west-1", "s3:ListBucket", "eu-north-1, not whose"},
		"its records":          {"aws", "eu-west-1", "s3:PutObject on records", "eu-north-1, not whose"},
		"bundles":              {"aws", "eu-west-1", "s3:PutObject on bundles", "eu-west-1, not whose"},
		"rules":                {"aws", "eu-west-1", "elasticloadbalancing:CreateRule", "eu-west-1, of 123456789012"},
		"roles":                {"aws", "eu-west-1", "iam:PassRole", "eu-west-1, of 123456789012"},
		"hosts":                {"aws", "eu-west-1", "route53:ChangeResourceRecordSets", "us-east-1, of 123456789012"},
		"hosts in China":       {"aws-cn", "cn-north-1", "route53:ChangeResourceRecordSets", "cn-northwest-1, of 123456789012"},
		"hosts in GovCloud":    {"aws-us-gov", "us-gov-east-1", "route53:ChangeResourceRecordSets", "us-gov-west-1, of 123456789012"},
		"hosts somewhere else": {"aws-iso", "us-iso-east-1", "route53:ChangeResourceRecordSets", "us-iso-east-1, of 123456789012"},
	} {
		e := examining(c.partition, c.region)
		e.Journal = onaws.Journal{Bucket: "journal", Region: "eu-north-1"}
		r := endpoint.Record{Endpoint: "checkout"}
		r.Desired.Release.Beanstalk.InstanceProfile, r.Desired.Release.Beanstalk.ServiceRole = "arn:aws:iam::123456789012:role/r", "arn:aws:iam::123456789012:role/r"
		e.records = []endpoint.Record{r}
		action, object, _ := strings.Cut(c.action, " on ")
		var got []string
		for _, q := range e.questions(t.Context()) {
			if !slices.Contains(q.actions, action) || !slices.ContainsFunc(q.resources, func(r string) bool { return strings.Contains(r, object) }) ||
				action == "s3:ListBucket" && !strings.HasSuffix(q.resources[0], ":journal") {
				continue
			}
			told := map[string]string{}
			for _, entry := range e.entries(&q, "arn:aws:iam::123456789012:role/ci") {
				told[*entry.ContextKeyName] = entry.ContextKeyValues[0]
			}
			if told["aws:PrincipalArn"] != "arn:aws:iam::123456789012:role/ci" || told["aws:ViaAWSService"] != "false" || told["aws:PrincipalIsAWSService"] != "false" {
				t.Errorf("%s: IAM is told %q", name, told)
			}
			whose := "of " + told["aws:ResourceAccount"]
			if told["aws:ResourceAccount"] == "" {
				whose = "not whose"
			}
			got = append(got, fmt.Sprintf("%s, %s", told["aws:RequestedRegion"], whose))
		}
		if got = slices.Compact(got); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: IAM is told %q, want %q", name, got, c.want)
		}
	}
}

// What a policy does not allow on something that stands in for what has a name is no
// fault before the name is known.
func TestUnless(t *testing.T) {
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
	for name, c := range map[string]struct {
		task          permission.Task
		named         []string
		pattern, want string
	}{
		"nobody's endpoint":       {permission.Provider, nil, "arn:aws:s3:::b/records/1/eu-west-1/" + nobody + ".json", "name the endpoints that the policy is for, as ionroller doctor ENDPOINT --for provider"},
		"a named endpoint":        {permission.Provider, []string{"checkout"}, "arn:aws:s3:::b/records/1/eu-west-1/checkout.json", ""},
		"one that has the name":   {permission.Provider, []string{nobody}, "arn:aws:s3:::b/records/1/eu-west-1/" + nobody + ".json", ""},
		"what has no name":        {permission.Provider, nil, arn + "targetgroup/awseb-*", ""},
		"a hosted zone":           {permission.Provider, []string{"checkout"}, "arn:aws:route53:::hostedzone/*", "let it be where no endpoint has dns"},
		"a listener":              {permission.Provider, []string{"checkout"}, arn + "listener/app/*", "name the listener by --listener"},
		"its rules":               {permission.Provider, []string{"checkout"}, arn + "listener-rule/app/*", "name the listener by --listener"},
		"who cannot name its own": {permission.Command, nil, arn + "listener/app/*", "let it be before there is an endpoint"},
	} {
		e := examining("aws", "eu-west-1")
		e.Task, e.Endpoints = c.task, c.named
		if got := e.unless(c.pattern); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
