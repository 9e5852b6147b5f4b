// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package journal keeps what is intended for endpoints, and what happened to
// them, in an S3 bucket:
//
//	<prefix>/records/<account>/<region>/<endpoint>.json                  the record, with its lease
//	<prefix>/orders/<account>/<region>/<endpoint>/<id>.json              what an operator asked for and nobody has done yet
//	<prefix>/trail/<account>/<region>/<endpoint>/<sequence>.json         one event, numbered in 10 digits
//	<prefix>/configurations/<account>/<region>/<endpoint>/<digest>.json  what an event says was configured
//	<prefix>/daemons/<account>/<region>/<id>.json                        the heartbeat of a daemon
//
// A record is changed only by conditional writes, so of several writers exactly
// one wins. The lease in it says who may change the endpoint. Events are written
// once and never again; each has the hash of the one before.
//
// The journal does not know what a record's environments or rollouts mean. It
// removes orders that were carried out and heartbeats that are no more, and nothing
// else ever.
package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

// The lease's timing. A holder acts only until Margin before the end of its
// lease; who wants the lease waits for all of it and rounding more, because S3
// tells times in whole seconds.
const (
	Length   = 30 * time.Second
	Margin   = 10 * time.Second
	rounding = time.Second
	poll     = 2 * time.Second
)

// Options say where a journal is and whose records it makes.
type Options struct {
	Bucket  string
	Prefix  string // of all keys; may be empty
	Account string // of the endpoints: twelve digits
	Region  string // of the endpoints
	// BucketRegion is where the bucket is, and Attribute what users call it: the
	// endpoints' Region and "bucket" when empty.
	BucketRegion, Attribute string
	// Owner is whose endpoints may be read and changed. Without one, everybody's
	// may, and none can be made.
	Owner    string
	Platform string // the kind of platform that new records name
	KMSKey   string // ID or ARN; empty leaves encryption to the bucket's default
	Clock    roller.Clock
}

// Journal is one bucket's records of one account and Region.
type Journal struct {
	Options
	s3 *s3.Client
}

var _ roller.Journal = (*Journal)(nil)

// New returns the journal that is kept with a client of the bucket's Region.
func New(client *s3.Client, o Options) *Journal { return &Journal{Options: o, s3: client} }

// Check returns what is wrong with the bucket.
func (j *Journal) Check(ctx context.Context) ([]endpoint.Problem, error) {
	return CheckBucket(ctx, j.s3, j.Bucket, cmp.Or(j.BucketRegion, j.Region), cmp.Or(j.Attribute, "bucket"))
}

// CheckBucket returns what is wrong with a bucket that is to be in a Region, as the
// attribute that names it.
func CheckBucket(ctx context.Context, client *s3.Client, bucket, wanted, attribute string) ([]endpoint.Problem, error) {
	problem := func(format string, args ...any) []endpoint.Problem {
		return []endpoint.Problem{{Attribute: attribute, Message: fmt.Sprintf(format, args...)}}
	}
	out, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	region := ""
	if err == nil {
		region = aws.ToString(out.BucketRegion)
	}
	// A bucket that is elsewhere is answered with a redirection that names its Region.
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		region = response.Response.Header.Get("X-Amz-Bucket-Region")
		switch status := response.HTTPStatusCode(); {
		case status == http.StatusNotFound:
			return problem("there is no bucket %q", bucket), nil
		case status == http.StatusForbidden:
			return problem("reading bucket %q is denied: it is another account's, or s3:ListBucket is missing", bucket), nil
		case region != "" && region != wanted:
			err = nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading bucket %s: %w", bucket, err)
	}
	switch {
	case region == "" || region == wanted:
		return nil, nil
	case attribute != "bucket":
		return problem("bucket %q is in Region %s, not in %s: set journal.region", bucket, region, wanted), nil
	}
	return problem("bucket %q is in Region %s and the endpoint is in %s: Elastic Beanstalk takes bundles only from a bucket of its own Region", bucket, region, wanted), nil
}

// Read returns an endpoint's record, or nil when there is none. One of another
// owner is a *roller.OtherOwner.
func (j *Journal) Read(ctx context.Context, name string) (*endpoint.Record, error) {
	v, err := j.get(ctx, name)
	if err != nil || v == nil {
		return nil, err
	}
	if err := j.ours(&v.record); err != nil {
		return nil, err
	}
	return &v.record, nil
}

// ours refuses what belongs to another owner.
func (j *Journal) ours(r *endpoint.Record) error {
	if j.Owner != "" && r.Owner != j.Owner {
		return &roller.OtherOwner{Endpoint: r.Endpoint, Owner: r.Owner, Ours: j.Owner}
	}
	return nil
}

// List returns the names of all endpoints that have a record, removed ones too.
func (j *Journal) List(ctx context.Context) ([]string, error) {
	var names []string
	for object, err := range j.objects(ctx, "records") {
		if err != nil {
			return nil, err
		}
		names = append(names, object.name)
	}
	return names, nil
}

// Glance returns what can be told of all endpoints without reading their records,
// removed ones too.
func (j *Journal) Glance(ctx context.Context) ([]roller.Glimpse, error) {
	ordered := map[string]bool{}
	for object, err := range j.objects(ctx, "orders") {
		if err != nil {
			return nil, err
		}
		ordered[path.Dir(object.name)] = true
	}
	var seen []roller.Glimpse
	for object, err := range j.objects(ctx, "records") {
		if err != nil {
			return nil, err
		}
		seen = append(seen, roller.Glimpse{
			Endpoint: object.name, Version: object.etag, Ordered: ordered[object.name],
			Silent: object.age, Lapsed: object.age >= Length+rounding,
		})
	}
	return seen, nil
}

// object is one of a listing.
type object struct {
	key, etag string
	name      string // the key in the folder, without its ending
	written   time.Time
	age       time.Duration // since then, by S3's own clock
}

// objects lists a folder of this account and Region.
func (j *Journal) objects(ctx context.Context, kind string, rest ...string) iter.Seq2[object, error] {
	folder := j.key(kind, rest...) + "/"
	return func(yield func(object, error) bool) {
		pages := s3.NewListObjectsV2Paginator(j.s3, &s3.ListObjectsV2Input{Bucket: &j.Bucket, Prefix: &folder})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(object{}, fmt.Errorf("listing the %s in s3://%s/%s: %w", kind, j.Bucket, folder, err))
				return
			}
			now, told := awsmiddleware.GetServerTime(page.ResultMetadata)
			if !told {
				yield(object{}, fmt.Errorf("listing the %s in s3://%s/%s: the answer has no time", kind, j.Bucket, folder))
				return
			}
			for _, o := range page.Contents {
				key := aws.ToString(o.Key)
				name, ok := strings.CutSuffix(strings.TrimPrefix(key, folder), ".json")
				written := aws.ToTime(o.LastModified)
				if ok && !yield(object{key, aws.ToString(o.ETag), name, written, now.Sub(written)}, nil) {
					return
				}
			}
		}
	}
}

// key returns the key of something of this account and Region.
func (j *Journal) key(kind string, rest ...string) string {
	return path.Join(append([]string{strings.Trim(j.Prefix, "/"), kind, j.Account, j.Region}, rest...)...)
}

func (j *Journal) recordKey(name string) string { return j.key("records", name+".json") }

func (j *Journal) eventKey(name string, sequence int64) string {
	return j.key("trail", name, fmt.Sprintf("%010d.json", sequence))
}
