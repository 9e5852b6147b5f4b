// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"
)

func (s beanstalk) CreateApplicationVersion(_ context.Context, in *elasticbeanstalk.CreateApplicationVersionInput) (*elasticbeanstalk.CreateApplicationVersionOutput, error) {
	if err := checkLength("versionLabel", *in.VersionLabel, 1, 100); err != nil {
		return nil, err
	}
	if err := checkLength("description", value(in.Description), 0, 200); err != nil {
		return nil, err
	}
	a, err := s.application(*in.ApplicationName)
	if err != nil && value(in.AutoCreateApplication) {
		a, err = s.createApplication(*in.ApplicationName, "", nil)
	}
	if err != nil {
		return nil, err
	}
	if _, err := a.version(*in.VersionLabel); err == nil {
		return nil, invalidValue("Application Version %s already exists.", *in.VersionLabel)
	}
	count := 0
	for _, other := range s.applications {
		count += len(other.versions)
	}
	if most := s.config.Quotas.ApplicationVersions; count >= most {
		return nil, &types.TooManyApplicationVersionsException{Message: ptr(fmt.Sprintf("You cannot have more than %d Application Versions. Either remove some Application Versions first or request a limit increase.", most))}
	}
	if err := s.checkSourceBundle(in.SourceBundle); err != nil {
		return nil, err
	}
	v := &applicationVersion{ApplicationVersionDescription: types.ApplicationVersionDescription{
		ApplicationName: in.ApplicationName, VersionLabel: in.VersionLabel, Description: in.Description,
		ApplicationVersionArn: ptr(s.arn("elasticbeanstalk", "applicationversion/"+a.name+"/"+*in.VersionLabel)),
		SourceBundle:          in.SourceBundle, SourceBuildInformation: in.SourceBuildInformation,
		DateCreated: ptr(s.now()), DateUpdated: ptr(s.now()), Status: types.ApplicationVersionStatusUnprocessed,
	}}
	if value(in.Process) {
		v.Status = types.ApplicationVersionStatusProcessed
	}
	if err := setBeanstalkTags(&v.tags, in.Tags); err != nil {
		return nil, err
	}
	a.versions = slices.Insert(a.versions, 0, v)
	return &elasticbeanstalk.CreateApplicationVersionOutput{ApplicationVersion: &v.ApplicationVersionDescription}, nil
}

func (s beanstalk) checkSourceBundle(b *types.S3Location) error {
	if b == nil {
		return nil // Elastic Beanstalk's own sample application
	}
	bucket, key := value(b.S3Bucket), value(b.S3Key)
	if bucket == "" || key == "" {
		return invalidCombination("Both S3Bucket and S3Key must be specified for the source bundle.")
	}
	region, ok := s.objects.BucketRegion(bucket)
	if ok && region != s.config.Region {
		return &types.S3LocationNotInServiceRegionException{Message: ptr(fmt.Sprintf("The specified S3 bucket %s is in the region %s, not in the service region %s.", bucket, region, s.config.Region))}
	}
	if _, found := s.objects.Get(bucket, key); !ok || !found {
		return invalidCombination("Unable to download from S3 location (Bucket: %s  Key: %s). Reason: Not Found", bucket, key)
	}
	return nil
}

func (s beanstalk) DescribeApplicationVersions(_ context.Context, in *elasticbeanstalk.DescribeApplicationVersionsInput) (*elasticbeanstalk.DescribeApplicationVersionsOutput, error) {
	var found []types.ApplicationVersionDescription
	for _, a := range s.applications {
		if in.ApplicationName != nil && a.name != *in.ApplicationName {
			continue
		}
		for _, v := range a.versions {
			if len(in.VersionLabels) == 0 || slices.Contains(in.VersionLabels, *v.VersionLabel) {
				found = append(found, v.ApplicationVersionDescription)
			}
		}
	}
	list, next, err := page(found, in.NextToken, in.MaxRecords, 1000)
	return &elasticbeanstalk.DescribeApplicationVersionsOutput{ApplicationVersions: list, NextToken: next}, err
}

func (s beanstalk) DeleteApplicationVersion(_ context.Context, in *elasticbeanstalk.DeleteApplicationVersionInput) (*elasticbeanstalk.DeleteApplicationVersionOutput, error) {
	a, err := s.application(*in.ApplicationName)
	if err != nil {
		return nil, err
	}
	v, err := a.version(*in.VersionLabel)
	if err != nil { // deleting what is gone succeeds
		return &elasticbeanstalk.DeleteApplicationVersionOutput{}, nil
	}
	for _, e := range s.present() {
		if *e.ApplicationName == a.name && value(e.VersionLabel) == *v.VersionLabel {
			return nil, &types.OperationInProgressException{Message: ptr(fmt.Sprintf("Unable to delete application version %s because it is deployed to the environment %s.", *v.VersionLabel, e.name()))}
		}
	}
	if b := v.SourceBundle; value(in.DeleteSourceBundle) && b != nil {
		s.objects.Delete(*b.S3Bucket, *b.S3Key)
	}
	a.versions = slices.DeleteFunc(a.versions, func(x *applicationVersion) bool { return x == v })
	return &elasticbeanstalk.DeleteApplicationVersionOutput{}, nil
}

func itoa(n int) string { return strconv.Itoa(n) }
