// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
)

// question is what IAM is asked at once: are actions allowed on resources, in a request
// that has some values of condition keys?
type question struct {
	actions, resources []string
	told               map[string]string
	patterns           map[string]string // of the policy, by the resource that stands in for all
	// guess says that a resource may not be the one which it comes to, and unless what to
	// look at then.
	guess  bool
	unless string
}

// looks is the statement of every policy whose actions are tried.
const looks = "Look"

// questions are what is to be allowed by the task's policy, on what there is, beyond
// what was tried.
func (e *examination) questions(ctx context.Context) ([]question, error) {
	scope := permission.Scope{
		Bucket: e.Bucket, Journal: e.Journal.Bucket, Prefix: e.Journal.Prefix,
		Account: e.clients.Account, Region: e.clients.Region, Endpoints: e.names(),
	}
	var all []question
	for _, s := range permission.For(e.Task, scope).Statement {
		switch {
		case s.Sid == looks:
		case slices.Contains(s.Action, "iam:PassRole"):
			passing, err := e.passing(ctx, s.Action)
			if err != nil {
				return nil, err
			}
			all = append(all, passing...)
		default:
			all = append(all, e.asked(s)...)
		}
	}
	return all, nil
}

// asked are the questions of a statement: one for the resources of each kind, because
// most actions know one kind alone.
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
		i := slices.IndexFunc(all, func(q question) bool { return slices.Equal(q.actions, actions) })
		if i < 0 {
			i, all = len(all), append(all, question{actions: actions, told: told, patterns: map[string]string{}})
		}
		q := &all[i]
		resources := e.inPartition(e.known(pattern))
		if len(resources) == 0 {
			resources = e.inPartition([]string{standIns.Replace(pattern)})
			q.patterns[resources[0]] = pattern
			if strings.HasSuffix(pattern, ":hostedzone/*") {
				// Whoever makes a policy narrower does it by the hosted zones.
				q.guess, q.unless = true, "let it be where no endpoint has dns"
			}
		}
		q.resources = append(q.resources, resources...)
	}
	return all
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

// standIns are well-formed names of something that there is not. One of a kind is as good
// as any where a policy does not tell them apart.
var standIns = strings.NewReplacer(
	"listener/app/*", "listener/app/"+nobody+"/0123456789abcdef/0123456789abcdef",
	"listener-rule/app/*", "listener-rule/app/"+nobody+"/0123456789abcdef/0123456789abcdef/0123456789abcdef",
	"targetgroup/awseb-*", "targetgroup/awseb-doctor/0123456789abcdef",
	"autoScalingGroup:*:", "autoScalingGroup:01234567-89ab-cdef-0123-456789abcdef:",
	"hostedzone/*", "hostedzone/Z00000000000000000000",
	"*", nobody,
)

// known are the resources of the endpoints that a pattern of the policy is about.
func (e *examination) known(pattern string) []string {
	var arns []string
	switch {
	case strings.HasSuffix(pattern, ":listener/app/*"):
		return slices.Clone(e.Listeners)
	case strings.HasSuffix(pattern, ":listener-rule/app/*"):
		for _, listener := range e.Listeners {
			arns = append(arns, strings.Replace(listener, ":listener/", ":listener-rule/", 1)+"/0123456789abcdef")
		}
	case strings.HasSuffix(pattern, ":hostedzone/*"):
		for _, r := range e.records {
			if dns := r.Desired.DNS; dns != nil {
				arns = append(arns, "arn:aws:route53:::hostedzone/"+dns.ZoneID)
			}
		}
	}
	return arns
}

// inPartition puts ARNs, which policies are printed with of the partition aws, into that
// of the caller.
func (e *examination) inPartition(arns []string) []string {
	for i, arn := range arns {
		arns[i] = strings.Replace(arn, "arn:aws:", "arn:"+e.clients.Partition+":", 1)
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

// passing are the questions whether the roles of the endpoints, or those with AWS's usual
// names, may be given to who is to have them.
func (e *examination) passing(ctx context.Context, actions []string) ([]question, error) {
	receivers := map[string]string{} // by role
	for _, r := range e.records {
		b := r.Desired.Release.Beanstalk
		receivers[b.InstanceProfile], receivers[b.ServiceRole] = "ec2.amazonaws.com", "elasticbeanstalk.amazonaws.com"
	}
	if len(receivers) == 0 {
		receivers["aws-elasticbeanstalk-ec2-role"], receivers["aws-elasticbeanstalk-service-role"] = "ec2.amazonaws.com", "elasticbeanstalk.amazonaws.com"
	}
	var all []question
	for _, role := range slices.Sorted(maps.Keys(receivers)) {
		// A profile that AWS makes has the name of its role.
		arn, sure := strings.Replace(role, ":instance-profile/", ":role/", 1), true
		if !strings.HasPrefix(role, "arn:") {
			var err error
			if arn, sure, err = e.role(ctx, role); err != nil {
				return nil, err
			}
		}
		all = append(all, question{
			actions: actions, resources: []string{arn}, told: map[string]string{"iam:PassedToService": receivers[role]},
			guess: !sure, unless: "see that it is allowed on the role by its whole ARN, which could not be found out",
		})
	}
	return all, nil
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
