// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/objects"
)

// lose makes the next writes to a folder take effect and their answers be lost.
func (w *world) lose(folder string, writes int, status int) {
	w.fault = func(out http.ResponseWriter, r *http.Request) bool {
		if writes == 0 || !isPut(r, folder) {
			return false
		}
		writes--
		w.store.ServeHTTP(httptest.NewRecorder(), r)
		objects.WriteError(out, r, status, "InternalError", "We encountered an internal error. Please try again.")
		return true
	}
}

func TestAnswerLostAndRetried(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	w.lose("records", 1, http.StatusInternalServerError)
	w.commit(s, func(r *endpoint.Record) { r.RuleARN = "arn:1" }) // the SDK's second try is refused because of the first
	w.commit(s, func(r *endpoint.Record) { r.RuleARN = "arn:2" })
	if r := w.stored(); r.RuleARN != "arn:2" || r.Epoch != 1 {
		t.Errorf("stored: %+v", r)
	}
}

func TestFirstAnswerLostAndRetried(t *testing.T) {
	w := newWorld(t)
	w.lose("records", 1, http.StatusInternalServerError)
	s := w.acquire("apply")
	w.commit(s, func(r *endpoint.Record) { r.RuleARN = "arn:1" })
	if r := w.stored(); r.RuleARN != "arn:1" || r.Epoch != 1 {
		t.Errorf("stored: %+v", r)
	}
}

func TestAnswerLostForGood(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	w.lose("records", 1, http.StatusBadRequest) // which the SDK does not try again
	r := s.Record()
	r.RuleARN = "arn:perhaps"
	r.Append(note("perhaps"))
	if err := s.Commit(t.Context(), r); err == nil {
		t.Fatal("no error although the answer was lost")
	}
	if r := s.Record(); r.RuleARN != "" {
		t.Errorf("counts as committed: %+v", r)
	}
	w.commit(s, func(r *endpoint.Record) {
		r.RuleARN = "arn:sure"
		r.Append(note("sure"))
	})
	if r := w.stored(); r.RuleARN != "arn:sure" {
		t.Errorf("stored: %+v", r)
	}
	if events := w.trail(); len(events) != 1 || events[0].Message != "sure" {
		t.Errorf("trail: %+v", events)
	}
}

func TestConflictIsTriedAgain(t *testing.T) {
	for _, folder := range []string{"records", "trail"} {
		t.Run(folder, func(t *testing.T) {
			w := newWorld(t)
			s := w.acquire("apply")
			conflicts := 2
			w.fault = func(out http.ResponseWriter, r *http.Request) bool {
				if conflicts == 0 || !isPut(r, folder) {
					return false
				}
				conflicts--
				objects.WriteError(out, r, http.StatusConflict, "ConditionalRequestConflict", "The conditional request cannot succeed due to a conflicting operation against this resource.")
				return true
			}
			w.commit(s, func(r *endpoint.Record) { r.Append(note("once")) })
			if events := w.trail(); len(events) != 1 || conflicts != 0 {
				t.Errorf("trail: %+v, %d conflicts left", events, conflicts)
			}
		})
	}
}

func TestRecordRemovedByHand(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	w.store.Delete(bucket, "records/"+account+"/"+region+"/checkout.json")
	if err := s.Commit(t.Context(), s.Record()); err == nil || !strings.Contains(err.Error(), "was removed") {
		t.Errorf("committing to a record that is gone: %v", err)
	}
}

// A holder dies after the record was written and before its events were.
func TestOutboxOfADeadHolder(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("first")
	w.commit(s, func(r *endpoint.Record) { r.Append(note("one")) })
	w.fault = func(out http.ResponseWriter, r *http.Request) bool {
		if isPut(r, "trail") && !strings.HasSuffix(r.URL.Path, "0000000002.json") {
			objects.WriteError(out, r, http.StatusForbidden, "AccessDenied", "Access Denied")
			return true
		}
		return false
	}
	r := s.Record()
	r.Append(note("two"))
	r.Append(note("three"))
	if err := s.Commit(t.Context(), r); err == nil || !strings.Contains(err.Error(), "event 3") {
		t.Fatalf("the trail cannot be written: %v", err)
	}
	if got := s.Record(); len(got.Outbox) != 2 || got.Trail.Sequence != 3 {
		t.Errorf("committed, with its events not yet in the trail: %+v", got)
	}
	w.fault = nil

	s = w.acquire("second")
	w.commit(s, func(r *endpoint.Record) { r.Append(note("five")) })
	var messages []string
	for _, e := range w.trail() {
		messages = append(messages, e.Message)
	}
	if len(messages) != 5 || messages[1] != "two" || messages[2] != "three" || messages[4] != "five" {
		t.Errorf("trail: %q", messages)
	}
	if got := w.stored(); len(got.Outbox) != 1 {
		t.Errorf("%d events in the outbox of the last write, not its own", len(got.Outbox))
	}
}

func TestTamperedTrail(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("apply")
	w.put("trail/"+account+"/"+region+"/checkout/0000000001.json", `{"sequence": 1, "message": "nothing happened"}`)
	r := s.Record()
	r.Append(note("something happened"))
	if err := s.Commit(t.Context(), r); err == nil || !strings.Contains(err.Error(), "tampered") {
		t.Errorf("writing over another event: %v", err)
	}
}

// Who may not list a bucket is told 403 of an object that is missing: that is not
// to say that the endpoint does not exist.
func TestDeniedIsNotAbsent(t *testing.T) {
	w := newWorld(t)
	w.fault = func(out http.ResponseWriter, r *http.Request) bool {
		objects.WriteError(out, r, http.StatusForbidden, "AccessDenied", "Access Denied")
		return true
	}
	if r, err := w.journal().Read(t.Context(), "checkout"); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("reading what may not be read: %v, %v", r, err)
	}
}
