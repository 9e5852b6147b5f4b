// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package proxy is the data plane of an Application Load Balancer on loopback:
// listeners that take real HTTP requests, rules that choose among weighted
// target groups, and target groups that check the health of their targets and
// drain them.
//
// It has no control plane: who may make which rule, ARNs, quotas and the shapes
// of the AWS API are somebody else's matter. It terminates no TLS and speaks
// HTTP/1.1 only.
package proxy
