// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package story

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// The guide to moving from blue and green by hand, told with its own configurations:
// Terraform forgets the rule in the apply in which it is taken over, and a state that
// is lost is brought back by an import.
func TestFromBlueGreen(t *testing.T) {
	mirror := awsMirror(t)
	w := start(t, quick)
	ws := w.workspace()
	ws.beside(mirror)
	ws.env["AWS_ACCESS_KEY_ID"] = ws.info.AccessKeyID // the AWS provider makes more than endpoints
	w.environmentByHand("legacy-blue", "0.8.0")
	w.environmentByHand("legacy-green", "0.9.0")
	ws.exampleFrom("from-blue-green")
	main := filepath.Join(ws.folder, "main.tf")
	after := must[[]byte](w)(os.ReadFile(main))
	before := must[[]byte](w)(os.ReadFile(filepath.Join(ws.folder, "before", "main.tf")))
	variables := filepath.Join(ws.folder, "variables.tf")
	later := must[[]byte](w)(os.ReadFile(variables))

	ws.file(main, before)
	w.fine(os.Remove(variables))
	ws.env["TF_VAR_blue"], ws.env["TF_VAR_green"] = w.groupOf("legacy-blue"), w.groupOf("legacy-green")
	ws.example("init")
	ws.example("apply", "-auto-approve")
	var rule string
	ws.read(ws.example("output", "-json", "rule_arn"), &rule)
	w.until("blue answers", func() bool {
		_, version := w.get()
		return version == "0.8.0"
	})
	_, end := w.traffic()

	ws.file(main, after)
	ws.file(variables, later)
	ws.env["TF_VAR_rule_arn"] = rule
	ws.example("init")
	if r := ws.example("apply", "-auto-approve"); !r.says("0 destroyed") {
		t.Errorf("something was destroyed:\n%s", r.out)
	}
	ws.example("plan", "-detailed-exitcode")
	if arn, weights := w.rule(); arn != rule || len(weights) != 1 {
		t.Errorf("rule %s has the weights %v", arn, weights)
	}

	ws.example("state", "rm", "ionroller_endpoint.checkout")
	guide := must[[]byte](w)(os.ReadFile("../../docs/guides/from-blue-green.md"))
	block := regexp.MustCompile("(?ms)^import \\{\n.*?^\\}\n").Find(guide)
	if block == nil {
		t.Fatal("the guide has no import block")
	}
	ws.file(filepath.Join(ws.folder, "import.tf"), block)
	if r := ws.example("apply", "-auto-approve"); !r.says("1 imported, 0 added") {
		t.Errorf("it was not only imported:\n%s", r.out)
	}
	ws.example("plan", "-detailed-exitcode")
	if sum := end(); sum.Versions["0.8.0"] == 0 || sum.Versions["1.0.0"] == 0 {
		t.Errorf("answers by version: %v", sum.Versions)
	}
}

// The guide to moving by DNS, told with its own configurations: the record's weights
// change, and then the endpoint keeps it.
func TestMoveByDNS(t *testing.T) {
	mirror := awsMirror(t)
	w := start(t, quick)
	ws := w.workspace()
	ws.beside(mirror)
	ws.env["AWS_ACCESS_KEY_ID"] = ws.info.AccessKeyID // the AWS provider makes more than endpoints
	ws.exampleFrom("move-by-dns")
	lb := must[*elb.DescribeLoadBalancersOutput](w)(w.elb.DescribeLoadBalancers(t.Context(), nil)).LoadBalancers[0]
	target := string(must[[]byte](w)(json.Marshal(map[string]string{"dns_name": *lb.DNSName, "zone_id": *lb.CanonicalHostedZoneId})))
	ws.env["TF_VAR_zone_id"], ws.env["TF_VAR_host"] = w.info.HostedZoneID, named
	ws.env["TF_VAR_old_load_balancer"], ws.env["TF_VAR_new_load_balancer"] = target, target // the sandbox has one
	ws.example("init")
	ws.example("apply", "-auto-approve")
	ws.env["TF_VAR_new_share"] = "10"
	ws.example("apply", "-auto-approve")
	ws.example("plan", "-detailed-exitcode")
	if got := w.weighted(); !slices.Equal(got, []int64{10, 90}) {
		t.Errorf("the record has the weights %v", got)
	}

	w.makeSimple(*lb.DNSName, *lb.CanonicalHostedZoneId)
	after := must[[]byte](w)(os.ReadFile(filepath.Join(ws.folder, "after", "main.tf")))
	ws.file(filepath.Join(ws.folder, "main.tf"), after)
	if r := ws.example("apply", "-auto-approve"); !r.says("0 added, 1 changed, 0 destroyed") {
		t.Errorf("it did something else than to adopt the record:\n%s", r.out)
	}
	ws.example("plan", "-detailed-exitcode")
	w.wantRecords("A alias")
}

// file writes a file.
func (ws *workspace) file(name string, text []byte) {
	ws.Helper()
	ws.fine(os.WriteFile(name, text, 0o644))
}

func (w *world) fine(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// weighted are the weights of the host's records, in order.
func (w *world) weighted() []int64 {
	w.Helper()
	var all []int64
	for _, s := range w.recordSets() {
		all = append(all, aws.ToInt64(s.Weight))
	}
	slices.Sort(all)
	return all
}

func (w *world) recordSets() []r53types.ResourceRecordSet {
	w.Helper()
	out := must[*route53.ListResourceRecordSetsOutput](w)(w.r53.ListResourceRecordSets(w.Context(), &route53.ListResourceRecordSetsInput{
		HostedZoneId: &w.info.HostedZoneID, StartRecordName: aws.String(named),
	}))
	return slices.DeleteFunc(out.ResourceRecordSets, func(s r53types.ResourceRecordSet) bool { return *s.Name != named+"." })
}

// makeSimple puts a simple alias in the place of weighted records, in one change, as
// the guide does with the AWS CLI.
func (w *world) makeSimple(name, zone string) {
	w.Helper()
	var changes []r53types.Change
	for _, s := range w.recordSets() {
		changes = append(changes, r53types.Change{Action: r53types.ChangeActionDelete, ResourceRecordSet: &s})
	}
	changes = append(changes, r53types.Change{Action: r53types.ChangeActionCreate, ResourceRecordSet: &r53types.ResourceRecordSet{
		Name: aws.String(named), Type: r53types.RRTypeA, AliasTarget: &r53types.AliasTarget{DNSName: &name, HostedZoneId: &zone},
	}})
	must[*route53.ChangeResourceRecordSetsOutput](w)(w.r53.ChangeResourceRecordSets(w.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &w.info.HostedZoneID, ChangeBatch: &r53types.ChangeBatch{Changes: changes},
	}))
}
