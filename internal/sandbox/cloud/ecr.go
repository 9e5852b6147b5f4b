// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// registry is ECR: repositories with the manifests of images, without layers.
type registry struct{ *Cloud }

type repository struct {
	name    string
	created time.Time
	images  []*pushedImage // the oldest first
}

type pushedImage struct {
	digest, manifest string
	tags             []string
	pushed           time.Time
}

var repositoryForm = regexp.MustCompile(`^[a-z0-9]+([._/-][a-z0-9]+)*$`)

func (s registry) CreateRepository(_ context.Context, in *createRepositoryInput) (*createRepositoryOutput, error) {
	if !repositoryForm.MatchString(*in.RepositoryName) || len(*in.RepositoryName) < 2 {
		return nil, wire.Errorf("InvalidParameterException", "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression'")
	}
	if _, err := s.repository(in.RegistryID, in.RepositoryName); err == nil {
		return nil, wire.Errorf("RepositoryAlreadyExistsException", "The repository with name '%s' already exists in the registry with id '%s'", *in.RepositoryName, s.config.Account)
	}
	r := &repository{name: *in.RepositoryName, created: s.now()}
	s.repositories = append(s.repositories, r)
	return &createRepositoryOutput{&repositoryDescription{
		RepositoryARN: ptr(s.arn("ecr", "repository/"+r.name)), RegistryID: &s.config.Account, RepositoryName: &r.name,
		RepositoryURI: ptr(s.registryHost() + "/" + r.name), CreatedAt: &r.created, ImageTagMutability: ptr("MUTABLE"),
	}}, nil
}

// PutImage takes a manifest as it is. A tag that another image has moves.
func (s registry) PutImage(_ context.Context, in *putImageInput) (*putImageOutput, error) {
	r, err := s.repository(in.RegistryID, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(*in.ImageManifest))
	digest, tag := "sha256:"+hex.EncodeToString(sum[:]), value(in.ImageTag)
	image := r.find(digest, "")
	if image != nil && (tag == "" || slices.Contains(image.tags, tag)) {
		return nil, wire.Errorf("ImageAlreadyExistsException", "Image with digest '%s' and tag '%s' already exists in the repository with name '%s' in registry with id '%s'", digest, tag, r.name, s.config.Account)
	}
	if image == nil {
		image = &pushedImage{digest: digest, manifest: *in.ImageManifest, pushed: s.now()}
		r.images = append(r.images, image)
	}
	if tag != "" {
		for _, other := range r.images {
			other.tags = slices.DeleteFunc(other.tags, func(t string) bool { return t == tag })
		}
		image.tags = append(image.tags, tag)
	}
	return &putImageOutput{&registryImage{
		RegistryID: &s.config.Account, RepositoryName: &r.name, ImageManifest: in.ImageManifest,
		ImageID: &imageIdentifier{ImageDigest: &digest, ImageTag: in.ImageTag},
	}}, nil
}

func (s registry) DescribeImages(_ context.Context, in *describeImagesInput) (*describeImagesOutput, error) {
	r, err := s.repository(in.RegistryID, in.RepositoryName)
	if err != nil {
		return nil, err
	}
	found := r.images
	if len(in.ImageIDs) > 0 {
		found = nil
	}
	for _, id := range in.ImageIDs {
		image := r.find(value(id.ImageDigest), value(id.ImageTag))
		if image == nil {
			return nil, wire.Errorf("ImageNotFoundException", "The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'",
				orNull(id.ImageDigest), orNull(id.ImageTag), r.name, s.config.Account)
		}
		found = append(found, image)
	}
	found, next, err := page(found, in.NextToken, in.MaxResults, 1000)
	if err != nil {
		return nil, wire.Errorf("InvalidParameterException", "%s", wire.Message(err))
	}
	out := &describeImagesOutput{ImageDetails: []imageDetail{}, NextToken: next}
	for _, i := range found {
		out.ImageDetails = append(out.ImageDetails, imageDetail{
			RegistryID: &s.config.Account, RepositoryName: &r.name, ImageDigest: &i.digest, ImageTags: slices.Clone(i.tags),
			ImageSizeInBytes: ptr(int64(len(i.manifest))), ImagePushedAt: &i.pushed,
		})
	}
	return out, nil
}

// Push puts an image into a repository, which it makes if there is none, and gives
// the image's digest.
func (c *Cloud) Push(repository, tag, manifest string) (digest string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ctx := registry{c}, context.Background()
	if _, err := s.repository(nil, &repository); err != nil {
		if _, err := s.CreateRepository(ctx, &createRepositoryInput{RepositoryName: &repository}); err != nil {
			return "", err
		}
	}
	out, err := s.PutImage(ctx, &putImageInput{RepositoryName: &repository, ImageTag: &tag, ImageManifest: &manifest})
	if err != nil {
		return "", err
	}
	return *out.Image.ImageID.ImageDigest, nil
}

func (s registry) repository(registryID, name *string) (*repository, error) {
	account := s.config.Account
	if registryID != nil {
		account = *registryID
	}
	for _, r := range s.repositories {
		if r.name == *name && account == s.config.Account {
			return r, nil
		}
	}
	return nil, wire.Errorf("RepositoryNotFoundException", "The repository with name '%s' does not exist in the registry with id '%s'", *name, account)
}

// find finds an image by digest, by tag, or by both.
func (r *repository) find(digest, tag string) *pushedImage {
	for _, i := range r.images {
		if (digest == "" || i.digest == digest) && (tag == "" || slices.Contains(i.tags, tag)) {
			return i
		}
	}
	return nil
}

func (c *Cloud) registryHost() string {
	return fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com", c.config.Account, c.config.Region)
}

// pull says why an instance cannot have an image. Images of other registries are
// always there.
func (c *Cloud) pull(reference string) error {
	name, ours := strings.CutPrefix(reference, c.registryHost()+"/")
	if !ours {
		return nil
	}
	name, digest, _ := strings.Cut(name, "@")
	name, tag := splitImage(name)
	if digest != "" {
		tag = "" // Docker looks at the digest alone
	}
	r, err := registry{c}.repository(nil, &name)
	if err != nil || r.find(digest, tag) == nil {
		return fmt.Errorf("failed to pull docker image %s: not found", reference)
	}
	return nil
}

func orNull(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}
