// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package iam reads IAM policies and judges requests by them: who may take
// which action on which resource, as far as a policy's statements say it.
//
// It knows nothing of services and principals. Of conditions it evaluates
// StringEquals, StringLike, ArnEquals, ArnLike and their negations on the keys
// that a request has; every other condition is taken to hold. A simulation, see
// Policy.Simulate, is stricter about keys that it lacks.
package iam
