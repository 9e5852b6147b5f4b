// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// What --fault says is what the control endpoint shows.
func TestSandboxFaults(t *testing.T) {
	t.Parallel()
	out, end := begin(t, "sandbox", "--json", "--seed", "7", "--fault", "elastic*:Describe* latency=1ms rate=0.5", "--fault", "* throttle",
		"--run", "acme/checkout=./checkout --port {port}")
	line, err := out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var info struct {
		EndpointURL string `json:"endpoint_url"`
	}
	if err := json.Unmarshal(line, &info); err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(info.EndpointURL + "/_sandbox/faults")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	want := `{"seed":7,"faults":[{"service":"elastic*","operation":"Describe*","rate":0.5,"latency":"1ms","matched":0,"met":0},` +
		`{"service":"*","throttle":{},"matched":0,"met":0}]}`
	if got := strings.TrimSpace(string(body)); err != nil || got != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	if code, words := end(); code != exitDone {
		t.Errorf("it ended with %d: %s", code, words)
	}
}

func TestSandboxRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flag, value, want string
		code              int
	}{
		{"--fault", "s3", "a fault needs an effect", exitUsage},
		{"--fault", "s3 drop rate=2", "not between 0 and 1", exitUsage},
		{"--fault", "elb drop", "the sandbox serves no such operation", exitFailed},
		{"--run", "./checkout", "want IMAGE=COMMAND", exitUsage},
		{"--run", "=./checkout", "want IMAGE=COMMAND", exitUsage},
		{"--run", "acme/checkout='./checkout", "within quotes", exitFailed},
		{"--speed", "0", "more than zero", exitUsage},
	} {
		out, end := begin(t, "sandbox", c.flag, c.value)
		if _, err := out.ReadByte(); err != io.EOF {
			t.Errorf("%s %s: it printed something: %v", c.flag, c.value, err)
		}
		if code, words := end(); code != c.code || !strings.Contains(words, c.want) {
			t.Errorf("%s %s: it ended with %d: %s", c.flag, c.value, code, words)
		}
	}
	if _, err := parseCommands([]string{"a=b", "a=c"}); err == nil {
		t.Error("two commands for one image are taken")
	}
}
