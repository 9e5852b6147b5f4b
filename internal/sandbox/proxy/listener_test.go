// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// passive is a health check that never changes anything in a test's time.
var passive = HealthCheck{Enabled: true, Interval: time.Hour}

// newListener starts a listener whose choices are the same in each run.
func newListener(t *testing.T, now func() time.Time) *Listener {
	t.Helper()
	var mu sync.Mutex
	seeded := rand.New(rand.NewPCG(1, 2))
	random := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return seeded.IntN(n)
	}
	l, err := listen("127.0.0.1:0", random, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// newGroup makes a group that is in use and registers the handlers' servers.
func newGroup(t *testing.T, h HealthCheck, delay time.Duration, handlers ...http.HandlerFunc) *Group {
	t.Helper()
	g := NewGroup(h, delay)
	t.Cleanup(g.Close)
	g.SetInUse(true)
	for i, handler := range handlers {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		g.Register(instance(i, server.Listener.Addr().String()))
	}
	return g
}

func instance(i int, addr string) Target {
	return Target{ID: fmt.Sprintf("i-%d", i), Port: 80, Addr: addr}
}

// says answers with a word.
func says(word string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, word) }
}

// client makes requests to a listener, none of which follows redirects.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 10}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func get(t *testing.T, c *http.Client, url string, cookies ...*http.Cookie) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func forwardTo(groups ...WeightedGroup) []Rule {
	return []Rule{{Priority: math.MaxInt, Forward: groups}}
}

func TestWeights(t *testing.T) {
	l := newListener(t, time.Now)
	a, b, c := newGroup(t, passive, 0, says("a")), newGroup(t, passive, 0, says("b")), newGroup(t, passive, 0, says("c"))
	l.SetRules(forwardTo(WeightedGroup{a, 90}, WeightedGroup{b, 10}, WeightedGroup{c, 0}))
	counts := map[string]int{}
	requester := client(t)
	for range 2000 {
		_, body := get(t, requester, "http://"+l.Addr())
		counts[body]++
	}
	// Three standard deviations around 200.
	if counts["b"] < 160 || counts["b"] > 240 || counts["c"] != 0 || counts["a"]+counts["b"] != 2000 {
		t.Errorf("got %v", counts)
	}
	l.SetRules(forwardTo(WeightedGroup{a, 0}, WeightedGroup{b, 0}))
	if response, _ := get(t, client(t), "http://"+l.Addr()); response.StatusCode != 503 {
		t.Errorf("without any weight: %d", response.StatusCode)
	}
}

func TestRoundRobin(t *testing.T) {
	l := newListener(t, time.Now)
	g := newGroup(t, passive, 0, says("0"), says("1"), says("2"))
	awaitHealth(t, g, "healthy healthy healthy")
	l.SetRules(forwardTo(WeightedGroup{g, 1}))
	c := client(t)
	counts := map[string]int{}
	for range 30 {
		_, body := get(t, c, "http://"+l.Addr())
		counts[body]++
	}
	if fmt.Sprint(counts) != "map[0:10 1:10 2:10]" {
		t.Errorf("got %v", counts)
	}
}

func TestStickiness(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newListener(t, func() time.Time { return now })
	a, b := newGroup(t, passive, 0, says("a")), newGroup(t, passive, 0, says("b"))
	sticky := func(weightA, weightB int) []Rule {
		rules := forwardTo(WeightedGroup{a, weightA}, WeightedGroup{b, weightB})
		rules[0].StickyFor = time.Minute
		return rules
	}
	c := client(t)
	url := "http://" + l.Addr()
	l.SetRules(sticky(1, 0))
	response, _ := get(t, c, url)
	cookies := response.Cookies()
	if len(cookies) != 2 || cookies[0].Name != "AWSALBTG" || cookies[1].Name != "AWSALBTGCORS" ||
		!cookies[1].Secure || cookies[1].SameSite != http.SameSiteNoneMode || !cookies[0].Expires.Equal(now.Add(time.Minute)) {
		t.Fatalf("got cookies %v", cookies)
	}

	l.SetRules(sticky(0, 1))
	for i, cookie := range cookies {
		if response, body := get(t, c, url, cookie); body != "a" || len(response.Cookies()) > 0 {
			t.Errorf("cookie %d: weight 0 evicted a sticky client to %q", i, body)
		}
	}
	if _, body := get(t, c, url); body != "b" {
		t.Errorf("a new client got %q", body)
	}
	forged := *cookies[0]
	forged.Value = "AAAA" + forged.Value[4:]
	if _, body := get(t, c, url, &forged); body != "b" {
		t.Errorf("a forged cookie got %q", body)
	}
	now = now.Add(time.Minute)
	if response, body := get(t, c, url, cookies[0]); body != "b" || len(response.Cookies()) != 2 {
		t.Errorf("a stale cookie got %q and cookies %v", body, response.Cookies())
	}
	now = now.Add(-time.Minute)
	l.SetRules(forwardTo(WeightedGroup{b, 1}))
	if _, body := get(t, c, url, cookies[0]); body != "b" {
		t.Errorf("without its group in the action, a sticky client got %q", body)
	}
}

