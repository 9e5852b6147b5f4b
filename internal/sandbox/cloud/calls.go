// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Call is one call of the sandbox's API.
type Call struct {
	Time       time.Time       `json:"time"`
	RequestID  string          `json:"request_id"`
	Service    string          `json:"service"`
	Operation  string          `json:"operation"`
	Parameters json.RawMessage `json:"parameters"`
	Principal  string          `json:"principal"`         // ARN, empty for an unknown caller
	Outcome    string          `json:"outcome"`           // "OK" or the error's code
	Message    string          `json:"message,omitempty"` // the error's
	Changing   bool            `json:"changing"`          // whether calls of this kind change something
	Faults     []string        `json:"faults,omitempty"`  // what befell the call by the fault settings
}

// keptCalls bounds the log: past it the older half is forgotten.
const keptCalls = 200_000

// callLog has a lock of its own: S3 requests are logged without the world's.
type callLog struct {
	mu    sync.Mutex
	calls []Call
}

func (l *callLog) add(call Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.calls) >= keptCalls {
		l.calls = slices.Delete(l.calls, 0, keptCalls/2)
	}
	l.calls = append(l.calls, call)
}

func (l *callLog) list() []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

// serveHTTP gives the log as a JSON array, only the changing calls with
// ?changing=true; DELETE empties it.
func (l *callLog) serveHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		calls := l.list()
		if r.URL.Query().Get("changing") == "true" {
			calls = slices.DeleteFunc(calls, func(c Call) bool { return !c.Changing })
		}
		if calls == nil {
			calls = []Call{}
		}
		w.Header().Set("Content-Type", "application/json")
		// The client has gone when this fails; there is nobody to tell.
		_ = json.NewEncoder(w).Encode(calls)
	case http.MethodDelete:
		l.mu.Lock()
		l.calls = nil
		l.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, DELETE")
		http.Error(w, "GET or DELETE", http.StatusMethodNotAllowed)
	}
}
