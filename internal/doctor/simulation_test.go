// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
)

const (
	allows  = "<EvalDecision>allowed</EvalDecision>"
	refuses = "<EvalDecision>implicitDeny</EvalDecision>"
	governs = refuses + "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"
	missing = "<MissingContextValues><member>aws:SourceVpce</member></MissingContextValues>"
)

// simulated are the findings of the changes for which IAM answers what it is told to: a
// part of a result, or with a status the code of an error.
func simulated(ctx context.Context, t *testing.T, answer func(action, resource string) (status int, say string)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action, resource := r.FormValue("ActionNames.member.1"), r.FormValue("ResourceArns.member.1")
		if action == "" { // it is asked for a role
			action = "iam:GetRole"
		}
		status, say := answer(action, resource)
		w.WriteHeader(status)
		if status != http.StatusOK {
			_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>it says</Message></Error></ErrorResponse>", say)
			return
		}
		_, _ = fmt.Fprintf(w, "<R><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>%s</EvalActionName><EvalResourceName>%s</EvalResourceName>%s</member></EvaluationResults></SimulatePrincipalPolicyResult></R>", action, resource, say)
	}))
	t.Cleanup(server.Close)
	e := examining("aws", "eu-west-1")
	e.Endpoints, e.loop = []string{"checkout"}, &roller.Roller{}
	e.clients.CallerARN = "arn:aws:iam::123456789012:user/ann"
	e.clients.IAM = iam.New(iam.Options{BaseEndpoint: &server.URL, Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, Retryer: aws.NopRetryer{}})
	e.changes(ctx)
	var lines []string
	for _, f := range e.findings {
		lines = append(lines, string(f.Level)+": "+f.Message+" → "+f.Mend)
	}
	return strings.Join(lines, "\n")
}

// What was not checked is not said to be allowed, and what was checked is said.
func TestWhatWasCheckedIsSaid(t *testing.T) {
	const by = "ok: by IAM's simulation of arn:aws:iam::123456789012:user/ann "
	for name, c := range map[string]struct {
		answer     func(action string) (int, string)
		want, none []string
	}{
		"all": {
			func(string) (int, string) { return http.StatusOK, allows },
			[]string{by + "the other 26 actions of the policy for provider are allowed"}, []string{"note:", "problem:", "warning:"},
		},
		"a bucket that lets in": {
			func(action string) (int, string) {
				if strings.HasPrefix(action, "s3:") {
					return http.StatusOK, refuses
				}
				return http.StatusOK, allows
			},
			[]string{"note: what the caller may write to arn:aws:s3:::bundles was not checked", by + "22 of the other 26 actions of the policy for provider are allowed"},
			[]string{"problem:", "warning:"},
		},
		"a bucket by a condition": {
			func(action string) (int, string) {
				if strings.HasPrefix(action, "s3:") {
					return http.StatusOK, refuses + missing
				}
				return http.StatusOK, allows
			},
			[]string{"warning: s3:ListBucket on arn:aws:s3:::bundles would be denied: no policy of the caller allows it, unless by a condition on aws:SourceVpce, which could not be judged"},
			[]string{"problem:", "lets it in", "ok:"},
		},
		"all, but for conditions": {
			func(string) (int, string) { return http.StatusOK, allows + missing },
			[]string{"note: what is allowed depends on conditions on aws:SourceVpce", by[:len(by)-1] + ", but for these conditions, the other 26 actions"},
			[]string{"problem:", "warning:"},
		},
		"by the organization": {
			func(action string) (int, string) {
				if strings.HasPrefix(action, "elasticbeanstalk:") {
					return http.StatusOK, governs
				}
				return http.StatusOK, allows
			},
			[]string{
				"warning: elasticbeanstalk:AddTags, ", "may err where service control policies have conditions",
				"→ see whether the organization's service control policies allow it",
			},
			[]string{"problem:", "ok:"},
		},
		"nothing": {
			func(string) (int, string) { return http.StatusForbidden, "AccessDenied" },
			[]string{"note: whether the caller may change anything was not checked: iam:SimulatePrincipalPolicy is denied → "},
			[]string{"problem:", "warning:", "ok:"},
		},
		"with an old token": {
			func(string) (int, string) { return http.StatusForbidden, "ExpiredToken" },
			[]string{"problem: ", "→ renew the credentials"}, []string{"note:", "ok:"},
		},
		"all but one action that IAM does not take": {
			func(action string) (int, string) {
				if action == "autoscaling:ResumeProcesses" {
					return http.StatusBadRequest, "InvalidInput"
				}
				return http.StatusOK, allows
			},
			[]string{"note: whether autoscaling:ResumeProcesses would be allowed was not checked: ", "it says", by + "25 of the other 26 actions"},
			[]string{"problem:", "warning:"},
		},
		"some, of which one is denied": {
			func(action string) (int, string) {
				switch {
				case strings.HasPrefix(action, "iam:"):
					return http.StatusBadRequest, "Failure"
				case action == "route53:ChangeResourceRecordSets":
					return http.StatusOK, refuses
				}
				return http.StatusOK, allows
			},
			[]string{"warning: route53:ChangeResourceRecordSets on ", "note: whether iam:PassRole would be allowed was not checked: "},
			[]string{"problem:", "ok:"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := simulated(t.Context(), t, func(action, _ string) (int, string) { return c.answer(action) })
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s\nis not said, but\n%s", want, got)
				}
			}
			for _, none := range c.none {
				if strings.Contains(got, none) {
					t.Errorf("%s is said:\n%s", none, got)
				}
			}
		})
	}
}

// When IAM takes too long what it told until then stands, and it is asked nothing more.
func TestTimeIsUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	got := simulated(ctx, t, func(action, _ string) (int, string) {
		if action == "iam:GetRole" {
			return http.StatusForbidden, "AccessDenied"
		}
		if asked++; asked == 2 {
			cancel()
		}
		return http.StatusOK, refuses
	})
	for _, want := range []string{"lets it in", "elasticbeanstalk:CreateEnvironment, ", " would be allowed was not checked: ", "context canceled"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nis not said, but\n%s", want, got)
		}
	}
	if asked != 2 || strings.Contains(got, "ok:") {
		t.Errorf("after %d questions it says:\n%s", asked, got)
	}
}

// Who may not ask is told so once, and leaves one line in the account's trail of denials.
func TestDeniedOnce(t *testing.T) {
	asked := 0
	simulated(t.Context(), t, func(action, _ string) (int, string) {
		if action != "iam:GetRole" {
			asked++
		}
		return http.StatusForbidden, "AccessDenied"
	})
	if asked != 1 {
		t.Errorf("IAM was asked %d times", asked)
	}
}
