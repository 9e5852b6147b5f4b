// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/elasticbeanstalk"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
)

const owner = "acme/infra//prod"

// world is a backend as one contract sees it: with names of its own, and with its
// clients. What fails is collected, because it may be a known difference.
type world struct {
	*backend
	ctx    context.Context
	name   string // unique to the contract
	config aws.Config
	clock  *clock

	s3  *s3.Client
	elb *elbv2.Client
	asg *autoscaling.Client
	cw  *cloudwatch.Client
	r53 *route53.Client
	sts *sts.Client

	madeBucket      bool
	balancer, front string // ARNs of the load balancer and its listener; empty before they are made

	failures []string
	mu       sync.Mutex
	unserved string // the operation that the backend does not serve; empty when there is none
}

func newWorld(t *testing.T, b *backend, number int) *world {
	w := &world{backend: b, ctx: t.Context(), name: fmt.Sprintf("contract-%02d", number)}
	w.clock = &clock{next: b.transport, began: time.Now(), written: map[string]time.Duration{}}
	w.config = aws.Config{
		Region: b.region, BaseEndpoint: &b.url, HTTPClient: &http.Client{Transport: w},
		Credentials: credentials.NewStaticCredentialsProvider(b.key, b.secret, ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
	w.s3 = s3.NewFromConfig(w.config, func(o *s3.Options) { o.UsePathStyle = true })
	w.elb, w.asg = elbv2.NewFromConfig(w.config), autoscaling.NewFromConfig(w.config)
	w.cw, w.sts = cloudwatch.NewFromConfig(w.config), sts.NewFromConfig(w.config)
	w.r53 = route53.NewFromConfig(w.config)
	return w
}

// run holds the backend to a contract. It has its own goroutine, so that fatalf
// can end it.
func (w *world) run(holds func(*world)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		holds(w)
	}()
	<-done
}

// RoundTrip notices what the backend does not serve.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.clock.RoundTrip(r)
	if err == nil && answer.StatusCode == http.StatusInternalServerError {
		w.notServed(awsmiddleware.GetServiceID(r.Context()) + ":" + awsmiddleware.GetOperationName(r.Context()) + " answers with status 500")
	}
	return answer, err
}

func (w *world) notServed(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unserved == "" {
		w.unserved = what
	}
}

func (w *world) errorf(format string, args ...any) {
	w.failures = append(w.failures, where()+": "+fmt.Sprintf(format, args...))
}

// where is the place in a contract, above the checks of this file.
func where() string {
	_, here, _, _ := runtime.Caller(0)
	for depth := 1; ; depth++ {
		if _, file, line, ok := runtime.Caller(depth); !ok || file != here {
			return fmt.Sprintf("%s:%d", filepath.Base(file), line)
		}
	}
}

func (w *world) fatalf(format string, args ...any) {
	w.errorf(format, args...)
	runtime.Goexit()
}

// ok ends the contract when a call failed.
func (w *world) ok(err error) {
	if err != nil {
		w.readable(err)
		w.fatalf("%v", err)
	}
}

// refused says that a call must have failed with one of AWS's error codes.
func (w *world) refused(err error, want string) {
	w.readable(err)
	if code(err) != want {
		w.errorf("wanted %s, got: %v", want, err)
	}
}

// failed says that a call must have failed, for a reason that has this text.
func (w *world) failed(err error, text string) {
	w.readable(err)
	if err == nil || !strings.Contains(err.Error(), text) {
		w.errorf("wanted an error with %q, got: %v", text, err)
	}
}

// code is the service's error code, or "".
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// readable says that it must be possible to make out what was answered.
func (w *world) readable(err error) {
	var unreadable *smithy.DeserializationError
	if errors.As(err, &unreadable) {
		w.notServed(fmt.Sprintf("the answer cannot be read: %v", err))
	}
}

// same compares what was seen with what was wanted.
func (w *world) same(what string, want, got any) {
	if d := cmp.Diff(want, got); d != "" {
		w.errorf("%s (-wanted +got):\n%s", what, d)
	}
}

// that says that something must be so.
func (w *world) that(is bool, format string, args ...any) {
	if !is {
		w.errorf(format, args...)
	}
}

// clients are those that adapters want.
func (w *world) clients() *awsclient.Clients {
	return &awsclient.Clients{
		Account: w.account, Partition: "aws", Region: w.region, Clock: awsclient.NewClock(),
		S3: w.s3, LoadBalancing: w.elb, AutoScaling: w.asg, CloudWatch: w.cw, Route53: w.r53,
		Beanstalk: elasticbeanstalk.NewFromConfig(w.config), CloudFormation: cloudformation.NewFromConfig(w.config),
		Images: awsclient.NewImages(w.config, ""),
	}
}

// bucket is a bucket of the contract's own.
func (w *world) bucket() string {
	if !w.madeBucket {
		_, err := w.s3.CreateBucket(w.ctx, &s3.CreateBucketInput{Bucket: &w.name})
		w.ok(err)
		w.madeBucket = true
	}
	return w.name
}

// listener is a listener of the contract's own, on a load balancer of its own.
func (w *world) listener() string {
	if w.front != "" {
		return w.front
	}
	balancers, err := w.elb.CreateLoadBalancer(w.ctx, &elbv2.CreateLoadBalancerInput{Name: &w.name, Subnets: w.subnets})
	w.ok(err)
	w.balancer = *balancers.LoadBalancers[0].LoadBalancerArn
	listeners, err := w.elb.CreateListener(w.ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: &w.balancer, Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp,
		DefaultActions: []types.Action{{
			Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("404")},
		}},
	})
	w.ok(err)
	w.front = *listeners.Listeners[0].ListenerArn
	return w.front
}

// group makes a target group.
func (w *world) group(name string) string {
	name = w.name + "-" + name
	out, err := w.elb.CreateTargetGroup(w.ctx, &elbv2.CreateTargetGroupInput{
		Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &w.vpc,
	})
	w.ok(err)
	return *out.TargetGroups[0].TargetGroupArn
}

// sorted is a sorted copy.
func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }
