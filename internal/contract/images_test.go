// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
)

var imageContracts = []contract{
	{"a tag's digest is told, and another one when the tag has moved", digestTold},
	{"a tag and a repository that are not there are told apart", noImage},
}

func digestTold(w *world) {
	images, image := w.repository()
	first := w.push("1.0.0", "first")
	got, err := images.Digest(w.ctx, image)
	w.ok(err)
	w.same("digest", first, got)
	second := w.push("1.0.0", "second")
	w.that(first != second, "two images have the digest %s", first)
	got, err = images.Digest(w.ctx, image)
	w.ok(err)
	w.same("digest of the tag that has moved", second, got)
}

func noImage(w *world) {
	images, image := w.repository()
	w.push("1.0.0", "first")
	image.Tag = "2.0.0"
	_, err := images.Digest(w.ctx, image)
	w.refused(err, "ImageNotFoundException")
	image.Repository = "none"
	_, err = images.Digest(w.ctx, image)
	w.refused(err, "RepositoryNotFoundException")
}

// repository makes the contract's repository, and names the image 1.0.0 in it.
func (w *world) repository() (*awsclient.Images, awsclient.Image) {
	w.ecr("CreateRepository", map[string]any{"repositoryName": w.name}, nil)
	return awsclient.NewImages(w.config, ""), awsclient.Image{Registry: w.account, Region: w.region, Domain: "amazonaws.com", Repository: w.name, Tag: "1.0.0"}
}

// push puts the manifest of an image there that has one layer.
func (w *world) push(tag, layer string) (digest string) {
	blob := func(kind, content string) map[string]any {
		sum := sha256.Sum256([]byte(content))
		return map[string]any{"mediaType": "application/vnd.docker." + kind, "size": len(content), "digest": "sha256:" + hex.EncodeToString(sum[:])}
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
		"config": blob("container.image.v1+json", "{}"), "layers": []any{blob("image.rootfs.diff.tar.gzip", layer)},
	})
	w.ok(err)
	var out struct {
		Image struct {
			ImageID struct {
				ImageDigest string `json:"imageDigest"`
			} `json:"imageId"`
		} `json:"image"`
	}
	w.ecr("PutImage", map[string]any{"repositoryName": w.name, "imageTag": tag, "imageManifest": string(manifest)}, &out)
	return out.Image.ImageID.ImageDigest
}

// ecr calls an operation of ECR that ionroller itself does not need.
func (w *world) ecr(operation string, input, output any) {
	body, err := json.Marshal(input)
	w.ok(err)
	r, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.url+"/", bytes.NewReader(body))
	w.ok(err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921."+operation)
	credentials, err := w.config.Credentials.Retrieve(w.ctx)
	w.ok(err)
	sum := sha256.Sum256(body)
	w.ok(v4.NewSigner().SignHTTP(w.ctx, credentials, r, hex.EncodeToString(sum[:]), "ecr", w.region, time.Now()))
	answer, err := w.config.HTTPClient.Do(r)
	w.ok(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	w.ok(err)
	w.that(answer.StatusCode == http.StatusOK, "%s answers %d: %s", operation, answer.StatusCode, text)
	if output != nil {
		w.ok(json.Unmarshal(text, output))
	}
}
