// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package beanstalk_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/rollout"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

const (
	branch = "arn:aws:elasticbeanstalk:us-east-1::platform/Docker running on 64bit Amazon Linux "
	older  = branch + "2023/4.8.2"
	ecr    = "123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout"
	// retired is of a branch that is retired, and from before there were secrets.
	retired = branch + "2/4.0.8"
	secret  = "arn:aws:secretsmanager:us-east-1:123456789012:secret:checkout-AbCdEf"
)

// push puts an image into ECR, of which nothing matters but that it differs.
func (w *world) push(tag, content string) (digest string) {
	w.Helper()
	digest, err := w.sandbox.Push("checkout", tag, content)
	w.ok(err)
	return digest
}

// befall makes things go wrong, as it is written on a command line.
func (w *world) befall(text string) {
	w.Helper()
	f, err := faults.Parse(text)
	w.ok(err)
	w.ok(w.sandbox.SetFaults(faults.Settings{Faults: []faults.Fault{f}}))
}

func (w *world) put(bucket, key string) {
	w.Helper()
	_, err := w.clients.S3.PutObject(w.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(`{"auths": {}}`)})
	w.ok(err)
}

// What a release asks for is looked for before anything is made of it.
func TestCheckRelease(t *testing.T) {
	for name, c := range map[string]struct {
		ask      func(*world, *endpoint.Release)
		problems []string // parts of them, "warning" before those that stop nothing
	}{
		"all there": {func(w *world, r *endpoint.Release) {
			w.put(w.info.Bucket, "registry.json")
			r.Container.Secrets = map[string]string{"PASSWORD": secret}
			r.Container.RegistryAuth.Key = "registry.json"
			r.Beanstalk.PlatformARN = older
		}, nil},
		"a retired platform": {func(_ *world, r *endpoint.Release) {
			r.Beanstalk.PlatformARN = retired
		}, []string{`warning beanstalk.platform_arn: platform branch "Docker running on 64bit Amazon Linux 2" of ` + retired + " is retired"}},
		"secrets on a platform that knows none": {func(_ *world, r *endpoint.Release) {
			r.Beanstalk.PlatformARN = retired
			r.Container.Secrets = map[string]string{"PASSWORD": secret}
		}, []string{"warning beanstalk.platform_arn", "container.secrets: platform " + retired + " is of 2025-02-10 and cannot read secrets: Elastic Beanstalk's platforms can since 2025-03-26"}},
		"one key of a secret there": {func(_ *world, r *endpoint.Release) {
			r.Beanstalk.PlatformARN = retired
			r.Container.Secrets = map[string]string{"PASSWORD": secret + ":password"}
		}, []string{"warning beanstalk.platform_arn", "cannot read single keys of JSON secrets: Elastic Beanstalk's platforms can since 2026-01-13"}},
		"credentials that are not there": {func(_ *world, r *endpoint.Release) {
			r.Container.RegistryAuth.Key = "registry.json"
		}, []string{"container.registry_auth: there is no object s3://ionroller-sandbox/registry.json"}},
		"credentials in another Region": {func(w *world, r *endpoint.Release) {
			_, err := w.clients.S3.CreateBucket(w.Context(), &s3.CreateBucketInput{
				Bucket: aws.String("elsewhere"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1},
			})
			w.ok(err)
			r.Container.RegistryAuth = endpoint.RegistryAuth{Bucket: "elsewhere", Key: "registry.json"}
		}, []string{"container.registry_auth: bucket elsewhere is in Region eu-west-1 and the endpoint is in us-east-1"}},
		"an image in ECR": {func(w *world, r *endpoint.Release) {
			w.push("1.0.0", "{}")
			r.Container.Image = ecr
		}, nil},
		"an image that was not pushed": {func(w *world, r *endpoint.Release) {
			w.push("0.9.0", "{}")
			r.Container.Image = ecr
		}, []string{"version: there is no image " + ecr + ":1.0.0"}},
		"a repository that is not there": {func(_ *world, r *endpoint.Release) {
			r.Container.Image = ecr
		}, []string{"container.image: there is no repository checkout in ECR of account 123456789012 and Region us-east-1"}},
		"no leave to look": {func(w *world, r *endpoint.Release) {
			w.befall("ecr:DescribeImages error=AccessDeniedException")
			r.Container.Image = ecr
		}, []string{"warning container.image: what " + ecr + ":1.0.0 points to cannot be told"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			c.ask(w, &w.record.Desired.Release)
			problems, err := w.platform.Check(t.Context(), w.record, true)
			w.ok(err)
			var told []string
			for _, p := range problems {
				if p.Warning {
					told = append(told, "warning "+p.Error())
				} else {
					told = append(told, p.Error())
				}
			}
			if len(told) != len(c.problems) {
				t.Fatalf("%q, wanted %q", told, c.problems)
			}
			for i, want := range c.problems {
				if !strings.Contains(told[i], want) {
					t.Errorf("%q, wanted %q", told[i], want)
				}
			}
		})
	}
}

