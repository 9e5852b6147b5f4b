// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// report is what GET answers: the settings, which PUT takes as they are, and how
// many calls each fault has matched and befallen.
type report struct {
	Seed   uint64     `json:"seed"`
	Faults []reported `json:"faults"`
}

type reported struct {
	Fault
	Matched int `json:"matched"`
	Met     int `json:"met"`
}

// maxSettings bounds what PUT reads.
const maxSettings = 1 << 20

// ServeHTTP is the control endpoint: GET shows the settings, PUT replaces them,
// DELETE takes all faults away. Each answers with the settings that then hold.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodPut, http.MethodDelete:
		var s Settings
		var err error
		if r.Method == http.MethodPut {
			s, err = read(io.LimitReader(r.Body, maxSettings))
		}
		if err == nil {
			err = i.Set(s)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	default:
		w.Header().Set("Allow", "GET, PUT, DELETE")
		http.Error(w, "GET, PUT or DELETE", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// The client has gone when this fails; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(i.report())
}

// read reads settings in JSON, strictly, but takes what GET answers as well.
func read(r io.Reader) (Settings, error) {
	var have report
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&have); err != nil {
		return Settings{}, fmt.Errorf(`reading the faults, an object such as {"faults": [{"service": "s3", "latency": "50ms"}]}: %w`, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Settings{}, errors.New("reading the faults: something follows the JSON object")
	}
	s := Settings{Seed: have.Seed}
	for _, f := range have.Faults {
		s.Faults = append(s.Faults, f.Fault)
	}
	return s, nil
}
