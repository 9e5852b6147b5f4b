// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

const passwordARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:checkout-AbCdEf"

// Secrets, volumes, a private registry and extensions reach the environment, and
// are baked in. The registry's credentials are read by nobody but the instances.
func TestEverythingOfARelease(t *testing.T) {
	w := start(t, sandbox.Config{})
	const credentials = "c2VjcmV0OnJlZ2lzdHJ5" // as Docker writes user and password
	w.put(w.info.Bucket, "registry.json", `{"auths": {"registry.example.com": {"auth": "`+credentials+`"}}}`)
	ws := w.workspace()
	ws.set("container", map[string]any{
		"image": "registry.example.com/acme/checkout", "registry_auth": map[string]any{"key": "registry.json"},
		"environment": map[string]string{"LOG": "info"}, "secrets": map[string]string{"PASSWORD": passwordARN},
		"volumes": []any{
			map[string]string{"host_directory": "/var/b", "container_directory": "/b"},
			map[string]string{"host_directory": "/var/a", "container_directory": "/a"},
		},
	})
	ws.set("beanstalk.extensions", map[string]string{"10-files.config": "files: {}\n"})
	ws.apply()
	ws.wantEmptyPlan()
	first := ws.show().ActiveEnvironment

	if got := w.option(first, "aws:elasticbeanstalk:application:environmentsecrets", "PASSWORD"); got != passwordARN {
		t.Errorf("the secret is set to %q", got)
	}
	if got := w.option(first, "aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled"); got != "false" {
		t.Errorf("managed updates are set to %q", got)
	}
	bundle := w.bundle(first)
	var dockerrun struct {
		Authentication map[string]string
		Volumes        []map[string]string
	}
	if err := json.Unmarshal([]byte(bundle["Dockerrun.aws.json"]), &dockerrun); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"Bucket": w.info.Bucket, "Key": "registry.json"}, dockerrun.Authentication); diff != "" {
		t.Error(diff)
	}
	if len(dockerrun.Volumes) != 2 || dockerrun.Volumes[0]["ContainerDirectory"] != "/a" {
		t.Errorf("the volumes are %v", dockerrun.Volumes)
	}
	if bundle[".ebextensions/10-files.config"] != "files: {}\n" {
		t.Errorf("the bundle is %v", bundle)
	}

	imported := ws.clone()
	if r := imported.terraform("import", "ionroller_endpoint.checkout", "checkout"); r.code != 0 {
		t.Fatalf("import failed:\n%s", r.out)
	}
	imported.wantEmptyPlan()

	ws.set("beanstalk.extensions", map[string]string{"10-files.config": "files: {}\npackages: {}\n"})
	if plan, _ := ws.planned(); plan.Kind != "new" {
		t.Errorf("a changed extension is planned as %+v", plan)
	}
	ws.apply()
	if s := ws.show(); s.ActiveEnvironment == first || s.Version != "1.0.0" {
		t.Errorf("after a changed extension the state is %+v", s)
	}

	w.wantUntold(ws, credentials)
	for _, c := range w.Calls() {
		if c.Operation == "GetObject" && strings.Contains(string(c.Parameters), "registry.json") {
			t.Errorf("the credentials were read by %s", c.Principal)
		}
	}
}

// A release runs the image that its tag pointed to when it was packed: the tag is
// moved, and an environment that is lost is made again of the same image.
func TestImageStays(t *testing.T) {
	w := start(t, sandbox.Config{})
	image := w.info.AccountID + ".dkr.ecr." + w.info.Region + ".amazonaws.com/checkout"
	first := must[string](w)(w.Push("checkout", "1.0.0", "first"))
	ws := w.workspace()
	ws.set("container.image", image)
	ws.apply()
	lost := ws.show().Environments[0]
	if lost.ImageDigest != first || lost.PlatformARN == "" {
		t.Errorf("the state is %+v, want the digest %s and a platform", lost, first)
	}

	must[string](w)(w.Push("checkout", "1.0.0", "second"))
	ws.wantEmptyPlan()
	w.terminate(lost.Name)
	ws.apply()
	made := ws.show()
	if made.ActiveEnvironment == lost.Name || made.Environments[len(made.Environments)-1].ImageDigest != first {
		t.Errorf("in place of %s there is %+v, want the digest %s", lost.Name, made, first)
	}
	var dockerrun struct{ Image struct{ Name string } }
	if err := json.Unmarshal([]byte(w.bundle(made.ActiveEnvironment)["Dockerrun.aws.json"]), &dockerrun); err != nil || dockerrun.Image.Name != image+":1.0.0@"+first {
		t.Errorf("the bundle has %q, %v", dockerrun.Image.Name, err)
	}

	ws.set("version", "1.1.0")
	if r := ws.terraform("plan"); r.code != 1 || !r.says("there is no image "+image+":1.1.0: push it first") {
		t.Errorf("the plan for an image that was not pushed ended with code %d:\n%s", r.code, r.out)
	}
	ws.set("version", "1.0.0")
	ws.wantEmptyPlan()
}

