// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// said is what a process says, for reading meanwhile.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits for words, and returns what of them is in parentheses.
func (s *said) await(t *testing.T, words string) [][]string {
	t.Helper()
	pattern := regexp.MustCompile(words)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if found := pattern.FindAllStringSubmatch(s.String(), -1); len(found) > 0 {
			return found
		}
	}
	t.Fatalf("it does not say %q:\n%s", words, s)
	return nil
}

// However the sandbox is told to end, no process of a user's own service is left.
func TestSandboxLeavesNoProcess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		service string
		signals []syscall.Signal
		code    int
	}{
		"SIGTERM": {"", []syscall.Signal{syscall.SIGTERM}, exitDone},
		"SIGINT":  {"", []syscall.Signal{syscall.SIGINT}, exitDone},
		"SIGHUP":  {"", []syscall.Signal{syscall.SIGHUP}, exitDone},
		"twice, with a service that will not end": {" stubborn", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, exitInterrupted},
		"twice, with SIGTERM":                     {" stubborn", []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, 128 + int(syscall.SIGTERM)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := &said{}
			command := exec.CommandContext(t.Context(), "ionroller", "sandbox", "--json", "--speed", "600", "--run", "acme/checkout=checkout-service"+c.service)
			command.Stderr = words
			out, err := command.StdoutPipe()
			if err == nil {
				err = command.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadBytes('\n')
			var info sandbox.Info
			if err = errors.Join(err, json.Unmarshal(line, &info)); err != nil {
				t.Fatalf("%v: %s", err, words)
			}
			deploy := exec.CommandContext(t.Context(), "deploy", "checkout", "1.0.0", "1h")
			deploy.Env = append(append(os.Environ(), info.Variables...), "SUBNET="+info.Subnets[0], "IONROLLER_OWNER=acme")
			if text, err := deploy.CombinedOutput(); err != nil {
				t.Fatalf("deploying: %v\n%s", err, text)
			}
			found := words.await(t, `pids (\d+) (\d+)`)
			for i, s := range c.signals {
				if i > 0 {
					words.await(t, "asked to end")
				}
				if err := command.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			var exit *exec.ExitError
			if err := command.Wait(); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := command.ProcessState.ExitCode(); code != c.code {
				t.Errorf("it ended with %d, want %d:\n%s", code, c.code, words)
			}
			for _, match := range found {
				for _, text := range match[1:] {
					pid, _ := strconv.Atoi(text) // digits
					if !ends(pid) {
						t.Errorf("process %d has outlived the sandbox", pid)
						_ = syscall.Kill(pid, syscall.SIGKILL)
					}
				}
			}
		})
	}
}

// ends waits until a process has ended; one whose new parent has not cleared it away
// yet has.
func ends(pid int) bool {
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
		if state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output(); err == nil && strings.HasPrefix(string(state), "Z") {
			return true
		}
	}
	return false
}
