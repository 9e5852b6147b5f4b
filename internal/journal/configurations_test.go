// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

func configured(version string) endpoint.Spec {
	return endpoint.Spec{Name: "checkout", Release: endpoint.Release{
		Version: version, Container: endpoint.Container{Image: "acme/checkout", Environment: map[string]string{"LEVEL": "info"}},
	}}
}

// What an event says was configured can be read again: also when it is not in the
// record any more, and not when somebody changed or removed it.
func TestConfigurations(t *testing.T) {
	w := newWorld(t)
	j := w.journal()
	s := w.acquire("apply")
	puts := 0
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if isPut(r, "configurations") {
			puts++
		}
		return false
	}
	for _, version := range []string{"1.0.0", "1.1.0", "1.0.0"} {
		w.commit(s, func(r *endpoint.Record) {
			r.Desired = configured(version)
			e := note(version + " is desired")
			e.Data = map[string]string{endpoint.ConfigurationKey: r.Desired.Digest()}
			r.Append(e)
		})
	}
	if puts != 2 {
		t.Errorf("two configurations were written %d times", puts)
	}
	for _, e := range w.trail() {
		spec, err := j.Configuration(w.Context(), "checkout", e.Data[endpoint.ConfigurationKey])
		if err != nil || spec == nil || spec.Release.Version+" is desired" != e.Message || spec.Release.Container.Environment["LEVEL"] != "info" {
			t.Errorf("%s: %+v, %v", e.Message, spec, err)
		}
		if strings.Contains(string(mustJSON(t, e)), "LEVEL") {
			t.Error("the trail tells of the environment's variables")
		}
	}

	// Another run keeps the same once more, which is no trouble.
	if err := s.Release(w.Context()); err != nil {
		t.Fatal(err)
	}
	again := w.acquire("another")
	w.commit(again, func(r *endpoint.Record) {
		e := note("again")
		e.Data = map[string]string{endpoint.ConfigurationKey: r.Desired.Digest()}
		r.Append(e)
	})

	digest := configured("1.1.0").Digest()
	key := "configurations/" + account + "/" + region + "/checkout/" + digest + ".json"
	w.put(key, strings.Replace(string(configured("1.1.0").Written()), "info", "debug", 1))
	if _, err := j.Configuration(w.Context(), "checkout", digest); err == nil || !strings.Contains(err.Error(), "changed by others") {
		t.Errorf("one that was changed: %v", err)
	}
	if spec, err := j.Configuration(w.Context(), "checkout", strings.Repeat("0", 64)); spec != nil || err != nil {
		t.Errorf("one that was removed: %v, %v", spec, err)
	}
}

// No event names a configuration that could not be kept.
func TestConfigurationComesBeforeItsEvent(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	w.fault = func(out http.ResponseWriter, r *http.Request) bool {
		if !isPut(r, "configurations") {
			return false
		}
		http.Error(out, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
		return true
	}
	r := s.Record()
	r.Desired = configured("1.0.0")
	e := note("desired")
	e.Data = map[string]string{endpoint.ConfigurationKey: r.Desired.Digest()}
	r.Append(e)
	if err := s.Commit(w.Context(), r); err == nil || !strings.Contains(err.Error(), "keeping a configuration of checkout") {
		t.Errorf("committing: %v", err)
	}
	if trail := w.trail(); len(trail) != 0 || w.stored().Desired.Name != "" {
		t.Errorf("trail %+v", trail)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
