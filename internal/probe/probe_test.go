// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package probe_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/probe"
)

func TestProbe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.Host, ":")
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/ready", http.StatusFound)
		case host == "next.acme.com" && r.URL.Path == "/ready", host == "acme.com" && r.Header.Get("X-Release") == "next":
			w.WriteHeader(http.StatusNoContent)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	spec := func(path string, route endpoint.TestRoute) endpoint.Spec {
		return endpoint.Spec{
			Name: "checkout", Routing: endpoint.Routing{Hosts: []string{"acme.com"}}, TestRoute: &route,
			Rollout: endpoint.RolloutPolicy{Smoke: &endpoint.Smoke{Path: path, Status: 204, Count: 1}},
		}
	}
	byHost := endpoint.TestRoute{Hosts: []string{"next.acme.com"}}
	byHeader := endpoint.TestRoute{Header: "X-Release", Values: []string{"next"}}
	for name, c := range map[string]struct {
		spec endpoint.Spec
		want string // of the fault
	}{
		"by host":              {spec("/ready", byHost), ""},
		"by header":            {spec("/anything", byHeader), ""},
		"the wrong code":       {spec("/other", byHost), "is answered 404, not 204"},
		"a redirect is no 204": {spec("/moved", byHost), "is answered 302, not 204"},
	} {
		t.Run(name, func(t *testing.T) {
			fault, err := probe.Prober{}.Probe(t.Context(), server.URL, c.spec)
			if err != nil || (fault == "") != (c.want == "") || !strings.Contains(fault, c.want) {
				t.Errorf("fault %q, %v", fault, err)
			}
		})
	}
	server.Close()
	if fault, err := (probe.Prober{}).Probe(t.Context(), server.URL, spec("/ready", byHost)); err != nil || !strings.Contains(fault, "refused") {
		t.Errorf("nobody listens: fault %q, %v", fault, err)
	}
}
