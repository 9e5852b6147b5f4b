// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

// No action by which a policy looks at AWS is left out, and none is tried that no
// policy has.
func TestEveryLookIsTried(t *testing.T) {
	wanted := map[string]bool{}
	for _, task := range permission.Tasks() {
		for _, action := range permission.Looking(task) {
			wanted[action] = true
			if trials[action] == nil {
				t.Errorf("%s of the policy for %s is not tried", action, task)
			}
		}
	}
	for action := range trials {
		if !wanted[action] {
			t.Errorf("%s is tried, and in no policy", action)
		}
	}
}

func TestDenied(t *testing.T) {
	answer := func(status int, code string) error {
		return fmt.Errorf("looking: %w", &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code},
		}})
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"allowed":            {nil, false},
		"denied":             {answer(http.StatusForbidden, "AccessDenied"), true},
		"denied by ECR":      {answer(http.StatusBadRequest, "AccessDeniedException"), true},
		"denied by EC2":      {answer(http.StatusForbidden, "UnauthorizedOperation"), true},
		"denied to a HEAD":   {answer(http.StatusForbidden, "Forbidden"), true},
		"an old token":       {answer(http.StatusForbidden, "ExpiredToken"), false},
		"a bad signature":    {answer(http.StatusForbidden, "SignatureDoesNotMatch"), false},
		"not signed up":      {answer(http.StatusForbidden, "OptInRequired"), false},
		"there is no such":   {answer(http.StatusBadRequest, "ValidationError"), false},
		"it is not answered": {errors.New("no such host"), false},
	} {
		if got := denied(c.err); got != c.want {
			t.Errorf("%s: denied is %v", name, got)
		}
	}
}

// Credentials that AWS does not take lack no permission: that is told once, whenever it
// comes, and the clock as what may be the matter.
func TestCredentialsThatAreNotTaken(t *testing.T) {
	s := start(t, sandbox.Config{})
	config := Config{Task: permission.Plan, Config: onaws.Config{Bucket: s.Info().Bucket, Owner: "acme", AWS: awsclient.Config{Region: s.Info().Region}}}
	for code, mend := range map[string]string{"ExpiredToken": "renew the credentials", "SignatureDoesNotMatch": "see that the access key is active"} {
		fault := faults.Fault{Service: "elasticbeanstalk", Error: &faults.Error{Code: code, Status: 403}}
		if err := s.SetFaults(faults.Settings{Faults: []faults.Fault{fault}}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range Examine(t.Context(), config) {
			got = append(got, f.Check+" "+string(f.Level))
			if f.Level == Problem && (!strings.Contains(f.Message, code) || !strings.HasPrefix(f.Mend, mend)) {
				t.Errorf("%s: %s → %s", code, f.Message, f.Mend)
			}
		}
		if want := []string{"credentials ok", "credentials problem", "clock ok"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

// What AWS refuses for another reason is a problem, and not taken for an answer.
func TestRefusalForAnotherReason(t *testing.T) {
	s := start(t, sandbox.Config{})
	fault := faults.Fault{Service: "elasticbeanstalk", Operation: "DescribeEvents", Error: &faults.Error{Code: "OptInRequired", Status: 403}}
	if err := s.SetFaults(faults.Settings{Faults: []faults.Fault{fault}}); err != nil {
		t.Fatal(err)
	}
	config := Config{Task: permission.Plan, Config: onaws.Config{Bucket: s.Info().Bucket, Owner: "acme", AWS: awsclient.Config{Region: s.Info().Region}}}
	if got := found(t, config, "permissions"); !strings.HasPrefix(got, "problem: ") || !strings.Contains(got, "OptInRequired") || strings.Contains(got, "allowed") {
		t.Errorf("%s", got)
	}
}

func TestRoom(t *testing.T) {
	for have, want := range map[int]Level{0: OK, 89: OK, 90: Warning, 99: Warning, 100: Problem, 101: Problem} {
		if got, mend := room(have, 100); got != want || (mend == "") != (want == OK) {
			t.Errorf("%d of 100: %s, %q", have, got, mend)
		}
	}
}
