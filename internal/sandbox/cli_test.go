// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	ebtypes "github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// cli runs the AWS CLI as a user with no configuration but what the sandbox prints.
type cli struct {
	*world
	program string
}

// run gives what a command prints, as one line.
func (c cli) run(arguments ...string) string {
	c.Helper()
	out, problem := c.try(arguments...)
	if problem != "" {
		c.Fatalf("aws %s: %s", strings.Join(arguments, " "), problem)
	}
	return out
}

// try gives what a command prints or why it fails.
func (c cli) try(arguments ...string) (out, problem string) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(c.Context(), c.program, append(arguments, "--output", "text")...)
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	command.Env = append(command.Env, c.info.Variables...)
	command.Env = append(command.Env,
		"AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return "", err.Error() + "\n" + stderr.String()
	}
	return strings.Join(strings.Fields(stdout.String()), " "), ""
}

// want runs a command that must print exactly that.
func (c cli) want(want string, arguments ...string) {
	c.Helper()
	if got := c.run(arguments...); got != want {
		c.Errorf("aws %s: %q, want %q", strings.Join(arguments, " "), got, want)
	}
}

// refused runs a command that must fail with a code of AWS's.
func (c cli) refused(code string, arguments ...string) {
	c.Helper()
	if out, problem := c.try(arguments...); !strings.Contains(problem, "("+code+")") {
		c.Errorf("aws %s: want %s, got %q %s", strings.Join(arguments, " "), code, out, problem)
	}
}

// TestAWSCLI reads and writes in each service by the client that users have at
// hand. It takes a second a command, so there are few, in two rows.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the AWS CLI is not on PATH: the sandbox was not tried with it")
	}
	for name, row := range map[string]func(cli){"deploying": deployByCLI, "storing and watching": storeByCLI} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(cli{start(t, func(c *sandbox.Config) { c.NoIdleScaling = true }), program})
		})
	}
}

func deployByCLI(c cli) {
	file := func(name string, content []byte) string {
		path := filepath.Join(c.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			c.Fatal(err)
		}
		return path
	}
	c.want(c.info.VPCID, "ec2", "describe-vpcs", "--query", "Vpcs[].VpcId")
	c.want(strings.Join(c.info.Subnets, " "), "ec2", "describe-subnets", "--filters", "Name=vpc-id,Values="+c.info.VPCID, "--query", "Subnets[].SubnetId")

	c.run("s3", "cp", file("bundle.zip", bundle("acme/checkout:1.0.0")), "s3://"+c.info.Bucket+"/checkout/1.0.0.zip")
	c.want("Unprocessed", "elasticbeanstalk", "create-application-version", "--application-name", "checkout", "--version-label", "1.0.0",
		"--auto-create-application", "--source-bundle", "S3Bucket="+c.info.Bucket+",S3Key=checkout/1.0.0.zip", "--query", "ApplicationVersion.Status")
	var settings []string
	for _, s := range c.settings() {
		settings = append(settings, "Namespace="+*s.Namespace+",OptionName="+*s.OptionName+`,Value="`+*s.Value+`"`)
	}
	id := c.run(append([]string{"elasticbeanstalk", "create-environment", "--application-name", "checkout", "--environment-name", "checkout-1",
		"--version-label", "1.0.0", "--platform-arn", platformARN, "--query", "EnvironmentId", "--option-settings"}, settings...)...)
	c.untilStatus(id, ebtypes.EnvironmentStatusReady)
	c.want("checkout-1 1.0.0 Ready", "elasticbeanstalk", "describe-environments", "--query", "Environments[].[EnvironmentName,VersionLabel,Status]")

	stack := "awseb-" + id + "-stack"
	group := c.run("cloudformation", "describe-stack-resource", "--stack-name", stack, "--logical-resource-id", "AWSEBV2LoadBalancerTargetGroup",
		"--query", "StackResourceDetail.PhysicalResourceId")
	scaling := c.run("cloudformation", "describe-stack-resources", "--stack-name", stack,
		"--query", "StackResources[?ResourceType=='AWS::AutoScaling::AutoScalingGroup'].PhysicalResourceId")
	rule := c.run("elbv2", "create-rule", "--listener-arn", c.info.ListenerARN, "--priority", "5",
		"--conditions", "Field=host-header,Values=checkout.acme.com", "--actions", "Type=forward,TargetGroupArn="+group, "--query", "Rules[0].RuleArn")
	c.until("the targets are healthy", func() bool { return c.targets(group)["healthy"] == 2 })
	c.run("elbv2", "wait", "target-in-service", "--target-group-arn", group)
	if status, version := c.get("checkout.acme.com"); status != 200 || version != "1.0.0" {
		c.Errorf("the rule made by the CLI answers %d, version %q", status, version)
	}
	c.want("5 checkout.acme.com", "elbv2", "describe-rules", "--rule-arns", rule, "--query", "Rules[].[Priority,Conditions[0].HostHeaderConfig.Values[0]]")
	c.refused("PriorityInUse", "elbv2", "create-rule", "--listener-arn", c.info.ListenerARN, "--priority", "5",
		"--conditions", "Field=path-pattern,Values=/x", "--actions", "Type=forward,TargetGroupArn="+group)
	c.run("elbv2", "delete-rule", "--rule-arn", rule)

	c.run("autoscaling", "set-desired-capacity", "--auto-scaling-group-name", scaling, "--desired-capacity", "3")
	c.want("2 4 3", "autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", scaling,
		"--query", "AutoScalingGroups[].[MinSize,MaxSize,DesiredCapacity]")
	c.want("Terminating", "elasticbeanstalk", "terminate-environment", "--environment-name", "checkout-1", "--query", "Status")
}

