// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package wire_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// anySigner is credentials that the client accepts.
var anySigner = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret"}, nil
})

// retryAtOnce: the Go client now and then loses the connection of a large
// answer and asks again.
func retryAtOnce() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 10
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

// services are the clients whose every operation goes through the codec.
func services() []struct {
	service *wire.Service
	client  func(endpoint string) any
} {
	config := func(endpoint string) aws.Config {
		return aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: anySigner, Retryer: retryAtOnce}
	}
	return []struct {
		service *wire.Service
		client  func(endpoint string) any
	}{
		{&wire.Service{Name: "elasticbeanstalk"}, func(e string) any { return elasticbeanstalk.NewFromConfig(config(e)) }},
		{&wire.Service{Name: "elasticloadbalancing"}, func(e string) any { return elbv2.NewFromConfig(config(e)) }},
		{&wire.Service{Name: "autoscaling"}, func(e string) any { return autoscaling.NewFromConfig(config(e)) }},
		{&wire.Service{Name: "cloudformation"}, func(e string) any { return cloudformation.NewFromConfig(config(e)) }},
		{&wire.Service{Name: "iam"}, func(e string) any { return iam.NewFromConfig(config(e)) }},
		{&wire.Service{Name: "sts"}, func(e string) any { return sts.NewFromConfig(config(e)) }},
		{&wire.Service{Name: "monitoring", Unions: []any{
			&cwtypes.EvaluationCriteriaMemberPromQLCriteria{},
			&cwtypes.EvaluationWindowMemberSlidingWindow{},
			&cwtypes.EvaluationWindowMemberWallClockWindow{},
		}}, func(e string) any { return cloudwatch.NewFromConfig(config(e)) }},
	}
}

// TestRoundTrip sends each operation of each service, every member filled,
// through the SDK's own client, and compares what arrives on both sides.
func TestRoundTrip(t *testing.T) {
	for _, s := range services() {
		t.Run(s.service.Name, func(t *testing.T) {
			received := map[string]any{}
			answers := map[string]any{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				x := s.service.Read(r, "request-1")
				x.Run(r.Context())
				x.Write(w)
			}))
			defer server.Close()
			client := reflect.ValueOf(s.client(server.URL))
			for i := range client.NumMethod() {
				m := client.Type().Method(i)
				if m.Type.NumIn() != 4 || m.Type.NumOut() != 2 {
					continue
				}
				in, out := m.Type.In(2).Elem(), m.Type.Out(0).Elem()
				s.service.Add(m.Name, wire.Operation{Input: in, Call: func(_ context.Context, got any) (any, error) {
					received[m.Name] = got
					return answers[m.Name], nil
				}})
				sent, answer := reflect.New(in), reflect.New(out)
				fill(t, s.service, sent.Elem(), m.Name)
				fill(t, s.service, answer.Elem(), m.Name)
				answers[m.Name] = answer.Interface()
				results := client.Method(i).Call([]reflect.Value{reflect.ValueOf(t.Context()), sent})
				if err, _ := results[1].Interface().(error); err != nil {
					t.Errorf("%s: %v", m.Name, err)
					continue
				}
				if d := cmp.Diff(sent.Interface(), received[m.Name], ignoreInternals); d != "" {
					t.Errorf("%s: input (-sent +received):\n%s", m.Name, d)
				}
				if d := cmp.Diff(answer.Interface(), results[0].Interface(), ignoreInternals); d != "" {
					t.Errorf("%s: output (-sent +received):\n%s", m.Name, d)
				}
			}
			if len(s.service.Operations()) < 10 {
				t.Errorf("only %d operations were tried", len(s.service.Operations()))
			}
		})
	}
}

var ignoreInternals = cmp.FilterPath(func(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && (f.Name() == "noSmithyDocumentSerde" || f.Name() == "ResultMetadata")
}, cmp.Ignore())

