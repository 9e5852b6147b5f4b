// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	testAccount = "123456789012"
	testBucket  = "ionroller-sandbox"
)

var testTime = time.Date(2026, 3, 1, 12, 30, 15, 250e6, time.UTC)

// serve starts a store with one bucket in us-east-1.
func serve(t *testing.T) (*Store, *httptest.Server) {
	t.Helper()
	store := New(testAccount, "us-east-1", func() time.Time { return testTime })
	if err := store.CreateBucket(testBucket, "us-east-1"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(store)
	t.Cleanup(server.Close)
	return store, server
}

func newClient(server *httptest.Server, region string) *s3.Client {
	return s3.New(s3.Options{
		Region:       region,
		BaseEndpoint: aws.String(server.URL),
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""),
		Retryer:      aws.NopRetryer{},
		HTTPClient:   server.Client(),
	})
}

// put stores an object by the SDK and returns its ETag.
func put(t *testing.T, client *s3.Client, key, body string) string {
	t.Helper()
	out, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(testBucket), Key: &key, Body: strings.NewReader(body),
	})
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	return *out.ETag
}

// wantError checks an SDK error's code and HTTP status.
func wantError(t *testing.T, err error, code string, status int) {
	t.Helper()
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if api.ErrorCode() != code || response.HTTPStatusCode() != status {
		t.Fatalf("got %s %d, want %s %d", api.ErrorCode(), response.HTTPStatusCode(), code, status)
	}
}

// raw sends a request without an SDK in between.
func raw(t *testing.T, server *httptest.Server, method, path string, headers map[string]string, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	response, err := server.Client().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(data)
}

func wantRaw(t *testing.T, response *http.Response, body string, status int, code string) {
	t.Helper()
	if response.StatusCode != status || !strings.Contains(body, "<Code>"+code+"</Code>") {
		t.Fatalf("got %d %s, want %d %s", response.StatusCode, body, status, code)
	}
}

func TestErrorDocument(t *testing.T) {
	_, server := serve(t)
	response, body := raw(t, server, "GET", "/"+testBucket+"/missing", nil, "")
	wantRaw(t, response, body, 404, "NoSuchKey")
	id := response.Header.Get("X-Amz-Request-Id")
	if id == "" || !strings.Contains(body, "<RequestId>"+id+"</RequestId>") || !strings.Contains(body, "<Key>missing</Key>") {
		t.Errorf("body %s does not name request %q and the key", body, id)
	}
	if got := response.Header.Get("Date"); got != "Sun, 01 Mar 2026 12:30:15 GMT" {
		t.Errorf("Date is %q, not the store's time", got)
	}
	if response, body := raw(t, server, "HEAD", "/"+testBucket+"/missing", nil, ""); response.StatusCode != 404 || body != "" {
		t.Errorf("HEAD gives %d %q", response.StatusCode, body)
	}
}

func TestWriteErrorKeepsRequestID(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("X-Amz-Request-Id", "MINE")
	WriteError(w, httptest.NewRequest("PUT", "/b/k", nil), 403, "AccessDenied", "Access <Denied>")
	if got := w.Body.String(); w.Code != 403 ||
		!strings.Contains(got, "<Code>AccessDenied</Code><Message>Access &lt;Denied&gt;</Message><RequestId>MINE</RequestId>") {
		t.Errorf("got %d %s", w.Code, got)
	}
}

func TestUnservedIsNotImplemented(t *testing.T) {
	_, server := serve(t)
	for _, c := range []struct{ method, path string }{
		{"GET", "/" + testBucket + "?acl"},
		{"PUT", "/" + testBucket + "?versioning"},
		{"PUT", "/new-bucket?abac"},          // of which no bucket comes
		{"PUT", "/" + testBucket + "/k?new"}, // and no object
		{"PUT", "/" + testBucket + "?encryption"},
		{"PUT", "/" + testBucket + "/k?encryption"},
		{"GET", "/" + testBucket + "?versions"},
		{"GET", "/" + testBucket + "/k?partNumber=1"},
		{"PUT", "/" + testBucket + "/k?retention"},
	} {
		response, body := raw(t, server, c.method, c.path, nil, "")
		wantRaw(t, response, body, 501, "NotImplemented")
	}
	response, body := raw(t, server, "PATCH", "/"+testBucket+"/k", nil, "")
	wantRaw(t, response, body, 405, "MethodNotAllowed")
	response, body = raw(t, server, "PUT", "/"+testBucket+"/k",
		map[string]string{"X-Amz-Object-Lock-Mode": "GOVERNANCE"}, "x")
	wantRaw(t, response, body, 501, "NotImplemented")
}

