// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package journal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// version is a record as one write left it.
type version struct {
	record endpoint.Record
	etag   string
	// age is the time since it was written, by S3's own clock.
	age time.Duration
}

// errLost says that another write came first.
var errLost = errors.New("the record was changed by another run")

// get reads a record, or nil when there is none.
func (j *Journal) get(ctx context.Context, name string) (*version, error) {
	out, err := j.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &j.Bucket, Key: aws.String(j.recordKey(name))})
	if code(err) == "NoSuchKey" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the record of %s from bucket %s: %w", name, j.Bucket, err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the record of %s from bucket %s: %w", name, j.Bucket, err)
	}
	v := &version{etag: aws.ToString(out.ETag)}
	if v.record, err = endpoint.ParseRecord(text); err != nil {
		return nil, fmt.Errorf("reading the record of %s from s3://%s/%s: %w", name, j.Bucket, j.recordKey(name), err)
	}
	now, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok || out.LastModified == nil {
		return nil, fmt.Errorf("reading the record of %s from bucket %s: the answer has no time", name, j.Bucket)
	}
	v.age = now.Sub(*out.LastModified)
	return v, nil
}

// put writes a record in place of the version with an ETag, or for the first
// time when etag is "". It returns the new ETag, or errLost when another write
// came first.
//
// A write whose answer was lost is sent again by the SDK and then refused
// because of itself; the nonce tells that from a foreign one.
func (j *Journal) put(ctx context.Context, r *endpoint.Record, etag string) (string, error) {
	r.Nonce = rand.Text()
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the record of %s: %w", r.Endpoint, err)
	}
	for {
		written, err := j.write(ctx, j.recordKey(r.Endpoint), text, etag)
		if err == nil {
			return written, nil
		}
		if c := code(err); !refused[c] {
			return "", fmt.Errorf("writing the record of %s to bucket %s: %w", r.Endpoint, j.Bucket, err)
		}
		now, err := j.get(ctx, r.Endpoint)
		switch {
		case err != nil:
			return "", err
		case now != nil && now.record.Nonce == r.Nonce:
			return now.etag, nil
		case now == nil && etag == "", now != nil && now.etag == etag:
			// Two writes met and neither of them, or not this one, took effect.
		default:
			return "", errLost
		}
		if err := j.Clock.Sleep(ctx, conflictPause); err != nil {
			return "", err
		}
	}
}

// conflictPause is the time between two tries of a write that met another.
const conflictPause = 100 * time.Millisecond

// refused are the codes of a conditional write that did not take effect: the
// condition did not hold, another write was under way, or what it was to replace
// is gone.
var refused = map[string]bool{"PreconditionFailed": true, "ConditionalRequestConflict": true, "NoSuchKey": true}

// write puts an object in place of the one with an ETag, or where there is none.
func (j *Journal) write(ctx context.Context, key string, text []byte, etag string) (string, error) {
	in := &s3.PutObjectInput{
		Bucket: &j.Bucket, Key: &key, Body: bytes.NewReader(text), ContentType: aws.String("application/json"),
	}
	if etag == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = &etag
	}
	if j.KMSKey != "" {
		in.ServerSideEncryption, in.SSEKMSKeyId = types.ServerSideEncryptionAwsKms, &j.KMSKey
	}
	out, err := j.s3.PutObject(ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.ETag), nil
}

// read reads an object that is no record, and says whether it is there.
func (j *Journal) read(ctx context.Context, key string, into any) (there bool, err error) {
	out, err := j.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &j.Bucket, Key: &key})
	if code(err) == "NoSuchKey" {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer out.Body.Close()
	if err := json.NewDecoder(out.Body).Decode(into); err != nil {
		return false, fmt.Errorf("it is not what its place says; remove it: %w", err)
	}
	return true, nil
}

// code is the service's error code, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
