// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package cloud

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/wire"
)

// ServeHTTP serves all APIs on one endpoint: the service is the one for which
// the request is signed.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/_sandbox/calls":
		c.calls.serveHTTP(w, r)
		return
	case "/_sandbox/health":
		fmt.Fprintln(w, "ok")
		return
	}
	if key, ok := strings.CutPrefix(r.URL.Path, "/_sandbox/principals/"); ok {
		c.partition.servePrincipal(w, r, key)
		return
	}
	s, signed := readScope(r)
	c = c.worldOf(s)
	form := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	switch {
	case !signed && form: // the few calls of STS that need no credentials
		s = scope{region: c.config.Region, service: "sts"}
	case !signed, s.service == "s3", s.service == "s3express":
		c.serveS3(w, r, s)
		return
	case s.service == "ec2":
		c.serveEC2(w, r, s)
		return
	case s.service == "route53":
		c.serveRoute53(w, r, s)
		return
	}
	c.serveAPI(w, r, s)
}

func (c *Cloud) serveAPI(w http.ResponseWriter, r *http.Request, s scope) {
	service, ok := c.services[s.service]
	if !ok { // no operation of it is known, which the client is told in its own protocol
		service = &wire.Service{Name: s.service, Version: "of a service that the sandbox does not serve"}
	}
	call := Call{Time: c.now(), RequestID: newRequestID(), Service: s.service}
	x := service.Read(r, call.RequestID)
	p, err := c.authenticate(s, x.Operation)
	if err == nil && x.Err == nil {
		err = c.authorize(p, s.service, x.Operation, x.Input())
	}
	if err != nil {
		x.Err = err
	}
	call.Operation, call.Parameters, call.Principal = x.Operation, x.Parameters(), p.arn
	call.Changing = changes(x.Operation)
	var effect faults.Effect
	if x.Err == nil {
		effect = c.befall(&call)
	}
	if effect.Error != nil {
		x.Err = effect.Error
	}
	c.perform(withCaller(r.Context(), p, call.RequestID), x, call, effect)
	call.Outcome, call.Message = outcome(wire.Code(x.Err)), wire.Message(x.Err)
	c.calls.add(call)
	c.depart(effect)
	w.Header().Set("Date", c.now().Format(http.TimeFormat))
	x.Write(w)
}

// authenticate finds the caller. Requests for another Region are refused with
// what a Regional endpoint says to them; IAM, Route 53 and STS are global.
func (c *Cloud) authenticate(s scope, operation string) (principal, error) {
	if s.accessKey == "" {
		if strings.HasPrefix(operation, "AssumeRoleWith") {
			return principal{}, nil
		}
		return principal{}, wire.Errorf("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	p, err := c.identify(s)
	if err != nil {
		return p, err
	}
	global := s.service == "iam" || s.service == "route53" || s.service == "sts"
	if !global && s.region != "" && s.region != c.config.Region {
		return p, wire.Errorf("SignatureDoesNotMatch", "Credential should be scoped to a valid region, not %q: this sandbox is %s.", s.region, c.config.Region)
	}
	return p, nil
}

func outcome(code string) string {
	if code == "" {
		return "OK"
	}
	return code
}

// newRequestID makes an identifier that is different in every run: clients may
// keep them in their logs.
func newRequestID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, by its documentation
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
