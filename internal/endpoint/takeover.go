// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// OldGroups stands where an environment's name stands otherwise, for the target
// groups of a rule that is being taken over. No environment is named so.
const OldGroups = "old-groups"

// Takeover is a listener rule of somebody else's from whose target groups the first
// rollout moves traffic to an environment: what it did before anything was changed.
type Takeover struct {
	RuleARN  string     `json:"rule_arn"`
	Priority int        `json:"priority"`
	Groups   []OldGroup `json:"groups"` // in the order of their ARNs
	// Sticky is how long a client stays with one of the groups; 0: it does not.
	Sticky Duration `json:"sticky,omitempty"`
	// Begun says that weights of ours were sent and are not known to be taken back.
	// Before that, and after, the rule is its maker's to change.
	Begun bool `json:"begun,omitempty"`
}

// OldGroup is a target group with its weight in a rule, 0 to 999.
type OldGroup struct {
	ARN    string `json:"arn"`
	Weight int    `json:"weight"`
}

// The limits of a forward action. Source: TargetGroupTuple in the ELBv2 API
// reference, and the quotas of Application Load Balancers.
const (
	MaxGroupWeight = 999
	MaxOldGroups   = 4 // of five, one is for the environment
)

// Is says that a rule does the same as was noted.
func (t Takeover) Is(o Takeover) bool {
	return t.RuleARN == o.RuleARN && t.Priority == o.Priority && t.Sticky == o.Sticky && slices.Equal(t.Groups, o.Groups)
}

// Spread returns the weights with which an environment gets a share, in percent, and
// the old groups, in their order, the rest of it in the proportion that they had.
// Without a share for the environment they are as they were. With all of it they stay
// in the action: a group that no rule names is not checked for health, and traffic may
// have to go back to it.
func (t Takeover) Spread(share int) (environment int, old []int) {
	old = make([]int, len(t.Groups))
	total := 0
	for i, g := range t.Groups {
		old[i] = g.Weight
		total += g.Weight
	}
	if share <= 0 {
		return 0, old
	}
	if share >= 100 {
		return 100, make([]int, len(old))
	}
	all := []int{total * share}
	for _, weight := range old {
		all = append(all, weight*(100-share))
	}
	all = fitting(all)
	return all[0], all[1:]
}

// fitting keeps the proportion of weights and makes them as small as AWS wants them.
// None that was there vanishes.
func fitting(weights []int) []int {
	divisor, largest := 0, 0
	for _, w := range weights {
		divisor, largest = gcd(divisor, w), max(largest, w)
	}
	fit := make([]int, len(weights))
	for i, w := range weights {
		switch {
		case w == 0:
		case largest/divisor <= MaxGroupWeight:
			fit[i] = w / divisor
		default:
			fit[i] = max(1, (w*MaxGroupWeight+largest/2)/largest)
		}
	}
	return fit
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Sole is the ARN of the group that has all traffic; "" where several share it.
func (t Takeover) Sole() string {
	sole := ""
	for _, g := range t.Groups {
		if g.Weight > 0 && sole != "" {
			return ""
		}
		if g.Weight > 0 {
			sole = g.ARN
		}
	}
	return sole
}

// String words what the groups get: "90 % for tg-old, 10 % for tg-canary".
func (t Takeover) String() string { return strings.Join(t.Shares(100), ", ") }

// Shares words what each of the groups has when they have a share together, in percent.
func (t Takeover) Shares(together int) []string {
	total := 0
	for _, g := range t.Groups {
		total += g.Weight
	}
	parts := make([]string, len(t.Groups))
	for i, g := range t.Groups {
		parts[i] = fmt.Sprintf("%.3g %% for %s", float64(together*g.Weight)/float64(max(total, 1)), GroupName(g.ARN))
	}
	return parts
}

// GroupName is the name of a target group, which its ARN has before its id.
func GroupName(arn string) string {
	parts := strings.Split(arn, "/")
	return parts[max(0, len(parts)-2)]
}

// TakingOver says that all traffic is, or may have to go back, on the old groups of a
// rule.
func (r *Record) TakingOver() bool { return r.Active == OldGroups }

// GivenBack says of an endpoint whose rollout failed that a rule was to be taken over,
// and does what it did before.
func (r *Record) GivenBack() bool {
	return r.TakingOver() || r.Phase == Deleted && r.Takeover != nil
}

// ToTakeOver is the ARN of the rule with whose takeover the endpoint is to begin; ""
// when there is none, or it has begun.
func (r *Record) ToTakeOver() string {
	if r.Takeover != nil || r.RuleARN != "" || r.Active != "" || r.Rollout != nil || r.Phase == Deleting || r.Phase == Deleted {
		return ""
	}
	return r.Desired.Routing.TakeoverRuleARN
}

// Rule is the ARN of the rule that carries the endpoint's traffic, as far as it is
// known.
func (r *Record) Rule() string {
	if r.RuleARN == "" && r.Takeover != nil {
		return r.Takeover.RuleARN
	}
	return r.RuleARN
}

var ruleForm = regexp.MustCompile(`^(arn:[^:]+:elasticloadbalancing:[^:]+:[^:]+:)listener-rule(/app/[^/]+/[^/]+/[^/]+)/[^/]+$`)

// takeover checks that the rule is one of the listener, which its ARN says.
func (v *validator) takeover(r Routing) {
	if r.TakeoverRuleARN == "" {
		return
	}
	parts := ruleForm.FindStringSubmatch(r.TakeoverRuleARN)
	if parts == nil {
		v.add("routing.takeover_rule_arn", "%q is not the ARN of a listener rule of an Application Load Balancer, as in \"arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/name/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee\"", r.TakeoverRuleARN)
		return
	}
	if listener := parts[1] + "listener" + parts[2]; listener != r.ListenerARN {
		v.add("routing.takeover_rule_arn", "%s is a rule of listener %s and not of routing.listener_arn: set that to it", r.TakeoverRuleARN, listener)
	}
}
