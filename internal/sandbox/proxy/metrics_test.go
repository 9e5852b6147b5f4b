// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestMinutes(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 59, 0, time.FixedZone("", 3600))
	var m metrics
	for i, status := range []int{200, 201, 302, 404, 500, 503} {
		m.answered(now.Add(time.Duration(i)*100*time.Millisecond), time.Duration(i)*100*time.Millisecond, status)
	}
	m.failed(now.Add(2*time.Second), true)
	m.failed(now, false) // late, into the minute before
	list := m.list(time.Time{})
	if len(list) != 2 {
		t.Fatalf("got %+v", list)
	}
	first, second := list[0], list[1]
	if first.Start != time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC) || first.RequestCount != 7 || first.HTTP2xx != 2 ||
		first.HTTP3xx != 1 || first.HTTP4xx != 1 || first.HTTP5xx != 2 || first.ConnectionErrors != 0 {
		t.Errorf("got %+v", first)
	}
	if s := first.ResponseTime; s.Count != 6 || math.Abs(s.Sum-1.5) > 1e-9 || s.Min != 0 || s.Max != 0.5 || len(s.Values) != 6 {
		t.Errorf("got %+v", s)
	}
	if second.Start.Sub(first.Start) != time.Minute || second.RequestCount != 1 || second.ConnectionErrors != 1 {
		t.Errorf("got %+v", second)
	}
	if since := m.list(second.Start); len(since) != 1 || since[0].Start != second.Start {
		t.Errorf("since the second minute: %+v", since)
	}
	list[0].ResponseTime.Values[0] = 99
	if m.list(time.Time{})[0].ResponseTime.Values[0] == 99 {
		t.Error("list gives away what is stored")
	}
	for i := range 200 {
		m.failed(now.Add(time.Duration(i)*time.Minute), false)
	}
	if list := m.list(time.Time{}); len(list) != keptMinutes || !list[0].Start.Before(list[1].Start) {
		t.Errorf("%d minutes are kept", len(list))
	}
}

// A selection of many samples is spread evenly over all of them.
func TestSamplesStayRepresentative(t *testing.T) {
	var s Samples
	const n = 30000
	for i := range n {
		s.add(float64(i))
	}
	if s.Count != n || s.Min != 0 || s.Max != n-1 || s.Sum != n*(n-1)/2 {
		t.Errorf("got count %d, min %v, max %v, sum %v", s.Count, s.Min, s.Max, s.Sum)
	}
	if len(s.Values) < keptValues/2 || len(s.Values) > keptValues {
		t.Errorf("%d values are kept", len(s.Values))
	}
	for i, v := range s.Values {
		if want := float64(i * s.stride); v != want {
			t.Fatalf("value %d is %v, want %v", i, v, want)
		}
	}
}

func TestBytesOut(t *testing.T) {
	l := newListener(t, time.Now)
	g := newGroup(t, passive, 0, says(strings.Repeat("x", 100_000)))
	awaitHealth(t, g, "healthy")
	l.SetRules(forwardTo(WeightedGroup{g, 1}))
	c := client(t)
	for range 3 {
		get(t, c, "http://"+l.Addr())
	}
	if n := g.BytesOut(); n < 300_000+3*60 || n > 300_000+3*400 {
		t.Errorf("three answers of 100,000 bytes are %d", n)
	}
}
