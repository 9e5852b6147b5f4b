// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package faults

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var operations = []string{"elasticloadbalancing:DescribeRules", "elasticloadbalancing:ModifyRule", "elasticbeanstalk:CreateEnvironment", "s3:PutObject"}

// injector has faults written as on a command line, and a clock to set.
func injector(t *testing.T, seed uint64, texts ...string) (*Injector, *time.Time) {
	t.Helper()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	i := New(operations, func() time.Time { return now })
	s := Settings{Seed: seed}
	for _, text := range texts {
		f, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Faults = append(s.Faults, f)
	}
	if err := i.Set(s); err != nil {
		t.Fatal(err)
	}
	return i, &now
}

func TestNothingByDefault(t *testing.T) {
	var none *Injector
	empty, _ := injector(t, 0)
	for _, i := range []*Injector{none, empty} {
		if e := i.Meet("s3", "PutObject"); !cmp.Equal(e, Effect{}) || i.Stale("s3") != 0 {
			t.Errorf("%+v", e)
		}
	}
}

func TestMatching(t *testing.T) {
	i, _ := injector(t, 0,
		"elasticloadbalancing:Describe* latency=1s",
		"* latency=2s delay=3s",
		"elasticloadbalancing:ModifyRule drop nth=2",
		"elasticbeanstalk error=InternalFailure status=503 times=1",
		"elastic*:CreateEnvironment race stale=5s",
	)
	for _, c := range []struct {
		service, operation string
		want               Effect
	}{
		{"elasticloadbalancing", "DescribeRules", Effect{Latency: 2 * time.Second, Delay: 3 * time.Second, Names: []string{"latency 1s", "delay 3s", "latency 2s"}}},
		{"elasticloadbalancing", "ModifyRule", Effect{Latency: 2 * time.Second, Delay: 3 * time.Second, Names: []string{"delay 3s", "latency 2s"}}},
		{"elasticloadbalancing", "ModifyRule", Effect{Latency: 2 * time.Second, Delay: 3 * time.Second, Drop: true, Names: []string{"delay 3s", "latency 2s", "drop"}}},
		{"elasticloadbalancing", "ModifyRule", Effect{Latency: 2 * time.Second, Delay: 3 * time.Second, Names: []string{"delay 3s", "latency 2s"}}},
		{"elasticbeanstalk", "CreateEnvironment", Effect{
			Latency: 2 * time.Second, Delay: 3 * time.Second, Stale: 5 * time.Second, Race: true, Error: &Error{Code: "InternalFailure", Status: 503},
			Names: []string{"delay 3s", "latency 2s", "error InternalFailure", "stale 5s", "race"},
		}},
		{"elasticbeanstalk", "CreateEnvironment", Effect{
			Latency: 2 * time.Second, Delay: 3 * time.Second, Stale: 5 * time.Second, Race: true, Names: []string{"delay 3s", "latency 2s", "stale 5s", "race"},
		}},
	} {
		if diff := cmp.Diff(c.want, i.Meet(c.service, c.operation)); diff != "" {
			t.Errorf("%s:%s (-want +got)\n%s", c.service, c.operation, diff)
		}
	}
	if d := i.Stale("elasticbeanstalk"); d != 5*time.Second {
		t.Errorf("changes of Elastic Beanstalk are hidden for %s", d)
	}
	if d := i.Stale("s3"); d != 0 {
		t.Errorf("changes of S3 are hidden for %s", d)
	}
}

// TestChance: the seed alone decides, whatever other faults there are to count.
func TestChance(t *testing.T) {
	run := func(seed uint64, others bool) (met []int) {
		i, _ := injector(t, seed, "s3 drop rate=0.25", "elasticbeanstalk error=X rate=0.5")
		for n := range 400 {
			if others {
				i.Meet("elasticbeanstalk", "CreateEnvironment")
			}
			if i.Meet("s3", "PutObject").Drop {
				met = append(met, n)
			}
		}
		return met
	}
	first := run(7, false)
	if n := len(first); n < 70 || n > 130 {
		t.Errorf("a rate of 0.25 befell %d of 400", n)
	}
	if !slices.Equal(first, run(7, true)) {
		t.Error("the same seed befalls other calls")
	}
	if slices.Equal(first, run(8, false)) {
		t.Error("another seed befalls the same calls")
	}
}

// TestLaunchMustBeNamed: faults of all calls do not befall what is no call.
func TestLaunchMustBeNamed(t *testing.T) {
	operations := append(slices.Clone(operations), "autoscaling:"+Launch)
	i := New(operations, time.Now)
	for service, want := range map[string]bool{"*": false, "autoscaling:Launch": true} {
		f, err := Parse(service + " error=X")
		if err != nil {
			t.Fatal(err)
		}
		if err := i.Set(Settings{Faults: []Fault{f}}); err != nil {
			t.Fatal(err)
		}
		if got := i.Meet("autoscaling", Launch).Error != nil; got != want {
			t.Errorf("a fault of %s befalls the launch: %v", service, got)
		}
	}
}

