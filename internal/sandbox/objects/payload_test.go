// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The check values of the CRC catalogues, over "123456789".
func TestChecksumAlgorithms(t *testing.T) {
	for algorithm, want := range map[string]string{
		"CRC32":     "cbf43926",
		"CRC32C":    "e3069283",
		"CRC64NVME": "ae8b14860a799888",
	} {
		raw, err := base64.StdEncoding.DecodeString(computeChecksum(algorithm, []byte("123456789")).value)
		if err != nil || fmt.Sprintf("%x", raw) != want {
			t.Errorf("%s: got %x, want %s", algorithm, raw, want)
		}
	}
}

func TestSDKChecksums(t *testing.T) {
	store, plain := serve(t)
	// Over TLS the SDK sends checksums in trailers of chunked bodies.
	secure := httptest.NewTLSServer(store)
	defer secure.Close()
	body := strings.Repeat("0123456789abcdef", 20<<10)
	for _, algorithm := range []types.ChecksumAlgorithm{
		"", types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmSha1,
		types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmCrc64nvme,
	} {
		for _, server := range []*httptest.Server{plain, secure} {
			client := newClient(server, "us-east-1")
			_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String(testBucket), Key: aws.String("k"), Body: strings.NewReader(body), ChecksumAlgorithm: algorithm,
			})
			if err != nil {
				t.Fatalf("%s: %v", algorithm, err)
			}
			if got, _ := store.Get(testBucket, "k"); string(got) != body {
				t.Fatalf("%s: stored %d bytes, not what was sent", algorithm, len(got))
			}
			// The SDK verifies the checksum of what it reads.
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{
				Bucket: aws.String(testBucket), Key: aws.String("k"), ChecksumMode: types.ChecksumModeEnabled,
			})
			if err != nil {
				t.Fatalf("%s: %v", algorithm, err)
			}
			if got, err := io.ReadAll(out.Body); err != nil || string(got) != body {
				t.Errorf("%s: read %d bytes, %v", algorithm, len(got), err)
			}
			if out.ChecksumType != types.ChecksumTypeFullObject {
				t.Errorf("%s: checksum type %q", algorithm, out.ChecksumType)
			}
		}
	}
}

const helloCRC32 = "NhCmhg==" // of "hello"

