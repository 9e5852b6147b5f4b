// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

// The runbook's lines that bring back an earlier version of a record do so, in a bucket
// that keeps versions. Moto's does; the sandbox's does not.
func TestRunbookBringsARecordBack(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not on PATH: the runbook's lines of it were not run")
	}
	w := newWorld(t, startMoto(t), 0)
	w.run(func(w *world) {
		_, err := w.s3.PutBucketVersioning(w.ctx, &s3.PutBucketVersioningInput{
			Bucket: aws.String(w.bucket()), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		w.ok(err)
		session := w.acquire("apply")
		for _, rule := range []string{"arn:first", "arn:second"} {
			w.commit(session, func(r *endpoint.Record) { r.RuleARN = rule; r.Append(w.note(rule)) })
		}
		w.put(w.recordKey(), "what somebody saved over it")
		_, err = w.journal(w.clock).Read(w.ctx, "checkout")
		w.failed(err, w.recordKey())

		list, restore := w.runbookLines()
		versions := regexp.MustCompile(`"VersionId": "([^"]+)"`).FindAllStringSubmatch(w.shell(list), -1) // the latest first
		if len(versions) < 2 {
			w.fatalf("the record has versions %v", versions)
		}
		w.shell(strings.ReplaceAll(restore, "VERSION", versions[1][1]))
		w.same("rule of the record", "arn:second", w.record().RuleARN)
		// Runs go on from there, and the trail with them.
		w.commit(w.acquire("next"), func(r *endpoint.Record) { r.Append(w.note("the next")) })
		told := w.trail()
		w.same("end of the trail", "the next", told[len(told)-1])
	})
	for _, failure := range w.failures {
		t.Error(failure)
	}
}

// runbookLines are those of the runbook's commands, for the world's record.
func (w *world) runbookLines() (list, restore string) {
	guide, err := os.ReadFile("../../templates/guides/runbook.md.tmpl")
	w.ok(err)
	lines := regexp.MustCompile(`(?m)^KEY=(\S+)\n(aws s3api list-object-versions .*)\n(aws s3api copy-object .*)\n`).FindStringSubmatch(string(guide))
	if lines == nil {
		w.fatalf("the runbook does not say how a version comes back")
	}
	w.same("record of the runbook", "records/123456789012/eu-west-1/checkout.json", lines[1])
	key := "KEY=" + w.recordKey() + "\n"
	return key + lines[2], key + lines[3]
}

func (w *world) recordKey() string {
	return "team/records/" + w.account + "/" + w.region + "/checkout.json"
}

// shell runs lines as somebody on call types them.
func (w *world) shell(lines string) string {
	command := exec.CommandContext(w.ctx, "sh", "-euc", lines)
	command.Env = append(os.Environ(), "IONROLLER_BUCKET="+w.bucket(), "AWS_ENDPOINT_URL="+w.url, "AWS_REGION="+w.region,
		"AWS_ACCESS_KEY_ID="+w.key, "AWS_SECRET_ACCESS_KEY="+w.secret, "AWS_CONFIG_FILE="+os.DevNull, "AWS_PAGER=", "PYTHONWARNINGS=ignore")
	out, err := command.CombinedOutput()
	if err != nil {
		w.fatalf("%s\n%s%v", lines, out, err)
	}
	return string(out)
}
