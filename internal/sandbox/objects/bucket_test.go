// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"
)

func TestListInUTF8Order(t *testing.T) {
	_, server := serve(t)
	client := newClient(server, "us-east-1")
	// U+FFFD comes before U+1F600 in UTF-8, but not in UTF-16.
	want := []string{"A", "a", "a/1", "a/b/2", "a1", "b", "é", "\uFFFD", "\U0001F600"}
	for i := range want {
		put(t, client, want[(i*4)%len(want)], "x")
	}
	out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(testBucket)})
	if err != nil {
		t.Fatal(err)
	}
	if got := keys(out.Contents); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if o := out.Contents[0]; *o.ETag != `"9dd4e461268c8034f5c8564e155c67a6"` || *o.Size != 1 || o.StorageClass != "STANDARD" || o.Owner != nil {
		t.Errorf("got %+v", o)
	}
	out, err = client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(testBucket), StartAfter: aws.String("a/1"), MaxKeys: aws.Int32(2), FetchOwner: aws.Bool(true)})
	if err != nil || !slices.Equal(keys(out.Contents), []string{"a/b/2", "a1"}) || !*out.IsTruncated || out.Contents[0].Owner == nil {
		t.Errorf("got %+v, %v", out, err)
	}
	out, err = client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(testBucket), Delimiter: aws.String("/"), Prefix: aws.String("a")})
	if err != nil || !slices.Equal(keys(out.Contents), []string{"a", "a1"}) || *out.CommonPrefixes[0].Prefix != "a/" || *out.KeyCount != 3 {
		t.Errorf("got %+v, %v", out, err)
	}
}

func keys(objects []types.Object) []string {
	var keys []string
	for _, o := range objects {
		keys = append(keys, *o.Key)
	}
	return keys
}

// Whatever the page size, prefix and delimiter, the pages of both listings put
// together are what one sees by looking at all keys.
func TestListPages(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	key := rapid.StringMatching(`[ab/+ ü]{1,6}`)
	rapid.Check(t, func(rt *rapid.T) {
		b := &bucket{name: testBucket, region: "us-east-1", objects: map[string]*object{}}
		for _, k := range rapid.SliceOfN(key, 0, 20).Draw(rt, "keys") {
			b.put(k, &object{etag: `"e"`, class: "STANDARD"})
		}
		store.mu.Lock()
		store.buckets[testBucket] = b
		store.mu.Unlock()
		prefix := rapid.StringMatching(`[ab/]{0,2}`).Draw(rt, "prefix")
		delimiter := rapid.SampledFrom([]string{"", "/", "a"}).Draw(rt, "delimiter")
		size := rapid.Int32Range(1, 5).Draw(rt, "page size")

		var want []string
		for _, k := range b.keys {
			rest, ok := strings.CutPrefix(k, prefix)
			if !ok {
				continue
			}
			if before, _, found := strings.Cut(rest, delimiter); found && delimiter != "" {
				k = prefix + before + delimiter + " (prefix)"
			}
			if !slices.Contains(want, k) {
				want = append(want, k)
			}
		}
		slices.Sort(want)

		var got []string
		add := func(contents []types.Object, prefixes []types.CommonPrefix, truncated bool) {
			if n := len(contents) + len(prefixes); n > int(size) || (truncated && n < int(size)) {
				rt.Fatalf("a page of %d, truncated: %v, with a limit of %d", n, truncated, size)
			}
			for _, p := range prefixes {
				got = append(got, unescape(*p.Prefix)+" (prefix)")
			}
			for _, k := range keys(contents) {
				got = append(got, unescape(k))
			}
			if len(got) > len(want) {
				rt.Fatalf("got %q so far, want %q", got, want)
			}
		}
		v2 := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
			Bucket: aws.String(testBucket), Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &size, EncodingType: types.EncodingTypeUrl})
		for v2.HasMorePages() {
			out, err := v2.NextPage(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			add(out.Contents, out.CommonPrefixes, *out.IsTruncated)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			rt.Fatalf("ListObjectsV2: got %q, want %q", got, want)
		}

		got = nil
		for marker := ""; ; {
			out, err := client.ListObjects(t.Context(), &s3.ListObjectsInput{
				Bucket: aws.String(testBucket), Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &size, Marker: &marker, EncodingType: types.EncodingTypeUrl})
			if err != nil {
				rt.Fatal(err)
			}
			add(out.Contents, out.CommonPrefixes, *out.IsTruncated)
			if !*out.IsTruncated {
				break
			}
			if marker = unescape(aws.ToString(out.NextMarker)); marker == "" {
				marker = unescape(*out.Contents[len(out.Contents)-1].Key)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			rt.Fatalf("ListObjects: got %q, want %q", got, want)
		}
	})
}

