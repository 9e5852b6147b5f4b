// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// aSandbox starts one as a program, started by a shell that sets traps before, and
// returns how it is reached.
func aSandbox(t *testing.T, before string, words *said) (*exec.Cmd, sandbox.Info) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-c", before+"exec ionroller sandbox --json --verbose --speed 600")
	command.Stderr = words
	out, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	command.Stdout = write
	if err := errors.Join(command.Start(), write.Close()); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var info sandbox.Info
	if err = errors.Join(err, json.Unmarshal(line, &info)); err != nil {
		t.Fatalf("%v: %s", err, words)
	}
	return command, info
}

// What a program was started to ignore, it ignores: the end of its terminal under nohup,
// and interrupts in the background of a script.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	t.Parallel()
	command, _ := aSandbox(t, "trap '' HUP INT; ", &said{})
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if err := command.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	case <-time.After(500 * time.Millisecond):
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A command that changes something ends in order when nobody reads what it prints, and
// gives its lease back.
func TestNobodyReads(t *testing.T) {
	t.Parallel()
	aws, info := aSandbox(t, "", &said{})
	environ := append(append(os.Environ(), info.Variables...), "SUBNET="+info.Subnets[0], "IONROLLER_OWNER=acme")
	for _, version := range []string{"1.0.0", "1.1.0"} {
		deploy := exec.CommandContext(t.Context(), "deploy", "checkout", version, "1h")
		deploy.Env = environ
		if text, err := deploy.CombinedOutput(); err != nil {
			t.Fatalf("deploying: %v\n%s", err, text)
		}
	}
	for _, args := range []string{"rollback checkout --yes", "unpin checkout", "reconcile --once checkout"} {
		command := exec.CommandContext(t.Context(), "ionroller", strings.Fields(args)...)
		command.Env = environ
		out, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out.Close()
		command.Stdout, command.Stderr = write, write
		err = command.Run()
		write.Close()
		if err != nil {
			t.Errorf("%s: %v", args, err)
		}
		status := exec.CommandContext(t.Context(), "ionroller", "status", "checkout", "-o", "json")
		status.Env = environ
		if text, err := status.Output(); err != nil || !strings.Contains(string(text), `"lease": null`) {
			t.Errorf("after %s: %v\n%s", args, err, text)
		}
	}
	if err := aws.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := aws.Wait(); err != nil {
		t.Error(err)
	}
}