func storeByCLI(c cli) {
	c.want(c.info.AccountID, "sts", "get-caller-identity", "--query", "Account")
	c.want("arn:aws:sts::210987654321:assumed-role/x/cli", "sts", "assume-role", "--role-arn", "arn:aws:iam::210987654321:role/x",
		"--role-session-name", "cli", "--query", "AssumedRoleUser.Arn")
	c.want("s3:GetObject allowed s3:PutObject implicitDeny", "iam", "simulate-principal-policy",
		"--policy-source-arn", "arn:aws:iam::"+c.info.AccountID+":user/read-only", "--action-names", "s3:GetObject", "s3:PutObject",
		"--resource-arns", "arn:aws:s3:::"+c.info.Bucket+"/x", "--query", "EvaluationResults[].[EvalActionName,ResourceSpecificResults[0].EvalResourceDecision]")
	c.want("AES256", "s3api", "get-bucket-encryption", "--bucket", c.info.Bucket,
		"--query", "ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.SSEAlgorithm")

	here, back, s3 := c.TempDir(), c.TempDir(), "s3://"+c.info.Bucket+"/site"
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	for name, content := range map[string][]byte{"big": big, "small": []byte("x"), "ü +": []byte("y")} {
		path, hourAgo := filepath.Join(here, name), time.Now().Add(-time.Hour)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			c.Fatal(err)
		}
		// What is as young as its object in S3, which keeps whole seconds, is synced again.
		if err := os.Chtimes(path, hourAgo, hourAgo); err != nil {
			c.Fatal(err)
		}
	}
	c.run("s3", "sync", here, s3) // the big file goes in parts
	c.want("16777216 3 1", "s3api", "list-objects-v2", "--bucket", c.info.Bucket, "--prefix", "site/",
		"--query", "[max(Contents[].Size),length(Contents),length(Contents[?ends_with(ETag,'-2\"')])]")
	c.want("", "s3", "sync", here, s3)
	c.run("s3", "cp", s3+"/big", s3+"/copy/big")
	c.run("s3", "cp", "--recursive", s3, back)
	for _, name := range []string{"big", "copy/big"} {
		if got, err := os.ReadFile(filepath.Join(back, name)); err != nil || !bytes.Equal(got, big) {
			c.Errorf("%s came back with %d bytes: %v", name, len(got), err)
		}
	}
	if got := c.run("s3", "ls", s3+"/"); !strings.HasPrefix(got, "PRE copy/ ") || !strings.HasSuffix(got, "1 ü +") {
		c.Errorf("s3 ls prints %q", got)
	}
	c.run("s3", "rm", "--recursive", s3+"/copy")
	c.refused("404", "s3api", "head-object", "--bucket", c.info.Bucket, "--key", "site/copy/big")
	c.refused("PreconditionFailed", "s3api", "put-object", "--bucket", c.info.Bucket, "--key", "site/small", "--if-none-match", "*")
	c.run("s3", "mb", "s3://made-by-the-cli")
	c.run("s3", "rb", "s3://made-by-the-cli")

	c.run("cloudwatch", "put-metric-alarm", "--alarm-name", "errors", "--namespace", "Acme", "--metric-name", "Errors", "--statistic", "Sum",
		"--period", "60", "--evaluation-periods", "1", "--threshold", "1", "--comparison-operator", "GreaterThanThreshold")
	c.run("cloudwatch", "put-metric-data", "--namespace", "Acme", "--metric-name", "Errors", "--value", "2")
	c.want("Errors", "cloudwatch", "list-metrics", "--namespace", "Acme", "--query", "Metrics[].MetricName")
	c.want("errors 1", "cloudwatch", "describe-alarms", "--query", "MetricAlarms[].[AlarmName,Threshold]")
	c.refused("ResourceNotFound", "cloudwatch", "set-alarm-state", "--alarm-name", "none", "--state-value", "OK", "--state-reason", "x")
}
