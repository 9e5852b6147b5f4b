// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// An endpoint is imported by its name alone, protected until one says otherwise,
// and taken away without a trace but its trail.
func TestImportAndDestroy(t *testing.T) {
	w := start(t, sandbox.Config{})
	ws := w.workspace()
	ws.set("container", map[string]any{
		"image": "acme/checkout", "port": 9000, "command": []string{"serve", "--all"}, "environment": map[string]string{"A": "1", "B": "2"},
	})
	ws.set("beanstalk.security_groups", []string{w.info.SecurityGroupID})
	ws.set("beanstalk.settings", []any{map[string]any{"namespace": "aws:autoscaling:launchconfiguration", "name": "RootVolumeSize", "value": "20"}})
	ws.set("routing.paths", []string{"/*"})
	ws.set("routing.priority", 40)
	ws.set("rollout.steps", []any{step(50, "1s"), step(100, "1s")})
	ws.set("retention", map[string]any{"keep_for": "90m", "max": 3})
	ws.set("timeouts", map[string]any{"create": "20m", "update": "61m", "delete": "30m"})
	ws.set("deletion_protection", true)
	ws.apply()
	ws.set("version", "1.1.0")
	ws.apply()
	live := ws.show().ActiveEnvironment

	imported := ws.clone()
	if r := imported.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	imported.wantEmptyPlan()
	ours, theirs := ws.attributes(), imported.attributes()
	delete(ours, "rollout_plan") // of the last change, which the import did not make
	delete(theirs, "rollout_plan")
	ours["retention"].(map[string]any)["keep_for"] = "1h30m" // the same, as an import writes it
	if diff := cmp.Diff(ours, theirs); diff != "" {
		t.Errorf("the imported state differs:\n%s", diff)
	}
	if r := imported.clone().terraform("import", "ionroller_endpoint.checkout", "basket"); r.code == 0 || !r.says("has no endpoint of that name") {
		t.Errorf("import of what is not there ended with code %d:\n%s", r.code, r.out)
	}

	before := len(w.changes())
	if r := imported.terraform("destroy", "-auto-approve"); r.code == 0 || !r.says("deletion_protection is on") {
		t.Errorf("destroy of a protected endpoint ended with code %d:\n%s", r.code, r.out)
	}
	if calls := w.changes()[before:]; len(calls) > 0 {
		t.Errorf("a refused destroy called %+v", calls)
	}
	imported.set("deletion_protection", false)
	imported.apply()
	before = len(w.changes())
	if r := imported.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	calls := w.changes()[before:]
	if calls[0].Operation != "DeleteRule" {
		t.Errorf("destroy begins with %s, not with the rule", calls[0].Operation)
	}
	if since := w.ended(live).Sub(calls[0].Time); since < drained {
		t.Errorf("%s was terminated %s after the rule was removed", live, since)
	}
	if last := calls[len(calls)-1]; last.Operation != "DeleteApplication" {
		t.Errorf("destroy ends with %s", last.Operation)
	}
	if imported.show() != nil {
		t.Error("destroy leaves the endpoint in the state")
	}
	w.wantNothingLeft()
	w.trail()
	if status, _ := w.get(); status != 404 {
		t.Errorf("the listener answers %d", status)
	}
}

// An application that others made, or use, stays.
func TestDestroyKeepsTheirApplication(t *testing.T) {
	w := start(t, sandbox.Config{})
	must[*elasticbeanstalk.CreateApplicationOutput](w)(w.eb.CreateApplication(t.Context(), &elasticbeanstalk.CreateApplicationInput{ApplicationName: aws.String("checkout")}))
	ws := w.workspace()
	ws.apply()
	if r := ws.terraform("destroy", "-auto-approve"); r.code != 0 {
		t.Fatalf("destroy failed:\n%s", r.out)
	}
	applications := must[*elasticbeanstalk.DescribeApplicationsOutput](w)(w.eb.DescribeApplications(t.Context(), nil)).Applications
	if len(applications) != 1 || *applications[0].ApplicationName != "checkout" || len(applications[0].Versions) != 0 {
		t.Errorf("applications %+v", applications)
	}
	if e := w.environments(); len(e) > 0 {
		t.Errorf("environments are left: %+v", e)
	}
	if slices.ContainsFunc(w.changes(), func(c change) bool { return c.Operation == "DeleteApplication" }) {
		t.Error("the deletion of an application that is not ours was asked for")
	}
}
