// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HealthCheck says how a group checks its targets.
type HealthCheck struct {
	Protocol  string        // HTTP or HTTPS; certificates are not verified
	Path      string        // with a query string, if any
	Port      string        // a number, or traffic-port
	Interval  time.Duration // from the start of one check to the next
	Timeout   time.Duration
	Healthy   int    // passes in a row that make an unhealthy target healthy
	Unhealthy int    // failures in a row that make a target unhealthy
	Matcher   string // status codes that pass: "200", "200-299,301"
	Enabled   bool
}

// withDefaults fills what is missing with ELB's own defaults.
func (h HealthCheck) withDefaults() HealthCheck {
	if h.Protocol == "" {
		h.Protocol = "HTTP"
	}
	if h.Path == "" {
		h.Path = "/"
	}
	if h.Port == "" {
		h.Port = trafficPort
	}
	if h.Interval <= 0 {
		h.Interval = 30 * time.Second
	}
	if h.Timeout <= 0 {
		h.Timeout = 5 * time.Second
	}
	if h.Healthy <= 0 {
		h.Healthy = 5
	}
	if h.Unhealthy <= 0 {
		h.Unhealthy = 2
	}
	if h.Matcher == "" {
		h.Matcher = "200"
	}
	return h
}

const trafficPort = "traffic-port"

// checker makes the requests of all health checks, each on a fresh connection.
var checker = &http.Transport{
	DisableKeepAlives:  true,
	DisableCompression: true,
	TLSClientConfig:    &tls.Config{InsecureSkipVerify: true}, // as ELB does
}

// keepChecking checks the target at once and then at every interval until the
// context is done.
func (g *Group) keepChecking(ctx context.Context, t *target, h HealthCheck) {
	ticker := time.NewTicker(h.Interval)
	defer ticker.Stop()
	for {
		failed := h.probe(ctx, t.Target)
		g.mu.Lock()
		// Contexts are cancelled under the lock: a check that was overtaken by
		// a change of settings leaves no mark.
		if ctx.Err() == nil {
			t.record(h, failed)
			g.publish()
		}
		g.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// probe makes one check. It returns nil when the target passed, else what the
// target is if this was the last failure needed.
func (h HealthCheck) probe(ctx context.Context, t Target) *condition {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet,
		strings.ToLower(h.Protocol)+"://"+h.address(t)+h.Path, nil)
	if err != nil {
		return &condition{stateUnhealthy, "Target.FailedHealthChecks", "Health checks failed"}
	}
	r.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	response, err := checker.RoundTrip(r)
	switch {
	case err != nil && ctx.Err() != nil:
		return &condition{stateUnhealthy, "Target.Timeout", "Request timed out"}
	case err != nil:
		return &condition{stateUnhealthy, "Target.FailedHealthChecks", "Health checks failed"}
	}
	response.Body.Close()
	if !matchesCode(h.Matcher, response.StatusCode) {
		return &condition{stateUnhealthy, "Target.ResponseCodeMismatch",
			fmt.Sprintf("Health checks failed with these codes: [%d]", response.StatusCode)}
	}
	return nil
}

// address is where the check goes: the target's real port, unless the checks
// have a port of their own.
func (h HealthCheck) address(t Target) string {
	if h.Port == trafficPort || h.Port == strconv.Itoa(t.Port) {
		return t.Addr
	}
	host, _, _ := net.SplitHostPort(t.Addr)
	return net.JoinHostPort(host, h.Port)
}

// matchesCode reads matchers such as "200", "200,202" and "200-299".
func matchesCode(matcher string, code int) bool {
	for part := range strings.SplitSeq(matcher, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		from, err1 := strconv.Atoi(low)
		to, err2 := strconv.Atoi(high)
		if err1 == nil && err2 == nil && from <= code && code <= to {
			return true
		}
	}
	return false
}
