// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// secondAccount is the one that the example of several accounts deploys to first.
const secondAccount = "210987654321"

// setAccounts sets the variables of the example of several accounts. An account of
// the sandbox begins when one of its roles is assumed.
func (ws *workspace) setAccounts() {
	ws.Helper()
	ws.env["AWS_ACCESS_KEY_ID"] = ws.info.AccessKeyID // which may assume roles
	role := func(account string) string { return "arn:aws:iam::" + account + ":role/deploy" }
	client := sts.New(sts.Options{Region: ws.info.Region, BaseEndpoint: &ws.info.EndpointURL, Credentials: credentials.NewStaticCredentialsProvider(ws.info.AccessKeyID, ws.info.SecretAccessKey, "")})
	must[*sts.AssumeRoleOutput](ws.world)(client.AssumeRole(ws.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(role(secondAccount)), RoleSessionName: aws.String("story"),
	}))
	for variable, account := range map[string]string{"staging": secondAccount, "production": ws.info.AccountID} {
		a := ws.Info().Accounts[account]
		ws.env["TF_VAR_"+variable] = string(must[[]byte](ws.world)(json.Marshal(map[string]any{
			"role_arn": role(account), "bucket": a.Bucket, "vpc_id": a.VPCID, "subnets": a.Subnets, "listener_arn": a.ListenerARN,
		})))
	}
}

// Examples that make things with the AWS provider beside ours are good by the AWS
// provider itself. The one of alarms is applied too; for the complete one the
// sandbox lacks the network, roles and attributes of buckets.
func TestExamplesWithAWS(t *testing.T) {
	mirror := awsMirror(t)
	w := start(t, sandboxOfExamples)
	for name, applied := range map[string]bool{"alarms": runtime.GOOS != "windows", "complete": false} {
		ws := w.workspace()
		ws.beside(mirror)
		ws.exampleFrom(name)
		ws.env["AWS_ACCESS_KEY_ID"] = ws.info.AccessKeyID // the AWS provider makes more than endpoints
		ws.example("init")
		if !applied {
			ws.example("validate")
			continue
		}
		ws.example("apply", "-auto-approve") // validates too; the AWS provider is slow to start
		if s := ws.showExample(); s.Version != "1.0.0" || s.Status != "live" {
			t.Errorf("%s: version %s is %s, want 1.0.0, live", name, s.Version, s.Status)
		}
		ws.example("plan", "-detailed-exitcode")
		ws.example("destroy", "-auto-approve")
	}
}

// The policy for CI in the complete example is what the command prints.
func TestCompleteExampleHasThePolicy(t *testing.T) {
	w := start(t, sandboxOfExamples)
	ws := w.workspace()
	r := ws.ionroller("iam-policy", "--for", "provider", "-o", "hcl", "--bucket", "BUCKET", "--role", "INSTANCES,SERVICE")
	if r.code != 0 {
		t.Fatal(r.out)
	}
	want := strings.NewReplacer("BUCKET", "${aws_s3_bucket.deployments.bucket}",
		`"INSTANCES"`, "aws_iam_role.instances.arn", `"SERVICE"`, "aws_iam_role.service.arn").Replace(string(r.json))
	text := must[[]byte](w)(os.ReadFile(filepath.Join(examples, "complete", "ci.tf")))
	if !bytes.Contains(text, []byte(want)) {
		t.Errorf("examples/complete/ci.tf does not have the policy of the command:\n%s", want)
	}
}

// awsMirror finds a filesystem mirror with the AWS provider: in TF_AWS_MIRROR, where
// terraform itself looks, or where images with providers have them.
func awsMirror(t *testing.T) string {
	t.Helper()
	home, _ := os.UserHomeDir()
	places := []string{os.Getenv("TF_AWS_MIRROR"), filepath.Join(home, ".terraform.d", "plugins"), "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"}
	more, _ := filepath.Glob("/opt/*")
	for _, place := range append(places, more...) {
		found, _ := filepath.Glob(filepath.Join(place, "registry.terraform.io", "hashicorp", "aws", "*"))
		if place != "" && len(found) > 0 {
			return place
		}
	}
	t.Skip("the examples with the AWS provider are not validated: no filesystem mirror with hashicorp/aws was found; make one with terraform providers mirror and say where in TF_AWS_MIRROR")
	return ""
}

// beside lets terraform init find the AWS provider in a mirror, and ours beside it.
func (ws *workspace) beside(mirror string) {
	ws.Helper()
	const version = "0.1.0"
	ours := ws.TempDir()
	place := filepath.Join(ours, "registry.terraform.io", "ionroller", "ionroller", version, runtime.GOOS+"_"+runtime.GOARCH)
	config := filepath.Join(ours, "terraform.rc")
	err := os.MkdirAll(place, 0o755)
	if err == nil {
		err = os.Symlink(program.ionroller, filepath.Join(place, "terraform-provider-ionroller_v"+version))
	}
	if err == nil {
		err = os.WriteFile(config, fmt.Appendf(nil, `provider_installation {
  filesystem_mirror {
    path    = %q
    include = ["ionroller/ionroller"]
  }
  filesystem_mirror {
    path    = %q
    include = ["hashicorp/aws"]
  }
}
`, filepath.ToSlash(ours), filepath.ToSlash(mirror)), 0o644)
	}
	if err != nil {
		ws.Fatal(err)
	}
	ws.env["TF_CLI_CONFIG_FILE"] = config
}
