// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// begin runs the command until the returned function is called, which ends it and
// returns its exit code and what it said on standard error.
func begin(t *testing.T, args ...string) (*bufio.Reader, func() (int, string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	var words bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, "1.2.3", args, writer, &words)
		writer.Close()
	}()
	t.Cleanup(cancel)
	return bufio.NewReader(reader), func() (int, string) {
		cancel()
		reader.Close() // nobody reads on
		return <-code, words.String()
	}
}

// Programs read the first line of standard output, which is one JSON object.
func TestSandboxJSON(t *testing.T) {
	t.Parallel()
	out, end := begin(t, "sandbox", "--json", "--region", "eu-west-1")
	line, err := out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var info map[string]any
	if err := json.Unmarshal(line, &info); err != nil {
		t.Fatalf("the first line is not JSON: %v: %s", err, line)
	}
	for _, key := range []string{
		"endpoint_url", "region", "access_key_id", "secret_access_key", "bucket", "vpc_id",
		"load_balancer_arn", "listener_arn", "load_balancer_url",
	} {
		if s, ok := info[key].(string); !ok || s == "" {
			t.Errorf("%s is %v", key, info[key])
		}
	}
	if subnets, ok := info["subnets"].([]any); !ok || len(subnets) < 2 {
		t.Errorf("subnets is %v", info["subnets"])
	}
	if info["region"] != "eu-west-1" {
		t.Errorf("region is %v", info["region"])
	}
	response, err := http.Get(info["load_balancer_url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("the load balancer without rules answers %d", response.StatusCode)
	}
	if code, words := end(); code != exitDone || words != "" {
		t.Errorf("interrupted, it ended with %d: %s", code, words)
	}
	if _, err := http.Get(info["endpoint_url"].(string)); err == nil {
		t.Error("it still listens after its end")
	}
}

// People paste what is printed into a shell, of whatever kind.
func TestSandboxText(t *testing.T) {
	t.Parallel()
	out, end := begin(t, "sandbox", "--listen", "0.0.0.0:0")
	var printed strings.Builder
	var exported []string
	for !strings.Contains(printed.String(), "Interrupt it") {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		printed.WriteString(line)
		if v, ok := strings.CutPrefix(line, "export "); ok {
			name, _, _ := strings.Cut(v, "=")
			exported = append(exported, name)
		}
	}
	want := "AWS_ENDPOINT_URL AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY IONROLLER_BUCKET VPC_ID SUBNETS LISTENER_ARN LOAD_BALANCER_URL HOSTED_ZONE_ID " +
		"TF_VAR_bucket TF_VAR_vpc_id TF_VAR_subnets TF_VAR_listener_arn"
	if got := strings.Join(exported, " "); got != want {
		t.Errorf("it exports %s, want %s", got, want)
	}
	if shell, err := exec.LookPath("sh"); err != nil {
		t.Log("sh is not on PATH: what is printed was not pasted into it")
	} else {
		command := exec.CommandContext(t.Context(), shell, "-eu")
		command.Stdin = strings.NewReader(printed.String() + "\nprintf '%s\\n' \"$SUBNETS\" \"$TF_VAR_subnets\" \"$TF_VAR_bucket\"\n")
		got, err := command.Output()
		lines := strings.Split(string(got), "\n")
		var subnets []string
		if err != nil || len(lines) != 4 || json.Unmarshal([]byte(lines[1]), &subnets) != nil || strings.Join(subnets, ",") != lines[0] || lines[2] != "ionroller-sandbox" {
			t.Errorf("%v: a shell makes %q of\n%s", err, got, printed.String())
		}
	}
	if code, words := end(); code != exitDone || !strings.Contains(words, "0.0.0.0:0 can be reached from other machines") {
		t.Errorf("interrupted, it ended with %d: %s", code, words)
	}
}

func TestQuoted(t *testing.T) {
	for value, want := range map[string]string{
		"arn:aws:x:y/z-1_2.3,4=5": "arn:aws:x:y/z-1_2.3,4=5", `["a","b"]`: `'["a","b"]'`, "it's": `'it'\''s'`,
	} {
		if got := quoted(value); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}

func TestSandboxThatCannotListen(t *testing.T) {
	t.Parallel()
	out, end := begin(t, "sandbox", "--listen", "127.0.0.1:-1")
	if _, err := out.ReadByte(); err != io.EOF {
		t.Errorf("it printed something: %v", err)
	}
	if code, words := end(); code != exitFailed || !strings.Contains(words, "127.0.0.1:-1") {
		t.Errorf("it ended with %d: %s", code, words)
	}
}
