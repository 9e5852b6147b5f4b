// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// watched is a shell script that runs a server until its own standard input ends.
// That it does with the test, in whichever way the test ends, so no server stays.
const watched = `trap "" INT; "$@" & read -r _; kill $!; wait`

// startMoto starts moto's server on a free port of loopback, and ends it with the
// test.
func startMoto(t *testing.T) *backend {
	program, err := exec.LookPath("moto_server")
	shell, noShell := exec.LookPath("sh")
	if err != nil || noShell != nil {
		t.Skip("moto_server (or sh to run it) is not on PATH, so the contracts are held against the sandbox alone: pip install 'moto[server]==" + motoVersion + "'")
	}
	address := freeAddress(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := exec.Command(shell, "-c", watched, "sh", program, "-H", host, "-p", port)
	server.Stdout, server.Stderr = &log, &log
	life, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatalf("starting moto_server: %v", err)
	}
	transport := &http.Transport{}
	end := sync.OnceFunc(func() {
		transport.CloseIdleConnections()
		if err := life.Close(); err != nil {
			t.Error(err)
		}
		_ = server.Wait() // it was ended by a signal, and says so
	})
	t.Cleanup(end)
	b := &backend{
		name: "moto", url: "http://" + address, region: region, key: "AKIAMOTO", secret: "secret",
		account: "123456789012", partial: true, transport: olderProtocol{transport}, scalingGroup: createScalingGroup,
	}
	if version := versionOf(t, program); version != motoVersion {
		b.unrecorded = fmt.Sprintf("this is moto %s, and differences are recorded of %s", version, motoVersion)
		t.Log(b.unrecorded)
	}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	for range 800 {
		if err = b.findNetwork(client); err == nil {
			return b
		}
		time.Sleep(25 * time.Millisecond) // another program's start cannot be waited for in any other way
	}
	end()
	t.Fatalf("moto_server does not get ready: %v; it said:\n%s", err, log.String())
	return nil
}

// versionOf asks the Python that runs a program for the version of its moto; the
// server does not tell it.
func versionOf(t *testing.T, program string) string {
	if resolved, err := filepath.EvalSymlinks(program); err == nil {
		program = resolved
	}
	python := []string{filepath.Join(filepath.Dir(program), "python3")}
	if script, err := os.ReadFile(program); err == nil {
		line, _, _ := strings.Cut(string(script), "\n")
		if interpreter, ok := strings.CutPrefix(line, "#!"); ok && strings.Contains(interpreter, "python") {
			python = strings.Fields(interpreter)
		}
	}
	python = append(python, "-c", "from importlib.metadata import version; print(version('moto'))")
	out, err := exec.CommandContext(t.Context(), python[0], python[1:]...).Output()
	if err != nil {
		return fmt.Sprintf("of an unknown version (%v)", err)
	}
	return strings.TrimSpace(string(out))
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// findNetwork learns the default VPC and its subnets. EC2's SDK is not worth its
// size for one question.
func (b *backend) findNetwork(client *http.Client) error {
	r, err := http.NewRequest(http.MethodPost, b.url, strings.NewReader("Action=DescribeSubnets&Version=2016-11-15"))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+b.key+"/20260301/"+b.region+"/ec2/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var subnets struct {
		All []struct {
			ID  string `xml:"subnetId"`
			VPC string `xml:"vpcId"`
		} `xml:"subnetSet>item"`
	}
	if err := xml.NewDecoder(answer.Body).Decode(&subnets); err != nil {
		return fmt.Errorf("describing subnets: %w", err)
	}
	if len(subnets.All) < 2 {
		return fmt.Errorf("describing subnets: there are %d", len(subnets.All))
	}
	b.vpc, b.subnets = subnets.All[0].VPC, nil
	for _, s := range subnets.All[:2] {
		b.subnets = append(b.subnets, s.ID)
	}
	return nil
}

// createScalingGroup makes the group that Elastic Beanstalk would have made.
func createScalingGroup(w *world) (name, targetGroup string) {
	targetGroup = w.group("own")
	_, err := w.asg.CreateLaunchConfiguration(w.ctx, &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: &w.name, ImageId: aws.String("ami-12c6146b"), InstanceType: aws.String("t3.small"),
	})
	w.ok(err)
	_, err = w.asg.CreateAutoScalingGroup(w.ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &w.name, LaunchConfigurationName: &w.name, MinSize: aws.Int32(1), MaxSize: aws.Int32(4),
		VPCZoneIdentifier: aws.String(strings.Join(w.subnets, ",")), TargetGroupARNs: []string{targetGroup},
		Tags: []types.Tag{{
			Key: aws.String("contract"), Value: &w.name, PropagateAtLaunch: aws.Bool(true),
			ResourceId: &w.name, ResourceType: aws.String("auto-scaling-group"),
		}},
	})
	w.ok(err)
	return w.name, targetGroup
}