// An environment comes up with all that a release can say.
func TestLaunchOfEverything(t *testing.T) {
	w := newWorld(t, nil)
	w.put(w.info.Bucket, "registry.json")
	r := w.release("1.0.0")
	r.Container.Secrets = map[string]string{"PASSWORD": secret}
	r.Container.Volumes = []endpoint.Volume{{HostDirectory: "/var/app/data", ContainerDirectory: "/data"}}
	r.Container.RegistryAuth.Key = "registry.json"
	r.Beanstalk.Extensions = map[string]string{"10-files.config": "files: {}\n"}
	e := w.launch(r)
	set := w.options(e)
	for option, want := range map[string]string{
		"aws:elasticbeanstalk:application:environmentsecrets PASSWORD":     secret,
		"aws:elasticbeanstalk:managedactions ManagedActionsEnabled":        "false",
		"aws:elasticbeanstalk:environment:process:default HealthCheckPath": "/healthz",
	} {
		if set[option] != want {
			t.Errorf("%s is %q, want %q", option, set[option], want)
		}
	}
}

// options are the environment's option settings as Elastic Beanstalk has them.
func (w *world) options(e *endpoint.Environment) map[string]string {
	w.Helper()
	out, err := w.clients.Beanstalk.DescribeConfigurationSettings(w.Context(), &elasticbeanstalk.DescribeConfigurationSettingsInput{
		ApplicationName: &w.record.Endpoint, EnvironmentName: &e.Name,
	})
	w.ok(err)
	set := map[string]string{}
	for _, o := range out.ConfigurationSettings[0].OptionSettings {
		set[*o.Namespace+" "+*o.OptionName] = aws.ToString(o.Value)
	}
	return set
}

// Credentials that vanish after the check fail the launch, and say so.
func TestLaunchWithoutCredentials(t *testing.T) {
	w := newWorld(t, nil)
	r := w.release("1.0.0")
	r.Container.RegistryAuth.Key = "registry.json"
	e := w.add(r)
	w.ok(w.platform.Launch(t.Context(), w.record, e))
	s := w.until(e, "failed", func(s rollout.Sight) bool { return len(s.Errors) > 0 })
	if all := strings.Join(s.Errors, "\n"); !strings.Contains(all, "failed to download authentication credentials registry.json") {
		t.Errorf("the errors are %s", all)
	}
}

// An environment is made again on the platform version that its release proved
// itself on, as long as there is one.
func TestLaunchOnTheKeptPlatform(t *testing.T) {
	for name, c := range map[string]struct{ named, kept, want string }{
		"kept":              {"", older, older},
		"kept, but gone":    {"", branch + "2023/4.0.0", branch + "2023/4.9.0"},
		"named":             {branch + "2023/4.8.0", older, branch + "2023/4.8.0"},
		"nothing known":     {"", "", branch + "2023/4.9.0"},
		"named and retired": {retired, "", retired},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			r := w.release("1.0.0")
			r.Beanstalk.PlatformARN = c.named
			e := w.add(r)
			e.PlatformARN = c.kept
			w.ok(w.platform.Launch(t.Context(), w.record, e))
			if s := w.see(e); s.PlatformARN != c.want {
				t.Errorf("it runs on %s, want %s", s.PlatformARN, c.want)
			}
		})
	}
}

