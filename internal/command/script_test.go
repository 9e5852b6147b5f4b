// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission/holders"
	"github.com/ionroller/terraform-provider-ionroller/internal/provider"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ionroller":                    func() { become(holders.Task("ionroller", os.Args[1:]...)); os.Exit(Main("1.2.3")) },
		"terraform-provider-ionroller": providerMain,
		"deploy":                       deployMain,
		"meddle":                       meddleMain,
		"checkout-service":             serviceMain,
	})
}

// itsHolder stands for the credentials of who has the policy for what a program does,
// and nothing else.
const itsHolder = "its holder"

// become takes the credentials of a policy's holder, where they are meant.
func become(t permission.Task) {
	if os.Getenv("AWS_ACCESS_KEY_ID") == itsHolder {
		os.Setenv("AWS_ACCESS_KEY_ID", holders.Key(t))
	}
}

// providerMain is the provider, as the program is when Terraform starts it.
func providerMain() {
	become(permission.Provider)
	if err := provider.Serve(context.Background(), "1.2.3", false); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Each script has a sandbox of its own, to which its environment leads; a file
// time-scale makes its clock run quicker. Beside the usual commands there are
//
//	exits CODE PROGRAM ARGUMENT...             expects an exit code
//	until REGEXP PROGRAM ARGUMENT...           waits until a program's output is such
//	deploy ENDPOINT VERSION FOR [STEP...]      does what an apply does, with a retention
//	empower KEY POLICY [ACTION...] [+ACTION...]
//	                                           gives a key pair a policy, but for these actions, and more
//	meddle HOW ENDPOINT [VERSION...]           does by hand what people should not do
//
// A step is WEIGHT:BAKE, or WEIGHT:BAKE:DEADLINE with a pause; nowait ends the deploy
// at the first of them. Among them may be max_weight=N, on_failure=freeze, alarm=NAME
// and env=NAME=VALUE.
//
// What ionroller and deploy do, they do with the policy for it and nothing else. Only
// meddle may do everything.
//
// Terraform finds the provider in the test's own binary.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			config := sandbox.Config{Speed: 300}
			if text, err := os.ReadFile(filepath.Join(e.WorkDir, "time-scale")); err == nil {
				if config.TimeScale, err = strconv.ParseFloat(strings.TrimSpace(string(text)), 64); err != nil {
					return err
				}
			}
			s, err := sandbox.Start(context.Background(), config)
			if err != nil {
				return err
			}
			e.Defer(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				for _, message := range holders.Lacks(s) {
					t.Errorf("%s: the policies lack something: %s", e.WorkDir, message)
				}
			})
			if err := holders.Make(s); err != nil {
				return err
			}
			info := s.Info()
			for _, setting := range info.Variables {
				if name, value, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "TF_VAR_") {
					e.Setenv(name, value)
				}
			}
			cliConfig, err := terraformConfig(e.WorkDir)
			if err != nil {
				return err
			}
			for name, value := range map[string]string{
				"AWS_ENDPOINT_URL": info.EndpointURL, "AWS_REGION": info.Region,
				"AWS_ACCESS_KEY_ID": itsHolder, "AWS_SECRET_ACCESS_KEY": info.SecretAccessKey, "MEDDLERS_ACCESS_KEY_ID": info.AccessKeyID,
				"AWS_EC2_METADATA_DISABLED": "true", "IONROLLER_BUCKET": info.Bucket, "IONROLLER_OWNER": "acme",
				"VPC_ID": info.VPCID, "SUBNET": info.Subnets[0], "LISTENER_ARN": info.ListenerARN,
				"READ_ONLY_ACCESS_KEY_ID": info.ReadOnlyAccessKeyID, "READ_ONLY_SECRET_ACCESS_KEY": info.ReadOnlySecretAccessKey,
				"TF_CLI_CONFIG_FILE": cliConfig, "CHECKPOINT_DISABLE": "1",
			} {
				e.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "until": until, "empower": empower},
	})
}

