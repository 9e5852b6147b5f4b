// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"
)

const (
	repository  = "../.."
	product     = "terraform-provider-ionroller"
	oneself     = "0.1.0-story" // the version of a release that the test makes itself
	releaseDist = "IONROLLER_DIST"
)

// A release can be installed from a filesystem mirror in an empty folder, and used
// there. In make snapshot it is the one that goreleaser made, which is checked in
// whole. Otherwise, because goreleaser takes minutes to build, the zip of this
// platform is made here by what .goreleaser.yml says of it.
func TestRelease(t *testing.T) {
	dist := os.Getenv(releaseDist)
	if dist == "" {
		dist = makeRelease(t)
	} else {
		checkRelease(t, dist)
	}
	zips, err := filepath.Glob(filepath.Join(dist, fmt.Sprintf("%s_*_%s_%s.zip", product, runtime.GOOS, runtime.GOARCH)))
	if err != nil || len(zips) != 1 {
		t.Fatalf("in %s there is no zip of this platform, or several: %v", dist, zips)
	}
	version := versionOf(zips[0])
	provider := providerIn(t, zips[0], version)
	// The same again, from another folder.
	if again := buildRelease(t, copySource(t), version); !bytes.Equal(again, provider) {
		t.Error("the binary is another one when it is built in another folder")
	}
	useRelease(t, zips[0], version)
}

// useRelease installs the provider as terraform init does from a mirror, and lives
// through an endpoint's life with it.
func useRelease(t *testing.T, archive, version string) {
	w := start(t, sandboxOfExamples)
	mirror := t.TempDir()
	// TF_ACC_PROVIDER_HOST is OpenTofu's registry where it is OpenTofu.
	host := os.Getenv("TF_ACC_PROVIDER_HOST")
	if host == "" {
		host = "registry.terraform.io"
	}
	place := filepath.Join(mirror, host, "ionroller", "ionroller")
	if err := os.MkdirAll(place, 0o755); err != nil {
		t.Fatal(err)
	}
	content := must[[]byte](w)(os.ReadFile(archive))
	config := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.ToSlash(mirror))
	ws := w.workspace()
	ws.env["TF_CLI_CONFIG_FILE"] = filepath.Join(mirror, "terraform.rc")
	for name, text := range map[string][]byte{
		filepath.Join(place, filepath.Base(archive)): content,
		ws.env["TF_CLI_CONFIG_FILE"]:                 []byte(config),
	} {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ws.exampleFrom("minimal")
	main := filepath.Join(ws.folder, "main.tf")
	text := must[[]byte](w)(os.ReadFile(main))
	source := []byte("source = \"ionroller/ionroller\"\n")
	pinned := fmt.Appendf(slices.Clone(source), "      version = %q\n", version)
	if err := os.WriteFile(main, bytes.Replace(text, source, pinned, 1), 0o644); err != nil {
		t.Fatal(err)
	}
	ws.example("init")
	ws.example("plan")
	ws.example("apply", "-auto-approve")
	ws.example("plan", "-detailed-exitcode")
	if s := ws.showExample(); s.Version != "1.0.0" || s.Status != "live" {
		t.Errorf("version %s is %s, want 1.0.0, live", s.Version, s.Status)
	}
	ws.example("destroy", "-auto-approve")
}

// recipe is what .goreleaser.yml says of the builds.
type recipe struct {
	Builds []struct {
		ID, Binary          string
		Env, Flags, Ldflags []string
	}
	Archives []struct {
		ID           string
		NameTemplate string `yaml:"name_template"`
	}
}

func readRecipe(t *testing.T) recipe {
	t.Helper()
	var r recipe
	text, err := os.ReadFile(filepath.Join(repository, ".goreleaser.yml"))
	if err == nil {
		err = yaml.Unmarshal(text, &r)
	}
	if err != nil || len(r.Builds) == 0 || len(r.Archives) == 0 || r.Builds[0].ID != "provider" || r.Archives[0].ID != "provider" {
		t.Fatalf(".goreleaser.yml does not begin with the provider: %v, %+v", err, r)
	}
	return r
}

