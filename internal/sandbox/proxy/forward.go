// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"
)

var (
	errNoTargets = errors.New("the target group has no registered targets")
	groupKey     = new(int) // of the chosen group in a request's context
)

// forwardTo sends the request to one of the rule's groups.
func (l *Listener) forwardTo(w http.ResponseWriter, r *http.Request, rule *compiledRule) {
	g := l.stickyGroup(r, rule)
	if g == nil {
		if g = l.weightedGroup(rule); g == nil {
			answerError(w, http.StatusServiceUnavailable)
			return
		}
		if rule.StickyFor > 0 {
			setStickyCookies(w.Header(), g, l.now().Add(rule.StickyFor))
		}
	}
	l.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), groupKey, g)))
}

// weightedGroup chooses at random by weight, or nil when no group has any.
func (l *Listener) weightedGroup(rule *compiledRule) *Group {
	if rule.total == 0 {
		return nil
	}
	n := l.random(rule.total)
	for _, g := range rule.Forward {
		if n < g.Weight {
			return g.Group
		}
		n -= g.Weight
	}
	return nil
}

// rewrite adds what a load balancer adds to the request it passes on.
func (l *Listener) rewrite(r *httputil.ProxyRequest) {
	r.Out.Host = r.In.Host
	r.Out.URL.Scheme = "http"
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	h := r.Out.Header
	client, _, _ := net.SplitHostPort(r.In.RemoteAddr)
	if prior := r.In.Header.Get("X-Forwarded-For"); prior != "" {
		client = prior + ", " + client
	}
	h.Set("X-Forwarded-For", client)
	h.Set("X-Forwarded-Proto", "http")
	h.Set("X-Forwarded-Port", l.port)
	if host := r.In.Header.Get("X-Forwarded-Host"); host != "" {
		h.Set("X-Forwarded-Host", host)
	}
	if h.Get("X-Amzn-Trace-Id") == "" {
		h.Set("X-Amzn-Trace-Id", l.traceID())
	}
}

func (l *Listener) traceID() string {
	var id [12]byte
	_, _ = rand.Read(id[:])
	return fmt.Sprintf("Root=1-%08x-%s", l.now().Unix(), hex.EncodeToString(id[:]))
}

// roundTripper sends a request to a target of the group in its context.
type roundTripper struct{}

func (roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	g := r.Context().Value(groupKey).(*Group)
	if r.Body != nil {
		// A failed dial would close the body that another target still needs.
		// The server closes it in the end.
		r.Body = keepOpen{r.Body}
	}
	for {
		t := g.next()
		if t == nil {
			return nil, errNoTargets
		}
		r.URL.Host = t.Addr
		start, sent := g.now(), time.Now()
		response, err := g.transportFor(t, r).RoundTrip(r)
		switch {
		case err == nil:
			g.metrics.answered(g.now(), time.Since(sent), response.StatusCode)
			g.bytesOut.Add(headerSize(response.Header))
			if response.StatusCode != http.StatusSwitchingProtocols { // its body is the connection
				response.Body = &counted{response.Body, &g.bytesOut}
			}
			return response, nil
		case isDialError(err) && t.leaving():
			// The target went away between the choice and the connection. It
			// has seen nothing of the request, so another one may have it.
			continue
		default:
			g.metrics.failed(start, isDialError(err))
			return nil, err
		}
	}
}

// counted is an answer's body that counts its bytes.
type counted struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

// headerSize is how long a header and a status line are on the wire.
func headerSize(h http.Header) int64 {
	size := len("HTTP/1.1 200 OK\r\n\r\n")
	for name, values := range h {
		for _, v := range values {
			size += len(name) + len(": \r\n") + len(v)
		}
	}
	return int64(size)
}

// keepOpen is a request body that only its server closes.
type keepOpen struct{ io.Reader }

func (keepOpen) Close() error { return nil }

func isDialError(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// answerForwardError turns a failed round trip into the load balancer's answer.
func answerForwardError(w http.ResponseWriter, r *http.Request, err error) {
	var timeout net.Error
	switch {
	case r.Context().Err() != nil:
		// The client has gone: there is nobody to answer.
		panic(http.ErrAbortHandler)
	case errors.Is(err, errNoTargets):
		answerError(w, http.StatusServiceUnavailable)
	case errors.As(err, &timeout) && timeout.Timeout():
		answerError(w, http.StatusGatewayTimeout)
	default:
		answerError(w, http.StatusBadGateway)
	}
}

// bufferPool spares a buffer of 32 KiB per response.
type bufferPool struct{ pool sync.Pool }

func newBufferPool() *bufferPool {
	return &bufferPool{sync.Pool{New: func() any { return new([32 << 10]byte) }}}
}

func (b *bufferPool) Get() []byte  { return b.pool.Get().(*[32 << 10]byte)[:] }
func (b *bufferPool) Put(p []byte) { b.pool.Put((*[32 << 10]byte)(p)) }

// pooled and single make a target's two transports. Requests that may safely be
// sent twice use kept-alive connections: should the target close one just then,
// net/http sends them again on a fresh one. It cannot do so for a POST, say, so
// each of those gets a connection of its own.
func pooled(timeout time.Duration) *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		ResponseHeaderTimeout: timeout,
		ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost:   512,
		IdleConnTimeout:       time.Minute,
		DisableCompression:    true, // bodies pass through untouched
	}
}

func single(timeout time.Duration) *http.Transport {
	t := pooled(timeout)
	t.DisableKeepAlives = true
	return t
}

// connectTimeout is how long a load balancer waits for a connection to a target.
const connectTimeout = 10 * time.Second

// replayable says whether net/http may send the request a second time.
func replayable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return r.Body == nil || r.Body == http.NoBody
	}
	return false
}
