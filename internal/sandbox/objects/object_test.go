// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

func TestPutAndGet(t *testing.T) {
	_, server := serve(t)
	client := newClient(server, "us-east-1")
	const key = "dir/ü +%25?&=#.txt"
	out, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(testBucket), Key: aws.String(key), Body: strings.NewReader("hello"),
		ContentType: aws.String("text/plain"), ContentEncoding: aws.String("gzip"),
		CacheControl: aws.String("no-cache"), Metadata: map[string]string{"who": "me"},
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("k-1"),
		Tagging: aws.String("a=1&b=2"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(out.SSEKMSKeyId); got != "arn:aws:kms:us-east-1:123456789012:key/k-1" {
		t.Errorf("KMS key %q", got)
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String(testBucket), Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled,
	})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || string(body) != "hello" {
		t.Fatalf("got %q, %v", body, err)
	}
	for name, pair := range map[string][2]string{
		"ETag":          {aws.ToString(got.ETag), aws.ToString(out.ETag)},
		"type":          {aws.ToString(got.ContentType), "text/plain"},
		"encoding":      {aws.ToString(got.ContentEncoding), "gzip"},
		"cache":         {aws.ToString(got.CacheControl), "no-cache"},
		"metadata":      {got.Metadata["who"], "me"},
		"encryption":    {string(got.ServerSideEncryption), "aws:kms"},
		"last modified": {got.LastModified.String(), "2026-03-01 12:30:15 +0000 UTC"},
		"CRC32":         {aws.ToString(got.ChecksumCRC32), aws.ToString(out.ChecksumCRC32)},
		"tags":          {fmt.Sprint(aws.ToInt32(got.TagCount)), "2"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", name, pair[0], pair[1])
		}
	}
	if etag := put(t, client, "plain", "hello"); etag != `"5d41402abc4b2a76b9719d911017c592"` {
		t.Errorf("ETag %s is not the quoted MD5", etag)
	}
}

func TestReadConditionsAndRanges(t *testing.T) {
	_, server := serve(t)
	etag := put(t, newClient(server, "us-east-1"), "k", "0123456789")
	for _, c := range []struct {
		header, value string
		status        int
		body          string
	}{
		{"If-None-Match", etag, 304, ""},
		{"If-None-Match", "*", 304, ""},
		{"If-None-Match", `"other"`, 200, "0123456789"},
		{"If-Match", etag, 200, "0123456789"},
		{"If-Match", `"other"`, 412, "PreconditionFailed"},
		{"If-Modified-Since", "Sun, 01 Mar 2026 12:30:15 GMT", 304, ""},
		{"If-Modified-Since", "Sun, 01 Mar 2026 12:30:14 GMT", 200, "0123456789"},
		{"If-Unmodified-Since", "Sun, 01 Mar 2026 12:30:14 GMT", 412, "PreconditionFailed"},
		{"Range", "bytes=2-4", 206, "234"},
		{"Range", "bytes=8-100", 206, "89"},
		{"Range", "bytes=-3", 206, "789"},
		{"Range", "bytes=7-", 206, "789"},
		{"Range", "bytes=10-", 416, "InvalidRange"},
		{"Range", "bytes=-0", 416, "InvalidRange"},
		{"Range", "bytes=4-2", 200, "0123456789"},
		{"Range", "bytes=1-2,4-5", 200, "0123456789"},
		{"Range", "lines=1-2", 200, "0123456789"},
	} {
		response, body := raw(t, server, "GET", "/"+testBucket+"/k", map[string]string{c.header: c.value}, "")
		if response.StatusCode != c.status || (c.status < 400 && body != c.body) || !strings.Contains(body, c.body) {
			t.Errorf("%s: %s: got %d %q, want %d %q", c.header, c.value, response.StatusCode, body, c.status, c.body)
		}
		if c.status == 304 && response.Header.Get("Etag") != etag {
			t.Errorf("304 without the ETag")
		}
	}
	response, _ := raw(t, server, "HEAD", "/"+testBucket+"/k", nil, "")
	if response.ContentLength != 10 {
		t.Errorf("HEAD says %d bytes", response.ContentLength)
	}
	response, _ = raw(t, server, "GET", "/"+testBucket+"/k?response-content-type=text/x", nil, "")
	if got := response.Header.Get("Content-Type"); got != "text/x" {
		t.Errorf("response-content-type gives %q", got)
	}
}

func TestConditionalWrites(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	write := func(key string, edit func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: &key, Body: strings.NewReader("new")}
		edit(in)
		_, err := client.PutObject(t.Context(), in)
		return err
	}
	ifMatch := func(v string) func(*s3.PutObjectInput) { return func(in *s3.PutObjectInput) { in.IfMatch = &v } }
	ifNone := func(v string) func(*s3.PutObjectInput) { return func(in *s3.PutObjectInput) { in.IfNoneMatch = &v } }

	etag := put(t, client, "k", "old")
	wantError(t, write("k", ifNone("*")), "PreconditionFailed", 412)
	wantError(t, write("k", ifNone(etag)), "NotImplemented", 501)
	wantError(t, write("k", ifMatch(`"other"`)), "PreconditionFailed", 412)
	wantError(t, write("missing", ifMatch(etag)), "NoSuchKey", 404)
	if got, _ := store.Get(testBucket, "k"); string(got) != "old" {
		t.Fatalf("a refused write took place: %q", got)
	}
	if err := write("k", ifMatch(etag)); err != nil {
		t.Fatal(err)
	}
	if err := write("fresh", ifNone("*")); err != nil {
		t.Fatal(err)
	}

	remove := func(key, ifMatch string) error {
		_, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{
			Bucket: aws.String(testBucket), Key: &key, IfMatch: &ifMatch})
		return err
	}
	wantError(t, remove("k", etag), "PreconditionFailed", 412) // it is another by now
	wantError(t, remove("missing", "*"), "NoSuchKey", 404)
	if err := remove("k", put(t, client, "k", "x")); err != nil {
		t.Fatal(err)
	}
	if _, ok := store.Get(testBucket, "k"); ok {
		t.Error("not deleted")
	}
}

