// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/objects"
)

// between stands between one run and the sandbox. It numbers the run's calls and
// decides what becomes of each, one after the other.
type between struct {
	*testing.T
	sandbox string
	server  *httptest.Server

	mu      sync.Mutex
	met     []met
	changed int
	decide  func(met) fate
}

// met is a call that came by.
type met struct {
	Number    int // of all calls, from 1
	Change    int // of the changing ones, from 1; 0 for a read
	Operation string
	Key       string // of an object
	Body      string
	Answered  int // the status, 0 when there was none
}

// fate is what becomes of a call. The functions are called at its arrival, and
// when it had its effect; the answer is lost when either says so.
type fate struct {
	before, after func() (lost bool)
	shift         time.Duration // of the time that S3 tells
}

// between makes a workspace's programs call through it from now on.
func (ws *workspace) between(decide func(met) fate) *between {
	ws.Helper()
	b := &between{T: ws.T, sandbox: ws.info.EndpointURL, decide: decide}
	b.server = httptest.NewServer(b)
	ws.Cleanup(b.server.Close)
	ws.env["AWS_ENDPOINT_URL"] = b.server.URL
	return b
}

// calls gives what came by until now.
func (b *between) calls() []met {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]met(nil), b.met...)
}

func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone, and nobody has seen the call
	}
	c, f := b.count(r, body)
	if f.before != nil && f.before() {
		panic(http.ErrAbortHandler)
	}
	answer, err := b.forward(r, body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	b.mu.Lock()
	b.met[c.Number-1].Answered = answer.Code
	b.mu.Unlock()
	if f.after != nil && f.after() {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	if date, err := http.ParseTime(answer.Header().Get("Date")); c.Key != "" && err == nil {
		w.Header().Set("Date", date.Add(f.shift).Format(http.TimeFormat))
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // who has gone need not be told
}

// count numbers a call and asks what becomes of it.
func (b *between) count(r *http.Request, body []byte) (met, fate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := met{Number: len(b.met) + 1, Body: string(body)}
	if form, err := url.ParseQuery(c.Body); err == nil && form.Get("Action") != "" {
		c.Operation = form.Get("Action")
	} else if _, operation, ok := strings.Cut(r.URL.Path, "/operation/"); ok {
		c.Operation = operation
	} else {
		c.Operation = objects.Operation(r)
		_, c.Key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // behind the bucket
	}
	if changing(c.Operation) {
		b.changed++
		c.Change = b.changed
	}
	b.met = append(b.met, c)
	return c, b.decide(c)
}

// changing says that an operation changes something, by its name as AWS's own
// read-only policies do.
func changing(operation string) bool {
	for _, prefix := range []string{"Describe", "List", "Get", "Check", "Head"} {
		if strings.HasPrefix(operation, prefix) {
			return false
		}
	}
	return true
}

// later lets a workspace's programs and its loop see S3 a minute from now: what
// was written by a run that died is old for them, and its lease is over.
func (ws *workspace) later() {
	ws.Helper()
	b := ws.between(func(met) fate { return fate{shift: time.Minute} })
	ws.writeProfile(b.server.URL)
}

// forward lets the sandbox answer. What was sent to it has its effect, also when
// whoever sent it is gone.
func (b *between) forward(r *http.Request, body []byte) (*httptest.ResponseRecorder, error) {
	request := r.Clone(b.Context())
	target, err := url.Parse(b.sandbox)
	if err != nil {
		return nil, err
	}
	request.URL.Scheme, request.URL.Host, request.Host, request.RequestURI = target.Scheme, target.Host, target.Host, ""
	request.Body = io.NopCloser(bytes.NewReader(body))
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer := httptest.NewRecorder()
	for name, values := range response.Header {
		answer.Header()[name] = values
	}
	answer.WriteHeader(response.StatusCode)
	_, err = io.Copy(answer, response.Body)
	return answer, err
}

// intends says that a call writes the record with an intent that begins so.
func (c met) intends(action string) bool {
	var record struct{ Intent *struct{ Action string } }
	return c.Operation == "PutObject" && strings.HasPrefix(c.Key, "records/") &&
		json.Unmarshal([]byte(c.Body), &record) == nil && record.Intent != nil && strings.HasPrefix(record.Intent.Action, action)
}
