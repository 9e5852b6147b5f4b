// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package awsclient_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// surroundings sets the whole environment that the SDK looks at.
func surroundings(t *testing.T, with map[string]string) {
	t.Helper()
	for _, name := range os.Environ() {
		if name, _, _ := strings.Cut(name, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // put back after the test
			os.Unsetenv(name)
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	for name, value := range with {
		t.Setenv(name, value)
	}
}

func TestNew(t *testing.T) {
	s, err := sandbox.Start(t.Context(), sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info := s.Info()
	keys := map[string]string{
		"AWS_ENDPOINT_URL": info.EndpointURL, "AWS_ACCESS_KEY_ID": info.AccessKeyID, "AWS_SECRET_ACCESS_KEY": info.SecretAccessKey,
	}
	for name, c := range map[string]struct {
		config awsclient.Config
		keys   map[string]string
		fails  []string // parts of the error; none when New succeeds
	}{
		"good":            {awsclient.Config{Region: info.Region, Product: "ionroller", Version: "test"}, keys, nil},
		"allowed account": {awsclient.Config{Region: info.Region, AllowedAccountIDs: []string{info.AccountID}}, keys, nil},
		"other account":   {awsclient.Config{Region: info.Region, AllowedAccountIDs: []string{"999999999999"}}, keys, []string{info.AccountID, "999999999999", "allowed_account_ids"}},
		"no Region":       {awsclient.Config{}, keys, []string{"AWS_REGION"}},
		"no credentials":  {awsclient.Config{Region: info.Region}, map[string]string{"AWS_ENDPOINT_URL": info.EndpointURL}, []string{"AWS_ACCESS_KEY_ID"}},
		"no such profile": {awsclient.Config{Region: info.Region, Profile: "acme"}, keys, []string{"acme"}},
		"a role": {awsclient.Config{Region: info.Region, AssumeRole: []awsclient.AssumeRole{
			{RoleARN: "arn:aws:iam::" + info.AccountID + ":role/deployer", SessionName: "test"},
		}}, keys, nil},
	} {
		t.Run(name, func(t *testing.T) {
			surroundings(t, c.keys)
			clients, err := awsclient.New(t.Context(), c.config)
			if len(c.fails) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if clients.Account != info.AccountID || clients.Partition != "aws" || clients.Region != info.Region {
					t.Errorf("account %q, partition %q, Region %q", clients.Account, clients.Partition, clients.Region)
				}
				if role := len(c.config.AssumeRole) > 0; role != strings.Contains(clients.CallerARN, "assumed-role/deployer") {
					t.Errorf("the caller is %q", clients.CallerARN)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range c.fails {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}
