// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// takeoverOf is a rule with groups of these weights.
func takeoverOf(weights ...int) endpoint.Takeover {
	t := endpoint.Takeover{RuleARN: "rule"}
	for i, w := range weights {
		t.Groups = append(t.Groups, endpoint.OldGroup{ARN: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/tg-" + string(rune('a'+i)) + "/0123456789abcdef", Weight: w})
	}
	return t
}

func TestSpread(t *testing.T) {
	for name, c := range map[string]struct {
		weights []int
		share   int
		young   int
		old     []int
	}{
		"one group":                      {[]int{1}, 5, 1, []int{19}},
		"one group, as it was":           {[]int{1}, 0, 0, []int{1}},
		"one group, without a share":     {[]int{1}, 100, 100, []int{0}},
		"two groups":                     {[]int{90, 10}, 50, 10, []int{9, 1}},
		"two groups, as they were":       {[]int{90, 10}, 0, 0, []int{90, 10}},
		"one that is on standby":         {[]int{100, 0}, 20, 1, []int{4, 0}},
		"more than a weight can be":      {[]int{999, 1}, 50, 999, []int{998, 1}},
		"none vanishes":                  {[]int{999, 1}, 99, 999, []int{10, 1}},
		"the environment does not":       {[]int{999, 999, 999, 999}, 1, 4, []int{99, 99, 99, 99}},
		"four groups, all with the same": {[]int{5, 5, 5, 5}, 20, 1, []int{1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			young, old := takeoverOf(c.weights...).Spread(c.share)
			if young != c.young || !slices.Equal(old, c.old) {
				t.Errorf("%d %% of %v is %d beside %v, want %d beside %v", c.share, c.weights, young, old, c.young, c.old)
			}
		})
	}
}

// Whatever the old weights, all are such as AWS takes, the environment's share is the
// one that was asked for, to half a percent, and who had requests has some as long as
// the old groups have a share.
func TestSpreadKeepsProportions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(0, 999), 1, endpoint.MaxOldGroups).Filter(func(w []int) bool { return slices.Max(w) > 0 }).Draw(t, "weights")
		share := rapid.IntRange(1, 99).Draw(t, "share")
		young, old := takeoverOf(weights...).Spread(share)
		total := young
		for i, w := range old {
			total += w
			if (w > 0) != (weights[i] > 0) {
				t.Errorf("%v becomes %v", weights, old)
			}
		}
		if largest := max(young, slices.Max(old)); young < 1 || largest > endpoint.MaxGroupWeight {
			t.Errorf("%d beside %v", young, old)
		}
		if is := 100 * float64(young) / float64(total); math.Abs(is-float64(share)) > 0.5 {
			t.Errorf("%d %% of %v is %.2f %%: %d beside %v", share, weights, is, young, old)
		}
	})
}

func TestTakeoverInWords(t *testing.T) {
	if got := takeoverOf(90, 10).String(); got != "90 % for tg-a, 10 % for tg-b" {
		t.Error(got)
	}
	if got := strings.Join(takeoverOf(3, 1).Shares(50), ", "); got != "37.5 % for tg-a, 12.5 % for tg-b" {
		t.Error(got)
	}
	for _, c := range []struct {
		weights []int
		sole    string
	}{{[]int{1}, "tg-a"}, {[]int{0, 7}, "tg-b"}, {[]int{1, 1}, ""}} {
		sole := takeoverOf(c.weights...).Sole()
		if sole != "" {
			sole = endpoint.GroupName(sole)
		}
		if sole != c.sole {
			t.Errorf("of %v %q has all traffic, want %q", c.weights, sole, c.sole)
		}
	}
}

func TestATakeoverGoesByWeight(t *testing.T) {
	s := good()
	s.Routing.ListenerARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/front/50dc6c495c0c9188/f2f7dc8efc522ab2"
	s.Routing.TakeoverRuleARN = strings.Replace(s.Routing.ListenerARN, ":listener/", ":listener-rule/", 1) + "/9683b2d02a6cabee"
	s.Rollout.MaxWeight, s.Rollout.By = 100, endpoint.ByInstance
	if problems := s.Validate(); len(problems) != 1 || problems[0].Attribute != "rollout.by" || !strings.Contains(problems[0].Message, "a rule is taken over by weight") {
		t.Errorf("%v", problems)
	}
}

func TestValidateTakeover(t *testing.T) {
	const listener = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/front/50dc6c495c0c9188/f2f7dc8efc522ab2"
	rule := strings.Replace(listener, ":listener/", ":listener-rule/", 1) + "/9683b2d02a6cabee"
	for name, c := range map[string]struct{ rule, says string }{
		"of the listener":      {rule, ""},
		"none":                 {"", ""},
		"a listener":           {listener, "is not the ARN of a listener rule"},
		"of another listener":  {strings.Replace(rule, "f2f7dc8efc522ab2", "0000000000000000", 1), "is a rule of listener " + strings.Replace(listener, "f2f7dc8efc522ab2", "0000000000000000", 1) + " and not of routing.listener_arn"},
		"of a network's":       {strings.Replace(rule, "/app/", "/net/", 1), "Application Load Balancer"},
		"in another partition": {strings.Replace(rule, "arn:aws:", "arn:aws-cn:", 1), "and not of routing.listener_arn"},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			s.Routing.ListenerARN, s.Routing.TakeoverRuleARN = listener, c.rule
			problems := s.Validate()
			switch {
			case c.says == "" && len(problems) == 0:
			case len(problems) != 1 || problems[0].Attribute != "routing.takeover_rule_arn" || c.says == "" || !strings.Contains(problems[0].Message, c.says):
				t.Errorf("%v, want one that says %q", problems, c.says)
			}
		})
	}
}