// fill sets every member to something that differs from place to place.
func fill(t *testing.T, s *wire.Service, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, s, v.Elem(), path)
	case reflect.Interface:
		for _, u := range s.Unions {
			if reflect.TypeOf(u).Implements(v.Type()) {
				member := reflect.New(reflect.TypeOf(u).Elem())
				fill(t, s, member.Elem().FieldByName("Value"), path)
				v.Set(member)
				return
			}
		}
		t.Fatalf("%s: no member of the union %s is known", path, v.Type())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.UnixMilli(1750000000000 + int64(len(path))*1001).UTC()))
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "ResultMetadata" {
				fill(t, s, v.Field(i), path+"."+f.Name)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(path))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, s, v.Index(0), path+".1")
		fill(t, s, v.Index(1), path+".2")
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		fill(t, s, e, path+".value")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key<&>").Convert(v.Type().Key()), e)
	case reflect.String:
		if all := v.MethodByName("Values"); all.IsValid() { // an enumeration
			words := all.Call(nil)[0]
			v.Set(words.Index(len(path) % words.Len()))
			return
		}
		v.SetString("<" + path + "> & Ωδ")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(len(path)) * 7)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(len(path)) + 0.125)
	default:
		t.Fatalf("%s: cannot fill %s", path, v.Type())
	}
}

type balancer struct{}

func (balancer) CreateRule(context.Context, *elbv2.CreateRuleInput) (*elbv2.CreateRuleOutput, error) {
	return &elbv2.CreateRuleOutput{}, nil
}

func (balancer) DescribeRules(_ context.Context, in *elbv2.DescribeRulesInput) (*elbv2.DescribeRulesOutput, error) {
	if len(in.RuleArns) > 0 {
		return nil, &elbtypes.RuleNotFoundException{Message: aws.String("One or more rules not found")}
	}
	return &elbv2.DescribeRulesOutput{}, nil
}

func balancerServer(t *testing.T) (*elbv2.Client, string) {
	s := &wire.Service{Name: "elasticloadbalancing", Version: "2015-12-01", Namespace: "http://example.com/",
		Required: map[string][]string{"DescribeRules": {"ListenerArn"}}}
	s.Serve(balancer{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := s.Read(r, "request-7")
		x.Run(r.Context())
		x.Write(w)
	}))
	t.Cleanup(server.Close)
	return elbv2.NewFromConfig(aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: anySigner, RetryMaxAttempts: 1}), server.URL
}

func TestErrors(t *testing.T) {
	client, url := balancerServer(t)
	ctx := t.Context()
	_, err := client.DescribeRules(ctx, &elbv2.DescribeRulesInput{ListenerArn: aws.String("l"), RuleArns: []string{"x"}})
	var notFound *elbtypes.RuleNotFoundException
	if !errors.As(err, &notFound) || notFound.ErrorCode() != "RuleNotFound" || !strings.Contains(err.Error(), "request-7") {
		t.Errorf("typed error arrived as %v", err)
	}
	_, err = client.DescribeRules(ctx, &elbv2.DescribeRulesInput{})
	if wire.Code(errors.Unwrap(err)) != "ValidationError" && !strings.Contains(fmt.Sprint(err), "Value null at 'listenerArn'") {
		t.Errorf("missing member: %v", err)
	}
	_, err = client.DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{})
	if !strings.Contains(fmt.Sprint(err), "InvalidAction: Could not find operation DescribeLoadBalancers for version 2015-12-01") {
		t.Errorf("unknown operation: %v", err)
	}
	for body, want := range map[string]string{
		"": "MissingAction",
		"Action=DescribeRules&ListenerArn=l&PageSize=many":       "PageSize: many is not a int32",
		"Action=DescribeRules&ListenerArn=l&RuleArns.member.x=1": "is not a list index",
		"Action=DescribeRules&ListenerArn=l&Marker.x=1":          "is not a string",
		"Action=DescribeRules&ListenerArn=l&ListenerArn.x=1":     "ValidationError",
		"Action=CreateRule&Actions.member.1.Type=nonsense":       "1 validation error detected: Value &#39;nonsense&#39; at &#39;actions.1.member.type&#39; failed to satisfy constraint: Member must satisfy enum value set: [forward, ",
	} {
		r, err := http.Post(url, "application/x-www-form-urlencoded", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := r.Write(&text); err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != 400 || !strings.Contains(text.String(), want) {
			t.Errorf("%q: want %q in\n%s", body, want, text.String())
		}
	}
}

// TestEmptyLists: the strict clients drop a key whose element is missing.
func TestEmptyLists(t *testing.T) {
	_, url := balancerServer(t)
	r, err := http.Post(url, "application/x-www-form-urlencoded", strings.NewReader("Action=DescribeRules&ListenerArn=l"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "<DescribeRulesResult><Rules></Rules></DescribeRulesResult>") {
		t.Errorf("got %s", text.String())
	}
}
