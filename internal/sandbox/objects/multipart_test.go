// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// big is content for a part that may be followed by others.
var big = bytes.Repeat([]byte("0123456789abcdef"), minPart/16)

// uploading drives one upload by the SDK.
type uploading struct {
	t      *testing.T
	client *s3.Client
	key    string
	id     *string
}

func begin(t *testing.T, client *s3.Client, key string, edit func(*s3.CreateMultipartUploadInput)) *uploading {
	t.Helper()
	in := &s3.CreateMultipartUploadInput{Bucket: aws.String(testBucket), Key: &key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32}
	edit(in)
	out, err := client.CreateMultipartUpload(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return &uploading{t: t, client: client, key: key, id: out.UploadId}
}

func plain(*s3.CreateMultipartUploadInput) {}

// part uploads one and gives it as a completion names it.
func (u *uploading) part(number int32, body []byte) types.CompletedPart {
	u.t.Helper()
	out, err := u.client.UploadPart(u.t.Context(), &s3.UploadPartInput{
		Bucket: aws.String(testBucket), Key: &u.key, UploadId: u.id, PartNumber: &number,
		Body: bytes.NewReader(body), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	if err != nil {
		u.t.Fatal(err)
	}
	return types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}
}

func (u *uploading) complete(edit func(*s3.CompleteMultipartUploadInput), parts ...types.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
	in := &s3.CompleteMultipartUploadInput{Bucket: aws.String(testBucket), Key: &u.key, UploadId: u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	edit(in)
	return u.client.CompleteMultipartUpload(u.t.Context(), in)
}

func always(*s3.CompleteMultipartUploadInput) {}

func TestMultipartUpload(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	u := begin(t, client, "dir/ü +%", func(in *s3.CreateMultipartUploadInput) {
		in.ContentType, in.Metadata, in.Tagging = aws.String("text/plain"), map[string]string{"who": "me"}, aws.String("a=1")
	})
	last := u.part(7, []byte("the end"))
	u.part(3, []byte("not named when it is completed"))
	u.part(2, []byte("replaced"))
	first := u.part(2, big)
	if _, ok := store.Get(testBucket, u.key); ok {
		t.Error("the object is there before its upload is complete")
	}
	out, err := u.complete(always, first, last)
	if err != nil {
		t.Fatal(err)
	}
	a, b := md5.Sum(big), md5.Sum([]byte("the end"))
	want := fmt.Sprintf(`"%x-2"`, md5.Sum(append(a[:], b[:]...)))
	if *out.ETag != want || out.ChecksumType != types.ChecksumTypeComposite || !strings.HasSuffix(*out.ChecksumCRC32, "-2") {
		t.Errorf("ETag %s, want %s; checksum %s %v", *out.ETag, want, out.ChecksumType, aws.ToString(out.ChecksumCRC32))
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: &u.key, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || string(body) != string(big)+"the end" {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if *got.ETag != want || *got.ContentType != "text/plain" || got.Metadata["who"] != "me" || aws.ToInt32(got.TagCount) != 1 {
		t.Errorf("got %+v", got)
	}
	_, err = u.complete(always, first, last)
	wantError(t, err, "NoSuchUpload", 404)
}

func TestCompletionRules(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	u := begin(t, client, "k", plain)
	small, large, end := u.part(1, []byte("small")), u.part(2, big), u.part(3, []byte("end"))
	unknown, altered, bare := end, end, end
	unknown.PartNumber, altered.ETag, bare.ChecksumCRC32 = aws.Int32(4), large.ETag, nil
	wrong := large
	wrong.ChecksumCRC32 = end.ChecksumCRC32
	for name, c := range map[string]struct {
		code  string
		parts []types.CompletedPart
	}{
		"a short part before others": {"EntityTooSmall", []types.CompletedPart{small, large, end}},
		"out of order":               {"InvalidPartOrder", []types.CompletedPart{end, large}},
		"twice":                      {"InvalidPartOrder", []types.CompletedPart{large, large}},
		"never uploaded":             {"InvalidPart", []types.CompletedPart{large, unknown}},
		"another ETag":               {"InvalidPart", []types.CompletedPart{large, altered}},
		"another checksum":           {"InvalidPart", []types.CompletedPart{wrong, end}},
		"without a checksum":         {"InvalidRequest", []types.CompletedPart{large, bare}},
		"nothing":                    {"MalformedXML", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := u.complete(always, c.parts...)
			wantError(t, err, c.code, 400)
		})
	}
	_, err := u.complete(func(in *s3.CompleteMultipartUploadInput) { in.MpuObjectSize = aws.Int64(3) }, large, end)
	wantError(t, err, "InvalidRequest", 400)
	if _, ok := store.Get(testBucket, "k"); ok {
		t.Fatal("a refused completion took place")
	}
	if _, err := u.complete(always, large, end); err != nil {
		t.Errorf("the upload did not outlive refused completions: %v", err)
	}
}

func TestConditionalCompletion(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	ifMatch := func(v string) func(*s3.CompleteMultipartUploadInput) {
		return func(in *s3.CompleteMultipartUploadInput) { in.IfMatch = &v }
	}
	ifNone := func(in *s3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") }
	u := begin(t, client, "k", plain)
	only := u.part(1, []byte("new"))
	_, err := u.complete(ifMatch("*"), only)
	wantError(t, err, "NoSuchKey", 404)
	etag := put(t, client, "k", "old")
	_, err = u.complete(ifNone, only)
	wantError(t, err, "PreconditionFailed", 412)
	_, err = u.complete(ifMatch(`"other"`), only)
	wantError(t, err, "PreconditionFailed", 412)
	if got, _ := store.Get(testBucket, "k"); string(got) != "old" {
		t.Fatalf("a refused completion took place: %q", got)
	}
	if _, err = u.complete(ifMatch(etag), only); err != nil {
		t.Fatal(err)
	}
	u = begin(t, client, "fresh", plain)
	if _, err = u.complete(ifNone, u.part(1, []byte("new"))); err != nil {
		t.Fatal(err)
	}
}

// A completion that is overtaken while its list of parts arrives is a conflict.
func TestConditionalCompletionConflict(t *testing.T) {
	_, server := serve(t)
	client := newClient(server, "us-east-1")
	u := begin(t, client, "k", plain)
	p := u.part(1, []byte("new"))
	document := fmt.Sprintf("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag><ChecksumCRC32>%s</ChecksumCRC32></Part></CompleteMultipartUpload>",
		strings.Trim(*p.ETag, `"`), *p.ChecksumCRC32)
	body, feed := io.Pipe()
	r, err := http.NewRequest("POST", server.URL+"/"+testBucket+"/k?uploadId="+*u.id, body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = int64(len(document))
	r.Header.Set("If-None-Match", "*")
	r.Header.Set("Expect", "100-continue")
	done := make(chan *http.Response)
	go func() {
		response, err := patient(t).RoundTrip(r)
		if err != nil {
			t.Error(err)
		}
		done <- response
	}()
	// The store asks for the body once it has looked at what is there.
	if _, err := feed.Write([]byte(document[:5])); err != nil {
		t.Fatal(err)
	}
	put(t, client, "k", "x")
	_, _ = feed.Write([]byte(document[5:]))
	feed.Close()
	response := <-done
	text, _ := io.ReadAll(response.Body)
	response.Body.Close()
	wantRaw(t, response, string(text), 409, "ConditionalRequestConflict")
}

func TestMultipartChecksums(t *testing.T) {
	_, server := serve(t)
	client := newClient(server, "us-east-1")
	full := begin(t, client, "full", func(in *s3.CreateMultipartUploadInput) {
		in.ChecksumType = types.ChecksumTypeFullObject
	})
	parts := []types.CompletedPart{full.part(1, big), full.part(2, []byte("end"))}
	parts[0].ChecksumCRC32 = nil // not needed for one over the whole object
	want := computeChecksum("CRC32", append(bytes.Clone(big), "end"...)).value
	_, err := full.complete(func(in *s3.CompleteMultipartUploadInput) { in.ChecksumCRC32 = aws.String("AAAAAA==") }, parts...)
	wantError(t, err, "BadDigest", 400)
	_, err = full.complete(func(in *s3.CompleteMultipartUploadInput) { in.ChecksumType = types.ChecksumTypeComposite }, parts...)
	wantError(t, err, "InvalidRequest", 400)
	out, err := full.complete(func(in *s3.CompleteMultipartUploadInput) { in.ChecksumCRC32 = &want }, parts...)
	if err != nil || aws.ToString(out.ChecksumCRC32) != want || out.ChecksumType != types.ChecksumTypeFullObject {
		t.Errorf("%+v, %v", out, err)
	}

	create := func(headers map[string]string) (*http.Response, string) {
		return raw(t, server, "POST", "/"+testBucket+"/k?uploads", headers, "")
	}
	for algorithm, kind := range map[string]string{"SHA256": "FULL_OBJECT", "CRC64NVME": "COMPOSITE", "CRC32": "HALF", "": "COMPOSITE", "CRC33": ""} {
		response, body := create(map[string]string{"X-Amz-Checksum-Algorithm": algorithm, "X-Amz-Checksum-Type": kind})
		wantRaw(t, response, body, 400, "InvalidRequest")
	}
	// A part's checksum is of the upload's algorithm, and a composite one needs it.
	for algorithm, sent := range map[string]string{"CRC64NVME": "X-Amz-Checksum-Crc32", "SHA256": ""} {
		_, body := create(map[string]string{"X-Amz-Checksum-Algorithm": algorithm})
		_, rest, _ := strings.Cut(body, "<UploadId>")
		id, _, _ := strings.Cut(rest, "</UploadId>")
		headers := map[string]string{}
		if sent != "" {
			headers[sent] = computeChecksum("CRC32", []byte("x")).value
		}
		response, body := raw(t, server, "PUT", "/"+testBucket+"/k?partNumber=1&uploadId="+id, headers, "x")
		wantRaw(t, response, body, 400, "InvalidRequest")
		if !strings.Contains(body, "Checksum Type mismatch") {
			t.Errorf("got %s", body)
		}
	}
}

func TestUploadPartCopy(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	put(t, client, "a b/ü", "0123456789")
	u := begin(t, client, "k", plain)
	piece := func(source, piece string) (types.CompletedPart, error) {
		out, err := client.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{
			Bucket: aws.String(testBucket), Key: aws.String("k"), UploadId: u.id, PartNumber: aws.Int32(1),
			CopySource: aws.String(testBucket + "/" + source), CopySourceRange: &piece})
		if err != nil {
			return types.CompletedPart{}, err
		}
		return types.CompletedPart{PartNumber: aws.Int32(1), ETag: out.CopyPartResult.ETag, ChecksumCRC32: out.CopyPartResult.ChecksumCRC32}, nil
	}
	for _, bad := range []string{"bytes=2-10", "bytes=-3", "bytes=7-", "bytes=4-2", "2-4"} {
		_, err := piece("a%20b/%C3%BC", bad)
		wantError(t, err, "InvalidArgument", 400)
	}
	_, err := piece("none", "bytes=0-1")
	wantError(t, err, "NoSuchKey", 404)
	p, err := piece("a%20b/%C3%BC", "bytes=2-4")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.complete(always, p); err != nil {
		t.Fatal(err)
	}
	if got, _ := store.Get(testBucket, "k"); string(got) != "234" {
		t.Errorf("got %q", got)
	}
	// A copy of an object of parts is of one piece.
	copied, err := client.CopyObject(t.Context(), &s3.CopyObjectInput{
		Bucket: aws.String(testBucket), Key: aws.String("whole"), CopySource: aws.String(testBucket + "/k")})
	if err != nil || *copied.CopyObjectResult.ETag != fmt.Sprintf(`"%x"`, md5.Sum([]byte("234"))) ||
		copied.CopyObjectResult.ChecksumType != types.ChecksumTypeFullObject {
		t.Errorf("%+v, %v", copied, err)
	}
}

func TestAbort(t *testing.T) {
	_, server := serve(t)
	client := newClient(server, "us-east-1")
	u := begin(t, client, "k", plain)
	p := u.part(1, []byte("x"))
	abort := func(key string) error {
		_, err := client.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: aws.String(testBucket), Key: &key, UploadId: u.id})
		return err
	}
	wantError(t, abort("other"), "NoSuchUpload", 404)
	if err := abort("k"); err != nil {
		t.Fatal(err)
	}
	wantError(t, abort("k"), "NoSuchUpload", 404)
	_, err := u.complete(always, p)
	wantError(t, err, "NoSuchUpload", 404)
	_, err = client.ListParts(t.Context(), &s3.ListPartsInput{Bucket: aws.String(testBucket), Key: aws.String("k"), UploadId: u.id})
	wantError(t, err, "NoSuchUpload", 404)
	for number, code := range map[string]string{"1": "NoSuchUpload", "0": "InvalidArgument", "10001": "InvalidArgument", "x": "InvalidArgument"} {
		response, body := raw(t, server, "PUT", "/"+testBucket+"/k?partNumber="+number+"&uploadId="+*u.id, nil, "x")
		wantRaw(t, response, body, map[string]int{"NoSuchUpload": 404, "InvalidArgument": 400}[code], code)
	}
}
