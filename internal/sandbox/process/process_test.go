// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package process

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain is also the command under test: this program, told so by a variable.
func TestMain(m *testing.M) {
	switch os.Getenv("ROLE") {
	case "":
		os.Exit(m.Run())
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "crash":
		fmt.Println("out of cheese")
		os.Exit(3)
	case "parent":
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "ROLE=stubborn", "PORT=0")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println("child", child.Process.Pid)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		panic(err)
	}
	fmt.Println("ready")
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Join(append(os.Args[1:], os.Getenv("PORT"), os.Getenv("VERSION"), os.Getenv("COLOUR")), " "))
	}))
}

// lines collects a command's output.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) log(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

// wait gives the first line with a prefix.
func (l *lines) wait(t *testing.T, prefix string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		l.mu.Lock()
		all := slices.Clone(l.all)
		l.mu.Unlock()
		if i := slices.IndexFunc(all, func(s string) bool { return strings.HasPrefix(s, prefix) }); i >= 0 {
			return all[i]
		}
	}
	t.Fatalf("no line begins with %q", prefix)
	return ""
}

func start(t *testing.T, role string, words ...string) (*Process, *lines) {
	t.Helper()
	l := &lines{}
	p, err := Start(Config{
		Command: append(Command{os.Args[0]}, words...), Version: "1.2.0", Environment: "checkout-1", Instance: "i-1",
		Env: map[string]string{"ROLE": role, "COLOUR": "green", "PORT": "1"}, Log: l.log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p, l
}

func TestServes(t *testing.T) {
	t.Parallel()
	p, l := start(t, "serve", "--port={port}", "{version}/{environment}/{instance}")
	l.wait(t, "ready")
	answer, err := http.Get("http://" + p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	_, port, _ := net.SplitHostPort(p.Addr())
	if want := "--port=" + port + " 1.2.0/checkout-1/i-1 " + port + " 1.2.0 green"; string(body) != want {
		t.Errorf("it answers %q, %v, not %q", body, err, want)
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	select {
	case <-p.Exited():
	default:
		t.Error("it has not ended")
	}
	l.wait(t, "the command ended: signal: terminated")
}

func TestCrash(t *testing.T) {
	t.Parallel()
	p, l := start(t, "crash")
	<-p.Exited()
	l.wait(t, "out of cheese")
	l.wait(t, "the command ended: exit status 3")
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestChildren: what the command has started ends with it, even what does not
// want to.
func TestChildren(t *testing.T) {
	t.Parallel()
	p, l := start(t, "parent")
	var child int
	if _, err := fmt.Sscanf(l.wait(t, "child"), "child %d", &child); err != nil {
		t.Fatal(err)
	}
	l.wait(t, "ready")
	p.Close()
	gone(t, child)
}

func TestStubborn(t *testing.T) {
	t.Parallel()
	p, l := start(t, "stubborn")
	l.wait(t, "ready")
	p.grace = 20 * time.Millisecond
	p.Close()
	l.wait(t, "the command ended: signal: killed")
	gone(t, p.cmd.Process.Pid)
}

// TestHurry: who is in a hurry does not wait for a command that does not end.
func TestHurry(t *testing.T) {
	t.Parallel()
	p, l := start(t, "stubborn")
	l.wait(t, "ready")
	hurry := make(chan struct{})
	p.grace, p.hurry = time.Hour, hurry
	closed := make(chan struct{})
	go func() { p.Close(); close(closed) }()
	close(hurry)
	<-closed
	l.wait(t, "the command ended: signal: killed")
	gone(t, p.cmd.Process.Pid)
}

// gone waits until a process is no more, or a zombie that its new parent will
// clear away.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if state, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output(); err == nil && strings.HasPrefix(string(state), "Z") {
			return
		}
	}
	t.Errorf("process %d still runs", pid)
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	if _, err := Start(Config{Command: Command{"./no-such-program"}, Instance: "i-1", Log: func(string) {}}); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("%v", err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Command{
		`./checkout --port {port}`:       {"./checkout", "--port", "{port}"},
		`  a	b  `:                        {"a", "b"},
		`sh -c 'exec "$0" x' ./serve`:    {"sh", "-c", `exec "$0" x`, "./serve"},
		`a "b c"'d' "" \"e\ f "g\"h"`:    {"a", "b cd", "", `"e f`, `g"h`},
		`'C:\x' "{version} of {nobody}"`: {`C:\x`, "{version} of {nobody}"},
	} {
		got, err := Parse(line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "  ", "'a", `a\`, `"a'`} {
		if got, err := Parse(line); err == nil {
			t.Errorf("%s: %q", line, got)
		}
	}
}
