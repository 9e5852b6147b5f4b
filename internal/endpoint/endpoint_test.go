// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package endpoint_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ionroller/terraform-provider-ionroller/internal/endpoint"
)

func good() endpoint.Spec {
	return endpoint.Spec{
		Name: "checkout",
		Release: endpoint.Release{
			Version:   "1.0.0",
			Container: endpoint.Container{Image: "acme/checkout", Port: 8080},
			Beanstalk: endpoint.Beanstalk{InstanceType: "t3.small", VPCID: "vpc-1", Subnets: []string{"subnet-1"}},
			Health: endpoint.Health{
				Path: "/", Interval: duration("15s"), Timeout: duration("5s"), HealthyThreshold: 3,
				UnhealthyThreshold: 5, Matcher: "200", DeregistrationDelay: duration("20s"),
			},
		},
		Capacity:  endpoint.Capacity{Min: 2, Max: 4},
		Routing:   endpoint.Routing{ListenerARN: "arn", Hosts: []string{"checkout.acme.com"}},
		Rollout:   endpoint.RolloutPolicy{HealthyWithin: duration("15m"), MaxWeight: 100},
		Retention: endpoint.Retention{KeepFor: duration("1h"), Max: 2},
	}
}

func duration(s string) endpoint.Duration {
	d, err := endpoint.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

func TestValidate(t *testing.T) {
	if problems := good().Validate(); len(problems) > 0 {
		t.Fatalf("a good spec has problems: %v", problems)
	}
	steps := func(weights ...int) []endpoint.Step {
		var s []endpoint.Step
		for _, w := range weights {
			s = append(s, endpoint.Step{Weight: w})
		}
		return s
	}
	for name, c := range map[string]struct {
		spoil     func(*endpoint.Spec)
		attribute string
		says      string
	}{
		"no name":            {func(s *endpoint.Spec) { s.Name = "" }, "name", "1 to 40"},
		"long name":          {func(s *endpoint.Spec) { s.Name = strings.Repeat("a", 41) }, "name", "has 41 characters"},
		"hyphen at the end":  {func(s *endpoint.Spec) { s.Name = "checkout-" }, "name", "no hyphen at either end"},
		"long version":       {func(s *endpoint.Spec) { s.Release.Version = strings.Repeat("1", 88) }, "version", "has 88 characters"},
		"version with slash": {func(s *endpoint.Spec) { s.Release.Version = "feature/x" }, "version", "not an image tag"},
		"tagged image":       {func(s *endpoint.Spec) { s.Release.Container.Image = "acme/checkout:1" }, "container.image", "has a tag"},
		"digest":             {func(s *endpoint.Spec) { s.Release.Container.Image = "acme/checkout@sha256:ab" }, "container.image", "has a tag"},
		"upper-case image":   {func(s *endpoint.Spec) { s.Release.Container.Image = "Acme/checkout" }, "container.image", "not an image repository"},
		"port":               {func(s *endpoint.Spec) { s.Release.Container.Port = 70000 }, "container.port", "70000"},
		"no subnets":         {func(s *endpoint.Spec) { s.Release.Beanstalk.Subnets = nil }, "beanstalk.subnets", "at least one"},
		"min over max":       {func(s *endpoint.Spec) { s.Capacity.Min = 5 }, "capacity.min", "5 is more than capacity.max, 4"},
		"no instance":        {func(s *endpoint.Spec) { s.Capacity.Min = 0 }, "capacity.min", "at least 1"},
		"health path":        {func(s *endpoint.Spec) { s.Release.Health.Path = "healthz" }, "health.path", "begin with /"},
		"timeout":            {func(s *endpoint.Spec) { s.Release.Health.Timeout = duration("15s") }, "health.timeout", "not below"},
		"six conditions": {func(s *endpoint.Spec) {
			s.Routing.Hosts, s.Routing.Paths = []string{"a", "b", "c"}, []string{"/a", "/b", "/c"}
		}, "routing.hosts", "at most 5"},
		"no hosts":     {func(s *endpoint.Spec) { s.Routing.Hosts = nil }, "routing.hosts", "at least one"},
		"path pattern": {func(s *endpoint.Spec) { s.Routing.Paths = []string{"api"} }, "routing.paths[0]", "begins with /"},
		"priority":     {func(s *endpoint.Spec) { s.Routing.Priority = 50001 }, "routing.priority", "50001"},
		"zone":         {func(s *endpoint.Spec) { s.DNS = &endpoint.DNS{ZoneID: "acme.com"} }, "dns.zone_id", "not the id of a hosted zone"},
		"host with a ?": {func(s *endpoint.Spec) {
			s.DNS, s.Routing.Hosts = &endpoint.DNS{ZoneID: "Z1"}, []string{"*.acme.com", "shop?.acme.com"}
		}, "dns", `"shop?.acme.com" cannot have a DNS record`},
		"part of a wildcard": {func(s *endpoint.Spec) {
			s.DNS, s.Routing.Hosts = &endpoint.DNS{ZoneID: "Z1"}, []string{"shop-*.acme.com"}
		}, "dns", "* only as its first label"},
		"weight over 100": {func(s *endpoint.Spec) { s.Rollout.Steps = steps(10, 101) }, "rollout.steps[1].weight", "outside 1 to 100"},
		"weight of 0":     {func(s *endpoint.Spec) { s.Rollout.Steps = steps(0, 100) }, "rollout.steps[0].weight", "outside 1 to 100"},
		"falling weights": {func(s *endpoint.Spec) { s.Rollout.Steps = steps(50, 10) }, "rollout.steps[1].weight", "does not rise"},
		"equal weights":   {func(s *endpoint.Spec) { s.Rollout.Steps = steps(50, 50) }, "rollout.steps[1].weight", "does not rise"},
		"negative bake":   {func(s *endpoint.Spec) { s.Rollout.Steps = []endpoint.Step{{Weight: 5, Bake: -1}} }, "rollout.steps[0].bake", "negative"},
		"cap over 100":    {func(s *endpoint.Spec) { s.Rollout.MaxWeight = 101 }, "rollout.max_weight", "outside 1 to 100"},
		"cap of 0":        {func(s *endpoint.Spec) { s.Rollout.MaxWeight = 0 }, "rollout.max_weight", "outside 1 to 100"},
		"unnamed alarm":   {func(s *endpoint.Spec) { s.Rollout.Alarms = []string{""} }, "rollout.alarms", "1 to 255"},
		"on_failure":      {func(s *endpoint.Spec) { s.Rollout.OnFailure = "ignore" }, "rollout.on_failure", `neither "rollback" nor "freeze"`},
		"pause without an end": {func(s *endpoint.Spec) {
			s.Rollout.Steps = []endpoint.Step{{Weight: 5, Pause: endpoint.Pause{Then: endpoint.ThenRollback}}}
		}, "rollout.steps[0].pause.deadline", "nobody time"},
		"pause with another end": {func(s *endpoint.Spec) {
			s.Rollout.Steps = []endpoint.Step{{Weight: 5, Pause: endpoint.Pause{Then: "wait", Deadline: 1}}}
		}, "rollout.steps[0].pause.then", `"wait" is none of`},
		"analysis of nothing": {func(s *endpoint.Spec) { s.Rollout.Analysis = &endpoint.Analysis{MinimumRequests: 1} }, "rollout.analysis", "bounds nothing"},
		"ratio below 1": {func(s *endpoint.Spec) {
			s.Rollout.Analysis = &endpoint.Analysis{MinimumRequests: 1, ErrorRate: &endpoint.ErrorRate{MaxRatio: 0.5}}
		}, "rollout.analysis.error_rate.max_ratio", "better than the live one"},
		"percentile": {func(s *endpoint.Spec) {
			s.Rollout.Analysis = &endpoint.Analysis{MinimumRequests: 1, Latency: &endpoint.Latency{Percentile: 101, MaxRatio: 2}}
		}, "rollout.analysis.latency.percentile", "outside 0 to 100"},
		"test route without hosts": {func(s *endpoint.Spec) { s.TestRoute = &endpoint.TestRoute{} }, "test_route.hosts", "is empty"},
		"test host of users":       {func(s *endpoint.Spec) { s.TestRoute = &endpoint.TestRoute{Hosts: []string{"CHECKOUT.acme.com"}} }, "test_route.hosts[0]", "among routing.hosts"},
		"hosts and header": {func(s *endpoint.Spec) {
			s.TestRoute = &endpoint.TestRoute{Hosts: []string{"a"}, Header: "X-Release", Values: []string{"next"}}
		}, "test_route.header", "not both"},
		"header without values":      {func(s *endpoint.Spec) { s.TestRoute = &endpoint.TestRoute{Header: "X-Release"} }, "test_route.values", "at least one value"},
		"reserved header":            {func(s *endpoint.Spec) { s.TestRoute = &endpoint.TestRoute{Header: "Host", Values: []string{"a"}} }, "test_route.header", "but not host"},
		"smoke without a test route": {func(s *endpoint.Spec) { s.Rollout.Smoke = &endpoint.Smoke{Path: "/", Status: 200, Count: 1} }, "rollout.smoke", "needs a test_route"},
		"smoke of patterns alone": {func(s *endpoint.Spec) {
			s.TestRoute = &endpoint.TestRoute{Hosts: []string{"*.next.acme.com"}}
			s.Rollout.Smoke = &endpoint.Smoke{Path: "/", Status: 200, Count: 1}
		}, "rollout.smoke", "add a plain name"},
		"negative maximum": {func(s *endpoint.Spec) { s.Retention.Max = -1 }, "retention.max", "negative"},
		"keeps negatively": {func(s *endpoint.Spec) { s.Retention.FailedFor = -1 }, "retention.failed_for", "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			c.spoil(&s)
			problems := s.Validate()
			if len(problems) == 0 || problems[0].Attribute != c.attribute || !strings.Contains(problems[0].Message, c.says) {
				t.Errorf("problems = %v, want one of %s that says %q", problems, c.attribute, c.says)
			}
		})
	}
}

