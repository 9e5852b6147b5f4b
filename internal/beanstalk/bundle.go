// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// dockerrun is Dockerrun.aws.json, version 1: the Docker platform runs the one
// container that it names.
type dockerrun struct {
	Version        string          `json:"AWSEBDockerrunVersion"`
	Authentication *authentication `json:"Authentication,omitempty"`
	Image          image           `json:"Image"`
	Ports          []ports         `json:"Ports"`
	Volumes        []volume        `json:"Volumes,omitempty"`
	Command        string          `json:"Command,omitempty"`
}

// authentication is the S3 object with a registry's credentials. The instances
// fetch it; it is never read here.
type authentication struct {
	Bucket string `json:"Bucket"`
	Key    string `json:"Key"`
}

type image struct {
	Name   string `json:"Name"`
	Update string `json:"Update"` // "true": pull it even when a copy is there
}

type ports struct {
	ContainerPort int `json:"ContainerPort"`
}

type volume struct {
	HostDirectory      string `json:"HostDirectory"`
	ContainerDirectory string `json:"ContainerDirectory"`
}

// bundled is the time of the files in a bundle: a bundle is a function of its
// release and digest, byte for byte.
var bundled = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// bundle packs a release as Elastic Beanstalk's Docker platform takes it. digest is
// that of its image, or "".
func (p *Platform) bundle(r endpoint.Release, digest string) ([]byte, error) {
	text, err := json.MarshalIndent(p.dockerrun(r, digest), "", "  ")
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	add := func(name, content string) error {
		file, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: bundled})
		if err == nil {
			_, err = io.WriteString(file, content)
		}
		return err
	}
	if err := add("Dockerrun.aws.json", string(text)+"\n"); err != nil {
		return nil, err
	}
	extensions := r.Beanstalk.Extensions
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		if err := add(".ebextensions/"+name, extensions[name]); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func (p *Platform) dockerrun(r endpoint.Release, digest string) dockerrun {
	d := dockerrun{
		Version: "1",
		Image:   image{Name: r.Reference(), Update: "true"},
		Ports:   []ports{{r.Container.Port}},
		Command: shellWords(r.Container.Command),
	}
	if digest != "" {
		// Docker pulls by the digest, wherever the tag points to by then.
		d.Image.Name += "@" + digest
	}
	for _, v := range slices.SortedFunc(slices.Values(r.Container.Volumes), endpoint.CompareVolumes) {
		d.Volumes = append(d.Volumes, volume(v))
	}
	if auth := r.Container.RegistryAuth; auth.Key != "" {
		d.Authentication = &authentication{Bucket: cmp.Or(auth.Bucket, p.Bucket), Key: auth.Key}
	}
	return d
}

// bundleKey is the key of a release's bundle.
func (p *Platform) bundleKey(name string, r endpoint.Release) string {
	return fmt.Sprintf("bundles/%s/%s/%s/%s.zip", p.account, p.region, name, r.Label())
}

// shellWords joins words into one command line, as a shell splits it again: the
// platform puts Command behind "docker run" as it stands.
func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.ContainsFunc(w, special) {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// special says that a shell might read something into a character.
func special(c rune) bool {
	letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	return !letter && !strings.ContainsRune("-_=+./:,@%", c)
}
