// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// The way back that an operator chooses, whatever is under way.

// WayBack chooses the environment that traffic goes back to: one that carried
// all of it before, because any other would go through steps and gates. A rollback
// that was begun and cut short is gone on with.
func WayBack(w World, version string) (*endpoint.Environment, error) {
	r, begun := &w.Record, begunBack(&w.Record)
	if r.Phase == endpoint.Deleting {
		return nil, fmt.Errorf("endpoint %s is being removed, and nothing leads back from there: its removal was begun, and the next terraform destroy or apply, or ionroller reconcile --once %s, ends it", r.Endpoint, r.Endpoint)
	}
	var best *endpoint.Environment
	for i := range r.Environments {
		e := &r.Environments[i]
		back := r.Role(e) == endpoint.Retained && e.Proven && e.Retired.IsZero() || e.Name == r.Active && r.Rollout != nil && e.Dropped == "" || e.Name == begun
		if !back || version != "" && e.Release.Version != version || version == "" && begun != "" && e.Name != begun {
			continue
		}
		if s := w.Sights[e.Name]; !s.Found || s.Healthy == 0 {
			continue
		}
		if best == nil || e.Name == r.Active || best.Name != r.Active && e.OutSince.After(best.OutSince) {
			best = e
		}
	}
	switch {
	case best != nil:
		return best, nil
	case r.TakingOver():
		return nil, fmt.Errorf("endpoint %s has no environment to go back to, because it is taking over listener rule %s: ionroller abort %s gives all traffic back to the rule's old groups", r.Endpoint, r.Takeover.RuleARN, r.Endpoint)
	case version == "":
		return nil, fmt.Errorf("endpoint %s has no healthy environment to go back to: release %s is all there is; deploy an earlier version with Terraform", r.Endpoint, r.ActiveVersion())
	default:
		return nil, fmt.Errorf("endpoint %s keeps no healthy environment of release %s to go back to that carried all traffic before; ionroller status %s lists what there is", r.Endpoint, version, r.Endpoint)
	}
}

// begunBack is the environment to which an operator's rollback is under way, or "".
func begunBack(r *endpoint.Record) string {
	if f := r.Rollout; f != nil && f.Kind == endpoint.Hot && r.Pin != nil {
		if to := r.Environment(f.To); to != nil && to.Fingerprint == r.Pin.Fingerprint && to.Dropped == "" {
			return to.Name
		}
	}
	return ""
}

// GoBack is the record after an operator asked for all traffic back on an
// environment, whatever was under way: what carries requests instead is left, and
// rejected, and the endpoint is held at the release gone back to.
func GoBack(w World, target string, why string, who endpoint.Who) (endpoint.Record, []endpoint.Event) {
	e := effect{World: w, r: w.Record.Clone()}
	to, left := e.r.Environment(target), e.r.Environment(e.r.Active)
	if f := e.r.Rollout; f != nil && f.To != target {
		left = e.r.Environment(f.To)
	}
	e.r.Pin = &endpoint.Pin{Fingerprint: to.Fingerprint, Version: to.Release.Version, Reason: why, Time: w.Now, Who: who}
	if left != nil && left.Fingerprint != to.Fingerprint {
		e.r.Pin.Left = left.Release.Version
		e.reject(left, strings.TrimRight("an operator went back to "+to.Release.Version+": "+why, ": "), true)
	}
	e.r.Rejections = slices.DeleteFunc(e.r.Rejections, func(j endpoint.Rejection) bool { return j.Fingerprint == to.Fingerprint })
	e.r.Desired.Release, e.r.GivenUp = to.Release, ""
	if e.r.Accepted != nil {
		accepted := *e.r.Accepted
		accepted.Release = to.Release
		e.r.Accepted = &accepted
	}
	e.redirect(to)
	e.tell(endpoint.EndpointPinned, to, "all traffic goes back to %s, and stays there until the endpoint is unpinned or another release is asked for: %s", to.Release.Version, either(why, "an operator's rollback"))
	if e.r.Accepted != nil {
		e.configured(*e.r.Accepted)
	}
	return e.r, e.events
}

// redirect lets a way back that is under way end elsewhere, when an operator has left
// the release it leads to as well: neither end may get more traffic on the way.
func (e *effect) redirect(to *endpoint.Environment) {
	f := e.r.Rollout
	if f == nil || f.Kind != endpoint.Hot || f.Step < 0 || to.Name == f.From || !(&decider{r: &e.r}).left(f.From) {
		return
	}
	if to.Name == f.To {
		if f.Back != nil { // it was given up, and is wanted again
			f.Back, f.Lacking = nil, time.Time{}
			f.Set(f.Step)
		}
		return
	}
	e.finish(endpoint.Superseded, fmt.Sprintf("an operator went back to %s", to.Release.Version))
	e.r.Rollout = &endpoint.Rollout{
		ID: fmt.Sprintf("r%d", e.r.Trail.Sequence+1), Kind: endpoint.Hot, From: f.From, To: to.Name,
		Steps: []endpoint.Step{{Weight: 100}}, Started: e.Now, Urgent: true,
	}
	e.tell(endpoint.RolloutStarted, to, "%s rollout to %s at once, whatever healthy capacity it has: an operator left both releases that serve", endpoint.Hot, to.Release.Version)
}
