// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
)

// ConfigurationKey is the entry of an event's data that names the configuration
// which it brought about. The configuration itself is kept beside the trail and not
// in it, so that one with something in it that nobody should read can be removed,
// and the chain of hashes still holds.
const ConfigurationKey = "configuration"

// configuration is a spec as it is kept: as the beginning of a record would be, so
// that it is read as one.
type configuration struct {
	Schema  int  `json:"schema"`
	Desired Spec `json:"desired"`
}

// Written returns the form in which a spec is kept.
func (s Spec) Written() []byte {
	text, err := json.Marshal(configuration{SchemaVersion, s})
	if err != nil {
		panic("endpoint: a spec is plain data and always marshals: " + err.Error())
	}
	return text
}

// Digest names a spec by the SHA-256 of its kept form, in hexadecimal.
func (s Spec) Digest() string { return DigestOf(s.Written()) }

// DigestOf is the digest of what was kept.
func DigestOf(written []byte) string {
	sum := sha256.Sum256(written)
	return hex.EncodeToString(sum[:])
}

// ReadSpec reads what was kept under a digest. A text that has another was changed.
func ReadSpec(written []byte, digest string) (Spec, error) {
	if DigestOf(written) != digest {
		return Spec{}, errors.New("it is not what was kept there: it was changed by others")
	}
	r, err := ParseRecord(written)
	return r.Desired, err
}

// Told returns the configurations of the record that events in its outbox name, by
// their digests.
func (r *Record) Told() map[string][]byte {
	told := map[string][]byte{}
	for _, e := range r.Outbox {
		digest := e.Data[ConfigurationKey]
		if digest == "" || told[digest] != nil {
			continue
		}
		for _, s := range []*Spec{&r.Desired, r.Accepted} {
			if s == nil {
				continue
			}
			if text := s.Written(); DigestOf(text) == digest {
				told[digest] = text
			}
		}
	}
	return told
}
