// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package process

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// Config says what to run, and for whom.
type Config struct {
	Command     Command
	Version     string
	Environment string
	Instance    string
	// Env is added to the variables of this process. PORT and VERSION are added
	// to both.
	Env map[string]string
	// Hurry, once it is closed, has Close kill the command without waiting.
	Hurry <-chan struct{}
	// Log takes the lines that the command writes, and one when it ends; it may be
	// called by several goroutines.
	Log func(line string)
}

// Process is a running command.
type Process struct {
	addr   string
	cmd    *exec.Cmd
	exited chan struct{}
	output sync.WaitGroup
	pipe   *os.File
	grace  time.Duration
	hurry  <-chan struct{}
	close  sync.Once
}

const (
	// closeGrace is how long a command may take to end after SIGTERM.
	closeGrace = 5 * time.Second
	// outputGrace is how long output is waited for that a process holds open
	// which has left the command's process group.
	outputGrace = time.Second
)

// Start starts the command and does not wait until it listens.
func Start(c Config) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("instance %s: finding a port for %s: %w", c.Instance, c.Command[0], err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", c.Instance, err)
	}
	words := c.Command.fill(port, c.Version, c.Environment, c.Instance)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr = write, write
	cmd.Env = os.Environ()
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		cmd.Env = append(cmd.Env, name+"="+c.Env[name])
	}
	cmd.Env = append(cmd.Env, "PORT="+port, "VERSION="+c.Version)
	isolate(cmd)
	err = cmd.Start()
	write.Close() // the command has its own
	if err != nil {
		read.Close()
		return nil, fmt.Errorf("instance %s: starting the command: %w", c.Instance, err)
	}
	p := &Process{addr: net.JoinHostPort("127.0.0.1", port), cmd: cmd, exited: make(chan struct{}), pipe: read, grace: closeGrace, hurry: c.Hurry}
	p.output.Go(func() { pass(read, c.Log) })
	go func() {
		defer close(p.exited)
		err := cmd.Wait()
		kill(cmd) // what it leaves behind
		if err != nil {
			c.Log("the command ended: " + err.Error())
		} else {
			c.Log("the command ended")
		}
	}()
	return p, nil
}

// freePort finds a port of loopback that is free just now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if closeErr := l.Close(); err == nil {
		err = closeErr
	}
	return port, err
}

// pass hands lines on until the end of the output. What is too long for a line is
// cut into several.
func pass(r io.Reader, log func(string)) {
	lines := bufio.NewReaderSize(r, 16<<10)
	for {
		line, _, err := lines.ReadLine()
		if err != nil {
			return // the end, or Close has had enough
		}
		log(string(line))
	}
}

// Addr is the host:port at which the command was told to listen.
func (p *Process) Addr() string { return p.addr }

// Exited is closed once the command has ended, by itself or by Close.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Close asks the command and what it has started to end, kills what has not ended
// after a grace, and waits for the last of its output.
func (p *Process) Close() error {
	p.close.Do(func() {
		select {
		case <-p.exited:
		default:
			terminate(p.cmd)
		}
		select {
		case <-p.exited:
		case <-time.After(p.grace):
			kill(p.cmd)
			<-p.exited
		case <-p.hurry:
			kill(p.cmd)
			<-p.exited
		}
		stop := time.AfterFunc(outputGrace, func() { p.pipe.Close() })
		p.output.Wait()
		stop.Stop()
		p.pipe.Close()
	})
	return nil
}
