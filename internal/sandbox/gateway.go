// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// pass is the sandbox as a user's HTTP proxy: DNS does not know the hosts of its
// endpoints, so a request for one goes to the listener that has a rule for it.
func (s *Sandbox) pass(w http.ResponseWriter, r *http.Request) {
	address := s.cloud.ListenerFor(r.URL.Hostname(), r.URL.Port())
	if address == "" {
		http.Error(w, "the sandbox has no HTTP listener for "+r.URL.Host, http.StatusBadGateway)
		return
	}
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: address})
			p.Out.Host = p.In.Host
		},
	}
	proxy.ServeHTTP(w, r)
}