func TestOperation(t *testing.T) {
	for request, want := range map[string]string{
		"GET /":                          "ListBuckets",
		"PUT /b":                         "CreateBucket",
		"HEAD /b/":                       "HeadBucket",
		"DELETE /b":                      "DeleteBucket",
		"GET /b?location":                "GetBucketLocation",
		"PUT /b?policy":                  "PutBucketPolicy",
		"DELETE /b?tagging":              "DeleteBucketTagging",
		"GET /b?list-type=2&prefix=x":    "ListObjectsV2",
		"GET /b?prefix=x":                "ListObjects",
		"GET /b?versions":                "ListObjectVersions",
		"POST /b?delete":                 "DeleteObjects",
		"PUT /b/a/b?x-id=PutObject":      "PutObject",
		"GET /b/a":                       "GetObject",
		"HEAD /b/a":                      "HeadObject",
		"DELETE /b/a":                    "DeleteObject",
		"GET /b/a?tagging":               "GetObjectTagging",
		"PUT /b/a?tagging":               "PutObjectTagging",
		"POST /b/a?uploads":              "CreateMultipartUpload",
		"PUT /b/a?partNumber=1&uploadId": "UploadPart",
		"POST /b/a?uploadId=1":           "CompleteMultipartUpload",
		"DELETE /b/a?uploadId=1":         "AbortMultipartUpload",
		"GET /b/a?attributes":            "GetObjectAttributes",
		"PATCH /b/a":                     "",
		"POST /":                         "",
	} {
		method, target, _ := strings.Cut(request, " ")
		if got := Operation(httptest.NewRequest(method, target, nil)); got != want {
			t.Errorf("%s: got %q, want %q", request, got, want)
		}
	}
	copying := httptest.NewRequest("PUT", "/b/a", nil)
	copying.Header.Set("X-Amz-Copy-Source", "/b/c")
	if got := Operation(copying); got != "CopyObject" {
		t.Errorf("got %q for a copy", got)
	}
}

func TestGoCallers(t *testing.T) {
	store, server := serve(t)
	put(t, newClient(server, "us-east-1"), "a/b", "hello")
	got, ok := store.Get(testBucket, "a/b")
	if !ok || string(got) != "hello" {
		t.Fatalf("got %q %v", got, ok)
	}
	got[0] = 'J'
	if again, _ := store.Get(testBucket, "a/b"); !bytes.Equal(again, []byte("hello")) {
		t.Error("Get gave away the stored bytes")
	}
	store.Delete(testBucket, "a/b")
	if _, ok := store.Get(testBucket, "a/b"); ok {
		t.Error("still there after Delete")
	}
	if _, ok := store.Get("nowhere", "a"); ok {
		t.Error("found an object in a missing bucket")
	}
	if region, ok := store.BucketRegion(testBucket); region != "us-east-1" || !ok {
		t.Errorf("got %q %v", region, ok)
	}
	if err := store.CreateBucket(testBucket, "eu-west-1"); err == nil || !strings.Contains(err.Error(), "BucketAlreadyOwnedByYou") {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"ab", "Upper", "a..b", "10.0.0.1", "-ab", strings.Repeat("a", 64)} {
		if err := store.CreateBucket(name, "us-east-1"); err == nil {
			t.Errorf("bucket name %q was taken", name)
		}
	}
}

// wantStatus is for answers to HEAD, whose errors have no code.
func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() != status {
		t.Fatalf("got %v, want status %d", err, status)
	}
}
