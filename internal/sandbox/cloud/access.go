// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/iam"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// A need is an action that a call takes, and what it takes it on: one or more
// ARNs, or * for actions without resources.
type need struct {
	action    string
	resources []string
}

// authorize refuses a call for which the caller lacks a permission. Input is
// the operation's.
func (c *Cloud) authorize(p principal, service, operation string, input any) error {
	if len(p.policies) == 0 {
		return nil
	}
	c.mu.Lock()
	needs := c.needs(service, operation, input)
	c.mu.Unlock()
	for _, n := range needs {
		for _, resource := range n.resources {
			if why := p.refusal(n.action, resource, c.context(p)); why != "" {
				on := ""
				if resource != "*" {
					on = " on resource: " + resource
				}
				code := "AccessDenied"
				if service == "ecr" { // as all services that speak JSON alone
					code += "Exception"
				}
				return wire.Errorf(code, "User: %s is not authorized to perform: %s%s %s", p.arn, n.action, on, why)
			}
		}
	}
	return nil
}

// context gives the condition keys that every request has.
func (c *Cloud) context(p principal) map[string]string {
	return map[string]string{
		"aws:requestedregion": c.config.Region, "aws:principalarn": p.arn, "aws:principalaccount": p.account,
		"aws:resourceaccount": c.config.Account, "aws:userid": p.userID,
	}
}

// refusal says in AWS's words why a principal may not do something; it is empty
// when it may.
func (p principal) refusal(action, resource string, context map[string]string) string {
	for _, b := range p.policies {
		switch b.policy.Judge(iam.Request{Action: action, Resource: resource, Context: context}) {
		case iam.Denied:
			return fmt.Sprintf("with an explicit deny in %s policy", article(b.kind))
		case iam.Silent:
			return fmt.Sprintf("because no %s policy allows the %s action", b.kind, action)
		}
	}
	return ""
}

func article(kind string) string {
	if kind == identityBased {
		return "an " + kind
	}
	return "a " + kind
}
