// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/objects"
)

const (
	account = "123456789012"
	region  = "eu-west-1"
	bucket  = "acme-deployments"
	owner   = "acme/infra//prod"
)

// began has a fraction, because S3 tells only whole seconds.
var began = time.Date(2026, 3, 1, 12, 0, 0, 700_000_000, time.UTC)

// clock is a clock that only sleeping moves. Things can be made to happen at a
// time.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	events []event
	// frozen fails every sleep that is not just a pause between two tries.
	frozen bool
}

type event struct {
	at time.Time
	do func()
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if c.frozen {
		if d > conflictPause {
			return errFrozen
		}
		runtime.Gosched()
		return ctx.Err()
	}
	c.advance(d)
	return ctx.Err()
}

var errFrozen = fmt.Errorf("time stands still")

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	until := c.now.Add(d)
	for len(c.events) > 0 && !c.events[0].at.After(until) {
		e := c.events[0]
		c.events, c.now = c.events[1:], e.at
		c.mu.Unlock()
		e.do()
		c.mu.Lock()
	}
	c.now = until
	c.mu.Unlock()
}

// after makes something happen; calls come in the order of time.
func (c *clock) after(d time.Duration, do func()) {
	c.events = append(c.events, event{c.now.Add(d), do})
}

// world is a bucket with what can go wrong on the way to it.
type world struct {
	*testing.T
	*clock
	store  *objects.Store
	client *s3.Client
	// fault is asked about every request; true says that it was dealt with.
	fault func(w http.ResponseWriter, r *http.Request) bool
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, clock: &clock{now: began}}
	w.store = objects.New(account, region, w.Now)
	if err := w.store.CreateBucket(bucket, region); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if w.fault == nil || !w.fault(out, r) {
			w.store.ServeHTTP(out, r)
		}
	}))
	t.Cleanup(server.Close)
	w.client = s3.New(s3.Options{
		Region: region, BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
	return w
}

func (w *world) journal() *Journal {
	return New(w.client, Options{
		Bucket: bucket, Account: account, Region: region, Owner: owner, Platform: "elasticbeanstalk", Clock: w.clock,
	})
}

func who(run string) endpoint.Who {
	return endpoint.Who{Caller: "arn:aws:iam::123456789012:user/ann", Host: "laptop", Run: run}
}

// acquire takes the lease of checkout.
func (w *world) acquire(run string) roller.Session {
	w.Helper()
	s, err := w.journal().Acquire(w.Context(), "checkout", who(run), true)
	if err != nil {
		w.Fatalf("acquiring the lease for %s: %v", run, err)
	}
	return s
}

func (w *world) commit(s roller.Session, change func(*endpoint.Record)) {
	w.Helper()
	r := s.Record()
	change(&r)
	if err := s.Commit(w.Context(), r); err != nil {
		w.Fatalf("committing: %v", err)
	}
}

// stored is the record as it is in the bucket.
func (w *world) stored() endpoint.Record {
	w.Helper()
	var r endpoint.Record
	w.read("records/"+account+"/"+region+"/checkout.json", &r)
	return r
}

func (w *world) read(key string, into any) {
	w.Helper()
	text, ok := w.store.Get(bucket, key)
	if !ok {
		w.Fatalf("there is no %s", key)
	}
	if err := json.Unmarshal(text, into); err != nil {
		w.Fatalf("reading %s: %v", key, err)
	}
}

// trail reads the whole trail of checkout and checks its chain.
func (w *world) trail() []endpoint.Event {
	w.Helper()
	var events []endpoint.Event
	previous := ""
	for n := int64(1); ; n++ {
		key := fmt.Sprintf("trail/%s/%s/checkout/%010d.json", account, region, n)
		if _, ok := w.store.Get(bucket, key); !ok {
			break
		}
		var e endpoint.Event
		w.read(key, &e)
		if e.Sequence != n || e.Previous != previous {
			w.Errorf("event %d has number %d and follows %q, not %q", n, e.Sequence, e.Previous, previous)
		}
		previous = e.Hash()
		events = append(events, e)
	}
	if head := w.stored().Trail; head.Hash != previous || head.Sequence != int64(len(events)) {
		w.Errorf("the record's trail ends at event %d, and the trail at %d, or their hashes differ", head.Sequence, len(events))
	}
	return events
}

func note(message string) endpoint.Event {
	return endpoint.Event{Time: began, Type: endpoint.NewDesiredState, Message: message, Who: who("test")}
}

func isPut(r *http.Request, folder string) bool {
	return r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/"+bucket+"/"+folder+"/")
}

// put writes an object without conditions, as somebody by hand.
func (w *world) put(key, text string) {
	w.Helper()
	_, err := w.client.PutObject(w.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(text)})
	if err != nil {
		w.Fatal(err)
	}
}
