// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package balancer_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/balancer"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
)

// between puts something between the balancer and its first CreateRule.
func (w *world) between(do func(out http.ResponseWriter, r *http.Request, aws http.Handler)) {
	w.Helper()
	to, err := url.Parse(w.info.EndpointURL)
	w.ok(err)
	aws := httputil.NewSingleHostReverseProxy(to)
	first := true
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if first && bytes.Contains(body, []byte("Action=CreateRule&")) {
			first = false
			do(out, r, aws)
			return
		}
		aws.ServeHTTP(out, r)
	}))
	w.Cleanup(server.Close)
	w.Setenv("AWS_ENDPOINT_URL", server.URL)
	clients, err := awsclient.New(w.Context(), awsclient.Config{Region: w.info.Region})
	w.ok(err)
	w.Balancer = balancer.New(clients, balancer.Options{Owner: owner})
}

func TestPriorityTakenMeanwhile(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.between(func(out http.ResponseWriter, r *http.Request, aws http.Handler) {
		w.foreign(w.info.ListenerARN, 1, "search.acme.com", w.groups["old"])
		aws.ServeHTTP(out, r)
	})
	w.is(w.shift(map[string]int{"old": 100}), "CreateRule", "CreateRule", "CreateRule") // theirs, refused, ours
}

// The SDK repeats a creation whose answer was lost, and is told that the priority
// is in use: by our own rule. No second one is made.
func TestCreationAnswerLost(t *testing.T) {
	w := newWorld(t, cloud.Quotas{})
	w.between(func(out http.ResponseWriter, r *http.Request, aws http.Handler) {
		aws.ServeHTTP(httptest.NewRecorder(), r)
		out.WriteHeader(http.StatusServiceUnavailable)
	})
	w.is(w.shift(map[string]int{"old": 100}), "CreateRule", "CreateRule", "ModifyRule")
}
