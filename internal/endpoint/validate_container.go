// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	imageForm = regexp.MustCompile(`^[a-z0-9]+([._/:-]+[a-z0-9]+)*$`)
	tagged    = regexp.MustCompile(`(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]+)$`)
	// secretForm is an ARN that Elastic Beanstalk reads a variable from: a secret,
	// perhaps with one of its JSON keys, or a parameter.
	secretForm = regexp.MustCompile(`^arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:\s]+(:[^:\s]+)?|ssm:[a-z0-9-]+:\d{12}:parameter/\S+)$`)
	jsonKey    = regexp.MustCompile(`:secret:[^:]+:.`)
	bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// JSONKey says that a secret's ARN names one key of a JSON document.
func JSONKey(arn string) bool { return jsonKey.MatchString(arn) }

func (v *validator) container(c Container) {
	switch {
	case c.Image == "":
		v.add("container.image", "is empty: name the image's repository, as in \"acme/checkout\"")
	case tagged.MatchString(c.Image[max(strings.LastIndex(c.Image, "/"), 0):]):
		v.add("container.image", "%q has a tag: leave it out, the tag is the attribute version", c.Image)
	case !imageForm.MatchString(c.Image):
		v.add("container.image", "%q is not an image repository: lower-case letters, digits and separators, as in \"acme/checkout\"", c.Image)
	}
	if c.Port < 1 || c.Port > 65535 {
		v.add("container.port", "%d is not a port: 1 to 65535", c.Port)
	}
	v.variables("container.environment", c.Environment)
	v.variables("container.secrets", c.Secrets)
	v.secrets(c)
	v.volumes(c.Volumes)
	v.registryAuth(c.RegistryAuth)
}

func (v *validator) variables(attribute string, variables map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if name == "" || len(name) > 127 {
			v.add(attribute, "%q: a variable's name has 1 to 127 characters", name)
		}
	}
}

// What is wrong with a secret's reference is said without the reference: it may be
// the secret itself, by mistake.
func (v *validator) secrets(c Container) {
	for _, name := range slices.Sorted(maps.Keys(c.Secrets)) {
		if !secretForm.MatchString(c.Secrets[name]) {
			v.add("container.secrets", "the value of %s is not the ARN of a Secrets Manager secret or of an SSM parameter: secrets are given by reference, as in \"arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf\" or \"arn:aws:ssm:REGION:ACCOUNT:parameter/NAME\"", name)
		}
		if _, twice := c.Environment[name]; twice {
			v.add("container.secrets", "%s is in container.environment too: a variable has one value, so take it out of one of the two", name)
		}
	}
}

func (v *validator) volumes(volumes []Volume) {
	inside := map[string]bool{}
	for _, m := range volumes {
		for _, directory := range []string{m.HostDirectory, m.ContainerDirectory} {
			switch {
			case !path.IsAbs(directory) || path.Clean(directory) != directory || directory == "/":
				v.add("container.volumes", "%q is not a directory's whole path: begin with /, and leave out a / at the end, // and ..", directory)
			case strings.ContainsAny(directory, ":,"):
				v.add("container.volumes", "%q has a colon or a comma, which Docker takes for a separator", directory)
			}
		}
		if inside[m.ContainerDirectory] {
			v.add("container.volumes", "container_directory %q is in two volumes: the container sees one directory there", m.ContainerDirectory)
		}
		inside[m.ContainerDirectory] = true
	}
}

func (v *validator) registryAuth(a RegistryAuth) {
	if a == (RegistryAuth{}) {
		return
	}
	if a.Bucket != "" && !bucketForm.MatchString(a.Bucket) {
		v.add("container.registry_auth.bucket", "%q is not the name of an S3 bucket", a.Bucket)
	}
	if a.Key == "" || len(a.Key) > 1024 || strings.HasPrefix(a.Key, "/") {
		v.add("container.registry_auth.key", "%q is not the key of an S3 object: 1 to 1024 characters, as in \"registry/config.json\"", a.Key)
	}
}
