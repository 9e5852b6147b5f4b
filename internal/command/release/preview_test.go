// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package release

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// change is one of a plan's resource_changes.
func change(address, resource string, actions []string, before, after any) map[string]any {
	return map[string]any{
		"address": address, "mode": "managed", "type": resource, "name": "x", "provider_name": "p",
		"change": map[string]any{"actions": actions, "before": before, "after": after, "after_unknown": map[string]any{}},
	}
}

func endpointChange(name, version string, plan map[string]any) map[string]any {
	return change("ionroller_endpoint."+name, "ionroller_endpoint", []string{"update"}, nil,
		map[string]any{"name": name, "version": version, "rollout_plan": plan})
}

// still is an endpoint in the middle of a rollout that a plan changes nothing of.
func still(status string) map[string]any {
	return change("ionroller_endpoint.checkout", "ionroller_endpoint", []string{"no-op"}, nil, map[string]any{
		"name": "checkout", "version": "1.1.0", "rollout_plan": nil, "status": status, "active_environment": "one",
		"environments": []map[string]any{
			{"name": "one", "version": "1.0.0", "role": "active", "weight": 90},
			{"name": "two", "version": "1.1.0", "role": "candidate", "weight": 10},
		},
	})
}

func planOf(t *testing.T, changes ...map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": changes})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMarkdown(t *testing.T) {
	gradual := map[string]any{
		"kind": "new", "from": "1.0.0", "to": "1.1.0", "minimum_duration": "25m", "peak_instances": 4,
		"steps": []string{"create an environment of 1.1.0: 2 instances of t3.small", "traffic: 1.1.0 5 %, 1.0.0 95 %, watched for 10m"},
	}
	for name, c := range map[string]struct {
		changes []map[string]any
		want    string
	}{
		"a rollout": {[]map[string]any{endpointChange("checkout", "1.1.0", gradual)}, `### checkout: 1.0.0 → 1.1.0

To a new environment. It takes at least **25m**, and the time to launch. At most **4 instances** at a time.

1. create an environment of 1.1.0: 2 instances of t3.small
2. traffic: 1.1.0 5 %, 1.0.0 95 %, watched for 10m
`},
		"a first release": {[]map[string]any{change("ionroller_endpoint.checkout", "ionroller_endpoint", []string{"create"}, nil, map[string]any{
			"name": "checkout", "version": "1.0.0", "rollout_plan": map[string]any{"kind": "new", "to": "1.0.0", "minimum_duration": "0s", "peak_instances": 1, "steps": []string{}},
		})}, `### checkout: first release, 1.0.0

To a new environment. At most **1 instance** at a time.
`},
		"a hot rollback among others": {[]map[string]any{
			endpointChange("checkout", "1.0.0", map[string]any{"kind": "hot", "from": "1.1.0", "to": "1.0.0", "minimum_duration": "0s", "peak_instances": 4, "steps": []string{"1.0.0 is proven, retained and healthy: hot rollback"}}),
			change("ionroller_endpoint.basket", "ionroller_endpoint", []string{"no-op"}, nil, map[string]any{"name": "basket", "version": "3.1.0", "rollout_plan": nil}),
			change("aws_s3_bucket.logs", "aws_s3_bucket", []string{"delete", "create"}, nil, nil),
			change("aws_sqs_queue.jobs[\"a`b\"]", "aws_sqs_queue", []string{"update"}, nil, nil),
			change("aws_vpc.main", "aws_vpc", []string{"no-op"}, nil, nil),
		}, "### checkout: 1.1.0 → 1.0.0\n\nBack to an environment that is kept hot, with one change of traffic. At most **4 instances** at a time.\n\n" +
			"1. 1.0.0 is proven, retained and healthy: hot rollback\n\n`basket` stays at `3.1.0`.\n\n" +
			"<details><summary>Terraform also changes 2 other resources</summary>\n\n- replace `aws_s3_bucket.logs`\n- change `aws_sqs_queue.jobs[\"a'b\"]`\n\n</details>\n"},
		"a refused release": {[]map[string]any{endpointChange("checkout", "1.1.0", map[string]any{
			"kind": "refused", "from": "1.0.0", "to": "1.1.0", "minimum_duration": "0s", "peak_instances": 2,
			"steps": []string{"refused: 1.1.0 was rejected: alarm <b>5xx_rate</b> of @acme\n*fired*"},
		})}, "### checkout: an apply of 1.1.0 is refused\n\nNothing will happen.\n\n1. refused: 1.1.0 was rejected: alarm &lt;b>5xx\\_rate&lt;/b> of &#64;acme \\*fired\\*\n"},
		"a removal": {[]map[string]any{change("ionroller_endpoint.checkout", "ionroller_endpoint", []string{"delete"}, map[string]any{"name": "checkout", "version": "1.0.0"}, nil)},
			"### checkout: the endpoint is removed\n\nRelease `1.0.0` ends.\n"},
		"capacity": {[]map[string]any{endpointChange("checkout", "1.0.0", map[string]any{"kind": "update", "from": "1.0.0", "to": "1.0.0", "minimum_duration": "0s", "peak_instances": 4, "steps": []string{"change the capacity of 1.0.0 to 2-4 instances"}})},
			"### checkout: 1.0.0\n\nA change in place: no new environment. At most **4 instances** at a time.\n\n1. change the capacity of 1.0.0 to 2-4 instances\n"},
		"a rollout that is left to others": {[]map[string]any{still("rolling_out"), change("ionroller_endpoint.basket", "ionroller_endpoint", []string{"no-op"}, nil, map[string]any{"name": "basket", "version": "3.1.0", "status": "live"})},
			"### checkout: a rollout to 1.1.0 is at 10 %\n\nThis plan changes nothing of it, and 1.0.0 is live: the run or daemon at work goes on with it, or ionroller reconcile --once checkout.\n\n`basket` stays at `3.1.0`.\n"},
		"at its cap": {[]map[string]any{still("capped")},
			"### checkout: the rollout to 1.1.0 is capped at 10 %\n\nThis plan changes nothing of it, and 1.0.0 is live: to go on, raise rollout.max_weight.\n"},
		"at a pause": {[]map[string]any{still("paused")},
			"### checkout: the rollout to 1.1.0 is paused at 10 %\n\nThis plan changes nothing of it, and 1.0.0 is live: it waits for somebody, and ionroller status checkout says for what.\n"},
		"nothing": {nil, "### No endpoint changes\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ReadPreview(strings.NewReader(planOf(t, c.changes...)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, p.Markdown()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is no plan is told.
func TestReadPreview(t *testing.T) {
	for _, text := range []string{"", "Plan: 1 to add", `{"format_version": "9.0"}`} {
		if _, err := ReadPreview(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), "as terraform show -json prints it") {
			t.Errorf("of %q: %v", text, err)
		}
	}
}

// Whoever is asked is told what else the plan changes.
func TestBesides(t *testing.T) {
	p, err := ReadPreview(strings.NewReader(planOf(t,
		endpointChange("checkout", "1.1.0", map[string]any{"kind": "new"}), endpointChange("basket", "2.0.0", map[string]any{"kind": "new"}),
		change("ionroller_endpoint.account", "ionroller_endpoint", []string{"delete"}, map[string]any{"name": "account"}, nil),
		change("aws_vpc.main", "aws_vpc", []string{"create"}, nil, nil))))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"create aws_vpc.main", "change ionroller_endpoint.basket", "destroy ionroller_endpoint.account"}, p.besides("checkout")); diff != "" {
		t.Error(diff)
	}
}
