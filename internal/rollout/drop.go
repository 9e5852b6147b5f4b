// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// drop lets the environments of a release go, named by version, fingerprint or the
// environment's name. It returns why it cannot.
func (e *effect) drop(o endpoint.Order) (declined string) {
	declined = fmt.Sprintf("there is no environment of %s", o.Release)
	for i := range e.r.Environments {
		env := &e.r.Environments[i]
		if o.Release != env.Release.Version && o.Release != env.Fingerprint && o.Release != env.Name || !env.Retired.IsZero() {
			continue
		}
		if declined = e.dropOne(env.Name, o); declined != "" {
			return declined
		}
	}
	return declined
}

// dropOne lets an environment go. Where it carries traffic and that is to be forced,
// traffic leaves it first.
func (e *effect) dropOne(name string, o endpoint.Order) (declined string) {
	why := "it was dropped by " + o.Who.Caller
	role := e.r.Role(e.r.Environment(name))
	if used := e.Sights[name].UsedBy; len(used) > 0 {
		return fmt.Sprintf("%s is used by a listener rule that is not ionroller's: %s; take its target group out of that rule first", name, strings.Join(used, ", "))
	}
	switch weight := e.Percent(name); {
	case o.Force:
	case role == endpoint.Active || role == endpoint.Candidate:
		return fmt.Sprintf("%s is %s, with %d %% of traffic: only an environment without traffic is dropped, unless that is forced", name, role, weight)
	case weight > 0:
		return fmt.Sprintf("%s has %d %% of traffic, which somebody else gave it: it is dropped once that is repaired, or when it is forced", name, weight)
	}
	switch role {
	case endpoint.Active:
		if declined := e.leave(o); declined != "" {
			return declined
		}
	case endpoint.Candidate:
		if declined := e.giveUp(why); declined != "" {
			return declined
		}
	}
	e.r.Environment(name).Dropped = why
	return ""
}

// leave takes all traffic from the active environment to the one that was live before.
func (e *effect) leave(o endpoint.Order) (declined string) {
	if e.r.Rollout != nil {
		return "a rollout that may have to go back to it is in flight: abort it, or wait for its end"
	}
	w := e.World
	w.Record = e.r
	back, err := WayBack(w, "")
	if err != nil {
		return "it is all that serves"
	}
	r, events := GoBack(w, back.Name, either(o.Reason, "what was live is dropped"), o.Who)
	e.r, e.events = r, append(e.events, events...)
	return ""
}

// giveUp takes the traffic of the rollout in flight back.
func (e *effect) giveUp(why string) (declined string) {
	f := e.r.Rollout
	switch {
	case f == nil || f.Back != nil:
		return "" // it goes back already
	case f.From == "" && f.Step >= 0:
		return "there is no release to go back to"
	}
	f.Back = &endpoint.GoingBack{Result: endpoint.RolledBack, Reason: why, Rejects: true}
	f.Since = time.Time{}
	e.tell(endpoint.RolloutFailed, e.r.Environment(f.To), "the rollout is given up: %s", why)
	return ""
}