// patient waits with a request's body until the store asks for it.
func patient(t *testing.T) *http.Transport {
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// A write that is overtaken while it uploads is a conflict, whatever it finds.
func TestConditionalWriteConflict(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	etag := put(t, client, "k", "old")
	waiting := patient(t)
	for name, c := range map[string]struct {
		key, header, value string
		meanwhile          func()
	}{
		"created":  {"new", "If-None-Match", "*", func() { put(t, client, "new", "x") }},
		"replaced": {"k", "If-Match", etag, func() { put(t, client, "k", "x") }},
		"deleted":  {"k", "If-Match", etag, func() { store.Delete(testBucket, "k") }},
	} {
		t.Run(name, func(t *testing.T) {
			put(t, client, "k", "old")
			body, feed := io.Pipe()
			r, err := http.NewRequest("PUT", server.URL+"/"+testBucket+"/"+c.key, body)
			if err != nil {
				t.Fatal(err)
			}
			r.ContentLength = 3
			r.Header.Set(c.header, c.value)
			r.Header.Set("Expect", "100-continue")
			done := make(chan *http.Response)
			go func() {
				response, err := waiting.RoundTrip(r)
				if err != nil {
					t.Error(err)
				}
				done <- response
			}()
			// The store asks for the body once it has looked at the condition.
			if _, err := feed.Write([]byte("ne")); err != nil {
				t.Fatal(err)
			}
			c.meanwhile()
			_, _ = feed.Write([]byte("w"))
			feed.Close()
			response := <-done
			text, _ := io.ReadAll(response.Body)
			response.Body.Close()
			wantRaw(t, response, string(text), 409, "ConditionalRequestConflict")
		})
	}
}

func TestConcurrentConditionalWritesHaveOneWinner(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	first := put(t, client, "existing", "old")
	for name, edit := range map[string]func(*s3.PutObjectInput){
		"created":  func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") },
		"existing": func(in *s3.PutObjectInput) { in.IfMatch = &first },
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var winners []string
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					body := fmt.Sprintf("writer %d", i)
					in := &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String(name), Body: strings.NewReader(body)}
					edit(in)
					_, err := client.PutObject(t.Context(), in)
					var api smithy.APIError
					switch {
					case err == nil:
						mu.Lock()
						winners = append(winners, body)
						mu.Unlock()
					case !errors.As(err, &api):
						t.Error(err)
					case api.ErrorCode() != "PreconditionFailed" && api.ErrorCode() != "ConditionalRequestConflict":
						t.Errorf("a loser got %v", err)
					}
				})
			}
			all.Wait()
			if len(winners) != 1 {
				t.Fatalf("%d winners", len(winners))
			}
			if got, _ := store.Get(testBucket, name); string(got) != winners[0] {
				t.Errorf("stored %q, but %q won", got, winners[0])
			}
		})
	}
}

func TestCopy(t *testing.T) {
	_, server := serve(t)
	client := newClient(server, "us-east-1")
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(testBucket), Key: aws.String("a b/ü"), Body: bytes.NewReader([]byte("hello")),
		Metadata: map[string]string{"m": "1"}, Tagging: aws.String("t=1")})
	if err != nil {
		t.Fatal(err)
	}
	copyTo := func(key string, edit func(*s3.CopyObjectInput)) error {
		in := &s3.CopyObjectInput{Bucket: aws.String(testBucket), Key: &key, CopySource: aws.String(testBucket + "/a%20b/%C3%BC")}
		edit(in)
		_, err := client.CopyObject(t.Context(), in)
		return err
	}
	if err := copyTo("c", func(*s3.CopyObjectInput) {}); err != nil {
		t.Fatal(err)
	}
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("c")})
	if err != nil || head.Metadata["m"] != "1" || aws.ToInt32(head.TagCount) != 1 || *head.ETag != `"5d41402abc4b2a76b9719d911017c592"` {
		t.Errorf("got %+v, %v", head, err)
	}
	err = copyTo("c", func(in *s3.CopyObjectInput) {
		in.MetadataDirective, in.Metadata = types.MetadataDirectiveReplace, map[string]string{"m": "2"}
	})
	if err != nil {
		t.Fatal(err)
	}
	head, err = client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("c")})
	if err != nil || head.Metadata["m"] != "2" {
		t.Errorf("got %+v, %v", head, err)
	}
	wantError(t, copyTo("a b/ü", func(*s3.CopyObjectInput) {}), "InvalidRequest", 400)
	wantError(t, copyTo("c", func(in *s3.CopyObjectInput) { in.IfNoneMatch = aws.String("*") }), "PreconditionFailed", 412)
	wantError(t, copyTo("d", func(in *s3.CopyObjectInput) { in.CopySourceIfMatch = aws.String("x") }), "PreconditionFailed", 412)
	wantError(t, copyTo("d", func(in *s3.CopyObjectInput) { in.CopySource = aws.String(testBucket + "/none") }), "NoSuchKey", 404)
}
