// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
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
		"there is no such":   {answer(http.StatusBadRequest, "ValidationError"), false},
		"it is not answered": {errors.New("no such host"), false},
	} {
		if got := denied(c.err); got != c.want {
			t.Errorf("%s: denied is %v", name, got)
		}
	}
}

func TestRoom(t *testing.T) {
	for have, want := range map[int]Level{0: OK, 89: OK, 90: Warning, 99: Warning, 100: Problem, 101: Problem} {
		if got, mend := room(have, 100); got != want || (mend == "") != (want == OK) {
			t.Errorf("%d of 100: %s, %q", have, got, mend)
		}
	}
}
