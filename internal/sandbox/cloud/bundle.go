// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// dockerrun is Dockerrun.aws.json, version 1, as far as an instance follows it.
type dockerrun struct {
	Version any `json:"AWSEBDockerrunVersion"`
	Image   struct{ Name string }
	Ports   []struct{ ContainerPort any }
}

// bundledImage reads a source bundle as the Docker platform does and gives its
// image's name and, as the version, its tag or else its digest.
func bundledImage(bundle []byte) (image, version string, err error) {
	archive, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return "", "", fmt.Errorf("the source bundle is not a zip archive: %w", err)
	}
	f, err := archive.Open("Dockerrun.aws.json")
	if err != nil {
		return "", "", fmt.Errorf("'Dockerfile' and 'Dockerrun.aws.json' are both missing, abort deployment")
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return "", "", fmt.Errorf("reading Dockerrun.aws.json: %w", err)
	}
	var d dockerrun
	if err := json.Unmarshal(text, &d); err != nil {
		return "", "", fmt.Errorf("failed to parse Dockerrun.aws.json: %w", err)
	}
	if v := fmt.Sprint(d.Version); v != "1" {
		return "", "", fmt.Errorf("invalid Dockerrun.aws.json version %s, abort deployment", v)
	}
	if d.Image.Name == "" {
		return "", "", fmt.Errorf("invalid Dockerrun.aws.json: no image is named, abort deployment")
	}
	if len(d.Ports) == 0 || fmt.Sprint(d.Ports[0].ContainerPort) == "" {
		return "", "", fmt.Errorf("no container port is named in Dockerrun.aws.json, abort deployment")
	}
	image, version = splitImage(d.Image.Name)
	return image, version, nil
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