func TestOwnAnswers(t *testing.T) {
	l := newListener(t, time.Now)
	url := "http://" + l.Addr()
	_, port, _ := net.SplitHostPort(l.Addr())
	if response, _ := get(t, client(t), url); response.StatusCode != 503 {
		t.Errorf("without rules: %d", response.StatusCode)
	}
	l.SetRules([]Rule{
		{Priority: 1, Paths: []string{"/fixed"}, Fixed: &FixedResponse{StatusCode: 404, ContentType: "text/plain", MessageBody: "nope"}},
		{Priority: 2, Paths: []string{"/moved/*"}, Redirect: &Redirect{StatusCode: 301, Protocol: "HTTPS", Port: "443", Path: "/new/#{path}"}},
		{Priority: 3, Paths: []string{"/kept"}, Redirect: &Redirect{StatusCode: 302, Host: "x.#{host}", Query: "#{query}&y=2"}},
	})
	response, body := get(t, client(t), url+"/fixed")
	if response.StatusCode != 404 || body != "nope" || response.Header.Get("Server") != "awselb/2.0" || response.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %d %q %v", response.StatusCode, body, response.Header)
	}
	for path, want := range map[string]string{
		"/moved/a%20b?q=1": "301 https://127.0.0.1:443/new/moved/a%20b?q=1",
		"/kept?q=1":        "302 http://x.127.0.0.1:" + port + "/kept?q=1&y=2",
	} {
		response, _ := get(t, client(t), url+path)
		if got := fmt.Sprint(response.StatusCode, " ", response.Header.Get("Location")); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestForwardedRequest(t *testing.T) {
	l := newListener(t, time.Now)
	g := newGroup(t, passive, 0, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.UserAgent(), "ELB-") {
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintln(w, r.Method, r.Host, r.RequestURI, string(body))
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "Accept-Encoding", "X-Custom"} {
			fmt.Fprintln(w, name, r.Header.Values(name))
		}
		if !strings.HasPrefix(r.Header.Get("X-Amzn-Trace-Id"), "Root=1-") {
			fmt.Fprintln(w, "no trace id")
		}
	})
	l.SetRules(forwardTo(WeightedGroup{g, 1}))
	r, err := http.NewRequest("POST", "http://"+l.Addr()+"/a%2Fb?x=1;y=2", strings.NewReader("payload"))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "shop.example.com"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.Header.Set("X-Custom", "1")
	r.Header.Set("Accept-Encoding", "br")
	response, err := client(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, _ := io.ReadAll(response.Body)
	_, port, _ := net.SplitHostPort(l.Addr())
	want := "POST shop.example.com /a%2Fb?x=1;y=2 payload\nX-Forwarded-For [203.0.113.9, 127.0.0.1]\n" +
		"X-Forwarded-Proto [http]\nX-Forwarded-Port [" + port + "]\nAccept-Encoding [br]\nX-Custom [1]\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFailingTargets(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	release := make(chan struct{})
	defer close(release)
	refused := newGroup(t, passive, 0)
	refused.Register(instance(0, closed.Listener.Addr().String()))
	resets := newGroup(t, passive, 0, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	})
	// The handler of a slow target ends with its client or with the test.
	slow := NewGroup(passive, 0, func(g *Group) { g.timeout = 20 * time.Millisecond })
	t.Cleanup(slow.Close)
	slow.SetInUse(true)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	slow.Register(instance(0, server.Listener.Addr().String()))

	l := newListener(t, time.Now)
	for name, c := range map[string]struct {
		group       *Group
		status      int
		requests    int // of the group
		connections int // that failed
	}{
		"refused":    {refused, 502, 2, 2},
		"reset":      {resets, 502, 2, 0},
		"slow":       {slow, 504, 2, 0},
		"no targets": {newGroup(t, passive, 0), 503, 0, 0},
	} {
		l.SetRules(forwardTo(WeightedGroup{c.group, 1}))
		for _, method := range []string{"GET", "POST"} {
			r, err := http.NewRequest(method, "http://"+l.Addr(), strings.NewReader(strings.Repeat("x", len(method)-3)))
			if err != nil {
				t.Fatal(err)
			}
			response, err := client(t).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != c.status {
				t.Errorf("%s: %s gives %d, want %d", name, method, response.StatusCode, c.status)
			}
		}
		var requests, connections int
		for _, m := range c.group.Metrics() {
			requests, connections = requests+m.RequestCount, connections+m.ConnectionErrors
		}
		if requests != c.requests || connections != c.connections {
			t.Errorf("%s: %d requests, %d connection errors counted", name, requests, connections)
		}
	}
}

// Each request sees the old rules or the new ones, never a mix and never none.
func TestRulesAreSwappedAtOnce(t *testing.T) {
	l := newListener(t, time.Now)
	rules := func(word string) []Rule {
		return []Rule{
			{Priority: 1, Paths: []string{"/a"}, Fixed: &FixedResponse{StatusCode: 200, MessageBody: word}},
			{Priority: 2, Fixed: &FixedResponse{StatusCode: 404}},
		}
	}
	l.SetRules(rules("x"))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				l.SetRules(rules("x"))
				l.SetRules(rules("y"))
			}
		}
	}()
	for range 2000 {
		w := httptest.NewRecorder()
		l.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
		if body := w.Body.String(); w.Code != 200 || (body != "x" && body != "y") {
			t.Fatalf("got %d %q", w.Code, body)
		}
	}
	close(stop)
	<-done
}
