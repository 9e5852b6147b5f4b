// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package objects

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestListParts(t *testing.T) {
	_, server := serve(t)
	client := newClient(server, "us-east-1")
	u := begin(t, client, "k", plain)
	for _, n := range []int32{9, 2, 4} {
		u.part(n, []byte(strings.Repeat("x", int(n))))
	}
	var got []string
	pages := s3.NewListPartsPaginator(client, &s3.ListPartsInput{
		Bucket: aws.String(testBucket), Key: aws.String("k"), UploadId: u.id, MaxParts: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if page.ChecksumAlgorithm != types.ChecksumAlgorithmCrc32 || page.StorageClass != types.StorageClassStandard {
			t.Errorf("got %+v", page)
		}
		for _, p := range page.Parts {
			if aws.ToString(p.ChecksumCRC32) == "" || aws.ToString(p.ETag) == "" {
				t.Errorf("got %+v", p)
			}
			got = append(got, fmt.Sprint(*p.PartNumber, ":", *p.Size))
		}
		got = append(got, "|")
	}
	if want := "2:2 4:4 | 9:9 |"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestListMultipartUploads(t *testing.T) {
	_, server := serve(t)
	client := newClient(server, "us-east-1")
	for _, key := range []string{"z", "dir/b", "a", "dir/a", "a", "é ü"} {
		begin(t, client, key, plain)
	}
	list := func(delimiter string, limit int32) string {
		var pages []string
		in := &s3.ListMultipartUploadsInput{Bucket: aws.String(testBucket), Delimiter: &delimiter, MaxUploads: &limit, EncodingType: types.EncodingTypeUrl}
		if delimiter == "" {
			in.Delimiter = nil
		}
		for {
			out, err := client.ListMultipartUploads(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var page []string
			for _, u := range out.Uploads {
				page = append(page, *u.Key)
			}
			for _, p := range out.CommonPrefixes {
				page = append(page, *p.Prefix)
			}
			pages = append(pages, strings.Join(page, " "))
			if !aws.ToBool(out.IsTruncated) {
				return strings.Join(pages, " | ")
			}
			in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
		}
	}
	for limit, want := range map[int32]string{
		1: "a | a | dir/a | dir/b | z | %C3%A9+%C3%BC", 4: "a a dir/a dir/b | z %C3%A9+%C3%BC", 100: "a a dir/a dir/b z %C3%A9+%C3%BC",
	} {
		if got := list("", limit); got != want {
			t.Errorf("pages of %s: got %s, want %s", strconv.Itoa(int(limit)), got, want)
		}
	}
	if got, want := list("/", 2), "a a | z dir/ | %C3%A9+%C3%BC"; got != want {
		t.Errorf("by directory: got %s, want %s", got, want)
	}
}
