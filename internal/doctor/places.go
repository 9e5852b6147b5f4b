// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"context"

	"github.com/ionroller/terraform-provider-ionroller/internal/balancer"
	"github.com/ionroller/terraform-provider-ionroller/internal/beanstalk"
)

// listener looks at a listener and its load balancer.
func (e *examination) listener(ctx context.Context, arn string) {
	const check = "listener"
	l, problems, err := balancer.New(e.clients, balancer.Options{}).Listener(ctx, arn)
	switch {
	case err != nil:
		e.failed(check, err)
	case len(problems) > 0:
		e.problems(check, "name a listener of an Application Load Balancer of this account and Region, as aws elbv2 describe-listeners prints them", problems)
	default:
		level, mend := room(l.Rules, l.MostRules)
		e.add(level, check, mend, "%s %d, on a load balancer with %d of at most %d rules: %s", l.Protocol, l.Port, l.Rules, l.MostRules, arn)
	}
}

// platform looks for what new environments run on.
func (e *examination) platform(ctx context.Context) {
	const check = "platform"
	version, err := e.beanstalk().Recommended(ctx)
	switch {
	case err != nil:
		e.failed(check, err)
	case version == "":
		e.add(Problem, check, "name a platform in beanstalk.platform_arn, as aws elasticbeanstalk list-platform-versions prints them", "Elastic Beanstalk recommends no version of its Docker platform in %s", e.clients.Region)
	default:
		e.ok(check, "%s is recommended", version)
	}
}

// quotas looks for room for another environment.
func (e *examination) quotas(ctx context.Context) {
	const check = "quotas"
	quotas, err := e.beanstalk().Quotas(ctx)
	if err != nil {
		e.failed(check, err)
		return
	}
	for _, q := range quotas {
		level, mend := room(q.Have, q.Most)
		e.add(level, check, mend, "%d of at most %d %s of Elastic Beanstalk", q.Have, q.Most, q.Of)
	}
}

func (e *examination) beanstalk() *beanstalk.Platform {
	return beanstalk.New(e.clients, beanstalk.Options{Owner: e.Owner, Bucket: e.Bucket})
}

// room judges what is left of a quota.
func room(have, most int) (Level, string) {
	mend := "remove what is not used, or ask for more at AWS's Service Quotas"
	switch {
	case have >= most:
		return Problem, mend
	case have*10 >= most*9:
		return Warning, mend
	}
	return OK, ""
}
