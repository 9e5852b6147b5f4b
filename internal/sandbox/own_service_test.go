// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

const nsVariables = "aws:elasticbeanstalk:application:environment"

// TestMain is also the user's own service of these tests: this program, told so by
// a variable of its environment.
func TestMain(m *testing.M) {
	if os.Getenv("OWN_SERVICE") == "" {
		os.Exit(m.Run())
	}
	fmt.Println("pid", os.Getpid(), strings.Join(os.Args[1:], " "))
	http.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(1) })
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Version", os.Getenv("VERSION")) })
	fmt.Println(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
	os.Exit(1)
}

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// pids are those that the services of an environment have logged.
func (l *logged) pids(t *testing.T, environment string) []int {
	var pids []int
	for _, line := range strings.Split(l.String(), "\n") {
		if _, rest, ok := strings.Cut(line, "pid "); ok && strings.Contains(line, "sandbox."+environment+".i-") {
			var pid int
			if _, err := fmt.Sscanf(rest, "%d", &pid); err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func runs(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// TestOwnService: a command of the user's takes the place of an image's instances,
// and ends with its environment and with the sandbox.
func TestOwnService(t *testing.T) {
	t.Parallel()
	log := &logged{}
	w := start(t, func(c *sandbox.Config) {
		c.NoIdleScaling = true
		c.Run = map[string]string{"acme/checkout": os.Args[0] + " --port {port} {environment}@{version}"}
		c.Logger = hclog.New(&hclog.LoggerOptions{Name: "sandbox", Output: log})
	})
	w.version("1.0.0")
	w.version("2.0.0")
	first, group := w.healthy("checkout-1", "1.0.0", nsVariables, "OWN_SERVICE", "yes")
	_, _ = w.healthy("checkout-2", "2.0.0", nsVariables, "OWN_SERVICE", "yes")
	if status, version := w.get(*w.environment(first).CNAME); status != 200 || version != "1.0.0" {
		t.Errorf("status %d, version %q", status, version)
	}
	old := log.pids(t, "checkout-1")
	if len(old) != 2 || !strings.Contains(log.String(), " checkout-1@1.0.0") {
		t.Fatalf("the log says\n%s", log)
	}

	// A crash shows as an unhealthy target, and the instance is replaced.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.info.LoadBalancerURL+"/crash", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = *w.environment(first).CNAME
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusBadGateway {
		t.Errorf("the crashing instance answers %d", answer.StatusCode)
	}
	w.until("a target is unhealthy", func() bool { return w.targets(group)["unhealthy"] == 1 })
	w.until("the instance is replaced", func() bool { return w.targets(group)["healthy"] == 2 && len(log.pids(t, "checkout-1")) == 3 })

	if _, err := w.eb.TerminateEnvironment(t.Context(), &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &first}); err != nil {
		t.Fatal(err)
	}
	w.untilStatus(first, ebtypes.EnvironmentStatusTerminated)
	for _, pid := range log.pids(t, "checkout-1") {
		w.until(fmt.Sprint("process ", pid, " has ended"), func() bool { return !runs(pid) })
	}
	rest := log.pids(t, "checkout-2")
	if len(rest) != 2 || !runs(rest[0]) || !runs(rest[1]) {
		t.Errorf("of the other environment's processes %v some have ended", rest)
	}
	if err := w.sandbox.Close(); err != nil {
		t.Error(err)
	}
	for _, pid := range rest {
		if runs(pid) {
			t.Errorf("process %d has outlived the sandbox", pid)
		}
	}
}

// TestOwnServiceThatCannotStart fails the launch, with an event that says why.
func TestOwnServiceThatCannotStart(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Run = map[string]string{"acme/checkout": "./no-such-program {port}"} })
	w.version("1.0.0")
	id := *w.create("checkout-1", "1.0.0").EnvironmentId
	w.untilStatus(id, ebtypes.EnvironmentStatusReady)
	for _, want := range []string{"no-such-program", "ERROR Create environment operation is complete, but with errors."} {
		if events := w.events(id); !strings.Contains(events, want) {
			t.Errorf("no event %q in\n%s", want, events)
		}
	}
	for line, want := range map[string]string{"": "there is no command", "'x": "within quotes"} {
		if _, err := sandbox.Start(t.Context(), sandbox.Config{Run: map[string]string{"acme/checkout": line}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("command %q: %v", line, err)
		}
	}
}
