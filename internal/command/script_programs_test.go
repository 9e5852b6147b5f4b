// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/hashicorp/go-hclog"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

func connectForTest(ctx context.Context, run string) (*roller.Roller, error) {
	return onaws.Connect(ctx, onaws.Config{
		AWS: awsclient.Config{Product: "ionroller", Version: "test"}, Bucket: os.Getenv("IONROLLER_BUCKET"),
		Owner: os.Getenv("IONROLLER_OWNER"), Run: run, Log: hclog.NewNullLogger(),
	})
}

// apart takes the options of a deploy, which have names, from its steps.
func apart(words []string) (steps, options []string) {
	for _, w := range words {
		if strings.Contains(w, "=") {
			options = append(options, w)
		} else {
			steps = append(steps, w)
		}
	}
	return steps, options
}

// option changes a spec by one of the options of a deploy.
func option(s *endpoint.Spec, text string) (err error) {
	name, value, _ := strings.Cut(text, "=")
	switch name {
	case "env":
		variable, text, _ := strings.Cut(value, "=")
		s.Release.Container.Environment = map[string]string{variable: text}
	case "alarm":
		s.Rollout.Alarms = append(s.Rollout.Alarms, value)
	case "max_weight":
		s.Rollout.MaxWeight, err = strconv.Atoi(value)
	case "on_failure":
		s.Rollout.OnFailure = endpoint.OnFailure(value)
	default:
		err = fmt.Errorf("there is no such option")
	}
	return err
}

// empower makes a key pair that of a user who has a policy, less some of its actions and
// with those that have a + before them.
func empower(ts *testscript.TestScript, not bool, args []string) {
	if not || len(args) < 2 {
		ts.Fatalf("usage: empower KEY POLICY [ACTION...] [+ACTION...]")
	}
	var policy permission.Policy
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &policy))
	for i := range policy.Statement {
		s := &policy.Statement[i]
		s.Action = slices.DeleteFunc(s.Action, func(action string) bool { return slices.Contains(args[2:], action) })
	}
	policy.Statement = slices.DeleteFunc(policy.Statement, func(s permission.Statement) bool { return len(s.Action) == 0 })
	for _, arg := range args[2:] {
		if action, more := strings.CutPrefix(arg, "+"); more {
			policy.Statement = append(policy.Statement, permission.Statement{Effect: "Allow", Action: []string{action}, Resource: []string{"*"}})
		}
	}
	body, err := json.Marshal(map[string]any{"name": args[0], "policy": policy})
	ts.Check(err)
	request, err := http.NewRequest(http.MethodPut, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/principals/"+args[0], bytes.NewReader(body))
	ts.Check(err)
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("the sandbox answers %s", response.Status)
	}
}

// meddleMain is the program meddle.
func meddleMain() {
	os.Setenv("AWS_ACCESS_KEY_ID", os.Getenv("MEDDLERS_ACCESS_KEY_ID"))
	if err := meddle(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "meddle:", err)
		os.Exit(1)
	}
}

func meddle(ctx context.Context, what, name string, versions []string) error {
	loop, err := connectForTest(ctx, "meddle")
	if err != nil {
		return err
	}
	clients, err := awsclient.New(ctx, awsclient.Config{Product: "meddle", Version: "test"})
	if err != nil {
		return err
	}
	record, err := loop.Journal.Read(ctx, name)
	if err != nil || record == nil {
		return fmt.Errorf("endpoint %s: %v, %w", name, record, err)
	}
	var chosen []endpoint.Environment
	for _, version := range versions {
		for _, e := range record.Environments {
			if e.Release.Version == version {
				chosen = append(chosen, e)
			}
		}
	}
	switch what {
	case "weights": // all environments named get the same share
		forward := &types.ForwardActionConfig{}
		for i := range chosen {
			weight := int32(1)
			forward.TargetGroups = append(forward.TargetGroups, types.TargetGroupTuple{TargetGroupArn: &chosen[i].TargetGroup, Weight: &weight})
		}
		_, err = clients.LoadBalancing.ModifyRule(ctx, &elb.ModifyRuleInput{
			RuleArn: &record.RuleARN, Actions: []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: forward}},
		})
	case "unrule":
		_, err = clients.LoadBalancing.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: &record.RuleARN})
	case "forge": // an event of the trail
		key := fmt.Sprintf("trail/%s/%s/%s/%010d.json", record.Account, record.Region, name, 2)
		_, err = clients.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(os.Getenv("IONROLLER_BUCKET")), Key: &key, Body: strings.NewReader(`{"sequence":2}`)})
	case "garble": // the record
		key := fmt.Sprintf("records/%s/%s/%s.json", record.Account, record.Region, name)
		_, err = clients.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(os.Getenv("IONROLLER_BUCKET")), Key: &key, Body: strings.NewReader("{")})
	case "unlisten":
		_, err = clients.LoadBalancing.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: &record.Desired.Routing.ListenerARN})
	case "terminate":
		for _, e := range chosen {
			if _, err := clients.Beanstalk.TerminateEnvironment(ctx, &elasticbeanstalk.TerminateEnvironmentInput{EnvironmentId: &e.ID}); err != nil {
				return err
			}
		}
	default:
		err = fmt.Errorf("there is no way to meddle by %q", what)
	}
	return err
}

// serviceMain is a user's own service, with a process that it has started. A stubborn
// one does not end when it is asked to.
func serviceMain() {
	if len(os.Args) > 1 && os.Args[1] == "stubborn" {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		go func() {
			<-asked
			fmt.Println("asked to end")
		}()
	}
	child := exec.Command("sleep", "1000")
	if err := child.Start(); err != nil {
		panic(err)
	}
	fmt.Println("pids", os.Getpid(), child.Process.Pid)
	err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	fmt.Println(err)
	os.Exit(1)
}
