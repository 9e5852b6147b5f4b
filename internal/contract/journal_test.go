// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/journal"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

var journalContracts = []contract{
	{"journal: a record is made, changed and read back", recordKept},
	{"journal: one of many runs gets the lease", oneRunGetsLease},
	{"journal: a living holder keeps its lease", livingHolder},
	{"journal: a lease that is given back is free at once", leaseGivenBack},
	{"journal: a dead holder's lease is taken over and its late write refused", deadHolder},
	{"journal: a tombstone lives anew, and its trail goes on", tombstone},
	{"journal: an event is never written over", trailKept},
	{"journal: another owner's endpoint is left alone", otherOwner},
	{"journal: endpoints are listed by pages", endpointsListed},
	{"journal: a bucket that does not exist is a problem", bucketChecked},
	{"journal: a bucket in another Region is a problem", bucketElsewhere},
}

func (w *world) journal(clock roller.Clock) *journal.Journal {
	return journal.New(w.s3, journal.Options{
		Bucket: w.bucket(), Prefix: "team", Account: w.account, Region: w.region, Owner: owner, Platform: "elasticbeanstalk", Clock: clock,
	})
}

func (w *world) who(run string) endpoint.Who {
	return endpoint.Who{Caller: "arn:aws:iam::" + w.account + ":user/ann", Host: "laptop", Run: run}
}

// acquire takes the lease of checkout.
func (w *world) acquire(run string) roller.Session {
	s, err := w.journal(w.clock).Acquire(w.ctx, "checkout", w.who(run), true)
	w.ok(err)
	return s
}

func (w *world) commit(s roller.Session, change func(*endpoint.Record)) {
	r := s.Record()
	change(&r)
	w.ok(s.Commit(w.ctx, r))
}

func (w *world) record() *endpoint.Record {
	r, err := w.journal(w.clock).Read(w.ctx, "checkout")
	w.ok(err)
	if r == nil {
		w.fatalf("there is no record")
	}
	return r
}

func (w *world) note(message string) endpoint.Event {
	return endpoint.Event{Time: w.clock.Now().UTC(), Type: endpoint.NewDesiredState, Message: message, Who: w.who("test")}
}

func (w *world) eventKey(n int64) string {
	return fmt.Sprintf("team/trail/%s/%s/checkout/%010d.json", w.account, w.region, n)
}

// trail reads the messages of the trail, along its chain.
func (w *world) trail() []string {
	head := w.record().Trail
	var messages []string
	previous := ""
	for n := int64(1); n <= head.Sequence; n++ {
		text, _ := w.get(w.eventKey(n))
		var e endpoint.Event
		w.ok(json.Unmarshal([]byte(text), &e))
		w.same("hash of the event before", previous, e.Previous)
		previous = e.Hash()
		messages = append(messages, e.Message)
	}
	w.same("hash of the trail's head", head.Hash, previous)
	return messages
}

func recordKept(w *world) {
	j := w.journal(w.clock)
	r, err := j.Read(w.ctx, "checkout")
	w.ok(err)
	w.that(r == nil, "a record is there before it is made: %+v", r)
	s := w.acquire("apply")
	for _, rule := range []string{"arn:1", "arn:2", "arn:3"} {
		w.commit(s, func(r *endpoint.Record) { r.RuleARN = rule })
		want := s.Record()
		w.same("record", &want, w.record())
	}
	w.same("epoch", int64(1), w.record().Epoch)
}

// oneRunGetsLease lets runs contend for a new endpoint's lease, and for a dead
// holder's.
func oneRunGetsLease(w *world) {
	contend := func() int {
		errs := make([]error, 8)
		j := w.journal(impatient{w.clock})
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = j.Acquire(w.ctx, "checkout", w.who("apply"), true) })
		}
		all.Wait()
		winners := 0
		for _, err := range errs {
			var held *roller.Held
			switch {
			case err == nil:
				winners++
			case !errors.Is(err, errWaiting) && !errors.As(err, &held):
				w.errorf("%v", err)
			}
		}
		return winners
	}
	w.same("runs that made the endpoint", 1, contend())
	w.same("runs that got a lease that another has", 0, contend())
	w.same("epoch", int64(1), w.record().Epoch)
	w.ok(w.clock.Sleep(w.ctx, time.Minute)) // the holder is dead, and all see it at once
	w.same("runs that took the lease over", 1, contend())
	w.same("epoch", int64(2), w.record().Epoch)
}

func livingHolder(w *world) {
	s := w.acquire("first")
	w.clock.events = []event{{3 * time.Second, func() { w.commit(s, func(r *endpoint.Record) { r.RuleARN = "arn:alive" }) }}}
	_, err := w.journal(w.clock).Acquire(w.ctx, "checkout", w.who("second"), true)
	var held *roller.Held
	if !errors.As(err, &held) || held.Lease.Who.Run != "first" {
		w.fatalf("acquiring a lease that is held: %v", err)
	}
	w.that(w.clock.passed < journal.Length, "it took %s to see that the holder is alive", w.clock.passed)
	w.same("rule", "arn:alive", w.record().RuleARN)
}

