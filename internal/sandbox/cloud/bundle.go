// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
)

// dockerrun is Dockerrun.aws.json, version 1, as far as an instance follows it.
type dockerrun struct {
	Version        any `json:"AWSEBDockerrunVersion"`
	Authentication struct{ Bucket, Key string }
	Image          struct{ Name string }
	Ports          []struct{ ContainerPort any }
	Volumes        []struct{ HostDirectory, ContainerDirectory string }
}

// readBundle reads a source bundle as the Docker platform does.
func readBundle(bundle []byte) (d dockerrun, err error) {
	archive, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return d, fmt.Errorf("the source bundle is not a zip archive: %w", err)
	}
	f, err := archive.Open("Dockerrun.aws.json")
	if err != nil {
		return d, fmt.Errorf("'Dockerfile' and 'Dockerrun.aws.json' are both missing, abort deployment")
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return d, fmt.Errorf("reading Dockerrun.aws.json: %w", err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("failed to parse Dockerrun.aws.json: %w", err)
	}
	return d, d.check()
}

func (d dockerrun) check() error {
	if v := fmt.Sprint(d.Version); v != "1" {
		return fmt.Errorf("invalid Dockerrun.aws.json version %s, abort deployment", v)
	}
	if d.Image.Name == "" {
		return fmt.Errorf("invalid Dockerrun.aws.json: no image is named, abort deployment")
	}
	if len(d.Ports) == 0 || fmt.Sprint(d.Ports[0].ContainerPort) == "" {
		return fmt.Errorf("no container port is named in Dockerrun.aws.json, abort deployment")
	}
	for _, v := range d.Volumes {
		if !path.IsAbs(v.HostDirectory) || !path.IsAbs(v.ContainerDirectory) {
			return fmt.Errorf("invalid volume %s:%s in Dockerrun.aws.json, abort deployment", v.HostDirectory, v.ContainerDirectory)
		}
	}
	return nil
}

// image is what a bundle's instances are to run: the image's name and, as the
// version, its tag or else its digest.
func (c *Cloud) image(bundle []byte) (name, version string, err error) {
	d, err := readBundle(bundle)
	if err != nil {
		return "", "", err
	}
	if auth := d.Authentication; auth.Bucket != "" || auth.Key != "" {
		region, _ := c.objects.BucketRegion(auth.Bucket)
		if _, ok := c.objects.Get(auth.Bucket, auth.Key); !ok || region != c.config.Region {
			return "", "", fmt.Errorf("failed to download authentication credentials %s from bucket %s", auth.Key, auth.Bucket)
		}
	}
	if err := c.pull(d.Image.Name); err != nil {
		return "", "", err
	}
	name, version = splitImage(d.Image.Name)
	return name, version, nil
}

// splitImage takes registry/repository:tag@digest apart.
func splitImage(reference string) (name, version string) {
	name, digest, _ := strings.Cut(reference, "@")
	slash := strings.LastIndex(name, "/")
	if tag := strings.LastIndex(name, ":"); tag > slash {
		return name[:tag], name[tag+1:]
	}
	if digest != "" {
		return name, digest
	}
	return name, "latest"
}
