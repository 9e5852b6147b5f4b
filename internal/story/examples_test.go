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
)

// Every example can be applied, rolled forward and thrown away as it stands.
func TestExamples(t *testing.T) {
	const examples = "../../examples"
	folders, err := filepath.Glob(filepath.Join(examples, "*", "variables.tf"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no examples in %s: %v", examples, err)
	}
	for _, variables := range folders {
		folder := filepath.Dir(variables)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			w := startGuarded(t)
			ws := w.workspace()
			if err := os.CopyFS(ws.folder, os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			w.put(w.info.Bucket, "registry/config.json", `{"auths": {}}`)
			subnets := must[[]byte](w)(json.Marshal(w.info.Subnets))
			ws.env["TF_VAR_bucket"], ws.env["TF_VAR_vpc_id"] = w.info.Bucket, w.info.VPCID
			ws.env["TF_VAR_subnets"], ws.env["TF_VAR_listener_arn"] = string(subnets), w.info.ListenerARN
			// What the examples say is there already: alarms, and users.
			w.alarmByHand("checkout-5xx")
			w.alarmByHand("checkout-orders")
			var end func() load.Summary
			for _, version := range []string{"1.0.0", "1.1.0"} {
				ws.env["TF_VAR_release_version"] = version
				ws.example("apply", "-auto-approve")
				ws.example("plan", "-detailed-exitcode")
				s := ws.showExample()
				if s.Version != version {
					t.Errorf("%s is live, want %s", s.Version, version)
				}
				if end == nil {
					_, end = w.trafficTo(strings.TrimPrefix(s.URL, "http://"))
				}
			}
			end()
			ws.example("destroy", "-auto-approve")
		})
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

func (ws *workspace) showExample() state {
	ws.Helper()
	var shown struct {
		Values struct {
			Root struct {
				Resources []struct{ Values state }
			} `json:"root_module"`
		}
	}
	ws.read(ws.example("show", "-json"), &shown)
	if len(shown.Values.Root.Resources) != 1 {
		ws.Fatal("the state has no endpoint")
	}
	return shown.Values.Root.Resources[0].Values
}
