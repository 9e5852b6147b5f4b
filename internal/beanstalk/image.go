// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"context"
	"fmt"
	"regexp"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// registryForm is the repository of an image in Amazon ECR.
var registryForm = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?)/(.+)$`)

// inECR takes the image of a release apart; false when it is in another registry.
func inECR(r endpoint.Release) (awsclient.Image, bool) {
	parts := registryForm.FindStringSubmatch(r.Container.Image)
	if parts == nil {
		return awsclient.Image{}, false
	}
	return awsclient.Image{Registry: parts[1], Region: parts[2], Domain: parts[3], Repository: parts[4], Tag: r.Version}, true
}

// digest is what the tag of an environment's image points to, or pointed to when
// the release proved itself. It is "" where that cannot be known: in registries
// other than ECR, and when asking ECR is not allowed.
func (p *Platform) digest(ctx context.Context, e *endpoint.Environment) (string, error) {
	image, ok := inECR(e.Release)
	if !ok || e.ImageDigest != "" {
		return e.ImageDigest, nil
	}
	digest, err := p.images.Digest(ctx, image)
	if denied(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("resolving image %s: %w", e.Release.Reference(), err)
	}
	return digest, nil
}

// versionDigest is the digest with which an application version was made, or "".
func (p *Platform) versionDigest(ctx context.Context, application string, r endpoint.Release) (string, error) {
	if _, ok := inECR(r); !ok {
		return "", nil
	}
	tags, err := p.tagsOf(ctx, p.versionARN(application, r.Label()))
	return tags[tagDigest], err
}

func (p *Platform) versionARN(application, label string) string {
	return fmt.Sprintf("arn:%s:elasticbeanstalk:%s:%s:applicationversion/%s/%s", p.partition, p.region, p.account, application, label)
}

// checkImage asks ECR for the image of a release that is not packed yet.
func (p *Platform) checkImage(ctx context.Context, application string, r endpoint.Release, f *findings) error {
	image, ok := inECR(r)
	if !ok {
		return nil
	}
	packed, err := p.hasVersion(ctx, application, r.Label())
	if err != nil || packed {
		return err
	}
	_, err = p.images.Digest(ctx, image)
	switch c := code(err); {
	case err == nil:
		return nil
	case c == "ImageNotFoundException":
		f.add("version", "there is no image %s: push it first, or name a version that is there", r.Reference())
	case c == "RepositoryNotFoundException":
		f.add("container.image", "there is no repository %s in ECR of account %s and Region %s", image.Repository, image.Registry, image.Region)
	case denied(err):
		f.warn("container.image", "what %s points to cannot be told, so instances that start later may get another image if the tag is moved: allow ecr:DescribeImages on the repository (%s)", r.Reference(), err)
	default:
		return fmt.Errorf("resolving image %s: %w", r.Reference(), err)
	}
	return nil
}

// denied says that the caller is not allowed to ask.
func denied(err error) bool {
	c := code(err)
	return c == "AccessDenied" || c == "AccessDeniedException"
}