func TestThrottling(t *testing.T) {
	i, now := injector(t, 0, "* throttle", "s3 throttle=2/1")
	granted := func(service, operation, code string) int {
		for n := range 10_000 {
			if e := i.Meet(service, operation); e.Error != nil {
				if e.Error.Code != code {
					t.Errorf("%s throttles by %s", service, e.Error.Code)
				}
				return n
			}
		}
		return -1
	}
	for _, c := range []struct {
		after              time.Duration
		service, operation string
		code               string
		want               int
	}{
		{0, "elasticloadbalancing", "DescribeRules", "ThrottlingException", 40},
		{0, "elasticloadbalancing", "ModifyRule", "ThrottlingException", 20}, // a bucket of its own
		{time.Second, "elasticloadbalancing", "DescribeRules", "ThrottlingException", 10},
		{time.Hour, "elasticloadbalancing", "DescribeRules", "ThrottlingException", 40}, // never more than full
		{0, "elasticbeanstalk", "CreateEnvironment", "Throttling", 5},
		{0, "ec2", "DescribeVpcs", "RequestLimitExceeded", 100},
		{0, "ec2", "DescribeInstances", "RequestLimitExceeded", 50}, // each operation by itself
		{0, "monitoring", "DescribeAlarms", "Throttling", 9},
		{0, "monitoring", "PutMetricAlarm", "Throttling", 3},
		{0, "monitoring", "ListMetrics", "Throttling", 50},
		{0, "s3", "PutObject", "SlowDown", 2}, // by the second fault
		{1500 * time.Millisecond, "s3", "PutObject", "SlowDown", 1},
	} {
		*now = now.Add(c.after)
		if got := granted(c.service, c.operation, c.code); got != c.want {
			t.Errorf("%s after %s: %d calls, want %d", c.service, c.after, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "begins with a service",
		"s3":                      "needs an effect",
		"s3 latency=fast":         "is not a duration",
		"s3 latency=-1s":          "is not a duration",
		"s3 drop rate=2":          "not between 0 and 1",
		"s3 drop nth=-1":          "cannot be negative",
		"s3 drop nth=x":           "nth=x",
		"s3 jitter=1s":            "no such setting",
		"s3 status=500":           "a status without an error",
		"s3 error":                "needs a code",
		"s3 throttle=fast":        "BURST/REFILL",
		"s3 throttle=5/0":         "both a burst and a refill",
		"s3:[ drop":               "is not a pattern",
		"s3 drop times=1 extra=1": "extra=1",
		"s3 drop=no":              "takes no value",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestControl(t *testing.T) {
	i, _ := injector(t, 0, "s3 drop")
	ask := func(method, body string) (int, string) {
		w := httptest.NewRecorder()
		i.ServeHTTP(w, httptest.NewRequest(method, "/_sandbox/faults", strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	settings := `{"seed":3,"faults":[{"service":"s3","operation":"Put*","times":2,"latency":"250ms","error":{"code":"SlowDown"}},{"throttle":{}}]}`
	if code, body := ask(http.MethodPut, settings); code != 200 || !strings.Contains(body, `"latency":"250ms"`) {
		t.Fatalf("%d %s", code, body)
	}
	if e := i.Meet("s3", "PutObject"); e.Drop || e.Error.HTTPStatus() != 503 || e.Latency != 250*time.Millisecond {
		t.Errorf("%+v", e)
	}
	_, shown := ask(http.MethodGet, "")
	var r report
	if err := json.Unmarshal([]byte(shown), &r); err != nil || r.Seed != 3 || r.Faults[0].Met != 1 || r.Faults[1].Matched != 1 || r.Faults[1].Met != 0 {
		t.Errorf("%v %s", err, shown)
	}
	// What was shown can be put back.
	if code, body := ask(http.MethodPut, shown); code != 200 || !strings.Contains(body, `"met":0`) {
		t.Errorf("%d %s", code, body)
	}
	for body, want := range map[string]string{
		`{"faults":[{"service":"elasticloadbalancer","drop":true}]}`: "serves no such operation",
		`{"faults":[{"service":"s3"}]}`:                              "needs an effect",
		`{"faults":[{"service":"s3","latency":5}]}`:                  "reading the faults",
		`{"fault":[]}`:   "unknown field",
		`{"faults":[]}{`: "something follows",
	} {
		if code, got := ask(http.MethodPut, body); code != 400 || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s", body, code, got)
		}
	}
	if _, now := ask(http.MethodGet, ""); !strings.Contains(now, `"seed":3`) {
		t.Error("what was refused has changed something")
	}
	if code, body := ask(http.MethodDelete, ""); code != 200 || strings.TrimSpace(body) != `{"seed":0,"faults":[]}` {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := ask(http.MethodPost, "{}"); code != 405 {
		t.Errorf("POST answers %d", code)
	}
}
