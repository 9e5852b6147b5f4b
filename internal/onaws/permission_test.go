// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package onaws_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/ionroller/terraform-provider-ionroller/internal/awsclient"
	"github.com/ionroller/terraform-provider-ionroller/internal/onaws"
	"github.com/ionroller/terraform-provider-ionroller/internal/permission"
	"github.com/ionroller/terraform-provider-ionroller/internal/roller"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/cloud"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/iam"
)

// The policies that ionroller prints are exactly what their holders need. A holder
// begins with nothing. What it does fails for the lack of an action; it is granted
// that one, if the policy has it, and tries again, until it can do all that its task
// is for. So of each action there was a life that failed without it, while it lacked
// nothing else that it had asked for; and what is not missed by the end is too much.
func TestPoliciesAreExact(t *testing.T) {
	lives := map[permission.Task]func(*holder){
		permission.Plan: planLife, permission.Command: commandLife, permission.Provider: providerLife, permission.Daemon: daemonLife,
	}
	var names []string
	for _, task := range permission.Tasks() {
		names = append(names, string(task))
	}
	worlds := sandboxesOf(t, sandbox.Config{Speed: 3000, TimeScale: 300, NoIdleScaling: true}, names...)
	for _, task := range permission.Tasks() {
		t.Run(string(task), func(t *testing.T) {
			t.Parallel()
			w := worlds[string(task)]
			w.connect(t)
			h := &holder{world: w, policy: permission.For(task, w.scope()), granted: map[grant]bool{}}
			h.hold()
			h.does("connect", func() (err error) {
				h.loop, err = onaws.Connect(t.Context(), onaws.Config{
					AWS: awsclient.Config{Profile: w.profile + holders}, Bucket: w.info.Bucket, Owner: owner, Run: string(task), Log: hclog.NewNullLogger(),
				})
				return err
			})
			lives[task](h)
			for _, s := range h.policy.Statement {
				for _, action := range s.Action {
					if !h.granted[grant{s.Sid, action}] {
						t.Errorf("nothing that a holder did failed for the lack of %s (%s): take it out of the policy, or let the holder do what needs it", action, s.Sid)
					}
				}
			}
		})
	}
}

// holders is what the names of the profiles of holders end with.
const (
	holders    = "-holder"
	holdersKey = "AKIAHOLDER"
)

// holder is somebody with a part of a policy.
type holder struct {
	*world
	policy  permission.Policy
	granted map[grant]bool
	loop    *roller.Roller
	serial  int // of versions that are made up
}

// grant is an action that a statement of the policy allows.
type grant struct{ sid, action string }

// scope is as narrow as a policy can be.
func (w *world) scope() permission.Scope {
	role := "arn:aws:iam::" + w.info.AccountID + ":role/aws-elasticbeanstalk-"
	return permission.Scope{
		Bucket: w.info.Bucket, Account: w.info.AccountID, Region: w.info.Region, Endpoints: []string{"checkout"},
		Roles: []string{role + "ec2-role", role + "service-role"},
	}
}

// hold makes the sandbox allow what was granted, and more for a moment.
func (h *holder) hold(more ...grant) {
	h.Helper()
	part := permission.Policy{Version: h.policy.Version, Statement: []permission.Statement{
		{Sid: "WhatEverybodyMay", Effect: "Allow", Action: []string{"sts:GetCallerIdentity"}, Resource: []string{"*"}},
	}}
	for _, s := range h.policy.Statement {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool {
			g := grant{s.Sid, action}
			return !h.granted[g] && !slices.Contains(more, g)
		})
		if len(s.Action) > 0 {
			part.Statement = append(part.Statement, s)
		}
	}
	text, err := json.Marshal(part)
	if err == nil {
		err = h.SetPrincipal(cloud.Principal{AccessKeyID: holdersKey, Name: "holder", Policy: text})
	}
	if err != nil {
		h.Fatal(err)
	}
}