func unescape(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		panic(err)
	}
	return plain
}

func TestListRefusesBadArguments(t *testing.T) {
	_, server := serve(t)
	for _, query := range []string{
		"list-type=2&max-keys=x", "list-type=2&max-keys=-1", "list-type=2&encoding-type=xml",
		"list-type=2&continuation-token=zzz", "list-type=2&continuation-token=", "list-type=3",
	} {
		response, body := raw(t, server, "GET", "/"+testBucket+"?"+query, nil, "")
		wantRaw(t, response, body, 400, "InvalidArgument")
	}
	response, body := raw(t, server, "GET", "/"+testBucket+"?list-type=2&max-keys=0", nil, "")
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "<IsTruncated>false</IsTruncated>") {
		t.Errorf("max-keys=0 gives %d %s", response.StatusCode, body)
	}
}

func TestBuckets(t *testing.T) {
	_, server := serve(t)
	east, west := newClient(server, "us-east-1"), newClient(server, "eu-west-1")
	create := func(client *s3.Client, name, location string) error {
		in := &s3.CreateBucketInput{Bucket: &name}
		if location != "" {
			in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(location)}
		}
		_, err := client.CreateBucket(t.Context(), in)
		return err
	}
	for i, err := range []error{
		create(west, "western", "eu-west-1"), create(east, "southern", "sa-east-1"), create(east, testBucket, ""),
	} {
		if err != nil {
			t.Fatalf("bucket %d: %v", i, err)
		}
	}
	wantError(t, create(west, "western", "eu-west-1"), "BucketAlreadyOwnedByYou", 409)
	wantError(t, create(west, "w2", "us-west-2"), "InvalidBucketName", 400)
	wantError(t, create(west, "west-2", "us-west-2"), "IllegalLocationConstraintException", 400)
	wantError(t, create(west, "west-3", ""), "IllegalLocationConstraintException", 400)
	wantError(t, create(east, "east-2", "us-east-1"), "InvalidLocationConstraint", 400)

	// A bucket elsewhere is named, but not served.
	_, err := east.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("western")})
	wantStatus(t, err, 301)
	_, err = east.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("western")})
	wantError(t, err, "PermanentRedirect", 301)
	response, _ := raw(t, server, "HEAD", "/western", nil, "")
	if got := response.Header.Get("X-Amz-Bucket-Region"); response.StatusCode != 301 || got != "eu-west-1" {
		t.Errorf("HEAD gives %d, Region %q", response.StatusCode, got)
	}
	response, body := raw(t, server, "GET", "/"+testBucket+"/k", map[string]string{
		"Authorization": "AWS4-HMAC-SHA256 Credential=AKID/us-east-1, SignedHeaders=host, Signature=0"}, "")
	wantRaw(t, response, body, 400, "AuthorizationHeaderMalformed")

	head, err := west.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("western")})
	if err != nil || aws.ToString(head.BucketRegion) != "eu-west-1" {
		t.Errorf("got %+v, %v", head, err)
	}
	_, err = east.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String("nowhere")})
	wantStatus(t, err, 404)
	for name, want := range map[string]string{"western": "eu-west-1", testBucket: ""} {
		out, err := east.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: &name})
		if err != nil || string(out.LocationConstraint) != want {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
	}

	var names []string
	pages := s3.NewListBucketsPaginator(east, &s3.ListBucketsInput{MaxBuckets: aws.Int32(2)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range out.Buckets {
			names = append(names, *b.Name+" "+*b.BucketRegion)
		}
	}
	if want := "[ionroller-sandbox us-east-1 southern sa-east-1 western eu-west-1]"; fmt.Sprint(names) != want {
		t.Errorf("got %v, want %s", names, want)
	}

	put(t, east, "k", "x")
	_, err = east.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(testBucket)})
	wantError(t, err, "BucketNotEmpty", 409)
	if _, err = west.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("western")}); err != nil {
		t.Fatal(err)
	}
	_, err = west.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("western")})
	wantError(t, err, "NoSuchBucket", 404)

	versioning, err := east.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: aws.String(testBucket)})
	if err != nil || versioning.Status != "" {
		t.Errorf("got %+v, %v", versioning, err)
	}
}

