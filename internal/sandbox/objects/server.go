// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// call is one request on its way through the store.
type call struct {
	w           http.ResponseWriter
	r           *http.Request
	bucket, key string
	query       url.Values
}

// handlers are the operations served. Each answers the call or returns an error
// before it has written anything.
var handlers = map[string]func(*Store, *call) error{
	"ListBuckets":             (*Store).listBuckets,
	"CreateBucket":            (*Store).createBucket,
	"HeadBucket":              (*Store).headBucket,
	"DeleteBucket":            (*Store).deleteBucket,
	"GetBucketLocation":       (*Store).getBucketLocation,
	"GetBucketVersioning":     (*Store).getBucketVersioning,
	"GetBucketEncryption":     (*Store).getBucketEncryption,
	"GetPublicAccessBlock":    (*Store).getPublicAccessBlock,
	"PutPublicAccessBlock":    (*Store).putPublicAccessBlock,
	"DeletePublicAccessBlock": (*Store).deletePublicAccessBlock,
	"ListObjects":             (*Store).listObjects,
	"ListObjectsV2":           (*Store).listObjectsV2,
	"PutObject":               (*Store).putObject,
	"CopyObject":              (*Store).copyObject,
	"GetObject":               (*Store).getObject,
	"HeadObject":              (*Store).getObject,
	"DeleteObject":            (*Store).deleteObject,
	"DeleteObjects":           (*Store).deleteObjects,
	"GetObjectTagging":        (*Store).getObjectTagging,
	"PutObjectTagging":        (*Store).putObjectTagging,
	"DeleteObjectTagging":     (*Store).deleteObjectTagging,

	"CreateMultipartUpload":   (*Store).createMultipartUpload,
	"UploadPart":              (*Store).uploadPart,
	"UploadPartCopy":          (*Store).uploadPartCopy,
	"CompleteMultipartUpload": (*Store).completeMultipartUpload,
	"AbortMultipartUpload":    (*Store).abortMultipartUpload,
	"ListParts":               (*Store).listParts,
	"ListMultipartUploads":    (*Store).listMultipartUploads,
}

// Operations names the operations served, in alphabetical order.
func Operations() []string { return slices.Sorted(maps.Keys(handlers)) }

// ServeHTTP answers one path-style S3 request. Set X-Amz-Request-Id in the
// response's header beforehand to have the request go by that id.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setIDs(w.Header())
	w.Header().Set("Date", s.clock().UTC().Format(http.TimeFormat))
	w.Header().Set("Server", "AmazonS3")
	c := &call{w: w, r: r, query: r.URL.Query()}
	c.bucket, c.key = address(r)
	if err := s.serve(c); err != nil {
		// A body left unread would make the server cut the connection, and the
		// client might never see the answer.
		_, _ = io.Copy(io.Discard, r.Body)
		writeError(w, r, err)
	}
}

func (s *Store) serve(c *call) error {
	operation := Operation(c.r)
	handler := handlers[operation]
	switch {
	case operation == "":
		return fail(http.StatusMethodNotAllowed, "MethodNotAllowed",
			"The specified method is not allowed against this resource.").with("Method", c.r.Method)
	case handler == nil:
		return fail(http.StatusNotImplemented, "NotImplemented",
			"A header or query you provided requested a function that is not implemented: "+operation+".")
	}
	if len(c.key) > 1024 {
		return fail(http.StatusBadRequest, "KeyTooLongError", "Your key is too long").with("MaxSizeAllowed", "1024")
	}
	if err := c.checkUnserved(); err != nil {
		return err
	}
	region, err := c.region(s.region)
	if err != nil {
		return err
	}
	if c.bucket != "" && operation != "CreateBucket" {
		if err := s.checkBucket(c, operation, region); err != nil {
			return err
		}
	}
	return handler(s, c)
}

// parameters are those of the operations served. Any other one may stand for an
// operation that is not: PUT of a bucket with ?abac does not make a bucket.
var parameters = map[string]bool{
	"bucket-region": true, "continuation-token": true, "delete": true, "delimiter": true, "encoding-type": true, "encryption": true,
	"fetch-owner": true, "key-marker": true, "list-type": true, "location": true, "marker": true, "max-buckets": true, "max-keys": true,
	"max-parts": true, "max-uploads": true, "part-number-marker": true, "partNumber": true, "prefix": true, "publicAccessBlock": true,
	"start-after": true, "tagging": true, "upload-id-marker": true, "uploadId": true, "uploads": true, "versionId": true, "versioning": true,
	"x-id": true, // which SDKs add, and S3 ignores
}

// checkUnserved refuses what would change the meaning of a served operation.
func (c *call) checkUnserved() error {
	for name := range c.query {
		known := parameters[name] || overrides[name] != "" || strings.HasPrefix(strings.ToLower(name), "x-amz-")
		if !known || name == "partNumber" && !c.query.Has("uploadId") { // partNumber of a read
			return fail(http.StatusNotImplemented, "NotImplemented",
				"A query you provided requested a function that is not implemented: "+name+".")
		}
	}
	if v := c.query.Get("versionId"); v != "" && v != "null" {
		return invalidArgument("versionId", v, "Invalid version id specified")
	}
	for _, header := range []string{
		"X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Object-Lock-Mode",
		"X-Amz-Object-Lock-Legal-Hold", "X-Amz-Website-Redirect-Location", "X-Amz-Write-Offset-Bytes",
		"X-Amz-If-Match-Last-Modified-Time", "X-Amz-If-Match-Size", "X-Amz-Bucket-Object-Lock-Enabled",
	} {
		if v := c.r.Header.Get(header); v != "" && !strings.EqualFold(v, "false") {
			return notImplemented(header)
		}
	}
	return nil
}

// region is the one for which the request was signed.
func (c *call) region(unsigned string) (string, error) {
	scope := c.query.Get("X-Amz-Credential")
	if auth := c.r.Header.Get("Authorization"); auth != "" {
		_, after, _ := strings.Cut(auth, "Credential=")
		scope, _, _ = strings.Cut(after, ",")
	} else if scope == "" {
		return unsigned, nil
	}
	parts := strings.Split(strings.TrimSpace(scope), "/")
	if len(parts) < 5 {
		return "", fail(http.StatusBadRequest, "AuthorizationHeaderMalformed",
			"The authorization header is malformed; the Credential is mal-formed; "+
				"expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
	}
	return parts[len(parts)-3], nil
}

// checkBucket refuses calls to a bucket that is not there, is elsewhere or is
// not whose the caller thinks it is.
func (s *Store) checkBucket(c *call, operation, region string) error {
	home, exists := s.BucketRegion(c.bucket)
	if !exists && s.names.taken(c.bucket) { // another account's, whose policies let nobody else in
		return fail(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	if !exists {
		return errNoBucket(c.bucket)
	}
	// A bucket's location may be asked for from anywhere.
	if home != region && operation != "GetBucketLocation" {
		e := fail(http.StatusMovedPermanently, "PermanentRedirect",
			"The bucket you are attempting to access must be addressed using the specified endpoint. "+
				"Please send all future requests to this endpoint.").
			with("Endpoint", "s3."+home+".amazonaws.com").with("Bucket", c.bucket)
		e.headers = map[string]string{"X-Amz-Bucket-Region": home}
		return e
	}
	for header, account := range map[string]string{
		"X-Amz-Expected-Bucket-Owner":        s.account,
		"X-Amz-Source-Expected-Bucket-Owner": s.account,
	} {
		if v := c.r.Header.Get(header); v != "" && v != account {
			return fail(http.StatusForbidden, "AccessDenied", "Access Denied")
		}
	}
	return nil
}
