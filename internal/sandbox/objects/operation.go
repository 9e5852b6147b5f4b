// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"net/http"
	"strings"
)

// Operation is the name of the S3 operation that a path-style request asks for,
// such as "PutObject" or "ListObjectsV2", whether or not it is served. It is
// empty when S3 has none of the kind.
func Operation(r *http.Request) string {
	bucket, key := address(r)
	q := r.URL.Query()
	has := func(name string) bool { _, ok := q[name]; return ok }
	if bucket == "" {
		if r.Method == http.MethodGet {
			return "ListBuckets"
		}
		return ""
	}
	if key == "" {
		return bucketOperation(r, has)
	}
	return objectOperation(r, has)
}

func bucketOperation(r *http.Request, has func(string) bool) string {
	for parameter, noun := range bucketSubresources {
		if has(parameter) {
			return verb(r.Method) + noun
		}
	}
	switch r.Method {
	case http.MethodGet:
		switch {
		case has("versions"):
			return "ListObjectVersions"
		case has("uploads"):
			return "ListMultipartUploads"
		case has("list-type"):
			return "ListObjectsV2"
		}
		return "ListObjects"
	case http.MethodPut:
		return "CreateBucket"
	case http.MethodHead:
		return "HeadBucket"
	case http.MethodDelete:
		return "DeleteBucket"
	case http.MethodPost:
		if has("delete") {
			return "DeleteObjects"
		}
		return "PostObject"
	}
	return ""
}

func objectOperation(r *http.Request, has func(string) bool) string {
	for parameter, noun := range objectSubresources {
		if has(parameter) {
			return verb(r.Method) + noun
		}
	}
	switch r.Method {
	case http.MethodGet:
		if has("uploadId") {
			return "ListParts"
		}
		return "GetObject"
	case http.MethodHead:
		return "HeadObject"
	case http.MethodPut:
		copies := r.Header.Get("X-Amz-Copy-Source") != ""
		switch {
		case has("uploadId") && copies:
			return "UploadPartCopy"
		case has("uploadId"):
			return "UploadPart"
		case has("renameObject"):
			return "RenameObject"
		case has("encryption"):
			return "UpdateObjectEncryption"
		case copies:
			return "CopyObject"
		}
		return "PutObject"
	case http.MethodDelete:
		if has("uploadId") {
			return "AbortMultipartUpload"
		}
		return "DeleteObject"
	case http.MethodPost:
		switch {
		case has("uploads"):
			return "CreateMultipartUpload"
		case has("uploadId"):
			return "CompleteMultipartUpload"
		case has("restore"):
			return "RestoreObject"
		case has("select"):
			return "SelectObjectContent"
		}
	}
	return ""
}

func verb(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead:
		return "Get"
	case http.MethodDelete:
		return "Delete"
	}
	return "Put"
}

// The query parameters that stand for a part of a bucket or an object, each
// with what S3 calls it in the names of operations.
var (
	bucketSubresources = map[string]string{
		"accelerate":          "BucketAccelerateConfiguration",
		"acl":                 "BucketAcl",
		"analytics":           "BucketAnalyticsConfiguration",
		"cors":                "BucketCors",
		"encryption":          "BucketEncryption",
		"intelligent-tiering": "BucketIntelligentTieringConfiguration",
		"inventory":           "BucketInventoryConfiguration",
		"lifecycle":           "BucketLifecycleConfiguration",
		"location":            "BucketLocation",
		"logging":             "BucketLogging",
		"metrics":             "BucketMetricsConfiguration",
		"notification":        "BucketNotificationConfiguration",
		"object-lock":         "ObjectLockConfiguration",
		"ownershipControls":   "BucketOwnershipControls",
		"policy":              "BucketPolicy",
		"policyStatus":        "BucketPolicyStatus",
		"publicAccessBlock":   "PublicAccessBlock",
		"replication":         "BucketReplication",
		"requestPayment":      "BucketRequestPayment",
		"tagging":             "BucketTagging",
		"versioning":          "BucketVersioning",
		"website":             "BucketWebsite",
	}
	objectSubresources = map[string]string{
		"acl":        "ObjectAcl",
		"attributes": "ObjectAttributes",
		"legal-hold": "ObjectLegalHold",
		"retention":  "ObjectRetention",
		"tagging":    "ObjectTagging",
		"torrent":    "ObjectTorrent",
	}
)

// address splits a path into bucket and key. The key keeps its slashes.
func address(r *http.Request) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return bucket, key
}