// does does something again and again, each time with an action more.
func (h *holder) does(what string, act func() error) {
	h.Helper()
	var more []grant // that the holder has for the moment, so that it misses one thing at a time
	for {
		before := len(h.Calls())
		began := time.Now()
		err := act()
		missed := h.missed(h.Calls()[before:])
		h.Logf("%5d ms %s: missed %v, %.300v", time.Since(began).Milliseconds(), what, missed, err)
		switch {
		case err == nil:
			h.hold()
			return // what it missed all the same, it can do without
		case len(missed) == 0:
			h.Fatalf("%s: %v", what, err)
		case len(missed) == 1:
			h.granted[missed[0]] = true
			h.hold(more...)
		default: // it went on, or something else was in vain for the lack of the first
			stopped := max(0, slices.IndexFunc(missed, func(g grant) bool { return strings.Contains(err.Error(), "perform: "+g.action+" ") }))
			more = append(more, slices.Delete(slices.Clone(missed), stopped, stopped+1)...)
			h.hold(more...)
		}
	}
}

var denial = regexp.MustCompile(`is not authorized to perform: (\S+)(?: on resource: "?(.+?)"?)? because`)

// missed are the grants that calls of the holder were refused for, in their order.
func (h *holder) missed(calls []cloud.Call) []grant {
	h.Helper()
	var missed []grant
	for _, c := range calls {
		d := denial.FindStringSubmatch(c.Message)
		if d == nil {
			continue
		}
		g, ok := h.grantFor(d[1], d[2])
		if !ok {
			h.Fatalf("the policy lacks %s on %q, for %s", d[1], d[2], c.Operation)
		}
		if h.granted[g] {
			h.Fatalf("%s was refused although it was granted: %s", g, c.Message)
		}
		if !slices.Contains(missed, g) {
			missed = append(missed, g)
		}
	}
	return missed
}

// grantFor finds what of the policy allows an action.
func (h *holder) grantFor(action, resource string) (grant, bool) {
	h.Helper()
	for _, s := range h.policy.Statement {
		text, err := json.Marshal(permission.Policy{Version: h.policy.Version, Statement: []permission.Statement{s}})
		if err != nil {
			h.Fatal(err)
		}
		policy, err := iam.Parse(text)
		if err != nil {
			h.Fatal(err)
		}
		if policy.Judge(iam.Request{Action: action, Resource: resource}) == iam.Allowed {
			return grant{s.Sid, action}, true
		}
	}
	return grant{}, false
}

// A policy is of no use beyond its scope.
func TestPoliciesEndAtTheirScope(t *testing.T) {
	worlds := sandboxes(t, "scope")
	w := worlds["scope"]
	w.connect(t)
	for name, c := range map[string]struct {
		narrow func(*permission.Scope)
		wants  string
	}{
		"another bucket":   {func(s *permission.Scope) { s.Bucket = "acme" }, "s3:ListBucket"},
		"another account":  {func(s *permission.Scope) { s.Account = "210987654321" }, "s3:GetObject"},
		"another Region":   {func(s *permission.Scope) { s.Region = "eu-west-1" }, "s3:GetObject"},
		"another endpoint": {func(s *permission.Scope) { s.Endpoints = []string{"basket"} }, "s3:GetObject"},
		"another role":     {func(s *permission.Scope) { s.Roles = s.Roles[:1] }, "iam:PassRole"},
	} {
		t.Run(name, func(t *testing.T) {
			scope := w.scope()
			c.narrow(&scope)
			text, err := json.Marshal(permission.For(permission.Provider, scope))
			if err == nil {
				err = w.SetPrincipal(cloud.Principal{AccessKeyID: holdersKey, Name: "holder", Policy: text})
			}
			if err != nil {
				t.Fatal(err)
			}
			loop, err := onaws.Connect(t.Context(), onaws.Config{
				AWS: awsclient.Config{Profile: w.profile + holders}, Bucket: w.info.Bucket, Owner: owner, Run: name, Log: hclog.NewNullLogger(),
			})
			if err == nil {
				_, err = loop.Create(t.Context(), w.spec("1.0.0"))
			}
			if !strings.Contains(fmt.Sprint(err), c.wants) {
				t.Errorf("it ended with %v, and not for the lack of %s", err, c.wants)
			}
		})
	}
	w.want("environments", w.environments())
}
