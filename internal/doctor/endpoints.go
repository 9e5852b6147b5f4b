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

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// endpoints reads the journal, and looks at each endpoint as a plan does.
func (e *examination) endpoints(ctx context.Context) {
	const check = "journal"
	names := e.Endpoints
	if len(names) == 0 {
		var err error
		if names, err = e.loop.Journal.List(ctx); err != nil {
			e.failed(check, err)
			return
		}
	}
	faults := len(e.findings)
	for _, name := range names {
		record, err := e.loop.Journal.Read(ctx, name)
		var other *roller.OtherOwner
		switch {
		case errors.As(err, &other) && len(e.Endpoints) == 0:
		case errors.As(err, &other):
			e.add(Problem, check, "say --owner or IONROLLER_OWNER as the provider's configuration does", "%v", err)
		case denied(err):
			e.failed(check, err)
		case err != nil:
			e.add(Problem, check, "bring back the version of it before, as the guide Runbook says", "the record of endpoint %s cannot be read: %v", name, err)
		case record == nil && len(e.Endpoints) > 0 && e.Task == permission.Provider: // which makes it
			e.add(Note, check, "let it be before its first rollout, or look for it as ionroller status does, in another --bucket, --journal-prefix or --region", "there is no endpoint %s in this journal yet", name)
		case record == nil && len(e.Endpoints) > 0:
			e.add(Problem, check, "look for it with ionroller status, or in another --bucket, --journal-prefix or --region", "there is no endpoint %s in this journal", name)
		case record != nil && record.Phase != endpoint.Deleted:
			e.records = append(e.records, *record)
		}
	}
	if len(e.findings) == faults {
		e.ok(check, "it can be read, and has %s", counted(len(e.records), "endpoint"))
	}
	for i := range e.records {
		e.endpoint(ctx, &e.records[i])
	}
}

// endpoint makes the checks of one endpoint: what there is of it, and what the
// provider looks at before it makes another environment.
func (e *examination) endpoint(ctx context.Context, r *endpoint.Record) {
	check := "endpoint " + r.Endpoint
	faults := len(e.findings)
	if arn := r.Desired.Routing.ListenerARN; arn != "" && !slices.Contains(e.Listeners, arn) {
		e.Listeners = append(e.Listeners, arn)
	}
	if _, err := e.loop.Journal.Events(ctx, r.Endpoint, max(0, r.Trail.Sequence-1)); err != nil {
		e.failed(check, err)
	}
	if _, err := e.loop.Observe(ctx, r.Endpoint); err != nil {
		e.failed(check, err)
	}
	if e.Task.Checks() {
		problems, err := e.loop.Check(ctx, r.Desired, r, true)
		if err != nil {
			e.failed(check, err)
		}
		e.problems(check, "put right what is named, in AWS or in the configuration of endpoint "+r.Endpoint, problems)
	}
	switch {
	case len(e.findings) > faults:
	case e.Task.Checks():
		e.ok(check, "it can be looked at, and nothing stops another release")
	default:
		e.ok(check, "it can be looked at")
	}
	e.roles(check, r)
}

// roles tells whether the roles of an endpoint are there, by the environments that
// came up with them: IAM is not asked.
func (e *examination) roles(check string, r *endpoint.Record) {
	wanted := r.Desired.Release.Beanstalk
	what := fmt.Sprintf("instance profile %s and service role %s", wanted.InstanceProfile, wanted.ServiceRole)
	for i := range r.Environments {
		was := r.Environments[i].Release.Beanstalk
		if r.Environments[i].Proven && was.InstanceProfile == wanted.InstanceProfile && was.ServiceRole == wanted.ServiceRole {
			e.ok(check, "%s are those of %s, which came up with them", what, r.Environments[i].Name)
			return
		}
	}
	e.add(Warning, check, "see that aws iam get-instance-profile and aws iam get-role know them", "nothing has come up yet with %s", what)
}

// daemons looks for a daemon where something is left to one.
func (e *examination) daemons(ctx context.Context) {
	const check = "daemon"
	daemons, err := e.loop.Journal.Daemons(ctx)
	if err != nil {
		e.failed(check, err)
		return
	}
	var alone []string
	for _, r := range e.records {
		looked := slices.ContainsFunc(daemons, func(d roller.Daemon) bool { return d.Covers(r.Endpoint) && d.AtWork() })
		if p := r.Desired.Rollout; (p.NoWait || p.Cap() < 100) && !looked {
			alone = append(alone, r.Endpoint)
		}
	}
	for _, d := range daemons {
		silent := d.Silent.Truncate(time.Second)
		if d.AtWork() {
			e.ok(check, "one is at work on %s, and was heard of %s ago", d.Who.Host, silent)
		} else {
			e.add(Warning, check, "start it again, or let it be: its sign of life is forgotten after a day", "one that was at work on %s has been silent for %s", d.Who.Host, silent)
		}
	}
	switch {
	case len(alone) > 0:
		e.add(Warning, check, "start one with ionroller reconcile", "none looks after %s, whose rollouts are left to one by rollout.wait or rollout.max_weight", strings.Join(alone, ", "))
	case len(daemons) == 0:
		e.ok(check, "none is at work, and none is needed")
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
