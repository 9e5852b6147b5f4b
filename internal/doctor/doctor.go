// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package doctor looks at everything that ionroller needs of AWS, and says what is
// wrong and how to mend it. It goes on after what it finds, and changes nothing.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Note    Level = "note"    // it could not be looked at: nothing that is known is wrong
	Warning Level = "warning" // nothing fails for it, today
	Problem Level = "problem" // something fails for it
)

// Finding is what a check came to.
type Finding struct {
	Level   Level  `json:"level"`
	Check   string `json:"check"`   // what was looked at, as "bucket"
	Message string `json:"message"` // what was found
	Mend    string `json:"mend"`    // how to mend it; "" when it is as it should be
}

// Config says what is looked at, and for whom.
type Config struct {
	onaws.Config
	Task      permission.Task // what the caller wants to do
	Endpoints []string        // names; empty: all of the owner
	Listeners []string        // ARNs, beside those of the endpoints
}

// Examine makes all checks. Where one shows that others can tell nothing, those are
// left out.
func Examine(ctx context.Context, c Config) []Finding {
	e := &examination{Config: c}
	if !e.credentials(ctx) {
		return e.findings
	}
	if !e.permissions(ctx) {
		e.clock() // by which requests are signed
		return e.findings
	}
	if e.bucket(ctx) {
		e.endpoints(ctx)
	}
	e.changes(ctx)
	if e.Task.Checks() {
		for _, arn := range e.Listeners {
			e.listener(ctx, arn)
		}
		e.platform(ctx)
		e.quotas(ctx)
	}
	if e.loop != nil {
		e.daemons(ctx)
	}
	e.clock()
	return e.findings
}

// examination is one run of the checks.
type examination struct {
	Config
	clients  *awsclient.Clients
	loop     *roller.Roller // nil where the bucket does not allow for one
	records  []endpoint.Record
	findings []Finding
}

func (e *examination) add(level Level, check, mend, format string, args ...any) {
	e.findings = append(e.findings, Finding{level, check, fmt.Sprintf(format, args...), mend})
}

func (e *examination) ok(check, format string, args ...any) { e.add(OK, check, "", format, args...) }

// failed is the finding of a check that could not be made.
func (e *examination) failed(check string, err error) {
	mend := cmp.Or(renewal(err), "mend what AWS says, and run ionroller doctor again")
	if denied(err) {
		mend = e.allow()
	}
	e.add(Problem, check, mend, "%v", err)
}

// allow says where the permissions are that somebody lacks.
func (e *examination) allow() string {
	return "give the caller the policy that is printed by ionroller iam-policy --for " + string(e.Task)
}

// problems are the findings of one of the provider's own checks, which says "" when
// there is none.
func (e *examination) problems(check, mend string, problems []endpoint.Problem) {
	for _, p := range problems {
		level := Problem
		if p.Warning {
			level = Warning
		}
		e.add(level, check, mend, "%v", p)
	}
}

func (e *examination) credentials(ctx context.Context) bool {
	const check = "credentials"
	var err error
	if e.clients, err = awsclient.New(ctx, e.AWS); err != nil {
		mend := cmp.Or(renewal(err), "name a profile by --profile or AWS_PROFILE and a Region by --region or AWS_REGION, and see that aws sts get-caller-identity answers")
		e.add(Problem, check, mend, "%v", err)
		return false
	}
	e.ok(check, "%s, of account %s, in Region %s", e.clients.CallerARN, e.clients.Account, e.clients.Region)
	if ends := e.clients.Expires; !ends.IsZero() {
		e.add(Warning, check, "use a profile or a role, whose credentials are renewed", "they end at %s: a rollout that takes longer is interrupted", ends.UTC().Format(time.RFC3339))
	}
	return true
}

// skew is how far a clock may be off. AWS refuses what is signed by one that is off by
// more than 5 minutes, see "Troubleshooting Signature Version 4" in its General Reference.
const skew = time.Minute

// clock compares this machine's clock with AWS's, which the answers so far told.
func (e *examination) clock() {
	const check = "clock"
	ahead, known := e.clients.Clock.Ahead()
	switch off := ahead.Abs().Truncate(time.Second); {
	case !known:
	case off > skew:
		e.add(Warning, check, "set this machine's clock by NTP", "it is %s off AWS's: AWS refuses calls when it is more than 5 minutes", off)
	default:
		e.ok(check, "it agrees with AWS's")
	}
}

// bucket connects the loop, which checks the bucket as the provider does.
func (e *examination) bucket(ctx context.Context) bool {
	const check = "bucket"
	loop, err := onaws.Connect(ctx, e.Config.Config)
	var wrong *roller.Problems
	switch {
	case errors.As(err, &wrong):
		e.problems(check, "name the bucket of the provider's configuration by --bucket or IONROLLER_BUCKET, make it, or let its owner and the caller's policy allow s3:ListBucket", wrong.Problems)
		return false
	case err != nil:
		e.failed(check, err)
		return false
	}
	e.loop = loop
	e.ok(check, "%s is there, in the Region that it is to be in", e.Bucket)
	e.safeguards(ctx, check, e.Bucket, "")
	if j := e.Journal; j.Bucket != "" && j.Bucket != e.Bucket {
		e.ok(check, "%s, of the journal, is there, in the Region that it is to be in", j.Bucket)
		e.safeguards(ctx, check, j.Bucket, j.Region)
	}
	return true
}
