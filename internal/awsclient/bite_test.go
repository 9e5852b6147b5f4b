// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// world is a sandbox that the environment leads to.
type world struct {
	*testing.T
	*sandbox.Sandbox
}

func start(t *testing.T, config sandbox.Config) world {
	t.Helper()
	s, err := sandbox.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	info := s.Info()
	surroundings(t, map[string]string{
		"AWS_ENDPOINT_URL": info.EndpointURL, "AWS_ACCESS_KEY_ID": info.AccessKeyID, "AWS_SECRET_ACCESS_KEY": info.SecretAccessKey,
	})
	return world{t, s}
}

func (w world) connect(roles ...awsclient.AssumeRole) (*awsclient.Clients, error) {
	return awsclient.New(w.Context(), awsclient.Config{Region: w.Info().Region, AssumeRole: roles})
}

// Roles are assumed one after the other, and the last says whose account it is.
func TestRolesOfOtherAccounts(t *testing.T) {
	hub, spoke := "210987654321", "345678901234"
	w := start(t, sandbox.Config{Accounts: []cloud.Account{
		{ID: hub, Roles: []cloud.Role{{Name: "hub", ExternalID: "handshake"}}},
		{ID: spoke, Roles: []cloud.Role{{Name: "deploy"}}},
	}})
	through := awsclient.AssumeRole{RoleARN: "arn:aws:iam::" + hub + ":role/hub", ExternalID: "handshake", SessionName: "test"}
	clients, err := w.connect(through, awsclient.AssumeRole{RoleARN: "arn:aws:iam::" + spoke + ":role/deploy", SessionName: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if clients.Account != spoke || !strings.Contains(clients.CallerARN, ":assumed-role/deploy/test") {
		t.Errorf("account %s, caller %s", clients.Account, clients.CallerARN)
	}
	assumed := slices.DeleteFunc(w.Calls(), func(c cloud.Call) bool { return c.Operation != "AssumeRole" })
	if last := assumed[len(assumed)-1]; !strings.Contains(last.Principal, ":assumed-role/hub/test") {
		t.Errorf("%s assumed the last role, not the one before it", last.Principal)
	}
	through.ExternalID = ""
	if _, err := w.connect(through); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("without the external ID: %v", err)
	}
}

// AWS throttles whoever asks often; the SDK alone gives up after three tries.
func TestThrottlingIsBorne(t *testing.T) {
	throttled, err := faults.Parse("elasticbeanstalk:DescribeApplications error=Throttling status=400 times=3")
	if err != nil {
		t.Fatal(err)
	}
	clients, err := start(t, sandbox.Config{Faults: faults.Settings{Faults: []faults.Fault{throttled}}}).connect()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clients.Beanstalk.DescribeApplications(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// A CI system's token gives a role, and roles can be assumed from there.
func TestWebIdentity(t *testing.T) {
	w := start(t, sandbox.Config{})
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	file := filepath.Join(t.TempDir(), "token")
	claims := fmt.Sprintf(`{"iss":"https://ci.example.com","sub":"repo:acme/infra","aud":"sts.amazonaws.com","exp":%d}`, time.Now().Add(time.Hour).Unix())
	encode := base64.RawURLEncoding.EncodeToString
	if err := os.WriteFile(file, []byte(encode([]byte(`{"alg":"RS256"}`))+"."+encode([]byte(claims))+"."+encode([]byte("signature"))), 0o600); err != nil {
		t.Fatal(err)
	}
	role := func(name string) string { return "arn:aws:iam::" + w.Info().AccountID + ":role/" + name }
	clients, err := awsclient.New(t.Context(), awsclient.Config{
		Region:      w.Info().Region,
		WebIdentity: &awsclient.WebIdentity{RoleARN: role("ci"), SessionName: "build-7", TokenFile: file},
		AssumeRole:  []awsclient.AssumeRole{{RoleARN: role("deploy"), SessionName: "test"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(clients.CallerARN, ":assumed-role/deploy/test") {
		t.Errorf("the caller is %s", clients.CallerARN)
	}
	assumed := slices.DeleteFunc(w.Calls(), func(c cloud.Call) bool { return c.Operation != "AssumeRole" })
	if len(assumed) == 0 || !strings.HasSuffix(assumed[0].Principal, ":assumed-role/ci/build-7") {
		t.Errorf("roles were assumed by %+v", assumed)
	}
}

// Who exports a session's keys says when they end.
func TestKeysThatEnd(t *testing.T) {
	w := start(t, sandbox.Config{})
	t.Setenv("AWS_CREDENTIAL_EXPIRATION", "2026-03-01T12:00:00Z")
	clients, err := w.connect()
	if err != nil || clients.Expires.Format(time.RFC3339) != "2026-03-01T12:00:00Z" {
		t.Errorf("they end at %v, %v", clients, err)
	}
	clients, err = w.connect(awsclient.AssumeRole{RoleARN: "arn:aws:iam::" + w.Info().AccountID + ":role/deploy", SessionName: "test"})
	if err != nil || !clients.Expires.IsZero() {
		t.Errorf("a role's session is renewed, and ends at %v, %v", clients.Expires, err)
	}
}
