// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// dockerrun is Dockerrun.aws.json, version 1: the Docker platform runs the one
// container that it names.
type dockerrun struct {
	Version string  `json:"AWSEBDockerrunVersion"`
	Image   image   `json:"Image"`
	Ports   []ports `json:"Ports"`
	Command string  `json:"Command,omitempty"`
}

type image struct {
	Name   string `json:"Name"`
	Update string `json:"Update"` // "true": pull it even when a copy is there
}

type ports struct {
	ContainerPort int `json:"ContainerPort"`
}

// bundled is the time of the file in a bundle: a bundle is a function of its
// release, byte for byte.
var bundled = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// bundle packs a release as Elastic Beanstalk's Docker platform takes it.
func bundle(r endpoint.Release) ([]byte, error) {
	text, err := json.MarshalIndent(dockerrun{
		Version: "1",
		Image:   image{Name: r.Reference(), Update: "true"},
		Ports:   []ports{{r.Container.Port}},
		Command: shellWords(r.Container.Command),
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	file, err := archive.CreateHeader(&zip.FileHeader{Name: "Dockerrun.aws.json", Method: zip.Deflate, Modified: bundled})
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(append(text, '\n')); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
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
