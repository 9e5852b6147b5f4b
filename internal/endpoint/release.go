// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Release is all that is baked into an environment: a change to any of it makes
// a new environment.
type Release struct {
	Version   string    `json:"version"` // the image's tag
	Container Container `json:"container"`
	Beanstalk Beanstalk `json:"beanstalk"`
	Health    Health    `json:"health"`
}

// Container is the Docker container every instance runs.
type Container struct {
	Image       string            `json:"image"` // repository, without a tag
	Port        int               `json:"port"`  // the port the container listens on
	Command     []string          `json:"command,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
	// Secrets are environment variables by the ARN of the secret or parameter that
	// holds their value. The value itself is never seen here.
	Secrets      map[string]string `json:"secrets,omitempty"`
	Volumes      []Volume          `json:"volumes,omitempty"`
	RegistryAuth RegistryAuth      `json:"registry_auth,omitzero"`
}

// Volume is a directory of the instance that the container sees.
type Volume struct {
	HostDirectory      string `json:"host_directory"`
	ContainerDirectory string `json:"container_directory"`
}

// RegistryAuth is the S3 object with the credentials of a private registry. Only
// the instances read it.
type RegistryAuth struct {
	Bucket string `json:"bucket,omitempty"` // empty is the bucket of the bundles
	Key    string `json:"key"`
}

// Beanstalk is the Elastic Beanstalk platform an environment runs on.
type Beanstalk struct {
	InstanceType    string   `json:"instance_type"`
	VPCID           string   `json:"vpc_id"`
	Subnets         []string `json:"subnets"`
	SecurityGroups  []string `json:"security_groups,omitempty"`
	InstanceProfile string   `json:"instance_profile"`
	ServiceRole     string   `json:"service_role"`
	KeyName         string   `json:"key_name,omitempty"`
	// PlatformARN pins a platform version; empty takes the recommended Docker
	// platform at the time the environment is made.
	PlatformARN string    `json:"platform_arn,omitempty"`
	Settings    []Setting `json:"settings,omitempty"`
	// Extensions are the files of .ebextensions in the bundle, by name.
	Extensions map[string]string `json:"extensions,omitempty"`
}

// Setting is one Elastic Beanstalk option setting.
type Setting struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Value     string `json:"value"`
}

// Health says when an instance is healthy, in the terms of an ELB target group.
type Health struct {
	Path               string   `json:"path"`
	Interval           Duration `json:"interval"`
	Timeout            Duration `json:"timeout"`
	HealthyThreshold   int      `json:"healthy_threshold"`
	UnhealthyThreshold int      `json:"unhealthy_threshold"`
	Matcher            string   `json:"matcher"` // HTTP codes, "200" or "200-299"
	// DeregistrationDelay is how long requests in flight may go on after a
	// target was taken out.
	DeregistrationDelay Duration `json:"deregistration_delay"`
}

// Reference is the image with its tag, as Docker pulls it.
func (r Release) Reference() string { return r.Container.Image + ":" + r.Version }

// Fingerprint names the release by what the user wrote: equal releases have
// equal fingerprints, whatever the order of sets. 12 hexadecimal digits.
func (r Release) Fingerprint() string {
	c := r
	c.Beanstalk.Subnets = sorted(r.Beanstalk.Subnets)
	c.Beanstalk.SecurityGroups = sorted(r.Beanstalk.SecurityGroups)
	c.Beanstalk.Settings = slices.SortedFunc(slices.Values(r.Beanstalk.Settings), CompareSettings)
	c.Container.Volumes = slices.SortedFunc(slices.Values(r.Container.Volumes), CompareVolumes)
	text, err := json.Marshal(c)
	if err != nil {
		panic("endpoint: a release is plain data and always marshals: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// CompareSettings orders option settings by namespace and name.
func CompareSettings(a, b Setting) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

// CompareVolumes orders volumes by the directory in the container.
func CompareVolumes(a, b Volume) int {
	return cmp.Or(strings.Compare(a.ContainerDirectory, b.ContainerDirectory), strings.Compare(a.HostDirectory, b.HostDirectory))
}

// Label is the release's Elastic Beanstalk version label: at most 100 characters
// because a version has at most MaxVersion.
func (r Release) Label() string { return r.Version + "-" + r.Fingerprint() }

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }
