// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminalOf starts a command on a terminal that answers nothing it is asked.
func terminalOf(t *testing.T, command *exec.Cmd) (keys *os.File, shown *said) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	t.Cleanup(func() { keys.Close() })
	number, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(keys.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	command.Stdin, command.Stdout, command.Stderr = screen, screen, screen
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	shown = &said{}
	go func() { // until the terminal closes
		text := make([]byte, 4096)
		for {
			n, err := keys.Read(text)
			_, _ = shown.Write(text[:n])
			if err != nil {
				return
			}
		}
	}()
	return keys, shown
}

// A terminal is not asked for its colours: one that does not answer would be waited for,
// and what is typed meanwhile be taken for the answer.
func TestTerminalIsNotAsked(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), "ionroller", "version")
	command.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=", "TERM_PROGRAM=")
	begun := time.Now()
	_, shown := terminalOf(t, command)
	shown.await(t, `1\.2\.3`)
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown.String(), "\x1b") {
		t.Errorf("it writes %q, after %s", shown, time.Since(begun))
	}
}

// A watch is drawn on a terminal that answers nothing, what happened goes right above the
// panel, and a key closes it.
func TestWatchOnTerminal(t *testing.T) {
	t.Parallel()
	_, info := aSandbox(t, "", &said{})
	environ := append(append(os.Environ(), info.Variables...), "SUBNET="+info.Subnets[0], "IONROLLER_OWNER=acme", "TERM=xterm-256color", "TERM_PROGRAM=", "COLORTERM=")
	for _, args := range []string{"1.0.0 1h", "1.1.0 1h 50:10h 100:0s nowait"} {
		deploy := exec.CommandContext(t.Context(), "deploy", append([]string{"checkout"}, strings.Fields(args)...)...)
		deploy.Env = environ
		if text, err := deploy.CombinedOutput(); err != nil {
			t.Fatalf("deploying: %v\n%s", err, text)
		}
	}
	command := exec.CommandContext(t.Context(), "ionroller", "watch", "checkout")
	command.Env = environ
	keys, shown := terminalOf(t, command)
	shown.await(t, "New rollout from 1\\.0\\.0 to 1\\.1\\.0")
	shown.await(t, "at step 1 of 2")
	shown.await(t, "q closes this and stops nothing")
	if _, err := keys.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown.String(), "\x1b]11;?") {
		t.Errorf("it asks for the background: %q", shown)
	}
	if far := regexp.MustCompile("\x1b\\[2[0-9]B"); far.MatchString(shown.String()) {
		t.Errorf("it moves over all of the terminal: %q", shown)
	}
}