// A capped rollout stays at its cap, so later bakes and pauses do not count.
func TestHowLongARolloutTakes(t *testing.T) {
	p := endpoint.RolloutPolicy{Steps: []endpoint.Step{
		{Weight: 10, Bake: duration("10m"), Pause: endpoint.Pause{Deadline: duration("1h"), Then: endpoint.ThenRollback}},
		{Weight: 50, Bake: duration("5m")}, {Weight: 100, Bake: duration("2m")},
	}}
	for limit, want := range map[int][2]string{100: {"17m", "1h17m"}, 50: {"15m", "1h15m"}, 20: {"15m", "1h15m"}, 10: {"10m", "10m"}, 5: {"10m", "10m"}} {
		p.MaxWeight = limit
		if least, most := endpoint.Duration(p.MinimumDuration(2)), endpoint.Duration(p.LongestDuration(2)); least.String() != want[0] || most.String() != want[1] {
			t.Errorf("capped at %d: %s to %s, want %v", limit, least, most, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for in, want := range map[string]string{"600s": "10m", "90m": "1h30m", "1h": "1h", "0s": "0s", "3600s": "1h", "61s": "1m1s", "1.5s": "1.5s"} {
		if got := duration(in).String(); got != want {
			t.Errorf("%s is written %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "10", "ten minutes", "-5s", "1d"} {
		if d, err := endpoint.ParseDuration(in); err == nil {
			t.Errorf("%q was read as %s", in, d)
		}
	}
}

// Durations written and read again are the same: the journal depends on it.
func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := endpoint.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "d"))
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back endpoint.Duration
		if err := json.Unmarshal(text, &back); err != nil || back != d {
			t.Fatalf("%s came back as %s: %v", d, back, err)
		}
	})
}

