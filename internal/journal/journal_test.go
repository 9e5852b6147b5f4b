// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func TestFirstRecord(t *testing.T) {
	w := newWorld(t)
	if r, err := w.journal().Read(t.Context(), "checkout"); err != nil || r != nil {
		t.Fatalf("reading what is not there: %v, %v", r, err)
	}
	if _, err := w.journal().Acquire(t.Context(), "checkout", who("apply"), false); err == nil || !strings.Contains(err.Error(), "has no record") {
		t.Errorf("acquiring what is not there: %v", err)
	}
	s := w.acquire("apply")
	got := w.stored()
	if got.Nonce == "" || got.Lease == nil || got.Lease.Holder == "" {
		t.Fatalf("no nonce or lease: %+v", got)
	}
	want := endpoint.Record{
		Schema: endpoint.SchemaVersion, Endpoint: "checkout", Account: account, Region: region, Owner: owner,
		Platform: "elasticbeanstalk", Epoch: 1, Phase: endpoint.Creating, Created: began, Nonce: got.Nonce,
		Lease: &endpoint.Lease{Holder: got.Lease.Holder, Who: who("apply"), Since: began, Until: began.Add(Length)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	w.commit(s, func(r *endpoint.Record) { r.RuleARN = "arn:rule" })
	if r, err := w.journal().Read(t.Context(), "checkout"); err != nil || r.RuleARN != "arn:rule" {
		t.Errorf("read back: %+v, %v", r, err)
	}
}

func TestTombstoneLivesAnew(t *testing.T) {
	w := newWorld(t)
	s := w.acquire("destroy")
	w.commit(s, func(r *endpoint.Record) {
		r.Append(note("first life"))
		r.Phase, r.Serial, r.RuleARN, r.GivenUp = endpoint.Deleted, 7, "arn:old", "0123456789ab"
	})
	if err := s.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := w.journal().Acquire(t.Context(), "checkout", who("reconcile"), false); err != nil {
		t.Fatal(err)
	} else if r := s.Record(); r.Phase != endpoint.Deleted {
		t.Errorf("without create the tombstone became %s", r.Phase)
	} else if err := s.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = w.acquire("apply")
	r := s.Record()
	if r.Phase != endpoint.Creating || r.Serial != 7 || r.RuleARN != "" || r.GivenUp != "" || r.Trail.Sequence != 1 || r.Epoch != 3 {
		t.Errorf("the new life begins with %+v", r)
	}
	w.commit(s, func(r *endpoint.Record) { r.Append(note("second life")) })
	if events := w.trail(); len(events) != 2 {
		t.Errorf("%d events in the trail, not 2", len(events))
	}
}

func TestOwnership(t *testing.T) {
	w := newWorld(t)
	if err := w.acquire("apply").Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	theirs := w.journal()
	theirs.Owner = "acme/infra//test"
	var wrong *roller.OtherOwner
	if _, err := theirs.Read(t.Context(), "checkout"); !errors.As(err, &wrong) || wrong.Owner != owner || !strings.Contains(err.Error(), owner) {
		t.Errorf("reading as another owner: %v", err)
	}
	before := w.stored()
	if _, err := theirs.Acquire(t.Context(), "checkout", who("apply"), true); !errors.As(err, &wrong) {
		t.Errorf("acquiring as another owner: %v", err)
	}
	if d := cmp.Diff(before, w.stored()); d != "" {
		t.Error("the record was changed: ", d)
	}
	nobody := w.journal()
	nobody.Owner = ""
	if r, err := nobody.Read(t.Context(), "checkout"); err != nil || r == nil {
		t.Errorf("reading as nobody in particular: %v, %v", r, err)
	}
	if _, err := nobody.Acquire(t.Context(), "search", who("apply"), true); err == nil || !strings.Contains(err.Error(), "owner") {
		t.Errorf("making an endpoint without an owner: %v", err)
	}
}

func TestNewerSchema(t *testing.T) {
	w := newWorld(t)
	const key = "records/" + account + "/" + region + "/checkout.json"
	w.put(key, `{"schema": 99, "phase": {"new": "meaning"}}`)
	for what, do := range map[string]func() error{
		"read":     func() error { _, err := w.journal().Read(t.Context(), "checkout"); return err },
		"acquired": func() error { _, err := w.journal().Acquire(t.Context(), "checkout", who("apply"), true); return err },
		"preempted": func() error {
			_, err := w.journal().Preempt(t.Context(), "checkout", who("rollback"))
			return err
		},
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "upgrade ionroller") {
			t.Errorf("a newer record is %s: %v", what, err)
		}
	}
}

// A record of an older schema is read as one of today, and becomes one with the
// next write.
func TestOlderSchema(t *testing.T) {
	w := newWorld(t)
	old, err := os.ReadFile("../endpoint/testdata/record-schema-1.json")
	if err != nil {
		t.Fatal(err)
	}
	w.put("records/"+account+"/"+region+"/checkout.json", string(old))
	r, err := w.journal().Read(t.Context(), "checkout")
	if err != nil || r.Schema != endpoint.SchemaVersion || r.Desired.Retention.Max != 3 {
		t.Fatalf("read %+v, %v", r, err)
	}
	s := w.acquire("apply")
	w.commit(s, func(r *endpoint.Record) { r.RuleARN = "arn:sure" })
	stored := w.stored()
	if stored.Schema != endpoint.SchemaVersion || stored.Desired.Retention != r.Desired.Retention || stored.Epoch != r.Epoch+1 {
		t.Errorf("stored %+v", stored)
	}
}

func TestListPages(t *testing.T) {
	w := newWorld(t)
	j := w.journal()
	j.Prefix = "/team/journal/"
	var want []string
	for i := range 1003 {
		name := fmt.Sprintf("e%04d", i)
		want = append(want, name)
		w.put("team/journal/records/"+account+"/"+region+"/"+name+".json", "{}")
	}
	w.put("team/journal/records/"+account+"/us-east-1/elsewhere.json", "{}")
	got, err := j.List(t.Context())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d names, %v", len(got), err)
	}
}

func TestCheck(t *testing.T) {
	w := newWorld(t)
	if err := w.store.CreateBucket("acme-elsewhere", "us-west-2"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		bucket:           "",
		"acme-nowhere":   "there is no bucket",
		"acme-elsewhere": "us-west-2",
		"acme-secret":    "denied",
	} {
		t.Run(name, func(t *testing.T) {
			w.fault = func(out http.ResponseWriter, r *http.Request) bool {
				if name == "acme-secret" {
					out.WriteHeader(http.StatusForbidden)
					return true
				}
				return false
			}
			j := w.journal()
			j.Bucket = name
			problems, err := j.Check(t.Context())
			switch {
			case err != nil:
				t.Error(err)
			case want == "" && len(problems) > 0:
				t.Error(problems)
			case want != "" && (len(problems) != 1 || problems[0].Attribute != "bucket" || !strings.Contains(problems[0].Message, want)):
				t.Errorf("%v does not say %q", problems, want)
			}
		})
	}
}

func TestEncryption(t *testing.T) {
	w := newWorld(t)
	keys := map[string]string{}
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			keys[r.Header.Get("X-Amz-Server-Side-Encryption")] = r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")
		}
		return false
	}
	j := w.journal()
	j.KMSKey = "alias/ionroller"
	if _, err := j.Acquire(t.Context(), "checkout", who("apply"), true); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"aws:kms": "alias/ionroller"}, keys); d != "" {
		t.Error(d)
	}
}
