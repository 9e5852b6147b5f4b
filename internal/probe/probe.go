// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package probe asks a new environment over its test route, as a user would,
// before users do.
package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// answerWithin is how long an answer may take.
const answerWithin = 10 * time.Second

// Prober asks by HTTP. Proxies are those of the environment (HTTP_PROXY,
// HTTPS_PROXY, NO_PROXY).
type Prober struct{}

var _ roller.Prober = Prober{}

// Probe sends one GET by way of the load balancer's entrance, so that hosts need
// no DNS record yet; a proxy finds its own way. A certificate must be good for the
// host that is asked for. An answer that is not the expected one, or none, is a
// fault and no error.
func (Prober) Probe(ctx context.Context, entrance string, s endpoint.Spec) (string, error) {
	check, route := s.Rollout.Smoke, s.TestRoute
	if check == nil || route == nil {
		return "", fmt.Errorf("endpoint %s has no smoke check, or no test route to make it over", s.Name)
	}
	door, err := url.Parse(entrance)
	if err != nil {
		return "", fmt.Errorf("the smoke check of %s: %w", s.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	req, err := request(ctx, door, check, route, s.TestHost())
	if err != nil {
		return "", fmt.Errorf("the smoke check of %s: %w", s.Name, err)
	}
	client := http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, DialContext: through(req.URL, door),
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	var failed *url.Error
	switch {
	case errors.As(err, &failed):
		return fmt.Sprintf("GET %s by way of %s: %v", req.URL, entrance, failed.Err), nil
	case err != nil:
		return "", fmt.Errorf("the smoke check of %s: %w", s.Name, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != check.Status {
		return fmt.Sprintf("GET %s is answered %d, not %d", req.URL, resp.StatusCode, check.Status), nil
	}
	return "", nil
}

// request is what a user of the test route would send.
func request(ctx context.Context, door *url.URL, check *endpoint.Smoke, route *endpoint.TestRoute, host string) (*http.Request, error) {
	if port := door.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, door.Scheme+"://"+host+check.Path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "ionroller")
	if route.Header != "" {
		req.Header.Set(route.Header, route.Values[0])
	}
	return req, nil
}

// through dials the door for what is addressed to a URL's host.
func through(to, door *url.URL) func(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == withPort(to) {
			address = withPort(door)
		}
		return d.DialContext(ctx, network, address)
	}
}

// withPort is a URL's host and port, the usual one where it names none.
func withPort(u *url.URL) string {
	usual := "80"
	if u.Scheme == "https" {
		usual = "443"
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), usual))
}
