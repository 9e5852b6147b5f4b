// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

// backend is a server with a target group of its own.
type backend struct {
	group   string
	targets []elbtypes.TargetDescription
	sick    atomic.Bool // fails health checks, and only these
}

func (w *world) backend(name string) *backend {
	w.Helper()
	b := &backend{group: w.group(name)}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Version", name)
		if b.sick.Load() && r.UserAgent() == "ELB-HealthChecker/2.0" {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	w.Cleanup(server.Close)
	var port int32
	if _, err := fmt.Sscanf(server.URL, "http://127.0.0.1:%d", &port); err != nil {
		w.Fatal(err)
	}
	b.targets = []elbtypes.TargetDescription{{Id: aws.String("127.0.0.1"), Port: &port}}
	must[*elbv2.RegisterTargetsOutput](w)(w.elb.RegisterTargets(w.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: &b.group, Targets: b.targets}))
	return b
}

// TestStickinessBeatsWeights: a client that is bound to a group stays with it at
// a weight of 0, and leaves it only when it is taken out of the action.
func TestStickinessBeatsWeights(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	old, next := w.backend("old"), w.backend("new")
	sticky := func(weights map[string]int) []elbtypes.Action {
		a := forward(weights)
		a[0].ForwardConfig.TargetGroupStickinessConfig = &elbtypes.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(604800)}
		return a
	}
	rule := must[*elbv2.CreateRuleOutput](w)(w.createRule(1, hosts("a.com"), sticky(map[string]int{old.group: 1, next.group: 0}))).Rules[0]
	var cookies []*http.Cookie
	get := func() string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.info.LoadBalancerURL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "a.com"
		for _, c := range cookies {
			r.AddCookie(c)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if len(cookies) == 0 {
			cookies = answer.Cookies()
		}
		return answer.Header.Get("X-Version")
	}
	modify := func(weights map[string]int) {
		must[*elbv2.ModifyRuleOutput](w)(w.elb.ModifyRule(t.Context(), &elbv2.ModifyRuleInput{RuleArn: rule.RuleArn, Actions: sticky(weights)}))
	}
	if v := get(); v != "old" || len(cookies) == 0 {
		t.Fatalf("%q answers, with the cookies %v", v, cookies)
	}
	modify(map[string]int{old.group: 0, next.group: 1})
	for range 20 {
		if v := get(); v != "old" {
			t.Fatalf("at a weight of 0 %q answers the bound client", v)
		}
	}
	modify(map[string]int{next.group: 1})
	if v := get(); v != "new" {
		t.Errorf("taken out of the action, %q answers", v)
	}
}

// TestFailOpen: a group whose targets are all unhealthy gets requests all the
// same; the rule's other group does not take over.
func TestFailOpen(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	sick, well := w.backend("sick"), w.backend("well")
	sick.sick.Store(true)
	must[*elbv2.CreateRuleOutput](w)(w.createRule(1, hosts("a.com"), forward(map[string]int{sick.group: 1, well.group: 1})))
	w.until("one group is unhealthy", func() bool { return w.targets(sick.group)["unhealthy"] == 1 && w.targets(well.group)["healthy"] == 1 })
	seen := map[string]int{}
	for range 100 {
		status, version := w.get("a.com")
		if status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		seen[version]++
	}
	if seen["sick"] < 20 || seen["well"] < 20 {
		t.Errorf("100 requests went to %v", seen)
	}
}

// TestDrainsForTheWholeDelay: even an idle target is draining until the
// deregistration delay is over.
func TestDrainsForTheWholeDelay(t *testing.T) {
	t.Parallel()
	w := start(t, nil) // 300 s take half a second
	b := w.backend("old")
	must[*elbv2.CreateRuleOutput](w)(w.createRule(1, hosts("a.com"), forward(map[string]int{b.group: 1})))
	w.until("the target is healthy", func() bool { return w.targets(b.group)["healthy"] == 1 })
	begun := time.Now()
	must[*elbv2.DeregisterTargetsOutput](w)(w.elb.DeregisterTargets(t.Context(), &elbv2.DeregisterTargetsInput{TargetGroupArn: &b.group, Targets: b.targets}))
	w.until("the target is gone", func() bool {
		states := w.targets(b.group)
		if states["draining"] == 0 && len(states) > 0 {
			t.Fatalf("the target is %v", states)
		}
		return len(states) == 0
	})
	if took := time.Since(begun); took < 500*time.Millisecond {
		t.Errorf("it drained for %s", took)
	}
}

// TestRewrittenSettings: Elastic Beanstalk does not return the settings that it
// was given.
func TestRewrittenSettings(t *testing.T) {
	t.Parallel()
	w := start(t, func(c *sandbox.Config) { c.Speed = 6000 })
	w.version("1.0.0")
	const rule, launch = "aws:elbv2:listenerrule:default", "aws:autoscaling:launchconfiguration"
	id, _ := w.healthy("checkout-1", "1.0.0", rule, "HostHeaders", "a.com", launch, "SecurityGroups", w.info.SecurityGroupID)
	described := must[*elasticbeanstalk.DescribeConfigurationSettingsOutput](w)(w.eb.DescribeConfigurationSettings(t.Context(), &elasticbeanstalk.DescribeConfigurationSettingsInput{
		ApplicationName: aws.String("checkout"), EnvironmentName: aws.String("checkout-1"),
	})).ConfigurationSettings[0].OptionSettings
	got := map[string]string{}
	for _, o := range described {
		got[*o.Namespace+" "+*o.OptionName] = *o.Value
	}
	for setting, want := range map[string]string{
		rule + " HostHeaders":                 "a.com," + *w.environment(id).CNAME,
		launch + " SecurityGroups":            w.info.SecurityGroupID + "," + w.resource(id, "AWSEBSecurityGroup"),
		"aws:autoscaling:trigger MeasureName": "NetworkOut", // nobody has asked for that
	} {
		if got[setting] != want {
			t.Errorf("%s is %q, not %q", setting, got[setting], want)
		}
	}
}
