// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/permission/holders"
)

// workspace is a folder with a Terraform configuration and its state.
type workspace struct {
	*world
	folder   string
	provider map[string]any
	endpoint map[string]any // the arguments of ionroller_endpoint.checkout
	env      map[string]string
}

// itsHolder stands for the credentials of who has the policy for what a program does,
// and nothing else.
const itsHolder = "its holder"

// workspace makes one with an endpoint that is good as it is.
func (w *world) workspace() *workspace {
	w.Helper()
	folder := w.TempDir()
	return &workspace{
		world: w, folder: folder,
		provider: map[string]any{"bucket": w.info.Bucket, "owner": "acme"},
		endpoint: map[string]any{
			"name": "checkout", "version": "1.0.0",
			"container":           map[string]any{"image": "acme/checkout"},
			"beanstalk":           map[string]any{"vpc_id": w.info.VPCID, "subnets": w.info.Subnets},
			"capacity":            map[string]any{"min": 1, "max": 4},
			"health":              map[string]any{"path": "/healthz", "deregistration_delay": "1s"},
			"routing":             map[string]any{"listener_arn": w.info.ListenerARN, "hosts": []string{host}},
			"deletion_protection": false,
		},
		env: map[string]string{
			"TF_CLI_CONFIG_FILE": program.cliConfig, "TF_INPUT": "0", "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1",
			"AWS_ENDPOINT_URL": w.info.EndpointURL, "AWS_REGION": w.info.Region,
			"AWS_ACCESS_KEY_ID": itsHolder, "AWS_SECRET_ACCESS_KEY": w.info.SecretAccessKey,
			"AWS_CONFIG_FILE": filepath.Join(folder, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(folder, "none"),
			"AWS_EC2_METADATA_DISABLED": "true",
			"IONROLLER_BUCKET":          w.info.Bucket, "IONROLLER_OWNER": "acme",
		},
	}
}

// clone makes a workspace with the same configuration, and with no state.
func (ws *workspace) clone() *workspace {
	other := ws.workspace()
	other.provider, other.endpoint = maps.Clone(ws.provider), maps.Clone(ws.endpoint)
	return other
}

// copyState takes over the state of another workspace.
func (ws *workspace) copyState(from *workspace) {
	ws.Helper()
	text := must[[]byte](ws.world)(os.ReadFile(filepath.Join(from.folder, "terraform.tfstate")))
	if err := os.WriteFile(filepath.Join(ws.folder, "terraform.tfstate"), text, 0o644); err != nil {
		ws.Fatal(err)
	}
}

// set changes an argument: "routing.priority". Nil takes it away.
func (ws *workspace) set(argument string, value any) {
	at := ws.endpoint
	parts := strings.Split(argument, ".")
	for _, part := range parts[:len(parts)-1] {
		inner, _ := at[part].(map[string]any)
		inner = maps.Clone(inner)
		if inner == nil {
			inner = map[string]any{}
		}
		at[part] = inner
		at = inner
	}
	last := parts[len(parts)-1]
	if value == nil {
		delete(at, last)
		return
	}
	at[last] = value
}

// step is one of rollout.steps.
func step(weight int, bake string) map[string]any {
	return map[string]any{"weight": weight, "bake": bake}
}

// run is a run of a program that has ended.
type run struct {
	code int
	out  string // standard output, then error, in one line and without boxes
	json []byte // standard output alone
}

// says tells whether the output contains a text, however it was wrapped.
func (r run) says(text string) bool {
	return strings.Contains(r.out, strings.Join(strings.Fields(text), " "))
}

func (ws *workspace) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = ws.folder
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "AWS_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	for name, value := range ws.env {
		if value == itsHolder {
			value = holders.Key(holders.Task(filepath.Base(cmd.Path), args...))
		}
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

// running is a run that is under way.
type running struct {
	*exec.Cmd
	w          *world
	out, words bytes.Buffer
}

func (ws *workspace) begin(name string, args ...string) *running {
	ws.Helper()
	r := &running{Cmd: ws.command(name, args...), w: ws.world}
	r.Stdout, r.Stderr = &r.out, &r.words
	isolate(r.Cmd)
	if err := r.Start(); err != nil {
		ws.Fatal(err)
	}
	ws.Cleanup(func() {
		if r.ProcessState == nil {
			_ = kill(r.Cmd)
			_ = r.Wait()
		}
	})
	return r
}

// end waits for a run.
func (r *running) end() run {
	r.w.Helper()
	err := r.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.w.Fatal(err)
	}
	text := strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(r.out.String() + "\n" + r.words.String())
	return run{code: r.ProcessState.ExitCode(), out: strings.Join(strings.Fields(text), " "), json: r.out.Bytes()}
}

