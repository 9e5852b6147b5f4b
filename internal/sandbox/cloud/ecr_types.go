// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import "time"

// The structs of ECR's operations, as far as they are followed: the SDK's client of
// ECR is not among the project's dependencies.

type createRepositoryInput struct {
	RegistryID     *string `wire:"registryId"`
	RepositoryName *string `wire:"repositoryName"`
}

type createRepositoryOutput struct {
	Repository *repositoryDescription `wire:"repository"`
}

type repositoryDescription struct {
	RepositoryARN      *string    `wire:"repositoryArn"`
	RegistryID         *string    `wire:"registryId"`
	RepositoryName     *string    `wire:"repositoryName"`
	RepositoryURI      *string    `wire:"repositoryUri"`
	CreatedAt          *time.Time `wire:"createdAt"`
	ImageTagMutability *string    `wire:"imageTagMutability"`
}

type putImageInput struct {
	RegistryID     *string `wire:"registryId"`
	RepositoryName *string `wire:"repositoryName"`
	ImageManifest  *string `wire:"imageManifest"`
	ImageTag       *string `wire:"imageTag"`
}

type putImageOutput struct {
	Image *registryImage `wire:"image"`
}

type registryImage struct {
	RegistryID     *string          `wire:"registryId"`
	RepositoryName *string          `wire:"repositoryName"`
	ImageID        *imageIdentifier `wire:"imageId"`
	ImageManifest  *string          `wire:"imageManifest"`
}

type imageIdentifier struct {
	ImageDigest *string `wire:"imageDigest"`
	ImageTag    *string `wire:"imageTag"`
}

type describeImagesInput struct {
	RegistryID     *string           `wire:"registryId"`
	RepositoryName *string           `wire:"repositoryName"`
	ImageIDs       []imageIdentifier `wire:"imageIds"`
	NextToken      *string           `wire:"nextToken"`
	MaxResults     *int32            `wire:"maxResults"`
}

type describeImagesOutput struct {
	ImageDetails []imageDetail `wire:"imageDetails"`
	NextToken    *string       `wire:"nextToken"`
}

type imageDetail struct {
	RegistryID       *string    `wire:"registryId"`
	RepositoryName   *string    `wire:"repositoryName"`
	ImageDigest      *string    `wire:"imageDigest"`
	ImageTags        []string   `wire:"imageTags"`
	ImageSizeInBytes *int64     `wire:"imageSizeInBytes"`
	ImagePushedAt    *time.Time `wire:"imagePushedAt"`
}