func TestChunkedBodies(t *testing.T) {
	store, server := serve(t)
	const signature = ";chunk-signature=0123456789abcdef"
	big := strings.Repeat("x", 8<<10)
	for name, c := range map[string]struct {
		kind, trailer, body string
		length              int
		want, code          string
	}{
		"unsigned with trailer": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32",
			"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + helloCRC32 + "\r\n\r\n", 5, "hello", ""},
		"signed": {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "",
			"2000" + signature + "\r\n" + big + "\r\n5" + signature + "\r\nhello\r\n0" + signature + "\r\n\r\n", 8197, big + "hello", ""},
		"signed with trailer": {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "x-amz-checksum-crc32",
			"5" + signature + "\r\nhello\r\n0" + signature + "\r\nx-amz-checksum-crc32:" + helloCRC32 +
				"\r\nx-amz-trailer-signature:abc\r\n\r\n", 5, "hello", ""},
		"empty":                {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "0\r\n\r\n", 0, "", ""},
		"wrong checksum":       {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32", "5\r\nhellO\r\n0\r\nx-amz-checksum-crc32:" + helloCRC32 + "\r\n\r\n", 5, "", "BadDigest"},
		"trailer missing":      {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-checksum-crc32", "5\r\nhello\r\n0\r\n\r\n", 5, "", "MalformedTrailerError"},
		"shorter than it says": {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "5\r\nhello\r\n0\r\n\r\n", 6, "", "IncompleteBody"},
		"longer than it says":  {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "5\r\nhello\r\n0\r\n\r\n", 4, "", "IncompleteBody"},
		"cut off":              {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "5\r\nhel", 5, "", "IncompleteBody"},
		"not chunked at all":   {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "hello", 5, "", "IncompleteBody"},
		"small chunk first":    {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 5, "", "InvalidChunkSizeError"},
	} {
		t.Run(name, func(t *testing.T) {
			store.Delete(testBucket, "k")
			response, body := raw(t, server, "PUT", "/"+testBucket+"/k", map[string]string{
				"X-Amz-Content-Sha256": c.kind, "X-Amz-Trailer": c.trailer, "Content-Encoding": "aws-chunked,gzip",
				"X-Amz-Decoded-Content-Length": fmt.Sprint(c.length),
			}, c.body)
			got, stored := store.Get(testBucket, "k")
			if c.code != "" {
				if !strings.Contains(body, "<Code>"+c.code+"</Code>") || stored {
					t.Errorf("got %d %s, stored: %v; want %s", response.StatusCode, body, stored, c.code)
				}
				return
			}
			if response.StatusCode != 200 || string(got) != c.want {
				t.Fatalf("got %d %s, stored %d bytes", response.StatusCode, body, len(got))
			}
			head, _ := raw(t, server, "HEAD", "/"+testBucket+"/k", nil, "")
			if v := head.Header.Get("Content-Encoding"); v != "gzip" {
				t.Errorf("Content-Encoding %q", v)
			}
		})
	}
}

func TestBadBodiesAreRefused(t *testing.T) {
	store, server := serve(t)
	otherMD5 := md5.Sum([]byte("other"))
	for name, c := range map[string]struct {
		headers map[string]string
		status  int
		code    string
	}{
		"checksum of another body": {map[string]string{"X-Amz-Checksum-Crc32": "AAAAAA=="}, 400, "BadDigest"},
		"checksum too short":       {map[string]string{"X-Amz-Checksum-Sha256": "AAAA"}, 400, "InvalidRequest"},
		"two checksums":            {map[string]string{"X-Amz-Checksum-Crc32": helloCRC32, "X-Amz-Checksum-Crc32c": "AAAAAA=="}, 400, "InvalidRequest"},
		"unserved algorithm":       {map[string]string{"X-Amz-Checksum-Xxhash64": "AAAA"}, 501, "NotImplemented"},
		"algorithm only":           {map[string]string{"X-Amz-Sdk-Checksum-Algorithm": "CRC32"}, 400, "InvalidRequest"},
		"MD5 of another body":      {map[string]string{"Content-Md5": base64.StdEncoding.EncodeToString(otherMD5[:])}, 400, "BadDigest"},
		"MD5 that is none":         {map[string]string{"Content-Md5": "!"}, 400, "InvalidDigest"},
		"SHA-256 of another body":  {map[string]string{"X-Amz-Content-Sha256": strings.Repeat("0", 64)}, 400, "XAmzContentSHA256Mismatch"},
		"ACL":                      {map[string]string{"X-Amz-Acl": "public-read"}, 400, "AccessControlListNotSupported"},
		"storage class":            {map[string]string{"X-Amz-Storage-Class": "COLD"}, 400, "InvalidStorageClass"},
		"encryption":               {map[string]string{"X-Amz-Server-Side-Encryption": "rot13"}, 400, "InvalidArgument"},
		"key without KMS":          {map[string]string{"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "k"}, 400, "InvalidArgument"},
		"metadata":                 {map[string]string{"X-Amz-Meta-A": strings.Repeat("x", 2048)}, 400, "MetadataTooLarge"},
		"tag twice":                {map[string]string{"X-Amz-Tagging": "a=1&a=2"}, 400, "InvalidTag"},
		"bucket owner":             {map[string]string{"X-Amz-Expected-Bucket-Owner": "999999999999"}, 403, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			response, body := raw(t, server, "PUT", "/"+testBucket+"/k", c.headers, "hello")
			wantRaw(t, response, body, c.status, c.code)
			if _, stored := store.Get(testBucket, "k"); stored {
				t.Error("stored all the same")
			}
		})
	}
	response, body := raw(t, server, "PUT", "/"+testBucket+"/"+strings.Repeat("k", 1025), nil, "x")
	wantRaw(t, response, body, 400, "KeyTooLongError")
}
