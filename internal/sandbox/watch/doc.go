// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package watch computes what CloudWatch computes: statistics of datapoints,
// metric math, and the states of metric and composite alarms.
//
// Everything in it is a pure function. It keeps no metrics, knows no clock and
// has nothing of CloudWatch's API.
package watch
