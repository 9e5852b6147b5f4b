// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// The tags that say what something is and whose.
const (
	tagEndpoint    = "ionroller:endpoint"
	tagOwner       = "ionroller:owner"
	tagVersion     = "ionroller:version"
	tagFingerprint = "ionroller:fingerprint"
	tagDigest      = "ionroller:image-digest" // of what was resolved
)

// maxTags is the number of tags that Elastic Beanstalk lets a user put on an
// environment, and ownTags how many of them we need.
const (
	maxTags = 47
	ownTags = 5
)

// tags are those of everything that is made for an endpoint. Ours win over the
// user's.
func (p *Platform) tags(name string) map[string]string {
	t := map[string]string{}
	maps.Copy(t, p.Tags)
	t[tagEndpoint], t[tagOwner] = name, p.Owner
	return t
}

func (p *Platform) environmentTags(r *endpoint.Record, e *endpoint.Environment, digest string) []types.Tag {
	t := p.tags(r.Endpoint)
	t[tagVersion], t[tagFingerprint] = e.Release.Version, e.Fingerprint
	return list(withDigest(t, digest))
}

// withDigest adds the digest of the image, where it is known.
func withDigest(tags map[string]string, digest string) map[string]string {
	if digest != "" {
		tags[tagDigest] = digest
	}
	return tags
}

func list(tags map[string]string) []types.Tag {
	var all []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return all
}

// tagsOf reads the tags of an application or an environment.
func (p *Platform) tagsOf(ctx context.Context, arn string) (map[string]string, error) {
	out, err := p.eb.ListTagsForResource(ctx, &elasticbeanstalk.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, fmt.Errorf("reading the tags of %s: %w", arn, err)
	}
	tags := map[string]string{}
	for _, t := range out.ResourceTags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

// isOurs says that something was made for this endpoint and owner.
func (p *Platform) isOurs(ctx context.Context, arn, name string) (bool, error) {
	tags, err := p.tagsOf(ctx, arn)
	return err == nil && p.are(tags, name), err
}

// are says that tags are those of something made for this endpoint and owner.
func (p *Platform) are(tags map[string]string, name string) bool {
	return tags[tagEndpoint] == name && tags[tagOwner] == p.Owner
}