// A retired platform is named at plan, and used all the same.
func TestRetiredPlatform(t *testing.T) {
	w := start(t, sandbox.Config{})
	const retired = "arn:aws:elasticbeanstalk:us-east-1::platform/Docker running on 64bit Amazon Linux 2/4.0.8"
	ws := w.workspace()
	ws.set("beanstalk.platform_arn", retired)
	if r := ws.plan(true); !r.says("Warning: Doubtful beanstalk.platform_arn") || !r.says(`"Docker running on 64bit Amazon Linux 2" of `+retired+" is retired") {
		t.Errorf("plan does not name the retired platform:\n%s", r.out)
	}
	ws.apply()
	ws.wantEmptyPlan()
	if arn := w.record().Environment(ws.show().ActiveEnvironment).PlatformARN; arn != retired {
		t.Errorf("it runs on %s", arn)
	}
}

// put writes an object.
func (w *world) put(bucket, key, text string) {
	w.Helper()
	must[*s3.PutObjectOutput](w)(w.s3.PutObject(w.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)}))
}

// option is the value of an environment's option setting.
func (w *world) option(environment, namespace, name string) string {
	w.Helper()
	out := must[*elasticbeanstalk.DescribeConfigurationSettingsOutput](w)(w.eb.DescribeConfigurationSettings(w.Context(), &elasticbeanstalk.DescribeConfigurationSettingsInput{
		ApplicationName: aws.String("checkout"), EnvironmentName: &environment,
	}))
	for _, o := range out.ConfigurationSettings[0].OptionSettings {
		if *o.Namespace == namespace && *o.OptionName == name {
			return aws.ToString(o.Value)
		}
	}
	return ""
}

// bundle reads the files of an environment's source bundle.
func (w *world) bundle(environment string) map[string]string {
	w.Helper()
	label := w.record().Environment(environment).Release.Label()
	versions := must[*elasticbeanstalk.DescribeApplicationVersionsOutput](w)(w.eb.DescribeApplicationVersions(w.Context(), &elasticbeanstalk.DescribeApplicationVersionsInput{
		ApplicationName: aws.String("checkout"), VersionLabels: []string{label},
	})).ApplicationVersions
	if len(versions) != 1 {
		w.Fatalf("there are %d versions %s", len(versions), label)
	}
	b := versions[0].SourceBundle
	object := must[*s3.GetObjectOutput](w)(w.s3.GetObject(w.Context(), &s3.GetObjectInput{Bucket: b.S3Bucket, Key: b.S3Key}))
	defer object.Body.Close()
	packed := must[[]byte](w)(io.ReadAll(object.Body))
	archive := must[*zip.Reader](w)(zip.NewReader(bytes.NewReader(packed), int64(len(packed))))
	files := map[string]string{}
	for _, f := range archive.File {
		files[f.Name] = string(must[[]byte](w)(fs.ReadFile(archive, f.Name)))
	}
	return files
}

// wantUntold expects a text neither in the state nor in the journal.
func (w *world) wantUntold(ws *workspace, secret string) {
	w.Helper()
	state := must[[]byte](w)(os.ReadFile(filepath.Join(ws.folder, "terraform.tfstate")))
	if bytes.Contains(state, []byte(secret)) {
		w.Error("the state tells the credentials")
	}
	for _, key := range w.keys() {
		if key == "registry.json" {
			continue
		}
		object := must[*s3.GetObjectOutput](w)(w.s3.GetObject(w.Context(), &s3.GetObjectInput{Bucket: &w.info.Bucket, Key: &key}))
		text := must[[]byte](w)(io.ReadAll(object.Body))
		object.Body.Close()
		if bytes.Contains(text, []byte(secret)) {
			w.Errorf("%s tells the credentials", key)
		}
	}
}