func TestFingerprint(t *testing.T) {
	r := good().Release
	r.Beanstalk.Subnets = []string{"subnet-1", "subnet-2"}
	r.Beanstalk.Settings = []endpoint.Setting{{"ns", "a", "1"}, {"ns", "b", "2"}}
	r.Container.Volumes = []endpoint.Volume{{"/a", "/x"}, {"/b", "/y"}}
	base := r.Fingerprint()

	same := r
	same.Beanstalk.Subnets = []string{"subnet-2", "subnet-1"}
	same.Beanstalk.Settings = []endpoint.Setting{{"ns", "b", "2"}, {"ns", "a", "1"}}
	same.Container.Volumes = []endpoint.Volume{{"/b", "/y"}, {"/a", "/x"}}
	if same.Fingerprint() != base {
		t.Error("the order of a set changes the fingerprint")
	}
	for name, change := range map[string]func(*endpoint.Release){
		"version":       func(r *endpoint.Release) { r.Version = "1.0.1" },
		"variable":      func(r *endpoint.Release) { r.Container.Environment = map[string]string{"A": "1"} },
		"command":       func(r *endpoint.Release) { r.Container.Command = []string{"serve"} },
		"instance type": func(r *endpoint.Release) { r.Beanstalk.InstanceType = "t3.large" },
		"health path":   func(r *endpoint.Release) { r.Health.Path = "/healthz" },
		"setting":       func(r *endpoint.Release) { r.Beanstalk.Settings = nil },
		"secret":        func(r *endpoint.Release) { r.Container.Secrets = map[string]string{"A": "arn"} },
		"volume":        func(r *endpoint.Release) { r.Container.Volumes = nil },
		"credentials":   func(r *endpoint.Release) { r.Container.RegistryAuth.Key = "registry.json" },
		"extension":     func(r *endpoint.Release) { r.Beanstalk.Extensions = map[string]string{"a.config": "files: {}"} },
	} {
		other := r
		change(&other)
		if other.Fingerprint() == base {
			t.Errorf("another %s leaves the fingerprint as it was", name)
		}
	}
}