// An environment runs what the tag pointed to when its release was packed, wherever
// the tag is moved, and whichever answers were lost.
func TestImageDigest(t *testing.T) {
	w := newWorld(t, nil)
	first := w.push("1.0.0", "first")
	r := w.release("1.0.0")
	r.Container.Image = ecr
	w.befall("elasticbeanstalk:CreateApplicationVersion drop nth=1")
	e := w.launch(r)
	if want := ecr + ":1.0.0@" + first; e.ImageDigest != first || w.packed(r) != want {
		t.Errorf("the record has %q, the bundle %q, want %q", e.ImageDigest, w.packed(r), want)
	}

	second := w.push("1.0.0", "second")
	w.ok(w.platform.Launch(t.Context(), w.record, e)) // the answer was lost: again
	again := w.add(r)
	w.ok(w.platform.Launch(t.Context(), w.record, again))
	if w.see(again); again.ImageDigest != first {
		t.Errorf("another environment of the release has %q, want %q", again.ImageDigest, first)
	}
	r.Container.Environment = map[string]string{"A": "1"}
	other := w.add(r)
	w.ok(w.platform.Launch(t.Context(), w.record, other))
	if w.see(other); other.ImageDigest != second {
		t.Errorf("an environment of another release has %q, want %q", other.ImageDigest, second)
	}

	// What proved itself is made again, though its version is gone.
	r.Container.Environment = map[string]string{"A": "2"}
	kept := w.add(r)
	kept.ImageDigest = first
	w.ok(w.platform.Launch(t.Context(), w.record, kept))
	if w.see(kept); kept.ImageDigest != first || w.packed(r) != ecr+":1.0.0@"+first {
		t.Errorf("it is made again of %q, %s, want %q", kept.ImageDigest, w.packed(r), first)
	}
}

// Who may not ask ECR gets what the tag points to; an image that is not there is
// refused for good.
func TestImageWithoutDigest(t *testing.T) {
	w := newWorld(t, nil)
	w.push("1.0.0", "first")
	w.befall("ecr:DescribeImages error=AccessDeniedException")
	r := w.release("1.0.0")
	r.Container.Image = ecr
	if e := w.launch(r); e.ImageDigest != "" || w.packed(r) != ecr+":1.0.0" {
		t.Errorf("the record has %q, the bundle %q", e.ImageDigest, w.packed(r))
	}
	w.befall("ecr:DescribeImages delay=1ms")
	r.Version = "9.9.9"
	var refused *roller.Refusal
	if err := w.platform.Launch(t.Context(), w.record, w.add(r)); !errors.As(err, &refused) || !strings.Contains(err.Error(), "resolving image "+ecr+":9.9.9") {
		t.Errorf("launching an image that is not there: %v", err)
	}
}

// packed is the image in a release's bundle.
func (w *world) packed(r endpoint.Release) string {
	w.Helper()
	key := "bundles/" + w.info.AccountID + "/" + w.info.Region + "/checkout/" + r.Label() + ".zip"
	out, err := w.clients.S3.GetObject(w.Context(), &s3.GetObjectInput{Bucket: &w.info.Bucket, Key: &key})
	w.ok(err)
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	w.ok(err)
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	w.ok(err)
	file, err := archive.Open("Dockerrun.aws.json")
	w.ok(err)
	defer file.Close()
	var d struct{ Image struct{ Name string } }
	w.ok(json.NewDecoder(file).Decode(&d))
	return d.Image.Name
}
