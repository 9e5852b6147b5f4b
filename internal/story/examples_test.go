// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/load"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

const examples = "../../examples"

// sandboxOfExamples lets the minutes of CloudWatch pass in seconds.
var sandboxOfExamples = sandbox.Config{TimeScale: minutes}

// Every example can be applied, rolled forward and thrown away as it stands. Those
// with the AWS provider beside ours are not among them: TestExamplesWithAWS.
func TestExamples(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(examples, "*", "variables.tf"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no examples in %s: %v", examples, err)
	}
	for _, variables := range folders {
		folder := filepath.Dir(variables)
		if usesAWS(t, folder) {
			continue
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			w := start(t, sandboxOfExamples)
			ws := w.workspace()
			ws.exampleFrom(filepath.Base(folder))
			var end func() load.Summary
			for _, version := range []string{"1.0.0", "1.1.0"} {
				ws.env["TF_VAR_release_version"] = version
				ws.example("apply", "-auto-approve")
				ws.example("plan", "-detailed-exitcode")
				for _, s := range ws.showExamples() {
					if s.Version != version {
						t.Errorf("%s is live at %s, want %s", s.Version, s.URL, version)
					}
					// An example in several accounts has several load balancers.
					if end == nil && filepath.Base(folder) != "several-accounts" {
						_, end = w.trafficTo(strings.TrimPrefix(s.URL, "http://"))
					}
				}
			}
			if end != nil {
				end()
			}
			ws.example("destroy", "-auto-approve")
		})
	}
}

// usesAWS says that an example makes things with the AWS provider.
func usesAWS(t *testing.T, folder string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"hashicorp/aws"`) {
			return true
		}
	}
	return false
}

// exampleFrom copies an example here, sets its variables, and makes what it says is
// there already: alarms, a registry's credentials, and what is taken over.
func (ws *workspace) exampleFrom(name string) {
	ws.Helper()
	if err := os.CopyFS(ws.folder, os.DirFS(filepath.Join(examples, name))); err != nil {
		ws.Fatal(err)
	}
	subnets := must[[]byte](ws.world)(json.Marshal(ws.info.Subnets))
	ws.env["TF_VAR_bucket"], ws.env["TF_VAR_vpc_id"] = ws.info.Bucket, ws.info.VPCID
	ws.env["TF_VAR_subnets"], ws.env["TF_VAR_listener_arn"] = string(subnets), ws.info.ListenerARN
	switch name {
	case "private-registry":
		ws.put(ws.info.Bucket, "registry/config.json", `{"auths": {}}`)
	case "canary-with-alarms":
		ws.alarmByHand("checkout-5xx")
		ws.alarmByHand("checkout-orders")
	case "test-route":
		ws.env["HTTP_PROXY"] = ws.info.EndpointURL // the sandbox knows the hosts that DNS does not
		ws.env["NO_PROXY"] = "127.0.0.1,localhost"
	case "takeover":
		ws.env["TF_VAR_rule_arn"] = ws.legacy()
	case "several-accounts":
		ws.setAccounts()
	}
}

// example runs terraform on the folder as it is, and expects code 0.
func (ws *workspace) example(args ...string) run {
	ws.Helper()
	r := ws.begin(program.terraform, append(args, "-no-color")...).end()
	if r.code != 0 {
		ws.Fatalf("terraform %s ended with code %d:\n%s", args[0], r.code, r.out)
	}
	return r
}

// showExample reads the example's only endpoint.
func (ws *workspace) showExample() state {
	ws.Helper()
	all := ws.showExamples()
	if len(all) != 1 {
		ws.Fatalf("the state has %d endpoints, want 1", len(all))
	}
	return all[0]
}

// showExamples reads all of its endpoints.
func (ws *workspace) showExamples() (all []state) {
	ws.Helper()
	var shown struct {
		Values struct {
			Root struct {
				Resources []struct {
					Type   string
					Values json.RawMessage
				}
			} `json:"root_module"`
		}
	}
	ws.read(ws.example("show", "-json"), &shown)
	for _, r := range shown.Values.Root.Resources {
		var s state
		if r.Type != "ionroller_endpoint" {
			continue
		}
		if err := json.Unmarshal(r.Values, &s); err != nil {
			ws.Fatal(err)
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		ws.Fatal("the state has no endpoint")
	}
	return all
}
