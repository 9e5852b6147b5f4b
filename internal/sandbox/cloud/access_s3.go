// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// s3Actions are the IAM actions of S3's operations where the names differ.
//
// Source: "Required permissions for Amazon S3 API operations" in the Amazon S3
// User Guide.
var s3Actions = map[string]string{
	"CompleteMultipartUpload": "PutObject",
	"CopyObject":              "PutObject",
	"CreateMultipartUpload":   "PutObject",
	"DeleteObjects":           "DeleteObject",
	"DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
	"GetBucketEncryption":     "GetEncryptionConfiguration",
	"GetPublicAccessBlock":    "GetBucketPublicAccessBlock",
	"HeadBucket":              "ListBucket",
	"HeadObject":              "GetObject",
	"ListBuckets":             "ListAllMyBuckets",
	"ListMultipartUploads":    "ListBucketMultipartUploads",
	"ListObjects":             "ListBucket",
	"ListObjectsV2":           "ListBucket",
	"ListParts":               "ListMultipartUploadParts",
	"PutPublicAccessBlock":    "PutBucketPublicAccessBlock",
	"UploadPart":              "PutObject",
	"UploadPartCopy":          "PutObject",
}

const s3ARN = "arn:aws:s3:::"

// refuseS3 says why the caller may not make a call to S3; it is empty when it
// may. Of DeleteObjects each key is authorized on its own, see mayDelete.
func (c *Cloud) refuseS3(p principal, r *http.Request, operation string) string {
	if len(p.policies) == 0 || operation == "DeleteObjects" {
		return ""
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	action, ok := s3Actions[operation]
	if !ok {
		action = operation
	}
	resource := s3ARN + bucket
	if key != "" {
		resource += "/" + key
	}
	if bucket == "" {
		resource = "*"
	}
	context := c.context(p)
	context["s3:prefix"] = r.URL.Query().Get("prefix")
	context["s3:if-match"], context["s3:if-none-match"] = r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	needs := []need{{"s3:" + action, []string{resource}}}
	if r.Header.Get("X-Amz-Tagging") != "" {
		needs = append(needs, need{"s3:PutObjectTagging", []string{resource}})
	}
	if source := copySource(r); source != "" {
		needs = append(needs, need{"s3:GetObject", []string{s3ARN + source}})
	}
	for _, n := range needs {
		if why := p.refusalS3(n.action, n.resources[0], context); why != "" {
			return why
		}
	}
	if action == "GetObject" && !c.objects.Has(bucket, key) {
		// Whoever may not list a bucket is not told what is missing from it.
		return p.refusalS3("s3:ListBucket", s3ARN+bucket, context)
	}
	return ""
}

// copySource is bucket/key of what CopyObject and UploadPartCopy copy, empty for other calls.
func copySource(r *http.Request) string {
	source, _, _ := strings.Cut(r.Header.Get("X-Amz-Copy-Source"), "?")
	if decoded, err := url.PathUnescape(source); err == nil {
		source = decoded
	}
	return strings.TrimPrefix(source, "/")
}

// refuseDelete says for each key of DeleteObjects why the caller may not delete it.
func (c *Cloud) refuseDelete(p principal, r *http.Request) func(key string) string {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return func(key string) string { return p.refusalS3("s3:DeleteObject", s3ARN+bucket+"/"+key, c.context(p)) }
}

// refusalS3 is the whole message of a refusal. S3 puts the resource in quotation
// marks.
func (p principal) refusalS3(action, resource string, context map[string]string) string {
	why := p.refusal(action, resource, context)
	if why == "" {
		return ""
	}
	on := ""
	if resource != "*" {
		on = fmt.Sprintf(" on resource: %q", resource)
	}
	return fmt.Sprintf("User: %s is not authorized to perform: %s%s %s", p.arn, action, on, why)
}
