// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

// Package demoservice is the HTTP service that sandbox instances run when the
// user has not named a command of their own. It answers every path with its
// version, environment and instance, so that one sees where a request went.
//
// GET answers text/plain, or JSON when the Accept header asks for
// application/json; the same three values come back in the headers X-Version,
// X-Environment and X-Instance. A request is a health check when its path is
// /health or /healthz, or when a load balancer's checker sends it.
//
// These environment variables make the service misbehave:
//
//	DEMO_START_DELAY=5s     answers 503 on every path for that long after its start
//	DEMO_UNHEALTHY=true     answers health checks with 503, everything else as usual
//	DEMO_LATENCY=200ms      answers every request that much later
//	DEMO_FAIL_RATE=0.2      answers 500 to that share of the requests that are not
//	                        health checks, evenly spread and in a fixed sequence
//	DEMO_CRASH_AFTER=30s    dies that long after its start, cutting its connections
//
// Durations are Go durations of real time. The package knows nothing of load
// balancers, instances or AWS.
package demoservice
