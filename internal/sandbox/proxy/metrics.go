// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package proxy

import (
	"sync"
	"time"
)

// Minute counts what a group did in 60 seconds of its clock. Requests count in
// the minute in which they were answered.
type Minute struct {
	Start            time.Time // UTC, on the minute
	RequestCount     int       // sent to a target, answered or not
	HTTP2xx          int       // answers of targets by class of status code
	HTTP3xx          int
	HTTP4xx          int
	HTTP5xx          int
	ConnectionErrors int // connections to targets that could not be made
	ResponseTime     Samples
}

// Samples sums up times in seconds from a request's sending to the first byte
// of its answer.
type Samples struct {
	Count         int
	Sum, Min, Max float64
	Values        []float64 // all of them or, past 1024, an even selection
	stride        int       // every how manieth is in Values
}

const (
	keptMinutes = 180 // as long as CloudWatch's shortest retention
	keptValues  = 1024
)

// metrics collects the minutes of one group.
type metrics struct {
	mu      sync.Mutex
	minutes []*Minute // by rising Start
}

// answered counts a request that a target answered, at a time of AWS's clock. What it
// took is real time: a service is as quick as it is, however quick that clock runs.
func (m *metrics) answered(end time.Time, took time.Duration, status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	minute := m.at(end)
	minute.RequestCount++
	minute.ResponseTime.add(took.Seconds())
	switch status / 100 {
	case 2:
		minute.HTTP2xx++
	case 3:
		minute.HTTP3xx++
	case 4:
		minute.HTTP4xx++
	case 5:
		minute.HTTP5xx++
	}
}

// failed counts a request that no target answered.
func (m *metrics) failed(now time.Time, connection bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	minute := m.at(now)
	minute.RequestCount++
	if connection {
		minute.ConnectionErrors++
	}
}

// at finds or makes the minute of t. Times come nearly in order, so it is the
// last one or close to it.
func (m *metrics) at(t time.Time) *Minute {
	start := t.UTC().Truncate(time.Minute)
	i := len(m.minutes)
	for ; i > 0 && !m.minutes[i-1].Start.Before(start); i-- {
		if m.minutes[i-1].Start.Equal(start) {
			return m.minutes[i-1]
		}
	}
	minute := &Minute{Start: start}
	m.minutes = append(m.minutes[:i], append([]*Minute{minute}, m.minutes[i:]...)...)
	if len(m.minutes) > keptMinutes {
		m.minutes = m.minutes[len(m.minutes)-keptMinutes:]
	}
	return minute
}

// list copies the minutes that began at a time or later.
func (m *metrics) list(since time.Time) []Minute {
	m.mu.Lock()
	defer m.mu.Unlock()
	first := len(m.minutes)
	for first > 0 && !m.minutes[first-1].Start.Before(since) {
		first--
	}
	list := make([]Minute, 0, len(m.minutes)-first)
	for _, minute := range m.minutes[first:] {
		c := *minute
		c.ResponseTime.Values = append([]float64(nil), c.ResponseTime.Values...)
		list = append(list, c)
	}
	return list
}

// add takes in one value. When Values is full, every second one goes, and from
// then on only every second of those that would have been taken is.
func (s *Samples) add(v float64) {
	if s.Count == 0 {
		s.Min, s.Max, s.stride = v, v, 1
	}
	if s.Count%s.stride == 0 {
		if len(s.Values) == keptValues {
			for i := range keptValues / 2 {
				s.Values[i] = s.Values[2*i]
			}
			s.Values = s.Values[:keptValues/2]
			s.stride *= 2
		}
		if s.Count%s.stride == 0 {
			s.Values = append(s.Values, v)
		}
	}
	s.Count++
	s.Sum += v
	s.Min, s.Max = min(s.Min, v), max(s.Max, v)
}