// filledIn fills in a name of .goreleaser.yml.
func filledIn(t *testing.T, text, version string) string {
	t.Helper()
	parsed, err := template.New("name").Option("missingkey=error").Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := parsed.Execute(&b, map[string]string{"Version": version, "Os": runtime.GOOS, "Arch": runtime.GOARCH}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// buildRelease builds the provider in a folder with the project's source.
func buildRelease(t *testing.T, folder, version string) []byte {
	t.Helper()
	b := readRecipe(t).Builds[0]
	out := filepath.Join(t.TempDir(), "provider")
	args := append([]string{"build", "-o", out}, b.Flags...)
	for _, flags := range b.Ldflags {
		args = append(args, "-ldflags="+filledIn(t, flags, version))
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), b.Env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	binary, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// copySource copies what the program is built of.
func copySource(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	err := os.CopyFS(filepath.Join(folder, "internal"), os.DirFS(filepath.Join(repository, "internal")))
	for _, name := range []string{"main.go", "go.mod", "go.sum"} {
		var text []byte
		if err == nil {
			text, err = os.ReadFile(filepath.Join(repository, name))
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o644)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// makeRelease makes this platform's zip.
func makeRelease(t *testing.T) (dist string) {
	t.Helper()
	r := readRecipe(t)
	binary := filledIn(t, r.Builds[0].Binary, oneself)
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	header := &zip.FileHeader{Name: binary, Method: zip.Deflate}
	header.SetMode(0o755)
	entry, err := z.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(buildRelease(t, repository, oneself))
	}
	if err == nil {
		err = z.Close()
	}
	dist = t.TempDir()
	if err == nil {
		err = os.WriteFile(filepath.Join(dist, filledIn(t, r.Archives[0].NameTemplate, oneself)+".zip"), b.Bytes(), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dist
}

// versionOf reads the version from the name of a zip.
func versionOf(archive string) string {
	return strings.Split(filepath.Base(archive), "_")[1]
}

// providerIn reads the provider out of its zip, in which it has the name that
// Terraform looks for.
func providerIn(t *testing.T, archive, version string) []byte {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if strings.TrimSuffix(f.Name, ".exe") != product+"_v"+version {
			continue
		}
		if f.Mode()&0o111 == 0 && !strings.HasSuffix(f.Name, ".exe") {
			t.Errorf("%s in %s cannot be executed", f.Name, archive)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		binary, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return binary
	}
	t.Fatalf("%s has no %s_v%s", archive, product, version)
	return nil
}

// checkRelease checks all files that goreleaser made.
func checkRelease(t *testing.T, dist string) {
	t.Helper()
	zips, err := filepath.Glob(filepath.Join(dist, product+"_*.zip"))
	if err != nil || len(zips) == 0 {
		t.Fatalf("no zips in %s: %v", dist, err)
	}
	version := versionOf(zips[0])
	want := map[string]string{}
	for _, archive := range zips {
		want[filepath.Base(archive)] = sum(t, archive)
		provider := providerIn(t, archive, version)
		platform := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(archive), product+"_"+version+"_"), ".zip")
		if !bytes.Equal(commandIn(t, dist, version, platform), provider) {
			t.Errorf("the command for %s is not the provider's binary", platform)
		}
		if bom, err := os.ReadFile(filepath.Join(dist, product+"_"+version+"_"+platform+".cdx.json")); err != nil || !bytes.Contains(bom, []byte("terraform-plugin-framework")) {
			t.Errorf("no list of what is in the binary for %s: %v", platform, err)
		}
	}
	for _, platform := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64"} {
		if want[product+"_"+version+"_"+platform+".zip"] == "" {
			t.Errorf("no zip for %s", platform)
		}
	}
	want[product+"_"+version+"_manifest.json"] = sum(t, filepath.Join(repository, "terraform-registry-manifest.json"))
	text, err := os.ReadFile(filepath.Join(dist, product+"_"+version+"_SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || want[fields[1]] != fields[0] {
			t.Errorf("SHA256SUMS has the line %q, which is wrong or does not belong there", line)
			continue
		}
		delete(want, fields[1])
	}
	if len(want) > 0 {
		t.Errorf("SHA256SUMS lacks %v", want)
	}
}

// commandIn reads the command out of its archive.
func commandIn(t *testing.T, dist, version, platform string) []byte {
	t.Helper()
	name := filepath.Join(dist, "ionroller_"+version+"_"+platform)
	if z, err := zip.OpenReader(name + ".zip"); err == nil {
		defer z.Close()
		f, err := z.Open("ionroller.exe")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		binary, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return binary
	}
	f, err := os.Open(name + ".tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for entries := tar.NewReader(z); ; {
		h, err := entries.Next()
		if err != nil {
			t.Fatalf("%s.tar.gz has no ionroller: %v", name, err)
		}
		if h.Name != "ionroller" {
			continue
		}
		binary, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		return binary
	}
}

func sum(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := sha256.Sum256(text)
	return hex.EncodeToString(s[:])
}
