// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Images asks Amazon ECR about images. It makes the one call that is needed of it
// by hand, in AWS JSON 1.1.
type Images struct {
	config aws.Config
	url    string // where ECR is; empty for its own place
}

// Image is an image in a registry of Amazon ECR.
type Image struct {
	Registry   string // account
	Region     string
	Domain     string // "amazonaws.com"
	Repository string
	Tag        string
}

// NewImages returns what asks as whom a configuration says, at a URL or, without one,
// where ECR is.
func NewImages(config aws.Config, url string) *Images { return &Images{config, url} }

// Digest returns what the image's tag points to, "sha256:...".
func (i *Images) Digest(ctx context.Context, image Image) (string, error) {
	input := map[string]any{
		"registryId": image.Registry, "repositoryName": image.Repository,
		"imageIds": []map[string]string{{"imageTag": image.Tag}},
	}
	var output struct {
		ImageDetails []struct {
			ImageDigest string `json:"imageDigest"`
		} `json:"imageDetails"`
	}
	if err := i.call(ctx, image, "DescribeImages", input, &output); err != nil {
		return "", err
	}
	if len(output.ImageDetails) != 1 || !strings.HasPrefix(output.ImageDetails[0].ImageDigest, "sha256:") {
		return "", fmt.Errorf("ECR describes %d images for tag %s of %s", len(output.ImageDetails), image.Tag, image.Repository)
	}
	return output.ImageDetails[0].ImageDigest, nil
}

// call makes a call, again as long as the SDK would.
func (i *Images) call(ctx context.Context, image Image, operation string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	var retryer aws.Retryer = retry.NewStandard()
	if i.config.Retryer != nil {
		retryer = i.config.Retryer()
	}
	for attempt := 1; ; attempt++ {
		err := i.once(ctx, image, operation, body, output)
		if err == nil || attempt >= retryer.MaxAttempts() || !retryer.IsErrorRetryable(err) {
			return err
		}
		delay, delayErr := retryer.RetryDelay(attempt, err)
		if delayErr != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(delay):
		}
	}
}

func (i *Images) once(ctx context.Context, image Image, operation string, body []byte, output any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, i.endpoint(image), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921."+operation)
	credentials, err := i.config.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "ecr", image.Region, time.Now()); err != nil {
		return err
	}
	var client aws.HTTPClient = awshttp.NewBuildableClient()
	if i.config.HTTPClient != nil {
		client = i.config.HTTPClient
	}
	response, err := client.Do(request)
	if err != nil {
		return &smithy.OperationError{ServiceID: "ECR", OperationName: operation, Err: &smithyhttp.RequestSendError{Err: err}}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return &smithy.OperationError{ServiceID: "ECR", OperationName: operation, Err: err}
	case response.StatusCode != http.StatusOK:
		return refusal(operation, response, answer)
	}
	return json.Unmarshal(answer, output)
}

// maxAnswer is more than any answer that is waited for.
const maxAnswer = 1 << 20

// endpoint is where the image's registry takes calls. AWS_ENDPOINT_URL and
// AWS_ENDPOINT_URL_ECR lead elsewhere, as in every SDK.
//
// Source of the names: the endpoint rules of ECR in the AWS SDK.
func (i *Images) endpoint(image Image) string {
	host, domain := "api.ecr", image.Domain
	fips, dual := i.wants()
	if fips {
		host = "ecr-fips"
	}
	if dual {
		host = strings.TrimPrefix(host, "api.")
		domain = map[string]string{"amazonaws.com": "api.aws", "amazonaws.com.cn": "api.amazonwebservices.com.cn"}[domain]
	}
	return cmp.Or(i.url, os.Getenv("AWS_ENDPOINT_URL_ECR"), aws.ToString(i.config.BaseEndpoint),
		"https://"+host+"."+image.Region+"."+domain) + "/"
}

// wants says whether FIPS and dual-stack endpoints are configured.
func (i *Images) wants() (fips, dual bool) {
	ctx := context.Background() // nothing is waited for
	for _, source := range slices.Backward(i.config.ConfigSources) {
		if s, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok {
			if state, found, err := s.GetUseFIPSEndpoint(ctx); err == nil && found {
				fips = state == aws.FIPSEndpointStateEnabled
			}
		}
		if s, ok := source.(interface {
			GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
		}); ok {
			if state, found, err := s.GetUseDualStackEndpoint(ctx); err == nil && found {
				dual = state == aws.DualStackEndpointStateEnabled
			}
		}
	}
	return fips, dual
}

// refusal makes of an answer the error that the SDK would.
func refusal(operation string, response *http.Response, answer []byte) error {
	var told struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if json.Unmarshal(answer, &told) != nil || told.Type == "" {
		told.Type, told.Message = "UnknownError", http.StatusText(response.StatusCode)
	}
	code := told.Type[strings.LastIndex(told.Type, "#")+1:]
	return &smithy.OperationError{ServiceID: "ECR", OperationName: operation, Err: &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: response},
			Err:      &smithy.GenericAPIError{Code: code, Message: told.Message},
		},
		RequestID: response.Header.Get("X-Amzn-Requestid"),
	}}
}
