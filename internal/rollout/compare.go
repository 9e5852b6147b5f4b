// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// Item is one thing that is desired of an endpoint, beside how it is.
type Item struct {
	Item    string `json:"item"` // "rule.hosts", "weight.checkout-1-0-0-ab12cd"
	Desired string `json:"desired"`
	Live    string `json:"live"`
	Same    bool   `json:"same"`
}

// none words what is not there, or not to be there.
const none = "none"

// Compare sets what is desired of an endpoint beside what was seen of it, item by
// item. It is a function of its argument alone.
func Compare(w World) []Item {
	c := comparison{decider: &decider{World: w, r: &w.Record}}
	c.release()
	c.rule()
	c.weights()
	c.testRule()
	for i := range c.r.Environments {
		c.environment(&c.r.Environments[i])
	}
	c.hosts()
	return c.items
}

type comparison struct {
	*decider
	items []Item
}

func (c *comparison) add(item, desired, live string) {
	c.items = append(c.items, Item{item, desired, live, desired == live})
}

// release compares by fingerprint, and adds it where versions alone look the same.
func (c *comparison) release() {
	desired, live := c.r.Desired.Release, none
	wanted := desired.Version
	if f := c.r.Rollout; f != nil && c.parked() && f.Frozen == nil && c.r.Environment(f.To).Fingerprint == desired.Fingerprint() {
		wanted = fmt.Sprintf("%s at %d %%, its cap", wanted, f.Limit())
		c.add("release", wanted, wanted)
		return
	}
	if active := c.r.Environment(c.r.Active); active != nil {
		live = active.Release.Version
		if active.Fingerprint != desired.Fingerprint() && live == wanted {
			wanted, live = wanted+" ("+desired.Fingerprint()+")", live+" ("+active.Fingerprint+")"
		}
		if arn := desired.Beanstalk.PlatformARN; arn != "" {
			c.add("platform", arn, either(active.PlatformARN, none))
		}
	}
	c.items = slices.Insert(c.items, 0, Item{"release", wanted, live, wanted == live})
}

// rule compares the endpoint's listener rule but for its weights.
func (c *comparison) rule() {
	if c.r.Active == "" && c.r.Rollout == nil {
		return // nothing is to be routed yet
	}
	if c.Traffic.RuleARN == "" {
		c.add("rule", "there", none)
		return
	}
	const wanted = "as configured"
	is := wanted
	if !c.Traffic.Routed {
		is = either(c.Traffic.Unlike, "its conditions, priority or stickiness differ")
	}
	c.add("rule", wanted, is)
}

// weights compares the share of each environment, and of strangers.
func (c *comparison) weights() {
	want := c.r.Weights()
	names := map[string]bool{}
	for name := range want {
		names[name] = true
	}
	for name := range c.Traffic.Weights {
		names[name] = true
	}
	total := 0
	for _, w := range c.Traffic.Weights {
		total += w
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		desired, live := none, none
		if n, ok := want[name]; ok {
			desired = fmt.Sprintf("%d %%", n)
		}
		if n, ok := c.Traffic.Weights[name]; ok {
			live = fmt.Sprintf("%.4g %%", 100*float64(n)/float64(max(total, 1)))
		}
		c.add("weight."+name, desired, live)
	}
	for _, arn := range c.Traffic.Foreign {
		c.add("weight."+arn, none, "a target group that is not the endpoint's")
	}
}

func (c *comparison) testRule() {
	seen, newest := c.Traffic.Test, c.r.Newest()
	if c.r.Desired.TestRoute == nil && seen.RuleARN == "" || newest == "" && seen.RuleARN == "" {
		return
	}
	desired, live := none, none
	if c.r.Desired.TestRoute != nil {
		desired = either(newest, none)
	}
	switch {
	case seen.RuleARN != "" && !seen.Routed:
		live = "its conditions differ, or it comes behind the endpoint's rule"
	case seen.RuleARN != "":
		live = either(seen.Target, "somebody else's target group")
	}
	c.add("test_route", desired, live)
}

// environment compares one environment with what its role asks for.
func (c *comparison) environment(e *endpoint.Environment) {
	s := c.Sights[e.Name]
	item := "environment." + e.Name
	if why := c.due(e); why != "" {
		c.add(item, "removed: "+why, presence(s))
		return
	}
	c.add(item, "Ready", presence(s))
	if !s.Found || s.Terminating {
		return
	}
	if want := c.scaling(e); s.ScalingGroup != "" {
		c.add(item+".scaling", bounds(want), bounds(s.Scaling))
	}
	if f := c.r.Rollout; f == nil || !f.Shared() || f.To != e.Name {
		c.add(item+".target_group", itsOwn, c.occupants(e.Name))
	}
	if e.Name == c.r.Active && c.r.Rollout == nil {
		c.add(item+".capacity", span(c.r.Desired.Capacity.Min, c.r.Desired.Capacity.Max), span(e.Capacity.Min, e.Capacity.Max))
	}
	desired := max(s.Desired, 1)
	c.items = append(c.items, Item{item + ".healthy", strconv.Itoa(desired), strconv.Itoa(s.Healthy), s.Healthy >= desired})
}

// itsOwn words who is to be in an environment's target group.
const itsOwn = "its own instances"

func (c *comparison) occupants(name string) string {
	switch guests := c.guests(name); {
	case c.Sights[name].Detached:
		return "its scaling group does not fill it"
	case len(guests) > 0:
		return fmt.Sprintf("%s, and %s of other environments", itsOwn, instances(len(guests)))
	}
	return itsOwn
}

func presence(s Sight) string {
	switch {
	case s.Wrecked:
		return "its scaling group is gone"
	case s.Terminating:
		return "terminating"
	case !s.Found:
		return "gone"
	case !s.Ready:
		return "being updated"
	}
	return "Ready"
}

func bounds(s Scaling) string {
	text := span(s.Min, s.Max)
	if s.Suspended {
		text += ", its own scaling suspended"
	}
	return text
}

func span(least, most int) string { return fmt.Sprintf("%d to %d instances", least, most) }

// hosts compares the DNS records, when somebody has looked at them.
func (c *comparison) hosts() {
	if c.DNS == nil {
		return
	}
	wanted := c.r.Desired.Aliases(c.DNS.DualStack)
	if c.r.Environment(c.r.Active) == nil {
		wanted = nil
	}
	is := func(a endpoint.Alias) string {
		switch {
		case slices.Contains(c.DNS.Here, a):
			return "the load balancer"
		case slices.Contains(c.DNS.Elsewhere, a):
			return "another record"
		}
		return none
	}
	for _, a := range wanted {
		c.add("dns."+a.String(), "the load balancer", is(a))
	}
	for _, a := range c.r.Aliases {
		if !slices.Contains(wanted, a) {
			c.add("dns."+a.String(), none, is(a))
		}
	}
}
