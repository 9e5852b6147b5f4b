// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var s3Contracts = []contract{
	{"an object is created once on condition that it is not there", createdOnce},
	{"an object is replaced on condition that it is the version named", replacedByVersion},
	{"an object is removed on condition that it is the version named", removedByVersion},
	{"of many creations of an object one wins", func(w *world) { oneWriterWins(w, "") }},
	{"of many replacements of an object one wins", func(w *world) { oneWriterWins(w, w.put("key", "old")) }},
	{"an object tells its age by S3's own clock", objectTellsAge},
	{"objects are listed in the order of their keys, by pages", listedByPages},
	{"a listing goes on after a key", listedAfter},
	{"a bucket that does not exist is not found", noBucket},
	{"a public access block is told until it is taken away", publicAccessBlock},
	{"a bucket whose versioning was never on has no status of it", neverVersioned},
}

func (w *world) put(key, text string) (etag string) {
	out, err := w.s3.PutObject(w.ctx, &s3.PutObjectInput{Bucket: aws.String(w.bucket()), Key: &key, Body: strings.NewReader(text)})
	w.ok(err)
	return *out.ETag
}

// replace puts an object in place of the version with an ETag, or where there is
// none.
func (w *world) replace(key, text, etag string) (string, error) {
	in := &s3.PutObjectInput{Bucket: &w.name, Key: &key, Body: strings.NewReader(text)}
	if etag == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &etag
	}
	out, err := w.s3.PutObject(w.ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

func (w *world) get(key string) (text, etag string) {
	out, err := w.s3.GetObject(w.ctx, &s3.GetObjectInput{Bucket: &w.name, Key: &key})
	w.ok(err)
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	w.ok(err)
	return string(body), aws.ToString(out.ETag)
}

func createdOnce(w *world) {
	w.bucket()
	etag, err := w.replace("key", "one", "")
	w.ok(err)
	_, err = w.replace("key", "two", "")
	w.refused(err, "PreconditionFailed")
	text, now := w.get("key")
	w.same("text", "one", text)
	w.same("ETag", etag, now)

	_, err = w.s3.DeleteObject(w.ctx, &s3.DeleteObjectInput{Bucket: &w.name, Key: aws.String("key")})
	w.ok(err)
	_, err = w.replace("key", "three", "")
	w.ok(err)
}

func replacedByVersion(w *world) {
	first := w.put("key", "one")
	second, err := w.replace("key", "two", first)
	w.ok(err)
	third, err := w.replace("key", "three", second)
	w.ok(err)
	for _, etag := range []string{first, second} {
		_, err = w.replace("key", "late", etag)
		w.refused(err, "PreconditionFailed")
	}
	text, now := w.get("key")
	w.same("text", "three", text)
	w.same("ETag", third, now)
	_, err = w.replace("nothing", "late", first)
	w.refused(err, "NoSuchKey")
}

func removedByVersion(w *world) {
	first := w.put("key", "one")
	second := w.put("key", "two")
	remove := func(etag string) error {
		_, err := w.s3.DeleteObject(w.ctx, &s3.DeleteObjectInput{Bucket: &w.name, Key: aws.String("key"), IfMatch: &etag})
		return err
	}
	w.refused(remove(first), "PreconditionFailed")
	w.ok(remove(second))
	_, err := w.s3.GetObject(w.ctx, &s3.GetObjectInput{Bucket: &w.name, Key: aws.String("key")})
	w.refused(err, "NoSuchKey")
}

func oneWriterWins(w *world, etag string) {
	w.bucket()
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = w.replace("key", fmt.Sprint("writer ", i), etag) })
	}
	all.Wait()
	text, _ := w.get("key")
	winners := 0
	for i, err := range errs {
		switch {
		case err == nil:
			winners++
			w.same("text", fmt.Sprint("writer ", i), text)
		case code(err) != "PreconditionFailed" && code(err) != "ConditionalRequestConflict":
			w.errorf("writer %d: %v", i, err)
		}
	}
	w.same("winners", 1, winners)
}

// A lease's age is the difference of the two times of one answer.
func objectTellsAge(w *world) {
	w.put("key", "one")
	out, err := w.s3.GetObject(w.ctx, &s3.GetObjectInput{Bucket: &w.name, Key: aws.String("key")})
	w.ok(err)
	defer out.Body.Close()
	now, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok || out.LastModified == nil {
		w.fatalf("the answer has no Date or no Last-Modified")
	}
	if age := now.Sub(*out.LastModified); age < -time.Second || age > 10*time.Second {
		w.errorf("an object just written is %s old", age)
	}
}

func listedByPages(w *world) {
	for _, key := range []string{"b/10", "b/9", "a/1", "c/1", "b/ö", "b/Z", "b/a", "b/1/x"} {
		w.put(key, key)
	}
	pages := s3.NewListObjectsV2Paginator(w.s3, &s3.ListObjectsV2Input{Bucket: &w.name, Prefix: aws.String("b/"), MaxKeys: aws.Int32(2)})
	var keys []string
	var sizes []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.ctx)
		w.ok(err)
		sizes = append(sizes, len(page.Contents))
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	w.same("keys", []string{"b/1/x", "b/10", "b/9", "b/Z", "b/a", "b/ö"}, keys)
	w.same("sizes of pages", []int{2, 2, 2}, sizes)
}

func listedAfter(w *world) {
	for n := range 5 {
		w.put(fmt.Sprintf("trail/%010d.json", n), "{}")
	}
	out, err := w.s3.ListObjectsV2(w.ctx, &s3.ListObjectsV2Input{
		Bucket: &w.name, Prefix: aws.String("trail/"), StartAfter: aws.String("trail/0000000002.json"),
	})
	w.ok(err)
	var keys []string
	for _, object := range out.Contents {
		keys = append(keys, *object.Key)
	}
	w.same("keys", []string{"trail/0000000003.json", "trail/0000000004.json"}, keys)
}

func noBucket(w *world) {
	_, err := w.s3.HeadBucket(w.ctx, &s3.HeadBucketInput{Bucket: aws.String(w.name + "-nowhere")})
	w.refused(err, "NotFound")
	_, err = w.s3.GetObject(w.ctx, &s3.GetObjectInput{Bucket: aws.String(w.name + "-nowhere"), Key: aws.String("key")})
	w.refused(err, "NoSuchBucket")
}

func publicAccessBlock(w *world) {
	bucket := aws.String(w.bucket())
	_, err := w.s3.PutPublicAccessBlock(w.ctx, &s3.PutPublicAccessBlockInput{Bucket: bucket, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true),
	}})
	w.ok(err)
	out, err := w.s3.GetPublicAccessBlock(w.ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	w.ok(err)
	b := out.PublicAccessBlockConfiguration
	w.same("ACLs, policies, older ACLs, buckets", []bool{true, true, true, false}, []bool{
		aws.ToBool(b.BlockPublicAcls), aws.ToBool(b.BlockPublicPolicy), aws.ToBool(b.IgnorePublicAcls), aws.ToBool(b.RestrictPublicBuckets),
	})
	_, err = w.s3.DeletePublicAccessBlock(w.ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket})
	w.ok(err)
	_, err = w.s3.GetPublicAccessBlock(w.ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	w.refused(err, "NoSuchPublicAccessBlockConfiguration")
}

func neverVersioned(w *world) {
	out, err := w.s3.GetBucketVersioning(w.ctx, &s3.GetBucketVersioningInput{Bucket: aws.String(w.bucket())})
	w.ok(err)
	w.same("status", types.BucketVersioningStatus(""), out.Status)
}