// configure writes the configuration.
func (ws *workspace) configure() {
	ws.Helper()
	text, err := json.MarshalIndent(map[string]any{
		"terraform": map[string]any{"required_providers": map[string]any{"ionroller": map[string]any{"source": "ionroller/ionroller"}}},
		"provider":  map[string]any{"ionroller": ws.provider},
		"resource":  map[string]any{"ionroller_endpoint": map[string]any{"checkout": ws.endpoint}},
	}, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(ws.folder, "main.tf.json"), text, 0o644)
	}
	if err != nil {
		ws.Fatal(err)
	}
}

func (ws *workspace) beginTerraform(args ...string) *running {
	ws.Helper()
	ws.configure()
	return ws.begin(program.terraform, append(args, "-no-color")...)
}

func (ws *workspace) terraform(args ...string) run {
	ws.Helper()
	return ws.beginTerraform(args...).end()
}

// ionroller runs the command.
func (ws *workspace) ionroller(args ...string) run {
	ws.Helper()
	return ws.begin(program.ionroller, args...).end()
}

// apply applies the configuration, and ends the test when that fails.
func (ws *workspace) apply() run {
	ws.Helper()
	r := ws.terraform("apply", "-auto-approve")
	if r.code != 0 {
		ws.Fatalf("apply failed:\n%s", r.out)
	}
	return r
}

// plan plans and expects changes, or none.
func (ws *workspace) plan(changes bool) run {
	ws.Helper()
	r := ws.terraform("plan", "-detailed-exitcode")
	want := map[bool]int{false: 0, true: 2}[changes]
	if r.code != want {
		ws.Fatalf("plan ended with code %d, want %d:\n%s", r.code, want, r.out)
	}
	return r
}

// wantEmptyPlan expects a second plan to be empty.
func (ws *workspace) wantEmptyPlan() {
	ws.Helper()
	if r := ws.terraform("plan", "-detailed-exitcode"); r.code != 0 {
		ws.Errorf("the next plan is not empty, code %d:\n%s", r.code, r.out)
	}
}

// state is the endpoint as terraform show tells of it.
type state struct {
	Version           string             `json:"version"`
	Status            string             `json:"status"`
	ActiveEnvironment string             `json:"active_environment"`
	URL               string             `json:"url"`
	Environments      []environmentState `json:"environments"`
	RolloutPlan       *rolloutPlan       `json:"rollout_plan"`
	LastRollout       *struct {
		From, To, Outcome, Reason string
		Rejected                  bool
		Evidence                  *struct {
			Guard, Subject, Value, Window string
			Share                         int
			Exposed                       float64
		}
	} `json:"last_rollout"`
	Rejections []struct{ Version, Reason string }
}

type environmentState struct {
	Name, ID, Version, Role, Health string

	PlatformARN      string `json:"platform_arn"`
	ImageDigest      string `json:"image_digest"`
	Weight, Capacity int
	Proven           bool
	Expires          *time.Time
}

type rolloutPlan struct {
	Kind, From, To  string
	Steps           []string
	MinimumDuration string `json:"minimum_duration"`
	PeakInstances   int    `json:"peak_instances"`
}

// show reads the state; nil when the endpoint is not in it.
func (ws *workspace) show() *state {
	ws.Helper()
	var s state
	if !ws.showInto(&s) {
		return nil
	}
	return &s
}

// attributes reads the state as it is.
func (ws *workspace) attributes() map[string]any {
	ws.Helper()
	a := map[string]any{}
	ws.showInto(&a)
	return a
}

func (ws *workspace) showInto(values any) bool {
	ws.Helper()
	var shown struct {
		Values struct {
			Root struct {
				Resources []struct {
					Tainted bool
					Values  json.RawMessage
				}
			} `json:"root_module"`
		}
	}
	ws.read(ws.terraform("show", "-json"), &shown)
	if len(shown.Values.Root.Resources) == 0 {
		return false
	}
	r := shown.Values.Root.Resources[0]
	if r.Tainted {
		ws.Error("the endpoint is tainted")
	}
	if err := json.Unmarshal(r.Values, values); err != nil {
		ws.Fatal(err)
	}
	return true
}

// planned makes a plan into a file and reads the rollout that it shows.
func (ws *workspace) planned() (rolloutPlan, string) {
	ws.Helper()
	file := filepath.Join(ws.TempDir(), "plan")
	if r := ws.terraform("plan", "-out="+file); r.code != 0 {
		ws.Fatalf("plan failed:\n%s", r.out)
	}
	var shown struct {
		Changes []struct {
			Change struct{ After state }
		} `json:"resource_changes"`
	}
	ws.read(ws.terraform("show", "-json", file), &shown)
	if len(shown.Changes) != 1 || shown.Changes[0].Change.After.RolloutPlan == nil {
		ws.Fatalf("the plan shows no rollout: %+v", shown)
	}
	return *shown.Changes[0].Change.After.RolloutPlan, file
}

func (ws *workspace) read(r run, into any) {
	ws.Helper()
	if r.code != 0 {
		ws.Fatalf("terraform show failed:\n%s", r.out)
	}
	if err := json.Unmarshal(r.json, into); err != nil {
		ws.Fatalf("%v in %s", err, r.json)
	}
}