func leaseGivenBack(w *world) {
	w.ok(w.acquire("first").Release(w.ctx))
	s := w.acquire("second")
	w.same("time waited", time.Duration(0), w.clock.passed)
	w.same("epoch", int64(2), s.Record().Epoch)
	w.same("trail", []string(nil), w.trail())
}

func deadHolder(w *world) {
	dead := w.acquire("first")
	w.commit(dead, func(r *endpoint.Record) { r.RuleARN = "arn:rule" })
	s := w.acquire("second")
	waited := w.clock.passed
	w.that(waited >= journal.Length && waited < journal.Length+5*time.Second, "the lease of a dead holder was taken after %s", waited)
	w.same("epoch", int64(2), s.Record().Epoch)
	w.same("rule", "arn:rule", s.Record().RuleARN)
	w.same("events", 1, len(w.trail()))

	r := dead.Record()
	r.RuleARN = "arn:late"
	var held *roller.Held
	if err := dead.Commit(w.ctx, r); !errors.As(err, &held) || held.Lease.Who.Run != "second" {
		w.errorf("committing after the lease was taken: %v", err)
	}
	w.ok(dead.Release(w.ctx))
	now := w.record()
	w.that(now.RuleARN == "arn:rule" && now.Lease != nil, "the late writer changed the record: %+v", now)
}

func tombstone(w *world) {
	s := w.acquire("destroy")
	w.commit(s, func(r *endpoint.Record) {
		r.Append(w.note("first life"))
		r.Phase, r.Serial, r.RuleARN = endpoint.Deleted, 7, "arn:old"
	})
	w.ok(s.Release(w.ctx))
	s = w.acquire("apply")
	r := s.Record()
	w.that(r.Phase == endpoint.Creating && r.Serial == 7 && r.RuleARN == "", "the new life begins with %+v", r)
	w.commit(s, func(r *endpoint.Record) { r.Append(w.note("second life")) })
	w.same("trail", []string{"first life", "second life"}, w.trail())
}

func trailKept(w *world) {
	s := w.acquire("apply")
	w.commit(s, func(r *endpoint.Record) { r.Append(w.note("one")); r.Append(w.note("two")) })
	w.same("trail", []string{"one", "two"}, w.trail())

	// The holder dies between the trail and the next record: what comes after it
	// finds its own events there.
	next := s.Record()
	next.Append(w.note("three"))
	text, err := json.Marshal(next.Outbox[0])
	w.ok(err)
	w.put(w.eventKey(3), string(text))
	w.ok(s.Commit(w.ctx, next))
	w.same("trail", []string{"one", "two", "three"}, w.trail())

	w.put(w.eventKey(4), `{"sequence": 4, "message": "nothing happened"}`)
	next = s.Record()
	next.Append(w.note("four"))
	w.failed(s.Commit(w.ctx, next), "is another event")
}

func otherOwner(w *world) {
	w.acquire("apply")
	theirs := w.journal(w.clock)
	theirs.Owner = "acme/infra//test"
	before := w.record()
	var wrong *roller.OtherOwner
	_, err := theirs.Read(w.ctx, "checkout")
	w.that(errors.As(err, &wrong), "reading as another owner: %v", err)
	_, err = theirs.Acquire(w.ctx, "checkout", w.who("apply"), true)
	w.that(errors.As(err, &wrong), "acquiring as another owner: %v", err)
	w.same("record", before, w.record())
}

// endpointsListed asks for small pages where the journal would get large ones.
func endpointsListed(w *world) {
	var want []string
	for n := range 23 {
		name := fmt.Sprintf("e%02d", n)
		want = append(want, name)
		w.put("team/records/"+w.account+"/"+w.region+"/"+name+".json", "{}")
	}
	w.put("team/records/"+w.account+"/us-west-2/elsewhere.json", "{}")
	pages := 0
	small := func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("smallPages",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				if list, ok := in.Parameters.(*s3.ListObjectsV2Input); ok {
					pages++
					list.MaxKeys = aws.Int32(10)
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	}
	w.s3 = s3.New(w.s3.Options(), func(o *s3.Options) { o.APIOptions = append(o.APIOptions, small) })
	got, err := w.journal(w.clock).List(w.ctx)
	w.ok(err)
	w.same("endpoints", want, got)
	w.same("pages", 3, pages)
}

func bucketChecked(w *world) {
	j := w.journal(w.clock)
	problems, err := j.Check(w.ctx)
	w.ok(err)
	w.same("problems of a good bucket", 0, len(problems))
	j.Bucket += "-nowhere"
	problems, err = j.Check(w.ctx)
	w.ok(err)
	w.same("problems of a bucket that does not exist", 1, len(problems))
}

func bucketElsewhere(w *world) {
	j := w.journal(w.clock)
	j.Bucket += "-elsewhere"
	_, err := w.s3.CreateBucket(w.ctx, &s3.CreateBucketInput{
		Bucket: &j.Bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuWest1},
	})
	w.ok(err)
	problems, err := j.Check(w.ctx)
	w.ok(err)
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "eu-west-1") {
		w.errorf("problems: %v", problems)
	}
}
