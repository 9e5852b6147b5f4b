// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// The test binary plays terraform when this variable says how.
const actAs = "DEMO_TEST_TERRAFORM"

func TestMain(m *testing.M) {
	switch os.Getenv(actAs) {
	case "":
		os.Exit(m.Run())
	case "fail":
		fmt.Println("planning")
		fmt.Fprintln(os.Stderr, "\nError: no such thing")
		os.Exit(1)
	case "show":
		fmt.Println(strings.Join(os.Args[1:], " "))
		fmt.Println(strings.Join(os.Environ(), "\n"))
	case "wait": // until interrupted, with a child that would outlive it
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, os.Interrupt)
		child := exec.Command("sleep", "60")
		_ = child.Start()
		_ = os.WriteFile("child", []byte(strconv.Itoa(child.Process.Pid)), 0o644)
		_ = os.Rename("child", "started")
		<-interrupted
		_ = os.WriteFile("interrupted", nil, 0o644)
		os.Exit(1)
	}
}

func acting(t *testing.T, as string) terraform {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return terraform{path: self, folder: t.TempDir(), env: append(os.Environ(), actAs+"="+as)}
}

func TestFailedRunTellsItsWords(t *testing.T) {
	out, err := acting(t, "fail").run(t.Context(), "apply", "-var", `a={"b":"c"}`)
	var failed *failedRun
	if !errors.As(err, &failed) {
		t.Fatalf("error %v", err)
	}
	if out != "planning\n" || failed.words != "Error: no such thing" || failed.command != `terraform apply -var 'a={"b":"c"}'` {
		t.Errorf("out %q, failure %+v", out, failed)
	}
}

func TestMissingBinaryIsNoFailureOfTerraform(t *testing.T) {
	_, err := terraform{path: filepath.Join(t.TempDir(), "terraform")}.run(t.Context(), "init")
	var failed *failedRun
	if err == nil || errors.As(err, &failed) {
		t.Errorf("error %v", err)
	}
}

func TestCancelInterruptsAndLeavesNothingBehind(t *testing.T) {
	tf := acting(t, "wait")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := tf.run(ctx, "apply")
		ended <- err
	}()
	pid := 0
	for deadline := time.Now().Add(10 * time.Second); pid == 0; time.Sleep(time.Millisecond) {
		if content, err := os.ReadFile(filepath.Join(tf.folder, "started")); err == nil {
			pid, _ = strconv.Atoi(string(content))
		}
		if time.Now().After(deadline) {
			t.Fatal("it did not start")
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(tf.folder, "interrupted")); err != nil {
		t.Error("it was not interrupted, as Ctrl-C does, but killed")
	}
	for deadline := time.Now().Add(10 * time.Second); running(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("its child is still running")
		}
	}
}

// running says whether a process still executes; a zombie that nobody has reaped
// yet does not.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestSettingsOfTheUserStayOut(t *testing.T) {
	t.Setenv(actAs, "show")
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "TF_LOG", "TF_CLI_ARGS", "TF_VAR_sandbox", "TF_WORKSPACE"} {
		t.Setenv(name, "the user's")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorkspace(self, sandbox.Info{EndpointURL: "http://127.0.0.1:1", Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.remove() }()
	out, err := newTerraform(self, w, sandbox.Info{EndpointURL: "http://127.0.0.1:1", Region: "eu-west-1"}).run(t.Context(), "plan")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out, "\n")
	if lines[0] != "plan -no-color" {
		t.Errorf("arguments %q", lines[0])
	}
	for _, want := range []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_REGION=eu-west-1", "TF_CLI_CONFIG_FILE=" + w.cliConfig(), "PATH=" + os.Getenv("PATH")} {
		if !slices.Contains(lines, want) {
			t.Errorf("terraform does not see %s", want)
		}
	}
	if strings.Contains(out, "the user's") {
		t.Errorf("terraform sees settings of the user:\n%s", out)
	}
}

func TestWorkspace(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorkspace(self, sandbox.Info{Bucket: `b"${x}`, Subnets: []string{"subnet-1"}})
	if err != nil {
		t.Fatal(err)
	}
	plugin := filepath.Join(w.root, "mirror", "registry.terraform.io", "ionroller", "ionroller", mirrored,
		runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-ionroller_v"+mirrored)
	if info, err := os.Stat(plugin); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("the provider is not in the mirror as an executable: %v", err)
	}
	content, err := os.ReadFile(filepath.Join(w.folder(), "terraform.tfvars.json"))
	if err != nil {
		t.Fatal(err)
	}
	var variables struct{ Sandbox map[string]any }
	if err := json.Unmarshal(content, &variables); err != nil || variables.Sandbox["bucket"] != `b"${x}` {
		t.Errorf("variables %s: %v", content, err)
	}
	if err := w.remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(w.root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the workspace is still there: %v", err)
	}
	if _, err := newWorkspace(filepath.Join(t.TempDir(), "absent"), sandbox.Info{}); err == nil {
		t.Error("an absent provider was copied")
	}
}

func TestMissingTerraformSaysWhereToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Run(t.Context(), Config{Out: &strings.Builder{}})
	if err == nil || !strings.Contains(err.Error(), "https://developer.hashicorp.com/terraform/install") {
		t.Errorf("error %v", err)
	}
}
