// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package simulation_test

import (
	"context"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
)

// A release that is mended while the failed one still goes back is rolled out by the
// apply that asks for it, whoever gave the failed one up.
func TestMendedWhileTheFailedGoesBack(t *testing.T) {
	for how, fails := range map[string]func(s story, cancel func()){
		"a run died on the way back": func(s story, cancel func()) {
			s.alarm(rollout.AlarmFiring)
			s.w.Fault = func(string, bool) error {
				if f := s.w.Records["checkout"].Rollout; f != nil && f.Back != nil {
					cancel()
				}
				return nil
			}
		},
		"an operator ordered it while nobody was there": func(s story, cancel func()) {
			cancel()
			s.order(endpoint.OrderAbort)
		},
	} {
		t.Run(how, func(t *testing.T) {
			s := begin(t, "1.0.0")
			s.alarm(rollout.AlarmOK)
			ctx, cancel := context.WithCancel(context.Background())
			s.atShare("1.1.0", 50, func() { fails(s, cancel) })
			if _, err := s.w.Roller("apply").Update(ctx, guarded("1.1.0"), nil); err == nil {
				t.Fatal("it was not interrupted")
			}
			s.w.Fault, s.w.Watch = nil, nil
			s.alarm(rollout.AlarmOK)

			mended := guarded("1.2.0")
			mended.Retention.Max = 1
			if plan := s.plan(mended); !plan.Creates || plan.To != "1.2.0" {
				t.Errorf("the plan is %+v", plan)
			}
			if err := s.try(mended); err != nil {
				t.Fatal(err)
			}
			s.wantShares("1.2.0", 100)
			if r := s.w.Records["checkout"]; r.Accepted.Retention.Max != 1 || r.Rejected(guarded("1.1.0").Release.Fingerprint(), 0) == nil {
				t.Errorf("accepted %+v, rejections %+v", r.Accepted.Retention, r.Rejections)
			}
			s.wantQuiet(mended)
		})
	}
}
