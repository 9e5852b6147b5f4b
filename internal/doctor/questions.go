// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
)

// question is what IAM is asked at once: are actions allowed on resources, in a request
// that has some values of condition keys?
type question struct {
	actions, resources []string
	region             string // to which the request goes
	told               map[string]string
	patterns           map[string]string // of the policy, by the resource that stands in for all
	// guess says that a resource may not be the one that it comes to, and unless what to
	// do then.
	guess  bool
	unless string
}

// looks is the statement of every policy whose actions are tried.
const looks = "Look"

// questions are what is to be allowed by the task's policy, on what there is, beyond
// what was tried.
func (e *examination) questions(ctx context.Context) []question {
	scope := permission.Scope{
		Bucket: e.Bucket, Journal: e.Journal.Bucket, Prefix: e.Journal.Prefix,
		Account: e.clients.Account, Region: e.clients.Region, Endpoints: e.names(),
	}
	if len(scope.Endpoints) == 0 {
		scope.Endpoints = []string{nobody}
	}
	var all []question
	for _, s := range permission.For(e.Task, scope).Statement {
		switch {
		case s.Sid == looks:
		case slices.Contains(s.Action, "iam:PassRole"):
			all = append(all, e.passing(ctx, s.Action)...)
		default:
			all = append(all, e.asked(s)...)
		}
	}
	return all
}

// asked are the questions of a statement: one for the resources of each kind, because
// most actions know one kind alone, in each Region.
func (e *examination) asked(s permission.Statement) []question {
	told := map[string]string{}
	for _, values := range s.Condition {
		maps.Copy(told, values)
	}
	var all []question
	for _, pattern := range s.Resource {
		actions := slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool { return !about(action, pattern) })
		if len(actions) == 0 {
			continue
		}
		region := e.region(pattern)
		i := slices.IndexFunc(all, func(q question) bool { return q.region == region && slices.Equal(q.actions, actions) })
		if i < 0 {
			i, all = len(all), append(all, question{actions: actions, region: region, told: told, patterns: map[string]string{}})
		}
		q := &all[i]
		resources := e.inPartition(e.known(pattern))
		if len(resources) == 0 {
			resources = e.inPartition([]string{standIn(pattern)})
			q.patterns[resources[0]] = strings.ReplaceAll(pattern, "/"+nobody, "/*")
			q.unless = e.unless(pattern)
			q.guess = q.unless != ""
		}
		q.resources = append(q.resources, resources...)
	}
	return all
}

// unless says what to look at where a policy does not allow what stands in for a pattern's
// resources: whoever makes a policy narrower does it by endpoints, listeners and hosted
// zones. It is "" for those that nobody can name before they are there.
func (e *examination) unless(pattern string) string {
	switch {
	case len(e.names()) == 0 && strings.Contains(pattern, "/"+nobody):
		return fmt.Sprintf("name the endpoints that the policy is for, as ionroller doctor ENDPOINT --for %s", e.Task)
	case strings.HasSuffix(pattern, ":hostedzone/*"):
		return "let it be where no endpoint has dns"
	case strings.Contains(pattern, ":listener") && e.Task.Checks():
		return "name the listener by --listener"
	case strings.Contains(pattern, ":listener"):
		return "let it be before there is an endpoint"
	}
	return ""
}

// about says whether an action is one on a resource, in a statement that has resources
// of several kinds. Those are Elastic Beanstalk's, whose actions name their kind.
//
// Source: the Service Authorization Reference.
func about(action, resource string) bool {
	for _, kind := range []string{"Application", "ApplicationVersion", "Environment"} {
		if strings.HasSuffix(action, kind) {
			return strings.Contains(resource, ":"+strings.ToLower(kind)+"/")
		}
	}
	return true
}

// handover is a role that is given to a service, with an instance profile or by itself.
type handover struct{ role, service string }

// handovers are those of the endpoints, or of the roles with AWS's usual names. One role
// may be given to both.
//
// Source: AdministratorAccess-AWSElasticBeanstalk in the AWS Managed Policy Reference for
// the services' names, of which EC2 alone has another in China.
func (e *examination) handovers() []handover {
	instances, platform := "ec2."+domain(e.clients), "elasticbeanstalk.amazonaws.com"
	var all []handover
	for i := range e.records {
		b := e.records[i].Desired.Release.Beanstalk
		all = append(all, handover{b.InstanceProfile, instances}, handover{b.ServiceRole, platform})
	}
	if len(all) == 0 {
		all = []handover{{"aws-elasticbeanstalk-ec2-role", instances}, {"aws-elasticbeanstalk-service-role", platform}}
	}
	slices.SortFunc(all, func(a, b handover) int {
		return cmp.Or(strings.Compare(a.role, b.role), strings.Compare(a.service, b.service))
	})
	return slices.Compact(all)
}

// passing are the questions whether roles may be given to who is to have them.
func (e *examination) passing(ctx context.Context, actions []string) []question {
	var all []question
	for _, h := range e.handovers() {
		// A profile that AWS makes has the name of its role. Others need not.
		arn, sure := strings.Replace(h.role, ":instance-profile/", ":role/", 1), strings.Contains(h.role, ":role/")
		if !strings.HasPrefix(h.role, "arn:") {
			arn, sure, _ = e.role(ctx, h.role) // what keeps IAM from telling it will say when it is asked what is allowed
		}
		q := question{
			actions: actions, resources: []string{arn}, region: e.clients.Region, told: map[string]string{"iam:PassedToService": h.service},
			guess: !sure, unless: "see that it is allowed on the role by its whole ARN, which could not be found out",
		}
		if len(e.records) == 0 {
			q.guess, q.unless = true, "see that it is allowed on the roles that the endpoints are to have"
		}
		all = append(all, q)
	}
	return all
}

// names are those of the endpoints that it is about; none when it may be about any.
func (e *examination) names() []string {
	if len(e.Endpoints) > 0 {
		return e.Endpoints
	}
	var names []string
	for _, r := range e.records {
		names = append(names, r.Endpoint)
	}
	return names
}