// terraformConfig lets Terraform find the provider beside the command.
func terraformConfig(folder string) (string, error) {
	command, err := exec.LookPath("ionroller")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, ".terraformrc")
	return path, os.WriteFile(path, fmt.Appendf(nil, "provider_installation {\n  dev_overrides {\n    \"ionroller/ionroller\" = %s\n  }\n}\n",
		strconv.Quote(filepath.ToSlash(filepath.Dir(command)))), 0o644)
}

func exits(ts *testscript.TestScript, not bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if not || err != nil {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENT...")
	}
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// until runs a program again and again, until its output is as wanted or a minute is
// over.
func until(ts *testscript.TestScript, not bool, args []string) {
	if not || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP PROGRAM ARGUMENT...")
	}
	want := regexp.MustCompile("(?m)" + args[0])
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("waited in vain for %s: %v", want, err)
		}
	}
}

// deployMain is the program deploy. An interrupt ends it as it does an apply.
func deployMain() {
	become(permission.Provider)
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt) //nolint:govet // it lasts as long as the program
	if err := deploy(ctx, os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "deploy:", err)
		os.Exit(1)
	}
}

// steps reads those of a deploy.
func steps(words []string) (endpoint.RolloutPolicy, error) {
	p := endpoint.RolloutPolicy{HealthyWithin: endpoint.Duration(time.Hour)}
	for _, word := range words {
		if word == "nowait" {
			p.NoWait = true
			continue
		}
		parts := append(strings.Split(word, ":"), "", "")
		weight, err := strconv.Atoi(parts[0])
		if err != nil {
			return p, err
		}
		s := endpoint.Step{Weight: weight}
		if s.Bake, err = endpoint.ParseDuration(parts[1]); err != nil {
			return p, err
		}
		if parts[2] != "" {
			s.Pause.Then = endpoint.ThenRollback
			if s.Pause.Deadline, err = endpoint.ParseDuration(parts[2]); err != nil {
				return p, err
			}
		}
		p.Steps = append(p.Steps, s)
	}
	return p, nil
}

func deploy(ctx context.Context, name, version, retention string, words []string) error {
	words, options := apart(words)
	policy, err := steps(words)
	if err != nil {
		return err
	}
	loop, err := connectForTest(ctx, "deploy")
	if err != nil {
		return err
	}
	keep, err := endpoint.ParseDuration(retention)
	if err != nil {
		return err
	}
	second := endpoint.Duration(1e9)
	spec := endpoint.Spec{
		Name: name,
		Release: endpoint.Release{
			Version: version, Container: endpoint.Container{Image: "acme/" + name, Port: 8080},
			Beanstalk: endpoint.Beanstalk{InstanceType: "t3.small", VPCID: os.Getenv("VPC_ID"), Subnets: []string{os.Getenv("SUBNET")}, InstanceProfile: "aws-elasticbeanstalk-ec2-role", ServiceRole: "aws-elasticbeanstalk-service-role"},
			Health: endpoint.Health{
				Path: "/healthz", Interval: 15 * second, Timeout: 5 * second, HealthyThreshold: 3, UnhealthyThreshold: 5,
				Matcher: "200", DeregistrationDelay: second,
			},
		},
		Capacity:  endpoint.Capacity{Min: 1, Max: 2},
		Routing:   endpoint.Routing{ListenerARN: os.Getenv("LISTENER_ARN"), Hosts: []string{name + ".example.com"}},
		Rollout:   policy,
		Retention: endpoint.Retention{KeepFor: keep, Max: 2},
	}
	for _, o := range options {
		if err := option(&spec, o); err != nil {
			return fmt.Errorf("%s: %w", o, err)
		}
	}
	world, err := loop.Observe(ctx, name)
	if err != nil {
		return err
	}
	if world == nil {
		_, err = loop.Create(ctx, spec)
	} else {
		_, err = loop.Update(ctx, spec, nil)
	}
	return err
}