func TestDeleteObjects(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	etag := put(t, client, "a", "1")
	put(t, client, "b", "1")
	put(t, client, "c<&>", "1")
	out, err := client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{
		Objects: []types.ObjectIdentifier{
			{Key: aws.String("a"), ETag: &etag}, {Key: aws.String("b"), ETag: aws.String("other")},
			{Key: aws.String("c<&>")}, {Key: aws.String("missing")},
		}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Deleted) != 3 || len(out.Errors) != 1 || *out.Errors[0].Key != "b" || *out.Errors[0].Code != "PreconditionFailed" {
		t.Errorf("got %+v %+v", out.Deleted, out.Errors)
	}
	if left := store.buckets[testBucket].keys; !slices.Equal(left, []string{"b"}) {
		t.Errorf("left: %q", left)
	}
	response, body := raw(t, server, "POST", "/"+testBucket+"?delete", nil, "<Delete><Object><Key>b</Key></Object></Delete>")
	wantRaw(t, response, body, 400, "InvalidRequest")
	response, body = raw(t, server, "POST", "/"+testBucket+"?delete",
		map[string]string{"X-Amz-Checksum-Crc32": computeChecksum("CRC32", []byte("<Delete/>")).value}, "<Delete/>")
	wantRaw(t, response, body, 400, "MalformedXML")
}

func TestTagging(t *testing.T) {
	store, server := serve(t)
	client := newClient(server, "us-east-1")
	etag := put(t, client, "k", "content")
	tags := func() string {
		out, err := client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: aws.String(testBucket), Key: aws.String("k")})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, tag := range out.TagSet {
			all = append(all, *tag.Key+"="+*tag.Value)
		}
		return strings.Join(all, "&")
	}
	set := func(key string, tags ...types.Tag) error {
		_, err := client.PutObjectTagging(t.Context(), &s3.PutObjectTaggingInput{
			Bucket: aws.String(testBucket), Key: &key, Tagging: &types.Tagging{TagSet: tags}})
		return err
	}
	one := types.Tag{Key: aws.String("a"), Value: aws.String("1 & 2")}
	if err := set("k", one); err != nil || tags() != "a=1 & 2" {
		t.Errorf("got %q, %v", tags(), err)
	}
	if body, _ := store.Get(testBucket, "k"); string(body) != "content" {
		t.Errorf("tagging changed the content to %q", body)
	}
	if _, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), IfMatch: &etag}); err != nil {
		t.Error(err)
	}
	wantError(t, set("k", one, one), "InvalidTag", 400)
	wantError(t, set("missing", one), "NoSuchKey", 404)
	if _, err := client.DeleteObjectTagging(t.Context(), &s3.DeleteObjectTaggingInput{Bucket: aws.String(testBucket), Key: aws.String("k")}); err != nil || tags() != "" {
		t.Errorf("got %q, %v", tags(), err)
	}
}
