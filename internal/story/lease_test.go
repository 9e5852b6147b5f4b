// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/journal"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// Of two applies at the same time one works and the other is told who does.
func TestTwoApplies(t *testing.T) {
	w := start(t, sandbox.Config{})
	one := w.workspace()
	one.set("rollout.steps", []any{step(50, "20s"), step(100, "0s")})
	one.apply()
	two := one.clone()
	if r := two.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	_, end := w.traffic()
	two.set("version", "2.0.0")
	_, late := two.planned()

	one.set("version", "1.1.0")
	applying := one.beginTerraform("apply", "-auto-approve")
	w.until("1.1.0 has traffic", w.bakes)
	lease := w.record().Lease
	r := two.terraform("apply", late)
	if r.code == 0 {
		t.Errorf("the second apply succeeded:\n%s", r.out)
	}
	for _, told := range []string{
		"is being changed by terraform", lease.Who.Caller, "on " + lease.Who.Host,
		"since " + lease.Since.Format(time.RFC3339), "its lease ends at",
	} {
		if !r.says(told) {
			t.Errorf("the second apply does not say %q:\n%s", told, r.out)
		}
	}
	if r := applying.end(); r.code != 0 {
		t.Fatalf("the first apply failed:\n%s", r.out)
	}
	if s := one.show(); s.Version != "1.1.0" || len(s.Environments) != 2 {
		t.Errorf("state %+v", s)
	}
	if s := two.show(); s.Version != "1.0.0" {
		t.Errorf("the other state has version %s", s.Version)
	}
	if sum := end(); sum.Versions["2.0.0"] > 0 {
		t.Error("the second apply's release got requests")
	}
	for _, c := range w.changes() {
		if p := string(c.Parameters); strings.Contains(p, "2.0.0") || strings.Contains(p, "2-0-0") {
			t.Errorf("the second apply called %s %s", c.Operation, p)
		}
	}
	for _, e := range w.trail() {
		if e.Version == "2.0.0" {
			t.Errorf("the trail tells of the second apply: %s", e.Message)
		}
	}
	w.wantExplained()
}

// A holder that was killed holds nobody up for longer than its lease, and who
// comes next goes on where it stood.
func TestKilledHolder(t *testing.T) {
	w := start(t, sandbox.Config{})
	one := w.workspace()
	one.set("rollout.steps", []any{step(50, "20s"), step(100, "1s")})
	one.apply()
	two := one.clone()
	if r := two.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	_, end := w.traffic()
	one.set("version", "1.1.0")
	applying := one.beginTerraform("apply", "-auto-approve")
	w.until("1.1.0 has traffic", w.bakes)
	if err := kill(applying.Cmd); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	applying.end()
	held := w.record()

	two.set("version", "1.1.0")
	if plan, _ := two.planned(); plan.Kind != "resume" {
		t.Errorf("plan %+v", plan)
	}
	resumed := two.beginTerraform("apply", "-auto-approve")
	w.until("the lease is taken over", func() bool {
		lease := w.record().Lease
		return lease != nil && lease.Holder != held.Lease.Holder
	})
	// A few seconds are terraform's, and S3's clock counts whole ones.
	if waited := time.Since(killed); waited > journal.Length+5*time.Second {
		t.Errorf("the killed holder blocked for %s, its lease is for %s", waited, journal.Length)
	}
	if r := resumed.end(); r.code != 0 {
		t.Fatalf("apply failed:\n%s", r.out)
	}
	end()
	s := two.show()
	if s.Version != "1.1.0" || s.Status != "live" || len(s.Environments) != 2 || s.ActiveEnvironment != held.Rollout.To {
		t.Errorf("state %+v", s)
	}
	taken := false
	for _, e := range w.trail() {
		taken = taken || e.Type == endpoint.LeaseTaken
	}
	if !taken {
		t.Error("the trail does not tell that the lease was taken over")
	}
	two.wantEmptyPlan()
	w.wantExplained()
}

// bakes says that a rollout's first step is watched.
func (w *world) bakes() bool {
	w.Helper()
	f := w.record().Rollout
	return f != nil && f.Step == 0 && !f.Since.IsZero()
}