// A release keeps its fingerprint when there is more to say of releases: otherwise
// a new version of this program would make all environments anew.
func TestFingerprintLasts(t *testing.T) {
	if got, want := good().Release.Fingerprint(), "e09a8665a7d6"; got != want {
		t.Errorf("the fingerprint is %s, and was %s", got, want)
	}
}

// Names keep Elastic Beanstalk's rules whatever the endpoint and version.
func TestNamesKeepTheLimits(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?`).Draw(t, "name")
		r := good().Release
		r.Version = rapid.StringMatching(`[A-Za-z0-9_][A-Za-z0-9_.-]{0,86}`).Draw(t, "version")
		s := good()
		s.Name, s.Release = name, r
		if problems := s.Validate(); len(problems) > 0 {
			t.Fatalf("%v", problems)
		}
		got := endpoint.EnvironmentName(name, r, rapid.IntRange(1, 1000).Draw(t, "serial"))
		if len(got) < 4 || len(got) > 40 || !form.MatchString(got) {
			t.Fatalf("environment name %q", got)
		}
		if label := r.Label(); len(label) > 100 {
			t.Fatalf("version label %q has %d characters", label, len(label))
		}
	})
}

func TestTrailIsAChain(t *testing.T) {
	r := endpoint.Record{Endpoint: "checkout"}
	r.Append(endpoint.Event{Type: endpoint.RolloutStarted})
	r.Append(endpoint.Event{Type: endpoint.TrafficMoved})
	first, second := r.Outbox[0], r.Outbox[1]
	if first.Sequence != 1 || second.Sequence != 2 || second.Previous != first.Hash() || r.Trail.Hash != second.Hash() {
		t.Errorf("outbox = %+v, head %+v", r.Outbox, r.Trail)
	}
	first.Message = "changed"
	if second.Previous == first.Hash() {
		t.Error("a changed event keeps its hash")
	}
}

func TestLongestName(t *testing.T) {
	r := good().Release
	r.Version = strings.Repeat("1.", 43) + "0"
	if got := endpoint.EnvironmentName(strings.Repeat("e", 40), r, 1000); len(got) > 40 {
		t.Errorf("environment name %q has %d characters", got, len(got))
	}
}

func TestLoadBalancerOf(t *testing.T) {
	got := endpoint.LoadBalancerOf("arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/front/50dc6c495c0c9188/f2f7dc8efc522ab2")
	if want := "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188"; got != want {
		t.Errorf("got %s", got)
	}
}
