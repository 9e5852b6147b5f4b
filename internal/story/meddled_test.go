// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"strings"
	"testing"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// What somebody else does to the rule during a rollout is put right at once, told
// in the trail, and the rollout goes on.
func TestMeddledRollout(t *testing.T) {
	for name, c := range map[string]struct {
		meddle func(w *world, rule, live, candidate string)
		told   string
		lost   bool // requests, by the meddling itself
	}{
		"weights": {
			meddle: func(w *world, rule, live, candidate string) {
				w.setWeights(rule, map[string]int{live: 5, candidate: 95})
			},
			told: "weights were changed outside ionroller",
		},
		"all back": {
			meddle: func(w *world, rule, live, _ string) { w.setWeights(rule, map[string]int{live: 1}) },
			told:   "weights were changed outside ionroller",
		},
		"the rule removed": {
			meddle: func(w *world, rule, _, _ string) {
				must[*elb.DeleteRuleOutput](w)(w.elb.DeleteRule(w.Context(), &elb.DeleteRuleInput{RuleArn: &rule}))
			},
			told: "the listener rule is missing",
			lost: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, sandbox.Config{TimeScale: 10})
			ws, live := w.halfway()
			stream, end := w.traffic()
			applying := ws.beginTerraform("apply", "-auto-approve")
			w.until("half of the traffic is on 1.1.0", w.bakes)
			candidate := w.record().Rollout.To
			rule, _ := w.rule()
			if c.lost {
				stream.Stop()
			}
			c.meddle(w, rule, live, candidate)
			half := shares(map[string]int{live: 50, candidate: 50})
			w.until("it is put right", func() bool {
				moves := w.moved()
				return len(moves) > 2 && moves[len(moves)-1] == half && shares(w.weights()) == half
			})
			if r := applying.end(); r.code != 0 {
				t.Fatalf("apply failed:\n%s", r.out)
			}
			if !c.lost {
				end()
			}
			told := false
			for _, e := range w.trail() {
				told = told || e.Type == endpoint.TrafficRequested && strings.HasSuffix(e.Message, c.told)
			}
			if !told {
				t.Errorf("the trail does not tell that %s", c.told)
			}
			if s := ws.show(); s.Version != "1.1.0" || s.ActiveEnvironment != candidate {
				t.Errorf("state %+v", s)
			}
			ws.wantEmptyPlan()
			w.wantExplained()
		})
	}
}
