// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// A run that ends in the middle, for whatever reason, leaves traffic as it is, and
// the next one goes on: no request fails, and nothing is made twice.
func TestRunThatEndsInTheMiddle(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(*workspace, *running) // what ends the run
		after func(*workspace)           // before the next
		says  []string
	}{
		"the provider is told to end": {
			end:  func(ws *workspace, r *running) { ws.signal(ws.providerOf(r), terminate) },
			says: []string{"was interrupted", "step 1 of 2, with 50 % of traffic", "apply again to go on"},
		},
		"the provider is killed": {
			end:  func(ws *workspace, r *running) { ws.signal(ws.providerOf(r), killed) },
			says: []string{"plugin"},
		},
		"terraform is told to end": {
			end:  func(ws *workspace, r *running) { ws.signal(r.Process.Pid, terminate) },
			says: []string{"interrupted", "apply again to go on"},
		},
		"terraform alone is killed": {
			end: func(ws *workspace, r *running) { ws.signal(r.Process.Pid, killed) },
		},
		"the credentials expire": {
			end:   func(ws *workspace, _ *running) { ws.befall("* error=ExpiredToken status=403") },
			after: func(ws *workspace) { ws.befall() },
			says:  []string{"ExpiredToken"},
		},
		"the network goes away": {
			end:   func(ws *workspace, _ *running) { ws.cable.cut() },
			after: func(ws *workspace) { ws.cable.mend() },
			says:  []string{"connection refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, sandbox.Config{})
			ws := w.workspace()
			ws.plug()
			ws.set("rollout.steps", []any{step(50, "20s"), step(100, "1s")})
			ws.apply()
			_, end := w.traffic()
			ws.set("version", "1.1.0")
			applying := ws.beginTerraform("apply", "-auto-approve")
			w.until("1.1.0 has traffic", w.bakes)
			c.end(ws, applying)
			r := applying.end()
			if r.code == 0 {
				t.Errorf("the apply succeeded:\n%s", r.out)
			}
			for _, words := range c.says {
				if !r.says(words) {
					t.Errorf("it does not say %q:\n%s", words, r.out)
				}
			}
			if c.after != nil {
				c.after(ws)
			}
			if got := w.record().Weights(); len(got) != 2 {
				t.Errorf("traffic is %v", got)
			}
			if plan, _ := ws.planned(); plan.Kind != "resume" || plan.Steps[0] != "resume 1.1.0 at step 1 of 2, at 50 %" {
				t.Errorf("plan %+v", plan)
			}
			ws.apply()
			if s := ws.show(); s.Version != "1.1.0" || s.Status != "live" || len(s.Environments) != 2 {
				t.Errorf("state %+v", s)
			}
			ws.wantEmptyPlan()
			end()
			w.wantExplained()
		})
	}
}

// A holder that was stopped for longer than its lease finds, when it goes on, that
// another has taken over, and touches nothing.
func TestStoppedHolder(t *testing.T) {
	w := start(t, sandbox.Config{})
	one := w.workspace()
	one.set("rollout.steps", []any{step(50, "3s"), step(100, "1s")})
	one.apply()
	two := one.clone()
	if r := two.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	_, end := w.traffic()
	one.set("version", "1.1.0")
	applying := one.beginTerraform("apply", "-auto-approve")
	w.until("1.1.0 has traffic", w.bakes)
	w.signal(-applying.Process.Pid, stopped)
	two.set("version", "1.1.0")
	two.apply() // waits until the lease is over
	before := len(w.allChanges())
	w.signal(-applying.Process.Pid, goOn)
	r := applying.end()
	if r.code == 0 || !r.says("another run has taken the lease") && !r.says("is being changed by") {
		t.Errorf("the stopped run ended with code %d:\n%s", r.code, r.out)
	}
	for _, c := range w.allChanges()[before:] {
		t.Errorf("the stopped run called %s %s", c.Service, c.Operation)
	}
	two.wantEmptyPlan()
	end()
	w.wantExplained()
}

// providerOf is the process of the provider that a run of terraform started.
func (ws *workspace) providerOf(r *running) int {
	ws.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		ws.Skip("there is no /proc to find the provider's process in")
	}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state ppid ...
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(r.Process.Pid) && strings.Contains(string(text), "(terraform-provi") {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			if err != nil {
				ws.Fatal(err)
			}
			return pid
		}
	}
	ws.Fatal("terraform has no provider running")
	return 0
}

// befall makes things go wrong, as it is written on the sandbox's command line.
func (w *world) befall(texts ...string) {
	w.Helper()
	var settings faults.Settings
	for _, text := range texts {
		settings.Faults = append(settings.Faults, must[faults.Fault](w)(faults.Parse(text)))
	}
	if err := w.SetFaults(settings); err != nil {
		w.Fatal(err)
	}
}

// cable is the network between a workspace and AWS.
type cable struct {
	to string

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	address  string
}

// plug puts a cable between the workspace and its sandbox.
func (ws *workspace) plug() {
	ws.Helper()
	u, err := url.Parse(ws.info.EndpointURL)
	if err != nil {
		ws.Fatal(err)
	}
	ws.cable = &cable{to: u.Host, address: "127.0.0.1:0", open: map[net.Conn]bool{}}
	if err := ws.cable.listen(); err != nil {
		ws.Fatal(err)
	}
	ws.Cleanup(ws.cable.cut)
	ws.env["AWS_ENDPOINT_URL"] = "http://" + ws.cable.address
}

func (c *cable) listen() error {
	l, err := net.Listen("tcp", c.address)
	if err != nil {
		return err
	}
	c.listener, c.address = l, l.Addr().String()
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(near)
		}
	}()
	return nil
}

func (c *cable) carry(near net.Conn) {
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		_ = near.Close()
		return
	}
	c.mu.Lock()
	c.open[near], c.open[far] = true, true
	c.mu.Unlock()
	go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
	_, _ = io.Copy(near, far)
	_ = near.Close()
}

// cut ends all connections and lets nobody make another.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.listener.Close()
	for conn := range c.open {
		_ = conn.Close()
	}
	c.open = map[net.Conn]bool{}
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.listen(); err != nil {
		panic(err)
	}
}
